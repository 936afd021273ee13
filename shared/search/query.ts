import { may, type Viewer } from '../auth/permissions.ts'
import { MAX_FACETS_SIZE, MAX_RESULTS_NUMBER, MAX_RESULTS_WINDOW, MAX_SORT_KEYS } from '../limits.ts'
import { type BadParameter, badParameter, type SearchWarning, searchWarning } from './bad-parameter.ts'
import { type DateWindow, parseDateWindow } from './date-window.ts'
import { DATE_FIELD, type SearchField, searchField } from './fields.ts'
import { type FieldFilter, parseFilter } from './filter.ts'

/** One key of the order of hits. Hits without the field come last in both directions. */
export interface SortKey {
  readonly field: string
  readonly descending: boolean
}

/**
 * A query as the index runs it: names of fields that the viewer may see, values of the field's type. Plain data, it crosses RPC.
 * `facets_size` 0 asks for no facets at all.
 */
export interface SearchQuery {
  readonly date: DateWindow
  readonly filters: readonly FieldFilter[]
  readonly columns: readonly string[]
  readonly facets: readonly string[]
  readonly facets_size: number
  /** Newest first where it is empty. */
  readonly sort: readonly SortKey[]
  readonly results_number: number
  readonly results_offset: number
}

/** A query and what was left out of it, or the parameter that makes it unanswerable. */
export type ParsedQuery =
  | { readonly kind: 'query'; readonly query: SearchQuery; readonly warnings: readonly SearchWarning[] }
  | BadParameter

const DEFAULT_COLUMNS = ['uuid', DATE_FIELD, 'signature', 'product', 'version'] as const
const DEFAULT_FACETS = ['signature'] as const
const DEFAULT_FACETS_SIZE = 50
const DEFAULT_RESULTS_NUMBER = 100

const CONTROLS: ReadonlySet<string> = new Set([
  '_columns',
  '_facets',
  '_facets_size',
  '_results_number',
  '_results_offset',
  '_sort',
])
const NOT_YET = /^(_aggs\.|_histogram\.|_histogram_interval\.|_return_query$)/
const NOT_YET_FACET = /^(_cardinality|_histogram)\./

/**
 * Reads the parameters of SuperSearch for one viewer (specs/webapp.md 2.3). Unknown parameters, and fields that the viewer
 * may not see, are left out with a warning; both give the same text, so that it tells nobody which fields are protected.
 */
export function parseSearchQuery(params: URLSearchParams, viewer: Viewer, nowMs: number): ParsedQuery {
  const names = [...new Set(params.keys())]
  const unfit = names.find((name) => NOT_YET.test(name) || params.getAll(name).some((value) => value.includes('\0')))
  if (unfit !== undefined) {
    return badParameter(
      unfit,
      NOT_YET.test(unfit) ? 'this parameter is not supported yet' : 'a value holds a NUL character',
    )
  }

  const date = parseDateWindow(params.getAll(DATE_FIELD), nowMs)
  if (date.kind === 'bad') return date
  const filters = parseFilters(params, names, viewer)
  if (filters.kind === 'bad') return filters
  const columns = parseColumns(params.getAll('_columns'), viewer)
  if (columns.kind === 'bad') return columns
  const facets = parseFacets(params.getAll('_facets'), viewer)
  if (facets.kind === 'bad') return facets
  const sort = parseSort(params.getAll('_sort'), viewer)
  if (sort.kind === 'bad') return sort
  const facetsSize = parseCount(params, '_facets_size', DEFAULT_FACETS_SIZE, MAX_FACETS_SIZE)
  if (facetsSize.kind === 'bad') return facetsSize
  const number = parseCount(params, '_results_number', DEFAULT_RESULTS_NUMBER, MAX_RESULTS_NUMBER)
  if (number.kind === 'bad') return number
  const offset = parseCount(params, '_results_offset', 0, MAX_RESULTS_WINDOW - number.count)
  if (offset.kind === 'bad') return offset

  return {
    kind: 'query',
    query: {
      date,
      filters: filters.list,
      columns: columns.list,
      facets: facetsSize.count === 0 ? [] : facets.list,
      facets_size: facetsSize.count,
      sort: sort.list,
      results_number: number.count,
      results_offset: offset.count,
    },
    warnings: [...filters.warnings, ...columns.warnings, ...facets.warnings, ...sort.warnings],
  }
}

