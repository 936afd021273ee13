import { BodyError } from './body.ts'
import type { Hold } from './bytes-in-flight.ts'

const FIRST_BLOCK_BYTES = 1024
const LARGEST_BLOCK_BYTES = 256 * 1024

/**
 * Bytes that are kept while a report is read and saved, each counted in the isolate's bytes in flight: copied into blocks that double up to 256 KiB.
 * Network chunks may be one byte small, or large with a small piece of interest; and one buffer that grows would hold a dump twice at
 * each growth.
 */
export class HeldBytes {
  readonly #hold: Hold
  #blocks: Uint8Array[] = []
  #freeInLast = 0
  #length = 0

  constructor(hold: Hold) {
    this.#hold = hold
  }

  /** Length in bytes. */
  get length(): number {
    return this.#length
  }

  /** Throws {@link BodyError} where the isolate would hold too many bytes. */
  append(chunk: Uint8Array): void {
    if (!this.#hold.add(chunk.length)) throw new BodyError('too_many_bytes_in_flight')
    for (let rest = chunk; rest.length > 0; ) {
      const block = this.#blockWithRoom()
      const taken = rest.subarray(0, this.#freeInLast)
      block.set(taken, block.length - this.#freeInLast)
      this.#freeInLast -= taken.length
      this.#length += taken.length
      rest = rest.subarray(taken.length)
    }
  }

  /** Forgets the bytes: they are not wanted, and others may have their room. */
  drop(): void {
    this.#hold.giveBack(this.#length)
    this.#blocks = []
    this.#freeInLast = 0
    this.#length = 0
  }

  /** The bytes from the first on, as views; may be asked for again (a save is retried). */
  *chunks(): Generator<Uint8Array, void, void> {
    const last = this.#blocks.length - 1
    for (const [at, block] of this.#blocks.entries()) {
      yield at === last ? block.subarray(0, block.length - this.#freeInLast) : block
    }
  }

  /** A copy in one piece: for small things only. */
  joined(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.chunks()) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return whole
  }

  #blockWithRoom(): Uint8Array {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#freeInLast > 0) return last
    const block = new Uint8Array(Math.min(FIRST_BLOCK_BYTES * 2 ** this.#blocks.length, LARGEST_BLOCK_BYTES))
    this.#blocks.push(block)
    this.#freeInLast = block.length
    return block
  }
}
