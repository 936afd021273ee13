import { may, type Viewer } from '#shared/auth/permissions.ts'
import { SEARCH_RPC_DEADLINE_MS } from '#shared/limits.ts'
import { queryOfPings } from '#shared/search/crash-pings.ts'
import type { FieldCatalog, SearchField } from '#shared/search/fields.ts'
import { type ParsedQuery, parseSearchQuery } from '#shared/search/query.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { protectedFields, recordSearchAccess } from './access-record.ts'
import type { DashboardDeps } from './deps.ts'
import { searchFields } from './field-catalog.ts'
import { askStage } from './stage-unavailable.ts'
import type { Counted } from './views/counts.ts'

/** What one page asks of search: as its viewer, at one moment, with one catalog of fields. */
export interface PageSearch {
  readonly catalog: FieldCatalog
  readonly viewer: Viewer
  /** The fields that the viewer may use. */
  readonly fields: readonly SearchField[]
  /** One of those, by name; null for others. */
  readonly catalogField: (name: string) => SearchField | null
  readonly nowMs: number
  /** Reads parameters that a person may have written. */
  parse(params: URLSearchParams): ParsedQuery
  /** Asks what the page itself put together from parameters that were read before; bad ones are a bug. Protected fields are written down first. */
  ask(params: URLSearchParams): Promise<SearchAnswer>
  /** The same of crash pings, a series of their own; null where it asks for what no ping says. */
  askPings(params: URLSearchParams): Promise<SearchAnswer | null>
}

export async function pageSearch(
  deps: Pick<DashboardDeps, 'annotations' | 'search' | 'pings' | 'clock' | 'accessLog' | 'log'>,
  viewer: Viewer,
): Promise<PageSearch> {
  const catalog = await searchFields(deps)
  const nowMs = deps.clock()
  const parse = (params: URLSearchParams) => parseSearchQuery(params, viewer, nowMs, catalog)
  const queryOf = (params: URLSearchParams) => {
    const parsed = parse(params)
    if (parsed.kind === 'bad') throw new Error(`a page asked a bad query: ${parsed.message}`)
    return parsed.query
  }
  // A page asks many times for the same fields and is seen once.
  const recorded = new Map<string, Promise<void>>()
  const record = (query: SearchQuery) => {
    const fields = protectedFields(query, catalog).join(' ')
    const work = recorded.get(fields) ?? recordSearchAccess(query, catalog, viewer, deps)
    recorded.set(fields, work)
    return work
  }
  const mayUse = ({ permission }: SearchField) => permission === 'public' || may(viewer, 'view_pii')
  return {
    catalog,
    viewer,
    fields: catalog.fields.filter(mayUse),
    catalogField(name) {
      const field = catalog.find(name)
      return field !== null && mayUse(field) ? field : null
    },
    nowMs,
    parse,
    async ask(params) {
      const query = queryOf(params)
      await record(query)
      return askStage('search', SEARCH_RPC_DEADLINE_MS, deps.search.query(query))
    },
    async askPings(params) {
      const query = queryOfPings(queryOf(params))
      if (query !== null) await record(query)
      return query === null ? null : askStage('search', SEARCH_RPC_DEADLINE_MS, deps.pings.query(query))
    },
  }
}

/** Whether one of the answers lacks a part of the index: its counts are too low. */
export function isPartial(...answers: readonly (SearchAnswer | null)[]): boolean {
  return answers.some((answer) => answer?.errors.some(({ type }) => type === 'shards') === true)
}

/** The reports of an answer that was asked for with `_estimate=1`. */
export function countedAll(answer: { readonly total: number; readonly total_estimate?: number }): Counted {
  return { stored: answer.total, estimate: answer.total_estimate ?? answer.total }
}
