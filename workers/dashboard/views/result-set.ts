import { MAX_RESULT_SET_CHARS, MAX_RESULTS_WINDOW, RESULT_SET_REACH } from '#shared/limits.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'

/**
 * The search that a report was opened from, in the report's address: `in` is the query, `at` the hit's number from 0. The page steps to
 * the hits before and behind it.
 */
export interface ResultSet {
  readonly query: string
  readonly at: number
}

/** The address of a report as hit number `at` of a search; without a search, of the report alone. */
export function reportHref(crashId: string, set: ResultSet | null = null): string {
  const path = `/report/index/${encodeURIComponent(crashId)}`
  if (set === null || set.query.length > MAX_RESULT_SET_CHARS) return path
  return `${path}?${new URLSearchParams({ in: set.query, at: String(set.at) })}`
}

/**
 * The result set of a page of hits. The window of dates stands still: `the last seven days` would mean others tomorrow. What a page shows of its hits
 * (columns, facets) is no part of the set.
 */
export function resultSetQuery(params: URLSearchParams, { date }: Pick<SearchQuery, 'date'>): string {
  const set = new URLSearchParams([...params].filter(([name]) => name !== 'date' && isOfTheSet(name)))
  set.append('date', `${date.from.inclusive ? '>=' : '>'}${date.from.at}`)
  set.append('date', `${date.to.inclusive ? '<=' : '<'}${date.to.at}`)
  return set.toString()
}

/** Reads the result set out of a report's address; null where none stands there, or what is no set of ours. */
export function resultSetOf(params: URLSearchParams): ResultSet | null {
  const [query, at] = [params.get('in'), params.get('at') ?? '']
  if (query === null || query.length > MAX_RESULT_SET_CHARS || !/^\d{1,5}$/.test(at)) return null
  // Read and written anew: it goes into links.
  return Number(at) < MAX_RESULTS_WINDOW ? { query: new URLSearchParams(query).toString(), at: Number(at) } : null
}

/** The search for the hits around: ids alone. */
export function neighbourQuery({ query, at }: ResultSet): URLSearchParams {
  const params = new URLSearchParams([...new URLSearchParams(query)].filter(([name]) => isOfTheSet(name)))
  if (!params.has('_sort')) params.set('_sort', '-date')
  params.set('_columns', 'uuid')
  params.set('_facets_size', '0')
  const offset = Math.max(0, at - RESULT_SET_REACH)
  params.set('_results_offset', String(offset))
  params.set('_results_number', String(Math.min(2 * RESULT_SET_REACH + 1, MAX_RESULTS_WINDOW - offset)))
  return params
}

/** Where a report stands in its result set. */
export interface Neighbours {
  /** Hit number from 0. */
  readonly at: number
  readonly total: number
  readonly previous: string | null
  readonly next: string | null
}

/** Finds the report among the ids of {@link neighbourQuery}'s answer; null when it is no longer near where it was. */
export function neighboursOf(
  crashId: string,
  set: ResultSet,
  ids: readonly string[],
  total: number,
): Neighbours | null {
  const found = ids.indexOf(crashId)
  if (found === -1) return null
  const at = Math.max(0, set.at - RESULT_SET_REACH) + found
  return { at, total, previous: ids[found - 1] ?? null, next: ids[found + 1] ?? null }
}

function isOfTheSet(name: string): boolean {
  return !name.startsWith('_') || name === '_sort'
}
