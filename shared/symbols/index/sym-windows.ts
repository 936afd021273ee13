/**
 * The buffer through which breakpad-symbols 0.27 reads a sym file (`SymbolFile::parse` over bytes): 10 KB that double up to 160 KB while a line does not fit. A line
 * that even then does not fit is skipped to its end and the file goes on: 80 KB always fit, more only where the line happens to begin near the buffer's start.
 * So which long lines count, and whether a last line without an end is an error, depends on this buffer; we keep one just like it.
 */

/** Takes the lines of a window. */
export interface WindowLines {
  /** Lines taken so far, those that were skipped included. */
  lines: number
  /** Takes the lines of `bytes` from `start` to `end`, which lies behind a newline. False: a line is refused, `lines` is its number from 0. */
  take(bytes: Uint8Array, start: number, end: number): boolean
}

/** What became of the bytes so far. */
export type Windowed = 'going_on' | 'refused_line' | 'empty_file' | 'unended_last_line' | 'finished'

/** The crate's sizes. */
const FIRST_CAPACITY_BYTES = 10 * 1024
const MAX_CAPACITY_BYTES = 160 * 1024
const NEWLINE = 0x0a

/** Give it all bytes with `push`, then `end`. */
export class SymWindows {
  readonly #lines: WindowLines
  readonly #memory = new Uint8Array(MAX_CAPACITY_BYTES)
  #capacity = FIRST_CAPACITY_BYTES
  /** What is held lies from here … */
  #start = 0
  /** … to here. */
  #end = 0
  /** Bytes of the present read: the crate's reader always fills the whole space. */
  #read = 0
  #consumed = 0
  #allConsumed = false
  #triedToGrow = false
  #skipping = false
  #justSkipped = false

  constructor(lines: WindowLines) {
    this.#lines = lines
  }

  push(chunk: Uint8Array): Windowed {
    for (let at = 0; ; ) {
      const wanted = this.#capacity - this.#end - this.#read
      if (wanted > 0) {
        if (at === chunk.length) return 'going_on'
        const piece = chunk.subarray(at, at + wanted)
        this.#memory.set(piece, this.#end + this.#read)
        this.#read += piece.length
        at += piece.length
        if (piece.length < wanted) return 'going_on'
      }
      const become = this.#step()
      if (become !== 'going_on') return become
    }
  }

  end(): Windowed {
    for (;;) {
      const become = this.#step()
      if (become !== 'going_on') return become
    }
  }

  /** One round of the crate's loop, from behind its read to the next one. */
  #step(): Windowed {
    const read = this.#read
    this.#fill(read)
    if (read > 0) {
      this.#triedToGrow = false
    } else if (!this.#justSkipped || this.#end === this.#start) {
      if (this.#allConsumed) return 'finished'
      if (this.#triedToGrow) return this.#consumed === 0 ? 'empty_file' : 'unended_last_line'
      this.#makeRoom()
      return 'going_on'
    }
    if (this.#skipping) {
      this.#skip()
      return 'going_on'
    }
    this.#justSkipped = false
    const end = this.#memory.lastIndexOf(NEWLINE, this.#end - 1) + 1
    if (end > this.#start && !this.#lines.take(this.#memory, this.#start, end)) return 'refused_line'
    this.#allConsumed = end === this.#end
    this.#consume(Math.max(0, end - this.#start))
    return 'going_on'
  }

  /** The line does not fit, or the file is at its end: the crate cannot tell these apart. */
  #makeRoom(): void {
    if (this.#capacity * 2 > MAX_CAPACITY_BYTES) {
      this.#skipping = true
      this.#skip()
    } else {
      this.#capacity *= 2
      this.#triedToGrow = true
    }
  }

  /** Drops bytes of a line that does not fit, up to its end if it is there. */
  #skip(): void {
    if (!this.#skipping) return
    const newline = this.#memory.subarray(0, this.#end).indexOf(NEWLINE, this.#start)
    this.#skipping = newline === -1
    this.#allConsumed = newline === -1
    this.#consume((newline === -1 ? this.#end : newline + 1) - this.#start)
    if (newline === -1) return
    this.#justSkipped = true
    this.#lines.lines++
  }

  #fill(bytes: number): void {
    this.#read = 0
    this.#end += bytes
    if (this.#capacity - this.#end < this.#end - this.#start + bytes) this.#shift()
  }

  #consume(bytes: number): void {
    this.#consumed += bytes
    this.#start += bytes
    if (this.#start > this.#capacity / 2) this.#shift()
  }

  #shift(): void {
    this.#memory.copyWithin(0, this.#start, this.#end)
    this.#end -= this.#start
    this.#start = 0
  }
}
