import type { Clock } from '#shared/clock.ts'
import { type CrashId, crashDay } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { MAX_FACET_BYTES, MAX_RPC_BYTES, QUERY_DEADLINE_MS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { PartialAnswer } from '#shared/search/aggregate.ts'
import { searchWarning } from '#shared/search/bad-parameter.ts'
import { DATE_FIELD } from '#shared/search/fields.ts'
import { instantOf, parseInstant } from '#shared/search/instant.ts'
import { mergePartials } from '#shared/search/merge.ts'
import type { SearchQuery } from '#shared/search/query.ts'
import type { SearchAnswer, SearchDocument, SearchError } from '#shared/search/search-rpc.ts'
import { dayMs, type Week, weekOfCrash, weekOfInstant, weeksBetween } from '#shared/search/shards.ts'
import type { ShardRpc } from './search-shard.ts'

export interface SearchDeps {
  readonly shardOf: (week: Week) => ShardRpc
  readonly clock: Clock
  readonly log: Log
}

/** Of QUERY_DEADLINE_MS, when the shards of the window, those they point to, and the columns must be there. */
const WINDOW_SHARE = 0.6
const ELSEWHERE_SHARE = 0.8
const COLUMNS_SHARE = 1

/**
 * Indexes documents in the shards of their crash ids. A crash that was resent under its old id long after carries a date of another
 * week: that week's shard is told first, so that no query about it ever misses the document. Throws when a shard fails: all
 * of it may be sent again.
 */
export async function indexDocuments({ shardOf }: SearchDeps, documents: readonly SearchDocument[]): Promise<void> {
  const dated = documents.map((document) => {
    const date = parseInstant(String(document.values[DATE_FIELD])) ?? instantOf(dayMs(crashDay(document.crash_id)))
    return { ...document, values: { ...document.values, [DATE_FIELD]: date }, dateWeek: weekOfInstant(date) }
  })
  await Promise.all(
    [...byWeek(dated, ({ crash_id }) => crash_id)].map(async ([week, ofWeek]) => {
      const dateWeeks = new Set(ofWeek.map(({ dateWeek }) => dateWeek).filter((dateWeek) => dateWeek !== week))
      await Promise.all(
        [...dateWeeks].map((dateWeek) =>
          withDeadline(`shard ${dateWeek} noteElsewhere`, RPC_DEADLINE_MS, shardOf(dateWeek).noteElsewhere(week)),
        ),
      )
      const rows = ofWeek.map(({ crash_id, started_at_ms, values }) => ({ crash_id, started_at_ms, values }))
      await withDeadline(`shard ${week} index`, RPC_DEADLINE_MS, shardOf(week).index(rows))
    }),
  )
}

function byWeek<Item>(items: readonly Item[], crashIdOf: (item: Item) => CrashId): ReadonlyMap<Week, readonly Item[]> {
  const weeks = new Map<Week, Item[]>()
  for (const item of items) {
    const week = weekOfCrash(crashIdOf(item))
    const ofWeek = weeks.get(week)
    if (ofWeek === undefined) weeks.set(week, [item])
    else ofWeek.push(item)
  }
  return weeks
}

/** Takes crashes out of the index. Throws when a shard fails. */
export async function removeCrashes({ shardOf }: SearchDeps, crashIds: readonly CrashId[]): Promise<void> {
  await Promise.all(
    [...byWeek(crashIds, (crashId) => crashId)].map(([week, ofWeek]) =>
      withDeadline(`shard ${week} remove`, RPC_DEADLINE_MS, shardOf(week).remove(ofWeek)),
    ),
  )
}

/** The crashes that are not in the index, in the order asked. Throws when a shard fails: a guess would have crashes processed again. */
export async function missingCrashes(
  { shardOf }: SearchDeps,
  crashIds: readonly CrashId[],
): Promise<readonly CrashId[]> {
  const missing = await Promise.all(
    [...byWeek(crashIds, (crashId) => crashId)].map(([week, ofWeek]) =>
      withDeadline(`shard ${week} missing`, RPC_DEADLINE_MS, shardOf(week).missing(ofWeek)),
    ),
  )
  const isMissing = new Set(missing.flat())
  return crashIds.filter((crashId) => isMissing.has(crashId))
}

/**
 * Asks the shards of the query's weeks, merges exactly, reads the columns of the page. Answers within QUERY_DEADLINE_MS; a shard
 * that fails or is late is named in `errors`, and the rest is the answer.
 */
export async function querySearch(deps: SearchDeps, query: SearchQuery): Promise<SearchAnswer> {
  const startMs = deps.clock()
  const dead = new Set<Week>()

  /** Asks shards at once until a share of the deadline is over. Answers those that answered, and remembers the dead. */
  async function askAll<T>(weeks: readonly Week[], share: number, ask: (shard: ShardRpc, week: Week) => Promise<T>) {
    const leftMs = Math.max(0, startMs + QUERY_DEADLINE_MS * share - deps.clock())
    const answers = await Promise.all(
      weeks.map(async (week) => {
        try {
          return [await withDeadline(`shard ${week}`, leftMs, ask(deps.shardOf(week), week))]
        } catch (thrown) {
          dead.add(week)
          deps.log('search', 'shard_failed', { week, error: errorText(thrown) })
          return []
        }
      }),
    )
    return answers.flat()
  }

  const weeks = weeksBetween(query.date.from.at, query.date.to.at)
  const maxFacetBytes = Math.min(MAX_RPC_BYTES, MAX_FACET_BYTES / weeks.length) / Math.max(1, query.facets.length)
  const inWindow = await askAll(weeks, WINDOW_SHARE, (shard) => shard.query(query, maxFacetBytes))
  const pointedTo = [...new Set(inWindow.flatMap(({ elsewhere }) => elsewhere))].filter((week) => !weeks.includes(week))
  const elsewhere = await askAll(pointedTo, ELSEWHERE_SHARE, (shard) => shard.query(query, maxFacetBytes))
  const partials: readonly PartialAnswer[] = [...inWindow, ...elsewhere].map(({ partial }) => partial)
  const { total, page, facets, warnings } = mergePartials(query, partials)

  const idsOfWeek = byWeek(page, (crashId) => crashId)
  const columns = await askAll([...idsOfWeek.keys()], COLUMNS_SHARE, (shard, week) => {
    const crashIds = idsOfWeek.get(week) ?? []
    return shard.hits(crashIds, query.columns, (MAX_RPC_BYTES * crashIds.length) / page.length)
  })
  const hitOfCrash = new Map(columns.flatMap(({ hits }) => hits).map(({ crash_id, hit }) => [crash_id, hit]))
  const errors: readonly SearchError[] = [
    ...[...dead].sort().map((week) => ({ type: 'shards' as const, index: week, shards_count: 1 })),
    ...warnings,
    ...(columns.some(({ isCut }) => isCut)
      ? [searchWarning('_columns', 'long texts are cut: ask for fewer results')]
      : []),
  ]
  const hits = page.map((crashId) => hitOfCrash.get(crashId)).filter((hit) => hit !== undefined)
  return { hits, total, facets, errors }
}
