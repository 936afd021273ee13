import { env } from 'cloudflare:workers'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { type CrashId, crashIdSchema } from '#shared/crash-id.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer, SearchDocument } from '#shared/search/search-rpc.ts'
import { SEMANTICS_NOW_MS, semanticsDocuments } from '#shared/search/semantics-case.ts'
import type { ShardName } from '#shared/search/shards.ts'
import { indexDocuments, querySearch, type SearchDeps } from './search.ts'
import type { ShardRpc } from './search-shard.ts'

/** What the tests of the search Worker have in common: shards of their own, and crashes of the two weeks before SEMANTICS_NOW_MS. */

export const THIS_WEEK = '2026W47'
export const LAST_WEEK = '2026W46'

export const idOf = (day: string, serial = 0): CrashId =>
  crashIdSchema.parse(`${serial.toString(16).padStart(8, '0')}-aaaa-4000-8000-000000${day}`)

/** A document of this week. */
export function documentOf(serial: number, startedAtMs: number, values: SearchDocument['values']): SearchDocument {
  const crash_id = idOf('261118', serial)
  const date = `2026-11-18T11:00:00.${String(serial).padStart(6, '0')}+00:00`
  return { crash_id, started_at_ms: startedAtMs, values: { uuid: crash_id, date, ...values } }
}

export function queryOf(search: string): SearchQuery {
  const parsed = parseSearchQuery(new URLSearchParams(search), ANONYMOUS, SEMANTICS_NOW_MS)
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  return parsed.query
}

/** A search of its own over real shards: their names begin with a fresh one. `replace` puts something else in a shard's place. */
export function freshSearch(replace: Readonly<Record<string, Partial<ShardRpc>>> = {}, shardsPerWeek = 1) {
  const name = `${env.SHARDS.newUniqueId()}`
  const stubOf = (shard: string) => env.SHARDS.getByName(`${name}-${shard}`)
  const asked: ShardName[] = []
  const logged: unknown[] = []
  const deps: SearchDeps = {
    shardOf: (shard) => {
      asked.push(shard)
      const stub: ShardRpc = stubOf(shard)
      return {
        index: (documents) => stub.index(documents),
        noteElsewhere: (other) => stub.noteElsewhere(other),
        splits: (toFix) => stub.splits(toFix),
        query: (query, maxFacetBytes) => stub.query(query, maxFacetBytes),
        terms: (query, wanted, maxFacetBytes) => stub.terms(query, wanted, maxFacetBytes),
        hits: (crashIds, columns, maxBytes) => stub.hits(crashIds, columns, maxBytes),
        remove: (crashIds) => stub.remove(crashIds),
        missing: (crashIds) => stub.missing(crashIds),
        ping: () => stub.ping(),
        ...replace[shard],
      }
    },
    shardsPerWeek,
    splitsOfWeek: new Map(),
    clock: () => 0,
    log: (...line) => void logged.push(line),
  }
  return {
    deps,
    asked,
    logged,
    stubOf,
    index: (...crashes: readonly object[]) => indexDocuments(deps, semanticsDocuments(crashes)),
    query: (search: string): Promise<SearchAnswer> => querySearch(deps, queryOf(search)),
  }
}
