import type { DateWindow } from './date-window.ts'
import type { FieldType } from './fields.ts'
import type { SearchValue } from './search-rpc.ts'

/**
 * A query as an engine runs it: plain data that crosses RPC, checked, with only fields that the viewer may see. It carries what
 * an engine must know of each field, because engines know no catalog: annotations.json may have added a field a minute ago.
 */

/** A field as a query carries it; the meaning of each property is that of SearchField. */
export interface QueryField {
  readonly name: string
  readonly type: FieldType
  readonly analysed: boolean
  readonly list: boolean
}

/** One comparison with a field's value. `not` turns it round, and then a missing value passes. */
export type Condition = { readonly not: boolean } & (
  | { readonly operator: 'is'; readonly values: readonly SearchValue[] }
  /** Any word of any of the values, whatever its case. A list's words are its parts: what its facet counts. */
  | { readonly operator: 'has_word'; readonly values: readonly string[] }
  | { readonly operator: 'contains' | 'starts_with' | 'ends_with'; readonly value: string }
  /** The whole value, in linear time (re2js). Checked when the query was parsed. */
  | { readonly operator: 'matches'; readonly pattern: string }
  | { readonly operator: 'above' | 'at_least' | 'below' | 'at_most'; readonly value: number }
  | { readonly operator: 'is_missing' }
)

/**
 * What one field must satisfy: one of `any` (if there are some) and each of `all`. Ranges narrow, all else widens:
 * `uptime=>5&uptime=<9` is a range, `signature=~a&signature=~b` a choice (specs/webapp.md 2.3).
 */
export interface FieldFilter {
  readonly field: QueryField
  readonly any: readonly Condition[]
  readonly all: readonly Condition[]
}

/** Buckets of a histogram: a calendar step in UTC for dates, a width for numbers. */
export type HistogramInterval = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' | number

/** One thing to count by. `key` is its name in the answer: `signature`, `cardinality_version`, `histogram_date`. `then`: counted again in each bucket. */
export type Aggregation =
  | { readonly kind: 'terms'; readonly key: string; readonly field: QueryField; readonly then: readonly Aggregation[] }
  | { readonly kind: 'cardinality'; readonly key: string; readonly field: QueryField }
  | {
      readonly kind: 'histogram'
      readonly key: string
      readonly field: QueryField
      readonly interval: HistogramInterval
      readonly then: readonly Aggregation[]
    }

/** One key of the order of hits. Hits without the field come last in both directions. */
export interface SortKey {
  readonly field: QueryField
  readonly descending: boolean
}

export interface SearchQuery {
  readonly date: DateWindow
  readonly filters: readonly FieldFilter[]
  readonly columns: readonly QueryField[]
  /** None where `_facets_size` is 0. */
  readonly aggregations: readonly Aggregation[]
  /** Terms of each terms aggregation, most frequent first. */
  readonly facets_size: number
  /** Newest first where it is empty. */
  readonly sort: readonly SortKey[]
  readonly results_number: number
  readonly results_offset: number
  /** Whether each bucket, and the total, also gets its estimate: the sum of `sample_weight` (1 where absent). */
  readonly estimate: boolean
}
