import type { CrashId } from '../crash-id.ts'
import { type SearchWarning, searchWarning } from './bad-parameter.ts'
import { mergeDistinct } from './distinct.ts'
import { shownStep } from './histogram.ts'
import type { PartialAnswer, PartialFacets, PartialTerms, WantedTerms } from './partial-answer.ts'
import type { Aggregation, SearchQuery } from './search-query.ts'
import type { Facets, FacetTerm, SearchAnswer, SearchValue } from './search-rpc.ts'
import { compareHits } from './top-hits.ts'
import { compareValues } from './value-order.ts'

/** A shard's first answer, and what it answered when it was asked for some terms once more; null where it was not, or failed. */
export interface ShardFacets {
  readonly facets: PartialFacets
  readonly again: { readonly wanted: WantedTerms; readonly facets: PartialFacets } | null
}

/** The crash ids of the page, in order: their columns are still to be read. */
export function mergePage(query: SearchQuery, partials: readonly PartialAnswer[]): readonly CrashId[] {
  return partials
    .flatMap(({ top }) => top)
    .sort(compareHits(query.sort))
    .slice(query.results_offset, query.results_offset + query.results_number)
    .map(({ crash_id }) => crash_id)
}

/** No crash is in two shards, so sums are exact. */
export function mergeTotals(
  query: SearchQuery,
  partials: readonly PartialAnswer[],
): Pick<SearchAnswer, 'total' | 'total_estimate'> {
  const total = partials.reduce((sum, partial) => sum + partial.total, 0)
  if (!query.estimate) return { total }
  return { total, total_estimate: partials.reduce((sum, partial) => sum + partial.total_estimate, 0) }
}

/** What a shard must be asked once more before the facets can be merged; null for nothing. By shard, as given. */
export function unknownTerms(query: SearchQuery, partials: readonly PartialFacets[]): readonly (WantedTerms | null)[] {
  const wanted = partials.map((): Record<string, SearchValue[]> => ({}))
  for (const aggregation of query.aggregations) {
    if (aggregation.kind === 'cardinality') continue
    const lists = partials.map((facets) => termsOf(facets, aggregation.key))
    const isCut = lists.some((list) => list !== null && list.cut_count > 0)
    const merged = mergeCounts(lists.filter((list) => list !== null))
    const candidates = mostFrequent(merged, candidateSize(aggregation, query, isCut))
    for (const [shard, list] of lists.entries()) {
      if (list === null) continue
      const places = new Map(list.terms.map((term, place) => [term, place]))
      const unknown = candidates.filter(({ term }) => {
        const place = places.get(term)
        return place === undefined ? list.cut_count > 0 : aggregation.then.length > 0 && place >= list.details.length
      })
      const ofShard = wanted[shard]
      if (unknown.length > 0 && ofShard !== undefined) ofShard[aggregation.key] = unknown.map(({ term }) => term)
    }
  }
  return wanted.map((terms) => (Object.keys(terms).length === 0 ? null : terms))
}

/** Where shards left terms out, twice as many are looked at as are asked for: one of the second half may be among the first. */
function candidateSize({ kind }: Aggregation, { facets_size }: SearchQuery, isCut: boolean): number {
  if (kind === 'histogram') return Number.POSITIVE_INFINITY
  return isCut ? 2 * facets_size : facets_size
}

/** The facets of all shards together, and a warning for each that is not exact. */
export function mergeFacets(
  query: SearchQuery,
  shards: readonly ShardFacets[],
): { readonly facets: Facets; readonly warnings: readonly SearchWarning[] } {
  const inexact = new Set<string>()
  const parts = shards.map((shard) => withAgain(query.aggregations, shard))
  const facets = mergeAll(query, query.aggregations, parts, (key) => inexact.add(key))
  return {
    facets,
    warnings: [...inexact].map((key) =>
      searchWarning('_facets', `${key} has too many terms to count them all: rare terms may be missing or low`),
    ),
  }
}

/** The second answer in place of the first, term by term. A wanted term that it lacks does not occur in that shard. */
function withAgain(aggregations: readonly Aggregation[], { facets, again }: ShardFacets): PartialFacets {
  if (again === null) return facets
  const replaced = aggregations.flatMap(({ key }): [string, PartialTerms][] => {
    const [first, second] = [termsOf(facets, key), termsOf(again.facets, key)]
    if (first === null || second === null) return []
    const isThere = new Set(second.terms)
    const absent = second.cut_count > 0 ? [] : (again.wanted[key] ?? []).filter((term) => !isThere.has(term))
    const isKnown = new Set([...second.terms, ...absent])
    const others = [...first.terms.keys()].filter((place) => !isKnown.has(first.terms[place] ?? ''))
    // Terms with details stand before those without.
    const before = others.filter((place) => place < first.details.length)
    const after = others.filter((place) => place >= first.details.length)
    const pick = <T>(list: readonly T[], places: readonly number[]) =>
      places.map((place) => list[place]).filter((item) => item !== undefined)
    const join = <T>(ofFirst: readonly T[], ofSecond: readonly T[], ofAbsent: readonly T[]) => [
      ...pick(ofFirst, before),
      ...ofSecond,
      ...ofAbsent,
      ...pick(ofFirst, after),
    ]
    const zeros = absent.map(() => 0)
    return [
      [
        key,
        {
          kind: 'terms',
          terms: join(first.terms, second.terms, absent),
          counts: join(first.counts, second.counts, zeros),
          estimates: join(first.estimates, second.estimates, zeros),
          details: join(
            first.details,
            second.details,
            absent.map(() => ({})),
          ),
          cut_count: first.cut_count,
        },
      ],
    ]
  })
  return { ...facets, ...Object.fromEntries(replaced) }
}

