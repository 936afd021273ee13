import { SEARCH_RPC_DEADLINE_MS } from '#shared/limits.ts'
import type { UnknownNames } from '#shared/search/aggregation-tree.ts'
import { badParameter } from '#shared/search/bad-parameter.ts'
import { nextPage } from '#shared/search/cursor.ts'
import { DATE_FIELD } from '#shared/search/fields.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { weeksBetween } from '#shared/search/shards.ts'
import { recordSearchAccess } from '../access-record.ts'
import type { Answer, DashboardContext, DashboardDeps } from '../deps.ts'
import { searchFields } from '../field-catalog.ts'
import { askStage } from '../stage-unavailable.ts'
import { badParameterAnswer } from './api-answer.ts'
import { readBody } from './request-body.ts'

/**
 * `GET /api/SuperSearch/`: `{hits, total, facets, errors}` (specs/webapp.md 2.3). Beyond the peer: POST takes the same parameters as a form, because
 * a URL ends at 16 KB; `_cursor` pages beyond 10,000 hits and adds `cursor`; `_estimate=1` adds `total_estimate` and an `estimate` to each
 * term; `_return_query=1` answers everybody, with the query as the engine gets it and the shards that it would ask.
 */
export const superSearch: Answer = (context, deps) => searchAnswer(context, deps, 'left_out')

/** What both SuperSearch and SuperSearchUnredacted answer; they differ in what they make of names that are not the viewer's to use. */
export async function searchAnswer(
  context: DashboardContext,
  deps: DashboardDeps,
  unknown: UnknownNames,
): Promise<Response> {
  const body = await readBody(context.req.raw)
  if (body.kind === 'refused') return body.answer
  const params = new URLSearchParams([...new URL(context.req.url).searchParams, ...(body.fields ?? [])])
  const { viewer } = context.var
  const catalog = await searchFields(deps)
  const parsed = parseSearchQuery(params, viewer, deps.clock(), catalog, unknown)
  if (parsed.kind === 'bad') return badParameterAnswer(parsed.param, parsed.message)
  const { query, warnings, cursor } = parsed
  if (parsed.returnsQuery) {
    return Response.json({ query, indices: weeksBetween(query.date.from.at, query.date.to.at), errors: warnings })
  }

  const asked = cursor === null ? query : withDate(query)
  await recordSearchAccess(query, catalog, viewer, deps)
  const answer = await askStage('search', SEARCH_RPC_DEADLINE_MS, deps.search.query(asked))
  const { hits, total, total_estimate, facets, errors } = answer
  // Patterns that the engine gave up: the peer's clients would take what was found for all there is.
  const givenUp = errors.find((error) => error.type === 'warning' && error.param === 'query')
  if (givenUp?.type === 'warning') {
    const { param, message } = badParameter(givenUp.param, givenUp.msg)
    return badParameterAnswer(param, message)
  }
  const next = cursor === null ? null : nextPage(cursor, asked, answer)
  if (next?.kind === 'cut') {
    const { param, message } = badParameter(
      '_results_number',
      'these hits are too large: ask for fewer, or fewer columns',
    )
    return badParameterAnswer(param, message)
  }
  const shown: SearchAnswer & { cursor?: string | null } = {
    hits: asked === query ? hits : hits.map((hit) => withoutDate(hit)),
    total,
    ...(total_estimate === undefined ? {} : { total_estimate }),
    facets,
    errors: [...warnings, ...errors],
    ...(next === null ? {} : { cursor: next.kind === 'after' ? next.cursor : null }),
  }
  // An answer that misses a part of the index is not kept; of all others the routes say how long (specs/webapp.md 2.1).
  return Response.json(shown, errors.length === 0 ? {} : { headers: { 'Cache-Control': 'private, no-store' } })
}

/** A cursor is made of the date of the last hit, whether or not the date was asked for. */
function withDate(query: SearchQuery): SearchQuery {
  const date = { name: DATE_FIELD, type: 'date', analysed: false, list: false } as const
  return query.columns.some(({ name }) => name === DATE_FIELD) ? query : { ...query, columns: [...query.columns, date] }
}

function withoutDate(hit: SearchAnswer['hits'][number]): SearchAnswer['hits'][number] {
  return Object.fromEntries(Object.entries(hit).filter(([name]) => name !== DATE_FIELD))
}