/** A list of one parameter's good values, and what was left out of it. */
type ParsedList<Item> =
  | { readonly kind: 'list'; readonly list: readonly Item[]; readonly warnings: readonly SearchWarning[] }
  | BadParameter

/** The field of that name if the viewer may see it. */
export function visibleField(name: string, viewer: Viewer): SearchField | null {
  const field = searchField(name)
  return field === null || (field.permission === 'protected' && !may(viewer, 'view_pii')) ? null : field
}

function leftOut(param: string, name: string): SearchWarning {
  return searchWarning(param, `${name} is not a search field that you may use: left out`)
}

function parseFilters(params: URLSearchParams, names: readonly string[], viewer: Viewer): ParsedList<FieldFilter> {
  const list: FieldFilter[] = []
  const warnings: SearchWarning[] = []
  for (const name of names) {
    if (CONTROLS.has(name) || name === DATE_FIELD) continue
    const field = visibleField(name, viewer)
    if (field === null) {
      warnings.push(leftOut(name, name))
      continue
    }
    const parsed = parseFilter(field, params.getAll(name))
    if (parsed.kind === 'bad') return parsed
    if (parsed.filter !== null) list.push(parsed.filter)
    warnings.push(...parsed.warnings)
  }
  return { kind: 'list', list, warnings }
}

/** An unknown column is bad; a protected one has no key in the hits, which is how crashstats-tools sees that it is forbidden. */
function parseColumns(names: readonly string[], viewer: Viewer): ParsedList<string> {
  const wanted = names.length === 0 ? DEFAULT_COLUMNS : new Set(names)
  const list: string[] = []
  const warnings: SearchWarning[] = []
  for (const name of wanted) {
    if (searchField(name) === null) return badParameter('_columns', `${name} is not a search field`)
    if (visibleField(name, viewer) === null) warnings.push(leftOut('_columns', name))
    else list.push(name)
  }
  return { kind: 'list', list, warnings }
}

/** Nothing left to count by is the same as nothing asked: the signature. */
function parseFacets(names: readonly string[], viewer: Viewer): ParsedList<string> {
  const list: string[] = []
  const warnings: SearchWarning[] = []
  for (const name of new Set(names)) {
    if (NOT_YET_FACET.test(name)) return badParameter('_facets', `${name}: only the name of a field is supported yet`)
    if (visibleField(name, viewer) === null) warnings.push(leftOut('_facets', name))
    else list.push(name)
  }
  return { kind: 'list', list: list.length === 0 ? DEFAULT_FACETS : list, warnings }
}

function parseSort(names: readonly string[], viewer: Viewer): ParsedList<SortKey> {
  const keys = new Map<string, SortKey>()
  const warnings: SearchWarning[] = []
  for (const name of names) {
    const descending = name.startsWith('-')
    const field = descending ? name.slice(1) : name
    if (visibleField(field, viewer) === null) warnings.push(leftOut('_sort', field))
    else if (!keys.has(field)) keys.set(field, { field, descending })
  }
  if (keys.size > MAX_SORT_KEYS) return badParameter('_sort', `more than ${MAX_SORT_KEYS} fields`)
  return { kind: 'list', list: [...keys.values()], warnings }
}

/** A whole number from 0 to `max`; of several the last, as the peer's form takes it. */
function parseCount(
  params: URLSearchParams,
  param: string,
  byDefault: number,
  max: number,
): { readonly kind: 'count'; readonly count: number } | BadParameter {
  const text = params.getAll(param).at(-1)
  if (text === undefined) return { kind: 'count', count: byDefault }
  const count = Number(text)
  return /^\d+$/.test(text) && count <= max
    ? { kind: 'count', count }
    : badParameter(param, `must be a whole number from 0 to ${max}`)
}
