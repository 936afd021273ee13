import type { CrashId } from '../crash-id.ts'
import type { SearchQuery } from './query.ts'

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

/** One term of a facet. */
export interface FacetTerm {
  readonly term: SearchValue
  readonly count: number
}

/** What could not be answered in full. The peer's shape (`shards`), plus our own `warning`, which its clients ignore. */
export type SearchError =
  | { readonly type: 'shards'; readonly index: string; readonly shards_count: number }
  | { readonly type: 'warning'; readonly param: string; readonly msg: string }

/** One page of hits with the requested columns, the total, and the facets. */
export interface SearchAnswer {
  readonly hits: readonly Readonly<Record<string, SearchValue | null>>[]
  readonly total: number
  readonly facets: Readonly<Record<string, readonly FacetTerm[]>>
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
