import type { Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { SEARCH_RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import { recordSearchAccess } from './access-record.ts'
import type { DashboardDeps } from './deps.ts'
import { searchFields } from './field-catalog.ts'
import { fitsRateLimit } from './rate-limit.ts'
import { askStage } from './stage-unavailable.ts'
import { type Neighbours, neighbourQuery, neighboursOf, type ResultSet } from './views/result-set.ts'

/**
 * Where a report stands in the search that it was opened from. `gone`: not near where it was. Null: not opened from a search, or search does not
 * answer (or was asked too often): a report is worth reading without.
 */
export async function readNeighbours(
  crashId: CrashId,
  set: ResultSet | null,
  viewer: Viewer,
  headers: Headers,
  deps: DashboardDeps,
): Promise<Neighbours | 'gone' | null> {
  if (set === null) return null
  try {
    const { rateLimits, log } = deps
    if (rateLimits !== null && !(await fitsRateLimit(rateLimits.api, headers, viewer.email !== null, log))) return null
    const catalog = await searchFields(deps)
    const parsed = parseSearchQuery(neighbourQuery(set), viewer, deps.clock(), catalog)
    if (parsed.kind === 'bad') return 'gone'
    await recordSearchAccess(parsed.query, catalog, viewer, deps)
    const answer = await askStage('search', SEARCH_RPC_DEADLINE_MS, deps.search.query(parsed.query))
    const ids = answer.hits.map(({ uuid }) => String(uuid))
    return neighboursOf(crashId, set, ids, answer.total) ?? 'gone'
  } catch (thrown) {
    deps.log('dashboard', 'result_set_unavailable', { error: errorText(thrown) })
    return null
  }
}
