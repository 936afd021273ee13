import type { Dictionary } from './columns/dictionary.ts'
import { NumberTable } from './number-table.ts'
import type { SearchValue } from './search-rpc.ts'

const UNKNOWN = -2
/** A value that gives no term: it is not to be counted. */
export const NO_TERM = -1

/** How many more buckets a query may have, over all that it counts. */
export interface BucketAllowance {
  left: number
}

/**
 * The terms that an aggregation has met, numbered from 0, across dictionaries. What a value's terms are is worked out once a distinct value of a
 * dictionary: itself, the parts of a list, the step of a histogram.
 */
export class TermIndex {
  /** By number. */
  readonly terms: SearchValue[] = []
  readonly #termsOf: (dictionary: Dictionary, id: number) => readonly SearchValue[]
  readonly #only: ReadonlySet<SearchValue> | null
  readonly #allowance: BucketAllowance
  readonly #texts = new Map<SearchValue, number>()
  readonly #numbers = new NumberTable()
  readonly #termOfNumber: number[] = []
  #dictionary: Dictionary | null = null
  /** By id of the latest dictionary: a term, NO_TERM, UNKNOWN, or `-3 - n` for the n-th of `#several`. */
  #known = new Int32Array(0)
  #several: (readonly number[])[] = []
  #isCut = false

  /** `only`: the terms to count, where others are of no interest. */
  constructor(
    termsOf: (dictionary: Dictionary, id: number) => readonly SearchValue[],
    allowance: BucketAllowance,
    only: ReadonlySet<SearchValue> | null,
  ) {
    this.#termsOf = termsOf
    this.#allowance = allowance
    this.#only = only
  }

  /** Whether there were more terms than the allowance. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Must be called before ids of another dictionary, and when it has grown. */
  enter(dictionary: Dictionary): void {
    if (dictionary !== this.#dictionary) {
      this.#dictionary = dictionary
      this.#known = new Int32Array(dictionary.size + 1).fill(UNKNOWN)
      this.#several = []
    } else if (this.#known.length <= dictionary.size) {
      const grown = new Int32Array(2 * dictionary.size + 1).fill(UNKNOWN)
      grown.set(this.#known)
      this.#known = grown
    }
  }

  /** The term of a dictionary id, NO_TERM, or what `several` takes. */
  termOf(id: number): number {
    const known = this.#known[id] ?? UNKNOWN
    return known === UNKNOWN ? this.#learn(id) : known
  }

  /** The terms of an id whose `termOf` is below UNKNOWN. */
  several(term: number): readonly number[] {
    return this.#several[-3 - term] ?? []
  }

  #learn(id: number): number {
    const dictionary = this.#dictionary
    if (dictionary === null) throw new Error('no dictionary was entered')
    const terms = this.#termsOf(dictionary, id)
      .map((value) => this.#add(value))
      .filter((term) => term !== NO_TERM)
    const known = terms.length > 1 ? -3 - (this.#several.push(terms) - 1) : (terms[0] ?? NO_TERM)
    this.#known[id] = known
    return known
  }

  #add(value: SearchValue): number {
    if (this.#only !== null && !this.#only.has(value)) return NO_TERM
    if (typeof value === 'number') {
      const place = this.#numbers.add(value, this.#allowance.left > 0 ? Number.POSITIVE_INFINITY : 0)
      if (place === -1) return this.#refuse()
      const known = this.#termOfNumber[place]
      if (known !== undefined) return known
      this.#allowance.left -= 1
      this.#termOfNumber[place] = this.terms.push(value) - 1
      return this.terms.length - 1
    }
    const known = this.#texts.get(value)
    if (known !== undefined) return known
    if (this.#allowance.left <= 0) return this.#refuse()
    this.#allowance.left -= 1
    this.#texts.set(value, this.terms.push(value) - 1)
    return this.terms.length - 1
  }

  #refuse(): number {
    this.#isCut = true
    return NO_TERM
  }
}
