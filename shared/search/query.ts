import { may, type Viewer } from '../auth/permissions.ts'
import {
  MAX_FACETS_SIZE,
  MAX_FILTER_CONDITIONS,
  MAX_RESULTS_NUMBER,
  MAX_RESULTS_WINDOW,
  MAX_SEARCH_WARNINGS,
  MAX_SORT_KEYS,
} from '../limits.ts'
import { AGGREGATION_PARAMETER, type FieldFinder, parseAggregations, type UnknownNames } from './aggregation-tree.ts'
import { type BadParameter, badParameter, type SearchWarning, searchWarning } from './bad-parameter.ts'
import { type Cursor, cursorOrder, parseCursor, windowAfter } from './cursor.ts'
import { type DateWindow, parseDateWindow } from './date-window.ts'
import { BUILT_IN_FIELDS, DATE_FIELD, type FieldCatalog, type SearchField } from './fields.ts'
import { parseFilter, queryField, tooManyConditions } from './filter.ts'
import type { FieldFilter, QueryField, SearchQuery, SortKey } from './search-query.ts'

/** A query and what was left out of it, or the parameter that makes it unanswerable. */
export type ParsedQuery =
  | {
      readonly kind: 'query'
      readonly query: SearchQuery
      readonly warnings: readonly SearchWarning[]
      /** `_return_query`: the query itself is the answer. */
      readonly returnsQuery: boolean
      /** Where `_cursor` was given. */
      readonly cursor: Cursor | null
    }
  | BadParameter

const DEFAULT_COLUMNS = ['uuid', DATE_FIELD, 'signature', 'product', 'version'] as const
const DEFAULT_FACETS_SIZE = 50
const DEFAULT_RESULTS_NUMBER = 100

const CONTROLS: ReadonlySet<string> = new Set([
  '_columns',
  '_cursor',
  '_estimate',
  '_facets',
  '_facets_size',
  '_results_number',
  '_results_offset',
  '_return_query',
  '_sort',
])

/**
 * Reads the parameters of SuperSearch for one viewer (specs/webapp.md 2.3). Unknown parameters, and fields that the viewer may not see, are
 * left out with a warning; both give the same text, so that it tells nobody which fields are protected. `unknown` is `refused`
 * for SuperSearchUnredacted, whose facets and sorts must name fields. Never throws, whatever the parameters.
 */
export function parseSearchQuery(
  params: URLSearchParams,
  viewer: Viewer,
  nowMs: number,
  catalog: FieldCatalog = BUILT_IN_FIELDS,
  unknown: UnknownNames = 'left_out',
): ParsedQuery {
  const names = [...new Set(params.keys())]
  const unfit = names.find((name) => params.getAll(name).some((value) => value.includes('\0')))
  if (unfit !== undefined) return badParameter(unfit, 'a value holds a NUL character')
  const find: FieldFinder = (name) => visibleField(catalog.find(name), viewer)

  const cursor = parseCursorParameter(params, nowMs)
  if (cursor?.kind === 'bad') return cursor
  const asked = parseDateWindow(
    params.getAll(DATE_FIELD).filter((value) => !isNullOrBlank(value)),
    cursor?.cursor.askedAtMs ?? nowMs,
  )
  if (asked.kind === 'bad') return asked
  const filters = parseFilters(params, names, find)
  if (filters.kind === 'bad') return filters
  const columns = parseColumns(params.getAll('_columns'), catalog, find)
  if (columns.kind === 'bad') return columns
  const sort = parseSort(params.getAll('_sort'), find, unknown)
  if (sort.kind === 'bad') return sort
  const facetsSize = parseCount(params, '_facets_size', DEFAULT_FACETS_SIZE, MAX_FACETS_SIZE)
  if (facetsSize.kind === 'bad') return facetsSize
  const number = parseCount(params, '_results_number', DEFAULT_RESULTS_NUMBER, MAX_RESULTS_NUMBER)
  if (number.kind === 'bad') return number
  const estimate = parseSwitch(params, '_estimate')
  if (estimate.kind === 'bad') return estimate
  const returnsQuery = parseSwitch(params, '_return_query')
  if (returnsQuery.kind === 'bad') return returnsQuery
  const page = parsePage(params, number.count, cursor?.cursor ?? null, sort.list, asked)
  if (page.kind === 'bad') return page
  const tree = parseAggregations(params, find, unknown, page.date)
  if (tree.kind === 'bad') return tree

  return {
    kind: 'query',
    query: {
      date: page.date,
      filters: filters.list,
      columns: columns.list,
      aggregations: facetsSize.count === 0 ? [] : tree.aggregations,
      facets_size: facetsSize.count,
      sort: sort.list,
      results_number: number.count,
      results_offset: page.offset,
      estimate: estimate.on,
    },
    warnings: [...filters.warnings, ...columns.warnings, ...tree.warnings, ...sort.warnings].slice(
      0,
      MAX_SEARCH_WARNINGS,
    ),
    returnsQuery: returnsQuery.on,
    cursor: cursor?.cursor ?? null,
  }
}

/** A list of one parameter's good values, and what was left out of it. */
type ParsedList<Item> =
  | { readonly kind: 'list'; readonly list: readonly Item[]; readonly warnings: readonly SearchWarning[] }
  | BadParameter

