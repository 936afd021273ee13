import { MAX_STRIP_COMPARISONS, MAX_STRIP_ENTRY_BYTES, MAX_STRIP_STREAM_BYTES, STRIP_WINDOW_BYTES } from '../limits.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'
import { bytesOf, disjoint, zero } from './environment-copies.ts'

/** A vector register holds so much of a string that went through it, and registers are saved on stacks: this and more in a row goes. */
const FRAGMENT_BYTES = 16
/** A whole value that is copied without its name goes from this length on: shorter ones would be found where something else is meant. */
const WHOLE_VALUE_BYTES = 8
/** Memory is looked at in every fifth place, four bytes each: what has eight bytes in a row is met. */
const GRAM_BYTES = 4
const STEP_BYTES = WHOLE_VALUE_BYTES - GRAM_BYTES + 1
const HASH_BITS = 16
/** So many bytes that are the same cost as much as a place that is not. */
const BYTES_OF_COMPARISON = 16
/** To zero a fragment costs as much as so many comparisons. */
const FOUND_COMPARISONS = 20
const NUL = 0
const EQUALS = 0x3d

/**
 * Finds in memory what is left of an environment where it is no copy of a variable: its value alone, as `getenv` gives it; a copy whose beginning was
 * overwritten; a piece that went through a vector register (seen: `CRET_CANARY=…`, 32 bytes on the stack of a thread that had printed the variable).
 */
export class FragmentSearch {
  /** Variables and arguments with a NUL around each. */
  readonly #text: Uint8Array
  /** By hash of four bytes, where in the text they come first; from there on, where next. -1: nowhere. */
  readonly #first = new Int32Array(2 ** HASH_BITS).fill(-1)
  readonly #next: Int32Array
  /** Of the longest variable: so far beyond a window its copy can reach. */
  #longest = 0

  /** `strings`: contents of environments and command lines, a NUL behind each variable and argument. */
  constructor(strings: readonly Uint8Array[]) {
    this.#text = joined(strings)
    this.#next = new Int32Array(this.#text.length)
    let end = this.#text.length
    for (let at = this.#text.length - 1; at > 0; at--) {
      if (this.#text[at] === NUL) end = at
      this.#longest = Math.min(Math.max(this.#longest, end - at), MAX_STRIP_ENTRY_BYTES)
      if (end - at < GRAM_BYTES) continue
      const hash = hashAt(this.#text, at)
      this.#next[at] = this.#first[hash] ?? -1
      this.#first[hash] = at
    }
  }

  /** Zeroes every fragment in these ranges. Answers how many bytes it changed. */
  zeroFragments(dump: DumpBytes, memory: readonly Place[]): number {
    if (this.#longest < WHOLE_VALUE_BYTES) return 0
    const budget = { comparisons: MAX_STRIP_COMPARISONS }
    let changed = 0
    for (const { at, bytes } of disjoint(memory)) {
      for (let from = at; from < at + bytes; from += STRIP_WINDOW_BYTES) {
        const start = Math.max(at, from - this.#longest)
        const end = Math.min(at + bytes, from + STRIP_WINDOW_BYTES + this.#longest)
        const seen = bytesOf(dump, { at: start, bytes: end - start })
        const until = Math.min(seen.length, from - start + STRIP_WINDOW_BYTES) - GRAM_BYTES
        for (let look = from - start; look <= until; look += STEP_BYTES) {
          if (seen[look] === NUL) continue
          const run = this.#runAt(seen, look, budget)
          if (run === null) continue
          budget.comparisons -= FOUND_COMPARISONS
          changed += zero(dump, { at: start + run.start, bytes: run.end - run.start })
          // Where a window spans pieces it is a copy, and would be met again by what comes behind it.
          seen.fill(NUL, run.start, run.end)
          look = run.end - STEP_BYTES
        }
        if (budget.comparisons <= 0) return changed
      }
    }
    return changed
  }

  /** The longest fragment that the four bytes at `look` are part of: two tokens may begin the same. */
  #runAt(seen: Uint8Array, look: number, budget: { comparisons: number }): { start: number; end: number } | null {
    const text = this.#text
    let found: { start: number; end: number } | null = null
    for (let at = this.#first[hashAt(seen, look)] ?? -1; at >= 0; at = this.#next[at] ?? -1) {
      if (--budget.comparisons <= 0) break
      let after = 0
      while (text[at + after] !== NUL && text[at + after] === seen[look + after]) after++
      if (after < GRAM_BYTES) continue
      let before = 0
      while (text[at - before - 1] !== NUL && text[at - before - 1] === seen[look - before - 1]) before++
      const length = before + after
      budget.comparisons -= length / BYTES_OF_COMPARISON
      if (found !== null && length <= found.end - found.start) continue
      const isFragment =
        length >= FRAGMENT_BYTES || (length >= WHOLE_VALUE_BYTES && this.#isWholeValue(at - before, at + after))
      if (isFragment) found = { start: look - before, end: look + after }
    }
    return found
  }

  /** Whether this part of the text is a value to its end, with or without (some of) its name. */
  #isWholeValue(start: number, end: number): boolean {
    if (this.#text[end] !== NUL) return false
    const entry = this.#text.lastIndexOf(NUL, start) + 1
    const sign = this.#text.indexOf(EQUALS, entry + 1)
    return start <= (sign > entry && sign < end ? sign + 1 : entry)
  }
}

/** All in one, with a NUL before, between and behind. Copies: what they are read from will be zeroed. */
function joined(strings: readonly Uint8Array[]): Uint8Array {
  const kept: Uint8Array[] = []
  let bytes = 1
  for (const one of strings) {
    const room = one.subarray(0, Math.max(0, MAX_STRIP_STREAM_BYTES - bytes))
    kept.push(room)
    bytes += room.length + 1
  }
  const text = new Uint8Array(bytes)
  let at = 1
  for (const one of kept) {
    text.set(one, at)
    at += one.length + 1
  }
  return text
}

function hashAt(bytes: Uint8Array, at: number): number {
  const gram =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
  return Math.imul(gram, 0x9e37_79b1) >>> (32 - HASH_BITS)
}
