import { WorkerEntrypoint } from 'cloudflare:workers'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { checkHeartbeat, heartbeatResponse } from '#shared/http/heartbeat.ts'
import { consoleLog } from '#shared/log.ts'
import type { CrashPingsRpc } from '#shared/search/crash-pings.ts'
import { instantOf } from '#shared/search/instant.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer, SearchDocument, SearchRpc } from '#shared/search/search-rpc.ts'
import { type Week, weekOfInstant } from '#shared/search/shards.ts'
import type { Env } from './env.ts'
import { indexDocuments, missingCrashes, querySearch, removeCrashes, type SearchDeps } from './search.ts'

export { SearchShard } from './search-shard.ts'

const splitsOfWeek = new Map<Week, number>()
const splitsOfPingWeek = new Map<Week, number>()

const searchDeps = (env: Env): SearchDeps => ({
  shardOf: (name) => env.SHARDS.getByName(name),
  shardsPerWeek: readConfig(env, 'SEARCH_SHARDS_PER_WEEK').SEARCH_SHARDS_PER_WEEK,
  splitsOfWeek,
  clock: systemClock,
  log: consoleLog,
})

/** Crash pings lie in shards of their own, `pings-2026W47` beside `2026W47`. */
const pingDeps = (env: Env): SearchDeps => ({
  ...searchDeps(env),
  shardOf: (name) => env.SHARDS.getByName(`pings-${name}`),
  splitsOfWeek: splitsOfPingWeek,
})

/** The index of processed crashes, for the other Workers. */
export class Search extends WorkerEntrypoint<Env> implements SearchRpc {
  async index(documents: readonly SearchDocument[]): Promise<void> {
    await indexDocuments(searchDeps(this.env), documents)
  }

  async query(query: SearchQuery): Promise<SearchAnswer> {
    return querySearch(searchDeps(this.env), query)
  }

  async remove(crashIds: readonly CrashId[]): Promise<void> {
    await removeCrashes(searchDeps(this.env), crashIds)
  }

  async missing(crashIds: readonly CrashId[]): Promise<readonly CrashId[]> {
    return missingCrashes(searchDeps(this.env), crashIds)
  }
}

/** The series of crash pings: never in an answer about reports, nor the other way round. */
export class CrashPings extends WorkerEntrypoint<Env> implements CrashPingsRpc {
  async index(documents: readonly SearchDocument[]): Promise<void> {
    await indexDocuments(pingDeps(this.env), documents)
  }

  async query(query: SearchQuery): Promise<SearchAnswer> {
    return querySearch(pingDeps(this.env), query)
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/__lbheartbeat__') return new Response(null, { status: 200 })
    if (pathname !== '/__heartbeat__') return Response.json({ error: 'Not Found' }, { status: 404 })
    const thisWeek = weekOfInstant(instantOf(systemClock()))
    return heartbeatResponse(
      await checkHeartbeat([{ name: 'search shard', ask: () => env.SHARDS.getByName(thisWeek).ping() }]),
    )
  },
} satisfies ExportedHandler<Env>
