import type { CrashId } from '../crash-id.ts'
import { MAX_SORT_CHARS } from '../limits.ts'
import { DATE_FIELD, LIST_SEPARATOR, searchField } from './fields.ts'
import { compileFilters, fieldValue, isInWindow, type Values } from './predicate.ts'
import type { SearchQuery, SortKey } from './query.ts'
import type { FacetTerm, SearchValue } from './search-rpc.ts'

/** A crash among the first of one shard, with what the merge needs to order it. Its columns are read after the merge. */
export interface TopHit {
  readonly crash_id: CrashId
  readonly keys: readonly (SearchValue | null)[]
}

/** How often each term of one field occurs. `is_cut`: the rarest terms were left out to keep the answer small. */
export interface TermCounts {
  readonly field: string
  readonly terms: readonly FacetTerm[]
  readonly is_cut: boolean
}

/** One shard's part of an answer: the first offset + number hits, and every term, so that the merge is exact. */
export interface PartialAnswer {
  readonly total: number
  readonly top: readonly TopHit[]
  readonly facets: readonly TermCounts[]
}

const NEWEST_FIRST: readonly SortKey[] = [{ field: DATE_FIELD, descending: true }]

/** Answers a query over some documents. `maxFacetBytes` bounds each facet, roughly, as it will cross RPC. */
export function aggregate(
  documents: Iterable<{ readonly crash_id: CrashId; readonly values: Values }>,
  query: SearchQuery,
  maxFacetBytes: number,
): PartialAnswer {
  const passes = compileFilters(query.filters)
  const limit = query.results_number === 0 ? 0 : query.results_offset + query.results_number
  const order = query.sort.length === 0 ? NEWEST_FIRST : query.sort
  const counts = query.facets.map((field) => ({
    field,
    termsOf: termsOf(field),
    terms: new Map<SearchValue, number>(),
  }))
  let total = 0
  let top: TopHit[] = []
  for (const { crash_id, values } of documents) {
    if (!isInWindow(values, query.date) || !passes(values)) continue
    total += 1
    for (const { field, termsOf, terms } of counts) {
      for (const term of termsOf(fieldValue(values, field))) terms.set(term, (terms.get(term) ?? 0) + 1)
    }
    if (limit === 0) continue
    top.push({ crash_id, keys: order.map(({ field }) => sortValue(fieldValue(values, field))) })
    // Twice the limit, then the better half: sorting now and again is cheaper than keeping the order, and memory stays bounded.
    if (top.length >= 2 * limit) top = firstHits(top, query.sort, limit)
  }
  return {
    total,
    top: firstHits(top, query.sort, limit),
    facets: counts.map(({ field, terms }) => ({ field, ...boundTerms(terms, maxFacetBytes) })),
  }
}

/** The terms that a value gives its field's facet: itself, or each part of a list once. */
function termsOf(field: string): (value: SearchValue | undefined) => Iterable<SearchValue> {
  if (searchField(field)?.list !== true) return (value) => (value === undefined ? [] : [value])
  return (value) =>
    new Set(
      String(value ?? '')
        .toLowerCase()
        .split(LIST_SEPARATOR)
        .filter(Boolean),
    )
}

/** The first hits in the query's order. Hits that are equal in it come by crash id, so that pages never overlap. */
export function firstHits(hits: readonly TopHit[], sort: readonly SortKey[], limit: number): TopHit[] {
  const order = sort.length === 0 ? NEWEST_FIRST : sort
  return hits
    .toSorted((a, b) => {
      for (const [n, { descending }] of order.entries()) {
        const by = compareKeys(a.keys[n] ?? null, b.keys[n] ?? null, descending)
        if (by !== 0) return by
      }
      return compareValues(a.crash_id, b.crash_id)
    })
    .slice(0, limit)
}

/** Terms by count, the most frequent first; equal ones by the term. */
export function compareTerms(a: FacetTerm, b: FacetTerm): number {
  return b.count - a.count || compareValues(a.term, b.term)
}

function sortValue(value: SearchValue | undefined): SearchValue | null {
  return typeof value === 'string' ? value.slice(0, MAX_SORT_CHARS) : (value ?? null)
}

function compareKeys(a: SearchValue | null, b: SearchValue | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return descending ? compareValues(b, a) : compareValues(a, b)
}

/** Values of one field have one type. Text by code unit: the same in every shard, whatever its locale. */
function compareValues(a: SearchValue, b: SearchValue): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The keys and the number of one term, roughly, as RPC encodes them; text costs two bytes a character. */
const TERM_FRAME_BYTES = 32

function boundTerms(counts: ReadonlyMap<SearchValue, number>, maxBytes: number): Omit<TermCounts, 'field'> {
  const terms = Array.from(counts, ([term, count]) => ({ term, count }))
  const bytesOf = ({ term }: FacetTerm) => TERM_FRAME_BYTES + 2 * String(term).length
  if (terms.reduce((sum, term) => sum + bytesOf(term), 0) <= maxBytes) return { terms, is_cut: false }
  let left = maxBytes
  const kept = terms.sort(compareTerms).filter((term) => {
    left -= bytesOf(term)
    return left >= 0
  })
  return { terms: kept, is_cut: true }
}
