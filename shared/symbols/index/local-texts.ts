import type { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { DamagedIndex } from './damaged-index.ts'
import { utf8 } from './utf8.ts'

const FIRST_SLOTS = 1_024
const FNV_OFFSET = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193

/** The texts of a block, each once: rules and program strings say the same few things again and again. */
export class LocalTexts {
  readonly #texts = new ByteWriter(1024)
  #ends: number[] = []
  #slots = new Int32Array(FIRST_SLOTS).fill(-1)

  get bytes(): number {
    return this.#texts.length
  }

  /** The number of a text, in the order in which they first come. */
  indexOf(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] ?? -1
      if (index === -1) return this.#add(bytes, from, to, slot)
      if (this.#is(index, bytes, from, to)) return index
    }
  }

  /** Writes lengths and texts, and forgets them. */
  write(lengths: ByteWriter, texts: ByteWriter): void {
    let start = 0
    for (const end of this.#ends) {
      lengths.number(end - start)
      start = end
    }
    texts.copy(this.#texts.written(), 0, this.#texts.length)
    this.#texts.shrink(64 * 1024)
    this.#ends = []
    this.#slots = new Int32Array(FIRST_SLOTS).fill(-1)
  }

  #add(bytes: Uint8Array, from: number, to: number, slot: number): number {
    const index = this.#ends.length
    this.#texts.copy(bytes, from, to)
    this.#ends.push(this.#texts.length)
    this.#slots[slot] = index
    if (this.#ends.length * 2 > this.#slots.length) this.#grow()
    return index
  }

  #is(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#ends[index - 1] ?? 0
    if ((this.#ends[index] ?? 0) - start !== to - from) return false
    return this.#texts.holds(start, bytes, from, to)
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1)
    const texts = this.#texts.written()
    for (const [index, end] of this.#ends.entries()) {
      let slot = hash(texts, this.#ends[index - 1] ?? 0, end) & (slots.length - 1)
      while (slots[slot] !== -1) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = index
    }
    this.#slots = slots
  }
}

function hash(bytes: Uint8Array, from: number, to: number): number {
  let value = FNV_OFFSET
  for (let at = from; at < to; at++) value = Math.imul(value ^ (bytes[at] ?? 0), FNV_PRIME)
  return value >>> 1
}

/** Reads what `write` wrote: answers the text of a number. */
export function readTexts(lengths: ByteReader, texts: ByteReader): (index: number) => string {
  const ends: number[] = []
  let end = 0
  while (lengths.left > 0) {
    end += lengths.number()
    ends.push(end)
  }
  const bytes = texts.take(end)
  if (texts.left > 0) throw new DamagedIndex('texts do not fill their column')
  return (index) => {
    const to = ends[index]
    if (to === undefined) throw new DamagedIndex('no such text')
    return utf8(bytes.subarray(ends[index - 1] ?? 0, to))
  }
}
