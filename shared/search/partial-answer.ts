import type { CrashId } from '../crash-id.ts'
import type { SearchValue } from './search-rpc.ts'

/** One shard's part of an answer: the first offset + number hits, and all that it counted, so that the merge is exact. Plain data, it crosses RPC. */
export interface PartialAnswer {
  readonly total: number
  /** 0 where the query wants no estimates. */
  readonly total_estimate: number
  readonly top: readonly TopHit[]
  readonly facets: PartialFacets
  /** Patterns cost more than MAX_PATTERN_STEPS: values that were left were not found. */
  readonly is_over: boolean
}

/** A crash among the first of one shard, with what the merge needs to order it. Its columns are read after the merge. */
export interface TopHit {
  readonly crash_id: CrashId
  readonly keys: readonly (SearchValue | null)[]
}

/** By the key of the aggregation. */
export type PartialFacets = Readonly<Record<string, PartialTerms | PartialDistinct>>

/** Terms of one field, or steps of a histogram, by column; the most frequent first. */
export interface PartialTerms {
  readonly kind: 'terms'
  readonly terms: readonly SearchValue[]
  readonly counts: readonly number[]
  /** Empty where the query wants no estimates. */
  readonly estimates: readonly number[]
  /** What was counted again in each of the first terms; of the others it was not worked out yet. */
  readonly details: readonly PartialFacets[]
  /** No term that was left out occurs more often; 0 where all are here. */
  readonly cut_count: number
}

/** The different values, as hashes below 2^53. */
export interface PartialDistinct {
  readonly kind: 'distinct'
  readonly hashes: Float64Array
  /** They were too many: these are the lowest, from which their number is estimated. */
  readonly is_cut: boolean
}

/** Of each outermost aggregation, the terms that a shard is asked for once more, in full. */
export type WantedTerms = Readonly<Record<string, readonly SearchValue[]>>