function visibleField(field: SearchField | null, viewer: Viewer): SearchField | null {
  return field?.permission === 'protected' && !may(viewer, 'view_pii') ? null : field
}

function leftOut(param: string, name: string): SearchWarning {
  return searchWarning(param, `${name} is not a search field that you may use: left out`)
}

const isNullOrBlank = (value: string) => /^(!?__null__|)$/.test(value)

function parseFilters(params: URLSearchParams, names: readonly string[], find: FieldFinder): ParsedList<FieldFilter> {
  const list: FieldFilter[] = []
  const warnings: SearchWarning[] = []
  let conditions = 0
  for (const name of names) {
    if (CONTROLS.has(name) || AGGREGATION_PARAMETER.test(name)) continue
    const field = find(name)
    if (field === null) {
      warnings.push(leftOut(name, name))
      continue
    }
    const values = params.getAll(name)
    // What bounds the date is the window's; that it is missing, or is not, is a filter like others.
    const parsed = parseFilter(field, name === DATE_FIELD ? values.filter(isNullOrBlank) : values)
    if (parsed.kind === 'bad') return parsed
    if (parsed.filter !== null) list.push(parsed.filter)
    conditions += (parsed.filter?.any.length ?? 0) + (parsed.filter?.all.length ?? 0)
    if (conditions > MAX_FILTER_CONDITIONS) return tooManyConditions(name)
    warnings.push(...parsed.warnings)
  }
  return { kind: 'list', list, warnings }
}

/** An unknown column is bad; a protected one has no key in the hits, which is how crashstats-tools sees that it is forbidden. */
function parseColumns(names: readonly string[], catalog: FieldCatalog, find: FieldFinder): ParsedList<QueryField> {
  const asked = new Set(names.filter((name) => name !== ''))
  const wanted = asked.size === 0 ? DEFAULT_COLUMNS : asked
  const list: QueryField[] = []
  const warnings: SearchWarning[] = []
  for (const name of wanted) {
    if (catalog.find(name) === null) return badParameter('_columns', `${name} is not a search field`)
    const field = find(name)
    if (field === null) warnings.push(leftOut('_columns', name))
    else list.push(queryField(field))
  }
  return { kind: 'list', list, warnings }
}

function parseSort(names: readonly string[], find: FieldFinder, unknown: UnknownNames): ParsedList<SortKey> {
  const keys = new Map<string, SortKey>()
  const warnings: SearchWarning[] = []
  for (const text of names.filter((name) => name !== '')) {
    const descending = text.startsWith('-')
    const name = descending ? text.slice(1) : text
    const field = find(name)
    if (field !== null) {
      if (!keys.has(name)) keys.set(name, { field: queryField(field), descending })
    } else if (unknown === 'refused') return badParameter('_sort', `${name} is not a search field`)
    else warnings.push(leftOut('_sort', name))
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
  const text = params.getAll(param).at(-1) ?? ''
  if (text === '') return { kind: 'count', count: byDefault }
  const count = Number(text)
  return /^\d+$/.test(text) && count <= max
    ? { kind: 'count', count }
    : badParameter(param, `must be a whole number from 0 to ${max}`)
}

/** Yes or no, as bool fields read it; of several the last. */
function parseSwitch(
  params: URLSearchParams,
  param: string,
): { readonly kind: 'switch'; readonly on: boolean } | BadParameter {
  const text = params.getAll(param).at(-1) ?? ''
  if (/^(true|t|1|y|yes)$/i.test(text)) return { kind: 'switch', on: true }
  if (/^(false|f|0|n|no|)$/i.test(text)) return { kind: 'switch', on: false }
  return badParameter(param, 'must be 1 or 0')
}

function parseCursorParameter(
  params: URLSearchParams,
  nowMs: number,
): { readonly kind: 'cursor'; readonly cursor: Cursor } | BadParameter | null {
  const text = params.getAll('_cursor').at(-1)
  if (text === undefined) return null
  if (params.has('_results_offset')) return badParameter('_results_offset', 'a query with _cursor has no offset')
  const cursor = parseCursor(text, nowMs)
  return cursor === null
    ? badParameter('_cursor', 'must be the cursor of the page before, or nothing for the first page')
    : { kind: 'cursor', cursor }
}

/** Which part of the results is asked for: by offset, within the first MAX_RESULTS_WINDOW, or after a cursor. */
function parsePage(
  params: URLSearchParams,
  number: number,
  cursor: Cursor | null,
  sort: readonly SortKey[],
  asked: DateWindow,
): { readonly kind: 'page'; readonly offset: number; readonly date: DateWindow } | BadParameter {
  if (cursor === null) {
    const offset = parseCount(params, '_results_offset', 0, MAX_RESULTS_WINDOW - number)
    return offset.kind === 'bad' ? offset : { kind: 'page', offset: offset.count, date: asked }
  }
  const order = cursorOrder(sort)
  if (order === null) return badParameter('_sort', 'a query with _cursor is sorted by date or -date alone')
  if (cursor.skip + number > MAX_RESULTS_WINDOW) {
    return badParameter('_cursor', `more than ${MAX_RESULTS_WINDOW - number} crashes of one instant`)
  }
  return { kind: 'page', offset: cursor.skip, date: windowAfter(asked, cursor, order) }
}
