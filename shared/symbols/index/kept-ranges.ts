import { type Address, minus, plus } from './address.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** Memory for the ranges of the main run: about three bytes each. */
const MAX_COVERAGE_BYTES = 6 * 1024 * 1024
/** Records that may stand out of order: each is named in the upper index. Real files have up to some thousand; with more the file is sorted, in more passes. */
const MAX_LATE_RECORDS = 32_768

/** What is to be done with a record whose first line was read. */
export type Offered =
  /** It is the candidate at its address: collect it, and hand in what was collected before. */
  | 'main'
  /** It is out of order: collect it; it is decided at the end. */
  | 'late'
  /** Another record wins at its address, whatever comes: read over it. */
  | 'loser'

interface Range {
  readonly start: Address
  /** Its last address. */
  readonly end: Address
}

/**
 * Which records of one kind (FUNC, STACK CFI INIT, STACK WIN) count, decided while the file goes by. breakpad-symbols sorts them by (start, end), first in the file first, and drops each that starts
 * inside the last kept one: at one start the shortest wins, and chains matter (specs/stackwalker.md section 4, pitfall 2).
 *
 * Records in ascending order are decided at once, with one record held back. One out of order is late: it may drop kept ones, and bring dropped ones back.
 * So the ranges of kept records are remembered in a few bytes each, and `keptLate` decides about late and dropped ones at the end. A main record
 * that starts inside a kept late one is dropped; readers see that themselves.
 */
export class KeptRanges<Late extends Range> {
  /** The record that is held back. */
  #candidate: Range | null = null
  /** Where the last main record started, and where the last kept one ended. */
  #position: Address | null = null
  #lastEnd: Address | null = null
  readonly #coverage = new ByteWriter(1024)
  #coverageEnd: Address = 0
  #isCoverageWhole = true
  readonly #late: Late[] = []
  #dropped = 0
  #areDroppedWhole = true
  #disordered = false

  /** Offers a record by its first line. */
  offer(start: Address, end: Address): Offered {
    const candidate = this.#candidate
    if (candidate === null) return this.#position === null || start > this.#position ? 'main' : 'late'
    if (start < candidate.start) return 'late'
    return start === candidate.start && end >= candidate.end ? 'loser' : 'main'
  }

  /** Whether a record that starts here replaces the candidate, which then never counts. */
  replaces(start: Address): boolean {
    return this.#candidate !== null && this.#candidate.start === start
  }

  /** Holds a main record back. */
  hold(start: Address, end: Address): void {
    this.#candidate = { start, end }
  }

  /** Forgets the candidate. */
  forget(): void {
    this.#candidate = null
  }

  /** Decides about the candidate: true when it is kept, as far as one can know. Null when there is none. */
  settle(): boolean | null {
    const candidate = this.#candidate
    if (candidate === null) return null
    this.#candidate = null
    this.#position = candidate.start
    if (this.#lastEnd !== null && candidate.start <= this.#lastEnd) return false
    this.#lastEnd = candidate.end
    this.#cover(candidate)
    return true
  }

  /** Whether a dropped record is worth storing: only a late one can bring it back. */
  get wantsDropped(): boolean {
    return this.#areDroppedWhole
  }

  /** Remembers a record that was stored aside. */
  addLate(late: Late, isDropped: boolean): void {
    if (isDropped) this.#dropped++
    else this.#disordered = true
    if (isDropped && this.#dropped > MAX_LATE_RECORDS) {
      this.#areDroppedWhole = false
      return
    }
    this.#late.push(late)
  }

  /** More stands out of order than can be told apart. */
  get isTooDisordered(): boolean {
    const isTooMuch = this.#late.length > 2 * MAX_LATE_RECORDS || !this.#areDroppedWhole || !this.#isCoverageWhole
    return this.#disordered && isTooMuch
  }

  /** All late records, in ascending order, for a kind whose records do not drop each other. */
  allLate(): Late[] {
    return this.#late.toSorted((a, b) => compare(a.start, b.start) || compare(a.end, b.end))
  }

  /** The late and dropped records that count, in ascending order. */
  keptLate(): Late[] {
    if (!this.#disordered) return []
    const late = this.allLate()
    const kept: Late[] = []
    let lastEnd: Address | null = null
    const main = this.ranges()
    let next = main.next()
    for (const record of late) {
      // Of equal ranges the main one came first: the late one was behind it.
      while (
        !next.done &&
        (next.value.start < record.start || (next.value.start === record.start && next.value.end <= record.end))
      ) {
        if (lastEnd === null || next.value.start > lastEnd) lastEnd = next.value.end
        next = main.next()
      }
      if (lastEnd !== null && record.start <= lastEnd) continue
      kept.push(record)
      lastEnd = record.end
    }
    return kept
  }

  /** The ranges of all records that count, main and late, in ascending order. Only where `areRangesKnown`. */
  *allKept(): Generator<Range, void, void> {
    const late = this.keptLate()
    let next = 0
    let lastLate: Range | null = null
    for (const range of this.ranges()) {
      for (let record = late[next]; record !== undefined && record.start <= range.start; record = late[next]) {
        yield record
        lastLate = record
        next++
      }
      if (lastLate === null || range.start > lastLate.end) yield range
    }
    yield* late.slice(next)
  }

  /** The ranges of the main records, if they are all known. */
  *ranges(): Generator<Range, void, void> {
    const coverage = new ByteReader(this.#coverage.written())
    let end: Address = 0
    while (coverage.left > 0) {
      const start = plus(end, coverage.signedAddress())
      end = plus(start, coverage.number())
      yield { start, end }
    }
  }

  /** Whether `ranges` knows all. */
  get areRangesKnown(): boolean {
    return this.#isCoverageWhole
  }

  #cover({ start, end }: Range): void {
    if (!this.#isCoverageWhole) return
    this.#coverage.signedAddress(minus(start, this.#coverageEnd))
    this.#coverage.number(Number(minus(end, start)))
    this.#coverageEnd = end
    if (this.#coverage.length <= MAX_COVERAGE_BYTES) return
    this.#isCoverageWhole = false
    this.#coverage.shrink(0)
  }
}

function compare(a: Address, b: Address): number {
  return a < b ? -1 : a > b ? 1 : 0
}
