/**
 * Which bytes breakpad-symbols 0.27 hands to its line parser, and when. It reads a file through one buffer that grows from 10 KB to 160 KB, and a line that
 * does not fit is skipped to its newline without an error. Whether it fits depends on where in the buffer it begins: 80 KB always do, 160 KB never.
 * The same buffer decides whether a missing newline at the end is an error: not once the buffer has its full size (the piece is skipped too).
 */

const FIRST_BYTES = 10 * 1024
const FULL_BYTES = 160 * 1024
const NEWLINE = 10

/** Takes whole lines from the start of what is held. `lines` counts those that were taken, and those that were skipped. */
export interface LineParser {
  lines: number
  /** Bytes taken, or null where a line is refused (`lines` is its number then, counted from 0). */
  take(held: Uint8Array): number | null
}

/** Why the file is refused, beyond a bad line. */
export type Refusal = 'bad line' | 'empty file' | 'no newline at the end'

/** The bytes of a file that lie in the buffer. Free space is only behind them, so they move to the front when it gets short. */
class ReadBuffer {
  readonly #file: Uint8Array
  #capacity = FIRST_BYTES
  #front = 0
  #held = 0
  #read = 0

  constructor(file: Uint8Array) {
    this.#file = file
  }

  get held(): Uint8Array {
    return this.#file.subarray(this.#read - this.#held, this.#read)
  }

  get #free(): number {
    return this.#capacity - this.#front - this.#held
  }

  /** Fills the free space; 0 at the end of the file and also when there is none. */
  fill(): number {
    const bytes = Math.min(this.#free, this.#file.length - this.#read)
    this.#read += bytes
    this.#held += bytes
    if (this.#free < this.#held + bytes) this.#front = 0
    return bytes
  }

  drop(bytes: number): void {
    this.#front += bytes
    this.#held -= bytes
    if (this.#front > this.#capacity / 2) this.#front = 0
  }

  /** Twice the size; false when that is above the limit. */
  grow(): boolean {
    if (this.#capacity * 2 > FULL_BYTES) return false
    this.#capacity *= 2
    return true
  }
}

/** Feeds a file to a parser as breakpad-symbols does from a file on disk. Null when the whole file is accepted. */
export function readAsStock(file: Uint8Array, parser: LineParser): Refusal | null {
  const buffer = new ReadBuffer(file)
  let skipping = false
  let skippedJustNow = false
  let nothingLeft = false
  let grewJustNow = false
  let dropped = 0
  const drop = (bytes: number) => {
    buffer.drop(bytes)
    dropped += bytes
  }
  for (;;) {
    if (skipping) {
      const newline = buffer.held.indexOf(NEWLINE)
      nothingLeft = newline < 0
      drop(nothingLeft ? buffer.held.length : newline + 1)
      if (!nothingLeft) {
        skipping = false
        skippedJustNow = true
        parser.lines += 1
      }
    }
    if (buffer.fill() > 0) {
      grewJustNow = false
    } else if (!skippedJustNow || buffer.held.length === 0) {
      if (nothingLeft) return null
      if (grewJustNow) return dropped === 0 ? 'empty file' : 'no newline at the end'
      grewJustNow = buffer.grow()
      skipping = !grewJustNow
      continue
    }
    if (skipping) continue
    skippedJustNow = false
    const held = buffer.held
    const taken = parser.take(held)
    if (taken === null) return 'bad line'
    nothingLeft = taken === held.length
    drop(taken)
  }
}
