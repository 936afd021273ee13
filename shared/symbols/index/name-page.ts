import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { ColumnWriter, readColumns } from './columns.ts'
import { DamagedIndex } from './damaged-index.ts'

const IDS = 0
const LENGTHS = 1
const TEXT = 2
const COLUMNS = 3

/** Packs names, whose ids must ascend, into a page. */
export class NamePageWriter {
  readonly #writer = new ColumnWriter(COLUMNS)
  #firstId = 0
  #lastId = -1
  #names = 0

  get names(): number {
    return this.#names
  }

  get firstId(): number {
    return this.#firstId
  }

  get lastId(): number {
    return this.#lastId
  }

  get bytes(): number {
    return this.#writer.length
  }

  add(id: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#names === 0) this.#firstId = id
    this.#writer.column(IDS).number(id - this.#lastId - 1)
    this.#writer.column(LENGTHS).number(end - start)
    this.#writer.column(TEXT).copy(bytes, start, end)
    this.#lastId = id
    this.#names++
  }

  /** The page, valid until the next name is added. */
  page(): Uint8Array {
    this.#lastId = -1
    this.#names = 0
    return this.#writer.join()
  }
}

/** Names by id: a page, unpacked. */
export class NamePage {
  static readonly kind = 'names'
  readonly #ids: Uint32Array
  readonly #ends: Uint32Array
  readonly #text: ByteReader
  readonly #textStart: number

  constructor(page: Uint8Array) {
    const [ids = emptyReader, lengths = emptyReader, text = emptyReader] = readColumns(page, COLUMNS)
    const all: number[] = []
    const ends: number[] = []
    let id = -1
    let end = 0
    while (ids.left > 0) {
      id += ids.number() + 1
      end += lengths.number()
      all.push(id)
      ends.push(end)
    }
    if (end !== text.left) throw new DamagedIndex('names do not fill their page')
    this.#ids = Uint32Array.from(all)
    this.#ends = Uint32Array.from(ends)
    this.#text = text
    this.#textStart = text.at
  }

  /** Memory that it takes. */
  get bytes(): number {
    return this.#text.bytes.length + this.#ids.length * 8
  }

  /** The name as it lies in the page; null when it is not here. */
  get(id: number): Uint8Array | null {
    let low = 0
    for (let high = this.#ids.length; low < high; ) {
      const middle = (low + high) >>> 1
      if ((this.#ids[middle] ?? 0) < id) low = middle + 1
      else high = middle
    }
    return this.#ids[low] === id ? this.#nameAt(low) : null
  }

  *all(): Generator<{ readonly id: number; readonly name: Uint8Array }, void, void> {
    for (const [index, id] of this.#ids.entries()) yield { id, name: this.#nameAt(index) }
  }

  #nameAt(index: number): Uint8Array {
    const start = index === 0 ? 0 : (this.#ends[index - 1] ?? 0)
    return this.#text.bytes.subarray(this.#textStart + start, this.#textStart + (this.#ends[index] ?? 0))
  }
}

const emptyReader = new ByteReader(new ByteWriter(0).written())
