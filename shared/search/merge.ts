import type { CrashId } from '../crash-id.ts'
import { compareTerms, firstHits, type PartialAnswer, type TopHit } from './aggregate.ts'
import { type SearchWarning, searchWarning } from './bad-parameter.ts'
import { cutText } from './document.ts'
import { fieldValue, type Values } from './predicate.ts'
import type { SearchQuery } from './query.ts'
import type { FacetTerm, SearchAnswer, SearchValue } from './search-rpc.ts'

/** The answer of all shards together, with the crash ids of its page: their columns are still to be read. */
export interface MergedAnswer {
  readonly total: number
  readonly page: readonly CrashId[]
  readonly facets: SearchAnswer['facets']
  readonly warnings: readonly SearchWarning[]
}

export type Hit = SearchAnswer['hits'][number]

/** Merges the parts of the shards. No crash is in two of them, so sums are exact. */
export function mergePartials(query: SearchQuery, partials: readonly PartialAnswer[]): MergedAnswer {
  const end = query.results_offset + query.results_number
  const top: TopHit[] = partials.flatMap((partial) => partial.top)
  const cut = query.facets.filter((field) =>
    partials.some(({ facets }) => facets.some((counts) => counts.field === field && counts.is_cut)),
  )
  return {
    total: partials.reduce((sum, partial) => sum + partial.total, 0),
    page: firstHits(top, query.sort, end)
      .slice(query.results_offset)
      .map(({ crash_id }) => crash_id),
    facets: Object.fromEntries(query.facets.map((field) => [field, mergeTerms(field, query.facets_size, partials)])),
    warnings: cut.map((field) =>
      searchWarning('_facets', `${field} has too many terms to count them all: rare terms may be missing or low`),
    ),
  }
}

function mergeTerms(field: string, size: number, partials: readonly PartialAnswer[]): readonly FacetTerm[] {
  const counts = new Map<SearchValue, number>()
  for (const { facets } of partials) {
    for (const { term, count } of facets.find((facet) => facet.field === field)?.terms ?? []) {
      counts.set(term, (counts.get(term) ?? 0) + count)
    }
  }
  return Array.from(counts, ([term, count]) => ({ term, count }))
    .sort(compareTerms)
    .slice(0, size)
    .map(({ term, count }) => ({ term: shownTerm(term), count }))
}

/** The peer's terms of a bool field are `T` and `F` (specs/webapp.md 2.3). */
function shownTerm(term: SearchValue): SearchValue {
  return typeof term === 'boolean' ? (term ? 'T' : 'F') : term
}

/** The asked columns of one document, each with a key; null where it has no value. */
export function hitOf(values: Values, columns: readonly string[]): Hit {
  return Object.fromEntries(columns.map((column) => [column, fieldValue(values, column) ?? null]))
}

/** UTF-8 spends at most three bytes on a UTF-16 code unit. */
const MAX_BYTES_A_CHAR = 3

/**
 * Hits that together stay under `maxBytes`. Where they do not, each text is cut to its share: a page of 1,000 hits with values of
 * 10,000 characters would not fit into one RPC answer, and the whole value stands in the processed crash.
 */
export function fitHits(
  hits: readonly Hit[],
  maxBytes: number,
): { readonly hits: readonly Hit[]; readonly isCut: boolean } {
  const values = hits.flatMap((hit) => Object.values(hit))
  const bytes = values.reduce<number>((sum, value) => sum + MAX_BYTES_A_CHAR * String(value).length, 0)
  if (bytes <= maxBytes) return { hits, isCut: false }
  const maxChars = Math.floor(maxBytes / MAX_BYTES_A_CHAR / values.length)
  const cut = (value: SearchValue | null) => (typeof value === 'string' ? cutText(value, maxChars) : value)
  return {
    hits: hits.map((hit) => Object.fromEntries(Object.entries(hit).map(([column, value]) => [column, cut(value)]))),
    isCut: true,
  }
}
