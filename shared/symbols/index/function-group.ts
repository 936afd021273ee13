import { type Address, MAX_ADDRESS, minus, plus } from './address.ts'
import type { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** Line records that one FUNC may have: 24 bytes of memory each while it is read. The largest functions of browsers have some 20,000. */
export const MAX_FUNCTION_LINES = 1_500_000
/** Inlined ranges that one FUNC may have, and INLINE records: 36 bytes of memory for both. */
export const MAX_FUNCTION_INLINES = 800_000
/** Records in one piece of a function. A lookup decodes at most one piece, and a piece is about 64 KB of text. */
export const MAX_PIECE_RECORDS = 2_048

const FIRST_RECORDS = 256
/** Above this an insertion sort loses. */
const FEW_RECORDS = 48
/** Lines that are tried before they are searched. */
const NEAR_LINES = 8

/** A part of a function: the lines and inlines that matter between two offsets from its start. */
export interface FunctionPiece {
  /** Offset of its first address. */
  readonly start: number
  /** Offset behind its last address. */
  readonly end: number
  /** Positions in `lineOrder`. */
  readonly lines: readonly [from: number, to: number]
  /** Positions in `inlineOrder`; null: all of them. */
  readonly inlines: readonly number[] | null
}

/**
 * One FUNC with its lines and inlines, as columns of offsets from its start. What can never answer is left out as it comes: lines without bytes, records behind
 * the end (nothing that starts there can change what lies before), and records 2^53 away.
 */
export class FunctionGroup {
  start: Address = 0
  size = 0
  parameterSize = 0
  textBytes = 0
  /** More records than a function may have came. */
  isTooLarge = false
  readonly name = new ByteWriter()

  lines = 0
  lineOffset = new Float64Array(FIRST_RECORDS)
  lineSize = new Uint32Array(FIRST_RECORDS)
  lineNumber = new Uint32Array(FIRST_RECORDS)
  lineFile = new Uint32Array(FIRST_RECORDS)
  /** The lines that count, in ascending order, once resolved. */
  lineOrder = new Uint32Array(FIRST_RECORDS)
  keptLines = 0

  inlines = 0
  inlineDepth = new Uint32Array(FIRST_RECORDS)
  inlineOffset = new Float64Array(FIRST_RECORDS)
  /** Size; after `resolve` up to the next of its depth. */
  inlineSize = new Uint32Array(FIRST_RECORDS)
  inlineSite = new Uint32Array(FIRST_RECORDS)
  inlineOrder = new Uint32Array(FIRST_RECORDS)
  keptInlines = 0

  sites = 0
  siteLine = new Uint32Array(FIRST_RECORDS)
  siteFile = new Uint32Array(FIRST_RECORDS)
  siteOrigin = new Uint32Array(FIRST_RECORDS)
  #siteDepth = 0

  #linesAscend = true
  #lastLineEnd = Number.NEGATIVE_INFINITY
  #inlinesAscend = true

  begin(start: Address, size: number, parameterSize: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.lineOffset.length > MAX_PIECE_RECORDS * 4 || this.inlineOffset.length > MAX_PIECE_RECORDS * 4)
      this.#shrink()
    this.start = start
    this.size = size
    this.parameterSize = parameterSize
    this.textBytes = 0
    this.isTooLarge = false
    this.name.clear()
    this.name.copy(bytes, from, to)
    this.lines = 0
    this.keptLines = 0
    this.inlines = 0
    this.keptInlines = 0
    this.sites = 0
    this.#linesAscend = true
    this.#lastLineEnd = Number.NEGATIVE_INFINITY
    this.#inlinesAscend = true
  }

  addLine(address: Address, size: number, line: number, file: number): void {
    const offset = minus(address, this.start)
    if (size === 0 || typeof offset === 'bigint' || offset >= this.size) return
    if (typeof address === 'bigint' && plus(address, size - 1) > MAX_ADDRESS) return
    const at = this.lines
    if (at === this.lineOffset.length && !this.#growLines()) return
    this.lineOffset[at] = offset
    this.lineSize[at] = size
    this.lineNumber[at] = line
    this.lineFile[at] = file
    this.lineOrder[at] = at
    if (offset <= this.#lastLineEnd) this.#linesAscend = false
    this.#lastLineEnd = offset + size - 1
    this.lines = at + 1
  }

  addSite(depth: number, line: number, file: number, origin: number): void {
    this.#siteDepth = depth
    const at = this.sites
    if (at === this.siteLine.length && !this.#growSites()) return
    this.siteLine[at] = line
    this.siteFile[at] = file
    this.siteOrigin[at] = origin
    this.sites = at + 1
  }

  /** A range of the site that was added last. */
  addInline(address: Address, size: number): void {
    const offset = minus(address, this.start)
    if (typeof offset === 'bigint' || offset >= this.size || this.isTooLarge) return
    const at = this.inlines
    if (at === this.inlineOffset.length && !this.#growInlines()) return
    this.inlineDepth[at] = this.#siteDepth
    this.inlineOffset[at] = offset
    // One that leaves 64 bits covers nothing, but still hides what starts before it.
    this.inlineSize[at] = typeof address === 'bigint' && plus(address, size) > MAX_ADDRESS ? 0 : size
    this.inlineSite[at] = this.sites - 1
    this.inlineOrder[at] = at
    if (at > 0 && this.#compareInlines(at - 1, at) >= 0) this.#inlinesAscend = false
    this.inlines = at + 1
  }

  /** Decides which lines and inlines count, as breakpad-symbols does for a whole function. */
  resolve(): void {
    this.#resolveLines()
    this.#resolveInlines()
  }

  /** The parts to store: one, or several for a function with very many records. Null when its inlines nest so deep that parts would repeat them without end. */
  pieces(): readonly FunctionPiece[] | null {
    const whole: FunctionPiece = { start: 0, end: this.size, lines: [0, this.keptLines], inlines: null }
    if (this.keptLines + this.keptInlines <= MAX_PIECE_RECORDS) return [whole]
    const bounds = this.#bounds()
    const inlines = this.#inlinesOf(bounds)
    if (inlines === null) return null
    const pieces: FunctionPiece[] = []
    let from = 0
    for (const [index, start] of bounds.entries()) {
      const end = bounds[index + 1] ?? this.size
      while (from < this.keptLines && this.#lineEnd(from) <= start) from++
      let to = from
      while (to < this.keptLines && this.#lineStart(to) < end) to++
      pieces.push({ start, end, lines: [from, to], inlines: inlines[index] ?? [] })
    }
    return pieces
  }

  /** Whether all of a range is inlined code. To be asked about ranges in ascending order. `inlines` as in a piece. */
  inlinedCode(inlines: readonly number[] | null): { covers(start: number, end: number): boolean } {
    const count = inlines === null ? this.keptInlines : inlines.length
    let next = 0
    let end = Number.NEGATIVE_INFINITY
    // Those of depth 0 come first; deeper ones lie within them.
    const step = (start: number) => {
      for (; next < count; next++) {
        const inline = this.inlineOrder[inlines === null ? next : (inlines[next] ?? 0)] ?? 0
        if (at(this.inlineDepth, inline) > 0 || at(this.inlineOffset, inline) > start) return
        end = at(this.inlineOffset, inline) + at(this.inlineSize, inline)
      }
    }
    return {
      covers: (from, to) => {
        step(from)
        return to <= end
      },
    }
  }

  /**
   * The position, counted from the first of these lines, of the one that starts at an offset; -1 when none does. `hint` is a position where it may be, or shortly behind.
   */
  lineStartingAt(offset: number, { lines: [from, to] }: FunctionPiece, hint: number): number {
    const position = this.#lastLineAt(offset, from, to, from + hint)
    return position >= from && this.#lineStart(position) === offset ? position - from : -1
  }

  /** The same for the line that ends at an offset. */
  lineEndingAt(end: number, { lines: [from, to] }: FunctionPiece, hint: number): number {
    const position = this.#lastLineAt(end - 1, from, to, from + hint)
    return position >= from && this.#lineEnd(position) === end ? position - from : -1
  }

  /** The last line that starts at or before an offset. */
  #lastLineAt(offset: number, from: number, to: number, hint: number): number {
    let low = from
    if (hint < to && this.#lineStart(hint) <= offset) {
      low = hint + 1
      for (const near = Math.min(to, low + NEAR_LINES); low < near; low++)
        if (this.#lineStart(low) > offset) return low - 1
    }
    for (let high = to; low < high; ) {
      const middle = (low + high) >>> 1
      if (this.#lineStart(middle) <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Packs what `resolve` left, to be sorted among others. The size comes first: it decides between functions that start together. */
  pack(bytes: ByteWriter): void {
    bytes.number(this.size)
    bytes.signedAddress(this.start)
    bytes.number(this.parameterSize)
    bytes.number(this.textBytes)
    bytes.number(this.name.length)
    bytes.copy(this.name.written(), 0, this.name.length)
    bytes.number(this.keptLines)
    for (let position = 0; position < this.keptLines; position++) {
      const line = this.lineOrder[position] ?? 0
      bytes.signed(at(this.lineOffset, line))
      for (const column of [this.lineSize, this.lineNumber, this.lineFile]) bytes.number(at(column, line))
    }
    bytes.number(this.keptInlines)
    for (let position = 0; position < this.keptInlines; position++) {
      const inline = this.inlineOrder[position] ?? 0
      const site = at(this.inlineSite, inline)
      bytes.number(at(this.inlineDepth, inline))
      bytes.signed(at(this.inlineOffset, inline))
      bytes.number(at(this.inlineSize, inline))
      for (const column of [this.siteLine, this.siteFile, this.siteOrigin]) bytes.number(at(column, site))
    }
  }

  /** Takes what `pack` wrote, but for its size and start. */
  unpack(start: Address, size: number, bytes: ByteReader): void {
    const parameterSize = bytes.number()
    const textBytes = bytes.number()
    const name = bytes.take(bytes.number())
    this.begin(start, size, parameterSize, name, 0, name.length)
    this.textBytes = textBytes
    for (let left = bytes.number(); left > 0; left--) {
      this.addLine(plus(start, bytes.signed()), bytes.number(), bytes.number(), bytes.number())
    }
    for (let left = bytes.number(); left > 0; left--) {
      const depth = bytes.number()
      const address = plus(start, bytes.signed())
      const inlineSize = bytes.number()
      this.addSite(depth, bytes.number(), bytes.number(), bytes.number())
      this.addInline(address, inlineSize)
    }
  }

  #lineStart(position: number): number {
    return this.lineOffset[this.lineOrder[position] ?? 0] ?? 0
  }

  #lineEnd(position: number): number {
    const line = this.lineOrder[position] ?? 0
    return (this.lineOffset[line] ?? 0) + (this.lineSize[line] ?? 0)
  }

  /** Sorted by (start, end), first in the file first; what starts inside the last kept line is dropped. */
  #resolveLines(): void {
    const { lineOrder, lineOffset, lineSize } = this
    if (!this.#linesAscend) {
      lineOrder
        .subarray(0, this.lines)
        .sort((a, b) => at(lineOffset, a) - at(lineOffset, b) || at(lineSize, a) - at(lineSize, b) || a - b)
    }
    let kept = 0
    let lastEnd = Number.NEGATIVE_INFINITY
    for (let position = 0; position < this.lines; position++) {
      const line = lineOrder[position] ?? 0
      const offset = at(lineOffset, line)
      if (offset <= lastEnd) continue
      lastEnd = offset + at(lineSize, line) - 1
      // Lines before the function had to be looked at for what they hide.
      if (lastEnd >= 0) lineOrder[kept++] = line
    }
    this.keptLines = kept
  }

  /**
   * The crate looks for the last record of a depth that starts at or before the address, and takes it only if it covers the address. So of records that start
   * together the last in its order counts, each ends where the next of its depth starts, and what is empty then can go.
   */
  #resolveInlines(): void {
    const { inlineOrder, inlineDepth, inlineOffset, inlineSize } = this
    if (!this.#inlinesAscend) this.#sortInlines()
    let kept = 0
    for (let position = 0; position < this.inlines; position++) {
      const inline = inlineOrder[position] ?? 0
      const next = position + 1 < this.inlines ? (inlineOrder[position + 1] ?? 0) : -1
      if (next !== -1 && at(inlineDepth, next) === at(inlineDepth, inline)) {
        const room = at(inlineOffset, next) - at(inlineOffset, inline)
        if (room < at(inlineSize, inline)) inlineSize[inline] = room
      }
      if (at(inlineSize, inline) > 0 && at(inlineOffset, inline) + at(inlineSize, inline) > 0) {
        inlineOrder[kept++] = inline
      }
    }
    this.keptInlines = kept
  }

  #sortInlines(): void {
    const order = this.inlineOrder
    if (this.inlines > FEW_RECORDS) {
      order.subarray(0, this.inlines).sort((a, b) => this.#compareInlines(a, b))
      return
    }
    for (let position = 1; position < this.inlines; position++) {
      const inline = order[position] ?? 0
      let to = position
      for (; to > 0 && this.#compareInlines(order[to - 1] ?? 0, inline) > 0; to--) order[to] = order[to - 1] ?? 0
      order[to] = inline
    }
  }

  /** The crate's order: depth, address, size, call file, call line, origin. */
  #compareInlines(a: number, b: number): number {
    const near =
      at(this.inlineDepth, a) - at(this.inlineDepth, b) ||
      at(this.inlineOffset, a) - at(this.inlineOffset, b) ||
      at(this.inlineSize, a) - at(this.inlineSize, b)
    if (near !== 0) return near
    const siteA = at(this.inlineSite, a)
    const siteB = at(this.inlineSite, b)
    return (
      at(this.siteFile, siteA) - at(this.siteFile, siteB) ||
      at(this.siteLine, siteA) - at(this.siteLine, siteB) ||
      at(this.siteOrigin, siteA) - at(this.siteOrigin, siteB)
    )
  }

  /** Offsets at which pieces start: the first is 0, and between two lie half as many records as a piece may have. */
  #bounds(): number[] {
    const starts = new Float64Array(this.keptLines + this.keptInlines)
    for (let position = 0; position < this.keptLines; position++) starts[position] = this.#lineStart(position)
    for (let position = 0; position < this.keptInlines; position++) {
      starts[this.keptLines + position] = at(this.inlineOffset, this.inlineOrder[position] ?? 0)
    }
    starts.sort()
    const bounds = [0]
    for (let position = MAX_PIECE_RECORDS / 2; position < starts.length; position += MAX_PIECE_RECORDS / 2) {
      const start = starts[position] ?? 0
      if (start > (bounds.at(-1) ?? 0)) bounds.push(start)
    }
    return bounds
  }

  #inlinesOf(bounds: readonly number[]): number[][] | null {
    const most = MAX_PIECE_RECORDS * bounds.length + 4 * this.keptInlines
    const inlines: number[][] = bounds.map(() => [])
    let copies = 0
    for (let position = 0; position < this.keptInlines; position++) {
      const inline = this.inlineOrder[position] ?? 0
      const start = at(this.inlineOffset, inline)
      const end = start + at(this.inlineSize, inline)
      for (let piece = lastAtOrBefore(bounds, start); piece < bounds.length && (bounds[piece] ?? 0) < end; piece++) {
        inlines[piece]?.push(position)
        if (++copies > most) return null
      }
    }
    return inlines
  }

  #growLines(): boolean {
    if (this.lines >= MAX_FUNCTION_LINES) this.isTooLarge = true
    if (this.isTooLarge) return false
    const most = MAX_FUNCTION_LINES
    this.lineOffset = grownFloats(this.lineOffset, most)
    this.lineSize = grown(this.lineSize, most)
    this.lineNumber = grown(this.lineNumber, most)
    this.lineFile = grown(this.lineFile, most)
    this.lineOrder = grown(this.lineOrder, most)
    return true
  }

  #growInlines(): boolean {
    if (this.inlines >= MAX_FUNCTION_INLINES) this.isTooLarge = true
    if (this.isTooLarge) return false
    const most = MAX_FUNCTION_INLINES
    this.inlineDepth = grown(this.inlineDepth, most)
    this.inlineOffset = grownFloats(this.inlineOffset, most)
    this.inlineSize = grown(this.inlineSize, most)
    this.inlineSite = grown(this.inlineSite, most)
    this.inlineOrder = grown(this.inlineOrder, most)
    return true
  }

  #growSites(): boolean {
    if (this.sites >= MAX_FUNCTION_INLINES) this.isTooLarge = true
    if (this.isTooLarge) return false
    const most = MAX_FUNCTION_INLINES
    this.siteLine = grown(this.siteLine, most)
    this.siteFile = grown(this.siteFile, most)
    this.siteOrigin = grown(this.siteOrigin, most)
    return true
  }

  /** Gives back what a huge function took. */
  #shrink(): void {
    const few = () => new Uint32Array(FIRST_RECORDS)
    this.lineOffset = new Float64Array(FIRST_RECORDS)
    this.lineSize = few()
    this.lineNumber = few()
    this.lineFile = few()
    this.lineOrder = few()
    this.inlineDepth = few()
    this.inlineOffset = new Float64Array(FIRST_RECORDS)
    this.inlineSize = few()
    this.inlineSite = few()
    this.inlineOrder = few()
    this.siteLine = few()
    this.siteFile = few()
    this.siteOrigin = few()
  }
}

function at(column: Float64Array | Uint32Array, index: number): number {
  return column[index] ?? 0
}

function grown(column: Uint32Array, most: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.min(most, column.length * 2))
  larger.set(column)
  return larger
}

function grownFloats(column: Float64Array, most: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.min(most, column.length * 2))
  larger.set(column)
  return larger
}

function lastAtOrBefore(bounds: readonly number[], value: number): number {
  let low = 0
  for (let high = bounds.length; low < high; ) {
    const middle = (low + high) >>> 1
    if ((bounds[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}
