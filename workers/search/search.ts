import type { Clock } from '#shared/clock.ts'
import { type CrashId, crashDay } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { MAX_FACET_BYTES, MAX_RPC_BYTES, QUERY_DEADLINE_MS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import { type SearchWarning, searchWarning } from '#shared/search/bad-parameter.ts'
import { DATE_FIELD } from '#shared/search/fields.ts'
import { instantOf, parseInstant } from '#shared/search/instant.ts'
import { mergeFacets, mergePage, mergeTotals, type ShardFacets, unknownTerms } from '#shared/search/merge.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer, SearchDocument, SearchError } from '#shared/search/search-rpc.ts'
import {
  dayMs,
  firstShard,
  type ShardName,
  shardOfCrash,
  shardsOfWeek,
  type Week,
  weekOfCrash,
  weekOfInstant,
  weeksBetween,
} from '#shared/search/shards.ts'
import type { ShardAnswer, ShardRpc } from './search-shard.ts'

export interface SearchDeps {
  readonly shardOf: (name: ShardName) => ShardRpc
  /** Into how many shards a week is split whose first crash is still to come (SEARCH_SHARDS_PER_WEEK). */
  readonly shardsPerWeek: number
  /** Into how many each week is split, as far as this isolate has learnt: it never changes. */
  readonly splitsOfWeek: Map<Week, number>
  readonly clock: Clock
  readonly log: Log
}

/** Of QUERY_DEADLINE_MS, when the shards of the window, those they point to and those nobody knew of, and all else must be there. */
const WINDOW_SHARE = 0.55
const ELSEWHERE_SHARE = 0.65
const UNKNOWN_SHARE = 0.7
const LAST_SHARE = 1

/**
 * Indexes documents in the shards of their crash ids. A crash that was resent under its old id long after carries a date of another
 * week: that week's first shard is told first, so that no query about it ever misses the document. Throws when a shard fails: all
 * of it may be sent again.
 */
export async function indexDocuments(deps: SearchDeps, documents: readonly SearchDocument[]): Promise<void> {
  const dated = documents.map((document) => {
    const date = parseInstant(String(document.values[DATE_FIELD])) ?? instantOf(dayMs(crashDay(document.crash_id)))
    return { ...document, values: { ...document.values, [DATE_FIELD]: date }, dateWeek: weekOfInstant(date) }
  })
  await inShards(
    deps,
    dated,
    ({ crash_id }) => crash_id,
    deps.shardsPerWeek,
    async (shard, name, week, ofShard) => {
      const dateWeeks = new Set(ofShard.map(({ dateWeek }) => dateWeek).filter((dateWeek) => dateWeek !== week))
      await Promise.all(
        [...dateWeeks].map((dateWeek) =>
          withDeadline(
            `shard ${dateWeek} noteElsewhere`,
            RPC_DEADLINE_MS,
            deps.shardOf(firstShard(dateWeek)).noteElsewhere(week),
          ),
        ),
      )
      const rows = ofShard.map(({ crash_id, started_at_ms, values }) => ({ crash_id, started_at_ms, values }))
      await withDeadline(`shard ${name} index`, RPC_DEADLINE_MS, shard.index(rows))
    },
  )
}

/** Takes crashes out of the index, for good unless their processing starts anew. Throws when a shard fails. */
export async function removeCrashes(deps: SearchDeps, crashIds: readonly CrashId[]): Promise<void> {
  await inShards(
    deps,
    crashIds,
    (crashId) => crashId,
    deps.shardsPerWeek,
    (shard, name, _, ofShard) => withDeadline(`shard ${name} remove`, RPC_DEADLINE_MS, shard.remove(ofShard)),
  )
}

/** The crashes that are not in the index, in the order asked. Throws when a shard fails: a guess would have crashes processed again. */
export async function missingCrashes(deps: SearchDeps, crashIds: readonly CrashId[]): Promise<readonly CrashId[]> {
  const missing = await inShards(
    deps,
    crashIds,
    (crashId) => crashId,
    null,
    (shard, name, _, ofShard) => withDeadline(`shard ${name} missing`, RPC_DEADLINE_MS, shard.missing(ofShard)),
  )
  const isMissing = new Set(missing.flat())
  return crashIds.filter((crashId) => isMissing.has(crashId))
}

/** Does something in the shard of each crash, with all of that shard at once. `toFix`: what to split a week into that has no crash yet; null: it stays so. */
async function inShards<Item, Done>(
  deps: SearchDeps,
  items: readonly Item[],
  crashIdOf: (item: Item) => CrashId,
  toFix: number | null,
  work: (shard: ShardRpc, name: ShardName, week: Week, ofShard: readonly Item[]) => Promise<Done>,
): Promise<readonly Done[]> {
  const ofWeeks = grouped(items, (item) => weekOfCrash(crashIdOf(item)))
  const done = await Promise.all(
    [...ofWeeks].map(async ([week, ofWeek]) => {
      const splits = await splitsOf(deps, week, toFix)
      const ofShards = grouped(ofWeek, (item) => shardOfCrash(crashIdOf(item), splits))
      return Promise.all([...ofShards].map(([name, ofShard]) => work(deps.shardOf(name), name, week, ofShard)))
    }),
  )
  return done.flat()
}

async function splitsOf(deps: SearchDeps, week: Week, toFix: number | null): Promise<number> {
  const known = deps.splitsOfWeek.get(week)
  if (known !== undefined) return known
  const shard = deps.shardOf(firstShard(week))
  const splits = await withDeadline(`shard ${week} splits`, RPC_DEADLINE_MS, shard.splits(toFix))
  if (splits !== null) deps.splitsOfWeek.set(week, splits)
  return splits ?? deps.shardsPerWeek
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

/** A shard's answer, and which shard it was. */
interface Answered extends ShardAnswer {
  readonly name: ShardName
  readonly week: Week
}

interface Place {
  readonly name: ShardName
  readonly week: Week
}

/**
 * Asks the shards of the query's weeks, merges exactly, reads the columns of the page. Answers within QUERY_DEADLINE_MS; a shard
 * that fails or is late is named in `errors`, as is what could not be counted exactly, and the rest is the answer.
 */
export async function querySearch(deps: SearchDeps, query: SearchQuery): Promise<SearchAnswer> {
  const startMs = deps.clock()
  const dead = new Set<ShardName>()

  /** Asks shards at once until a share of the deadline is over. Null for one that did not answer, which is remembered. */
  async function askAll<At extends { readonly name: ShardName }, T>(
    places: readonly At[],
    share: number,
    ask: (shard: ShardRpc, at: At) => Promise<T>,
  ): Promise<readonly (T | null)[]> {
    const leftMs = Math.max(0, startMs + QUERY_DEADLINE_MS * share - deps.clock())
    return Promise.all(
      places.map(async (at) => {
        try {
          return await withDeadline(`shard ${at.name}`, leftMs, ask(deps.shardOf(at.name), at))
        } catch (thrown) {
          dead.add(at.name)
          deps.log('search', 'shard_failed', { shard: at.name, error: errorText(thrown) })
          return null
        }
      }),
    )
  }

  const weeks = weeksBetween(query.date.from.at, query.date.to.at)
  const shardsIn = (week: Week) =>
    shardsOfWeek(week, deps.splitsOfWeek.get(week) ?? deps.shardsPerWeek).map((name): Place => ({ name, week }))
  const maxFacetBytes = Math.min(MAX_RPC_BYTES, MAX_FACET_BYTES / Math.max(1, weeks.flatMap(shardsIn).length))
  const asked = new Set<ShardName>()
  const askOnce = async (places: readonly Place[], share: number): Promise<readonly Answered[]> => {
    // Several weeks may point to the same one.
    const fresh = places.filter(({ name }) => !asked.has(name) && asked.add(name))
    const answers = await askAll(fresh, share, async (shard, { name, week }) => {
      const answer = await shard.query(query, maxFacetBytes)
      return { name, week, ...answer }
    })
    const there = answers.filter((answer) => answer !== null)
    for (const { name, week, splits } of there) {
      if (splits !== null && name === firstShard(week)) deps.splitsOfWeek.set(week, splits)
    }
    return there
  }
  const inWindow = await askOnce(weeks.flatMap(shardsIn), WINDOW_SHARE)
  const pointedTo = inWindow.flatMap(({ elsewhere }) => elsewhere)
  // A week may be split into more shards than was known when it was asked.
  const elsewhere = await askOnce([...weeks, ...pointedTo].flatMap(shardsIn), ELSEWHERE_SHARE)
  const unknown = await askOnce(pointedTo.flatMap(shardsIn), UNKNOWN_SHARE)
  const answered = [...inWindow, ...elsewhere, ...unknown]
  const partials = answered.map(({ partial }) => partial)

  const page = mergePage(query, partials)
  const idsOfWeek = grouped(page, weekOfCrash)
  const readHits = askAll(
    [...idsOfWeek].flatMap(([week, ofWeek]) =>
      [...grouped(ofWeek, (crashId) => shardOfCrash(crashId, deps.splitsOfWeek.get(week) ?? deps.shardsPerWeek))].map(
        ([name, crashIds]) => ({ name, crashIds }),
      ),
    ),
    LAST_SHARE,
    (shard, { crashIds }) =>
      shard.hits(
        crashIds,
        query.columns.map(({ name }) => name),
        (MAX_RPC_BYTES * crashIds.length) / page.length,
      ),
  )
  const wanted = unknownTerms(
    query,
    partials.map(({ facets }) => facets),
  )
  const readAgain = askAll(
    answered.flatMap(({ name }, n) => {
      const terms = wanted[n]
      return terms === null || terms === undefined ? [] : [{ name, terms }]
    }),
    LAST_SHARE,
    async (shard, { name, terms }) => ({ name, terms, facets: await shard.terms(query, terms, maxFacetBytes) }),
  )
  const [hitsRead, again] = await Promise.all([readHits, readAgain])
  const againOf = new Map(again.filter((answer) => answer !== null).map((answer) => [answer.name, answer]))
  const shards = answered.map(({ name, partial }): ShardFacets => {
    const second = againOf.get(name)
    return {
      facets: partial.facets,
      again: second === undefined ? null : { wanted: second.terms, facets: second.facets },
    }
  })
  const { facets, warnings } = mergeFacets(query, shards)
  const columns = hitsRead.filter((read) => read !== null)
  const hitOfCrash = new Map(columns.flatMap(({ hits }) => hits).map(({ crash_id, hit }) => [crash_id, hit]))
  const isOver = partials.some(({ is_over }) => is_over)
  const errors: readonly SearchError[] = [
    ...[...dead].sort().map((name) => ({ type: 'shards' as const, index: name, shards_count: 1 })),
    ...warnings,
    ...(columns.some(({ isCut }) => isCut) ? [CUT_TEXTS] : []),
    ...(isOver ? [COSTLY_PATTERNS] : []),
  ]
  const hits = page.map((crashId) => hitOfCrash.get(crashId)).filter((hit) => hit !== undefined)
  return { hits, ...mergeTotals(query, partials), facets, errors }
}

const CUT_TEXTS: SearchWarning = searchWarning('_columns', 'long texts are cut: ask for fewer results')
const COSTLY_PATTERNS: SearchWarning = searchWarning(
  'query',
  'the patterns cost too much and were given up: not all that match is here. Use ~ or ^, a simpler pattern, or less time',
)
