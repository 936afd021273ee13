import type { Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { errorText } from '#shared/log.ts'
import type { DashboardDeps } from './deps.ts'
import { pageSearch } from './page-search.ts'
import { fitsRateLimit } from './rate-limit.ts'
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
    const search = await pageSearch(deps, viewer)
    const query = neighbourQuery(set)
    if (search.parse(query).kind === 'bad') return 'gone'
    const answer = await search.ask(query)
    const ids = answer.hits.map(({ uuid }) => String(uuid))
    return neighboursOf(crashId, set, ids, answer.total) ?? 'gone'
  } catch (thrown) {
    deps.log('dashboard', 'result_set_unavailable', { error: errorText(thrown) })
    return null
  }
}
