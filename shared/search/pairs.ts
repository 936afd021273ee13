import { NumberTable } from './number-table.ts'
import type { BucketAllowance } from './term-index.ts'

/** A parent's bucket and a term as one number: both stay below MAX_QUERY_BUCKETS. */
const PAIR = 2 ** 26

/** The buckets of an aggregation: pairs of a parent and a term. The outermost has one parent, and its terms are its buckets. */
export class Pairs {
  readonly #isOutermost: boolean
  readonly #allowance: BucketAllowance
  readonly #table = new NumberTable()
  #isCut = false

  constructor(depth: number, allowance: BucketAllowance) {
    this.#isOutermost = depth === 0
    this.#allowance = allowance
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** The bucket, or -1 where the allowance is used up. */
  add(parent: number, term: number): number {
    if (this.#isOutermost) return term
    const before = this.#table.size
    const bucket = this.#table.add(parent * PAIR + term, this.#allowance.left > 0 ? Number.POSITIVE_INFINITY : 0)
    this.#allowance.left -= this.#table.size - before
    this.#isCut ||= bucket === -1
    return bucket
  }

  #grouped: ReadonlyMap<number, readonly number[]> | null = null

  /** The buckets of a parent. After the last chunk only. */
  bucketsOf(parent: number, terms: number): readonly number[] {
    if (this.#isOutermost) return Array.from({ length: terms }, (_, term) => term)
    this.#grouped ??= this.#group()
    return this.#grouped.get(parent) ?? []
  }

  #group(): ReadonlyMap<number, readonly number[]> {
    const groups = new Map<number, number[]>()
    for (const [bucket, key] of this.#table.keys.entries()) {
      const parent = Math.floor(key / PAIR)
      const group = groups.get(parent)
      if (group === undefined) groups.set(parent, [bucket])
      else group.push(bucket)
    }
    return groups
  }

  termOf(bucket: number): number {
    return this.#isOutermost ? bucket : (this.#table.keys[bucket] ?? 0) % PAIR
  }
}
