import type { CrashId } from '../crash-id.ts'
import type { SearchQuery } from './search-query.ts'

/**
 * The RPC port of the search Worker. Everything is plain data under 8 MiB a call.
 */

/** One value of a field in the index. A field without a value is absent. */
export type SearchValue = string | number | boolean

/** One processed crash as the index keeps it. Names are those of `fields.ts`; `date` is ISO text in UTC. */
export interface SearchDocument {
  readonly crash_id: CrashId
  /** When processing started, epoch milliseconds: of two documents of one crash the later wins. */
  readonly started_at_ms: number
  readonly values: Readonly<Record<string, SearchValue>>
}

/** One bucket of a terms aggregation or a histogram. */
export interface FacetTerm {
  readonly term: SearchValue
  readonly count: number
  /** What the bucket stands for before sampling; only with `estimate`. */
  readonly estimate?: number
  /** There (if only as `{}`) wherever something is counted again in each bucket. */
  readonly facets?: Facets
}

/** What was counted, by the `key` of each aggregation. */
export type Facets = Readonly<Record<string, readonly FacetTerm[] | { readonly value: number }>>

/** What could not be answered in full. The peer's shape (`shards`), plus our own `warning`, which its clients ignore. */
export type SearchError =
  | { readonly type: 'shards'; readonly index: string; readonly shards_count: number }
  | { readonly type: 'warning'; readonly param: string; readonly msg: string }

/** One page of hits with the requested columns, the total, and the facets. */
export interface SearchAnswer {
  readonly hits: readonly Readonly<Record<string, SearchValue | null>>[]
  readonly total: number
  /** The sum of `sample_weight` over all that were found; only with `estimate`. */
  readonly total_estimate?: number
  readonly facets: Facets
  readonly errors: readonly SearchError[]
}

export interface SearchRpc {
  /** Adds or replaces documents by crash id. An older `started_at_ms` never replaces a newer one. */
  index(documents: readonly SearchDocument[]): Promise<void>
  /** Answers within QUERY_DEADLINE_MS; shards that do not are named in `errors`. */
  query(query: SearchQuery): Promise<SearchAnswer>
  /** Takes documents out of the index. */
  remove(crashIds: readonly CrashId[]): Promise<void>
  /** Those of the given crash ids that are not in the index. */
  missing(crashIds: readonly CrashId[]): Promise<readonly CrashId[]>
}
