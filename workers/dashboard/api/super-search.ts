import { SEARCH_RPC_DEADLINE_MS } from '#shared/limits.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import type { Answer } from '../deps.ts'
import { askStage } from '../stage-unavailable.ts'
import { badParameterAnswer } from './api-answer.ts'

/** `GET /api/SuperSearch/`: `{hits, total, facets, errors}` (specs/webapp.md 2.3). */
export const superSearch: Answer = async (context, deps) => {
  const parsed = parseSearchQuery(new URL(context.req.url).searchParams, context.var.viewer, deps.clock())
  if (parsed.kind === 'bad') return badParameterAnswer(parsed.param, parsed.message)
  const answer = await askStage('search', SEARCH_RPC_DEADLINE_MS, deps.search.query(parsed.query))
  const body: SearchAnswer = { ...answer, errors: [...parsed.warnings, ...answer.errors] }
  // The peer lets browsers keep public answers for 5 minutes. One that misses a shard, or was made for somebody, is not kept.
  const keeps = !context.var.credentials && answer.errors.length === 0
  return Response.json(body, {
    headers: {
      'Cache-Control': keeps ? 'private, max-age=300' : 'private, no-store',
      Vary: 'Auth-Token, Authorization, Cookie',
    },
  })
}