function termsOf(facets: PartialFacets, key: string): PartialTerms | null {
  const partial = Object.hasOwn(facets, key) ? facets[key] : undefined
  return partial?.kind === 'terms' ? partial : null
}

function mergeAll(
  query: SearchQuery,
  aggregations: readonly Aggregation[],
  parts: readonly PartialFacets[],
  onInexact: (key: string) => void,
): Facets {
  return Object.fromEntries(
    aggregations.map((aggregation) => [aggregation.key, mergeOne(query, aggregation, parts, onInexact)]),
  )
}

function mergeOne(
  query: SearchQuery,
  aggregation: Aggregation,
  parts: readonly PartialFacets[],
  onInexact: (key: string) => void,
): Facets[string] {
  const { key } = aggregation
  if (aggregation.kind === 'cardinality') {
    const { value, isExact } = mergeDistinct(
      parts.map((facets) => facets[key]).filter((partial) => partial?.kind === 'distinct'),
    )
    if (!isExact) onInexact(key)
    return { value }
  }
  const lists = parts.map((facets) => termsOf(facets, key)).filter((list) => list !== null)
  const merged = mergeCounts(lists)
  const size = aggregation.kind === 'histogram' ? Number.POSITIVE_INFINITY : query.facets_size
  const winners = mostFrequent(merged, size)
  if (!areExact(winners, merged, lists, size, aggregation.then.length > 0)) onInexact(key)
  if (aggregation.kind === 'histogram') winners.sort((a, b) => compareValues(a.term, b.term))
  return winners.map(({ term, count, estimate, places }): FacetTerm => {
    const details = places.map((place, shard) => (place === undefined ? undefined : lists[shard]?.details[place]))
    return {
      term: aggregation.kind === 'histogram' ? shownStep(term, aggregation.interval) : shownTerm(term),
      count,
      ...(query.estimate ? { estimate } : {}),
      ...(aggregation.then.length === 0
        ? {}
        : {
            facets: mergeAll(
              query,
              aggregation.then,
              details.filter((detail) => detail !== undefined),
              onInexact,
            ),
          }),
    }
  })
}

interface MergedTerm {
  readonly term: SearchValue
  count: number
  estimate: number
  /** Where it stands in each list; a hole where it is not in it. */
  readonly places: (number | undefined)[]
}

function mergeCounts(lists: readonly PartialTerms[]): readonly MergedTerm[] {
  const merged = new Map<SearchValue, MergedTerm>()
  for (const [shard, { terms, counts, estimates }] of lists.entries()) {
    for (const [place, term] of terms.entries()) {
      const known = merged.get(term) ?? { term, count: 0, estimate: 0, places: lists.map(() => undefined) }
      known.count += counts[place] ?? 0
      known.estimate += estimates[place] ?? 0
      known.places[shard] = place
      merged.set(term, known)
    }
  }
  return [...merged.values()]
}

/** By count, the most frequent first; equal ones by the term. */
function mostFrequent(terms: readonly MergedTerm[], size: number): MergedTerm[] {
  return terms.toSorted((a, b) => b.count - a.count || compareValues(a.term, b.term)).slice(0, size)
}

/**
 * Whether the winners are the right ones and their counts whole. A term may occur `cut_count` times in every list that does not have it: it
 * is exact if no winner is missing in a list that was cut, and no other term could come up to the last of them.
 */
function areExact(
  winners: readonly MergedTerm[],
  merged: readonly MergedTerm[],
  lists: readonly PartialTerms[],
  size: number,
  hasDetails: boolean,
): boolean {
  const hasDetail = ({ places }: MergedTerm) =>
    places.every((place, shard) => place === undefined || place < (lists[shard]?.details.length ?? 0))
  if (hasDetails && !winners.every(hasDetail)) return false
  const hidden = lists.reduce((sum, { cut_count }) => sum + cut_count, 0)
  if (hidden === 0) return true
  // One list is cut behind its last term, whatever the count of the next.
  if (lists.length === 1) return winners.length === size && hidden < Number.POSITIVE_INFINITY
  const isWhole = ({ places }: MergedTerm) =>
    lists.every(({ cut_count }, shard) => cut_count === 0 || places[shard] !== undefined)
  if (winners.length < size || !winners.every(isWhole)) return false
  const isWinner = new Set(winners)
  const lastCount = winners.at(-1)?.count ?? 0
  const mostElsewhere = (term: MergedTerm) =>
    term.count + lists.reduce((sum, list, shard) => sum + (term.places[shard] === undefined ? list.cut_count : 0), 0)
  return hidden < lastCount && merged.every((term) => isWinner.has(term) || mostElsewhere(term) < lastCount)
}

/** The peer's terms of a bool field are `T` and `F` (specs/webapp.md 2.3). */
function shownTerm(term: SearchValue): SearchValue {
  return typeof term === 'boolean' ? (term ? 'T' : 'F') : term
}
