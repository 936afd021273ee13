import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { type CrashId, crashIdSchema } from '#shared/crash-id.ts'
import { MAX_INDEXED_CHARS, QUERY_DEADLINE_MS } from '#shared/limits.ts'
import { searchDocument } from '#shared/search/document.ts'
import { SEARCH_FIELDS } from '#shared/search/fields.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { SEMANTICS, SEMANTICS_NOW_MS, semanticsDocuments, semanticsOutcome } from '#shared/search/semantics.ts'
import type { Week } from '#shared/search/shards.ts'
import { indexDocuments, missingCrashes, querySearch, removeCrashes, type SearchDeps } from './search.ts'
import type { ShardRpc } from './search-shard.ts'

/** A search of its own over real shards: their names begin with a fresh one. `replace` puts something else in a week's place. */
function freshSearch(replace: Readonly<Record<string, Partial<ShardRpc>>> = {}) {
  const name = crypto.randomUUID()
  const stubOf = (week: string) => env.SHARDS.getByName(`${name}-${week}`)
  const asked: Week[] = []
  const logged: unknown[] = []
  const clock = { nowMs: 0 }
  const deps: SearchDeps = {
    shardOf: (week) => {
      asked.push(week)
      const stub: ShardRpc = stubOf(week)
      return {
        index: (documents) => stub.index(documents),
        noteElsewhere: (other) => stub.noteElsewhere(other),
        query: (query, maxFacetBytes) => stub.query(query, maxFacetBytes),
        hits: (crashIds, columns, maxBytes) => stub.hits(crashIds, columns, maxBytes),
        remove: (crashIds) => stub.remove(crashIds),
        missing: (crashIds) => stub.missing(crashIds),
        ping: () => stub.ping(),
        ...replace[week],
      }
    },
    clock: () => clock.nowMs,
    log: (...line) => void logged.push(line),
  }
  return {
    deps,
    asked,
    logged,
    clock,
    stubOf,
    index: (...crashes: readonly object[]) => indexDocuments(deps, semanticsDocuments(crashes)),
    async query(search: string): Promise<SearchAnswer> {
      const parsed = parseSearchQuery(new URLSearchParams(search), ANONYMOUS, SEMANTICS_NOW_MS)
      if (parsed.kind === 'bad') throw new Error(parsed.message)
      return querySearch(deps, parsed.query)
    },
  }
}

const idOf = (day: string, serial = 0): CrashId =>
  crashIdSchema.parse(`${String(serial).padStart(8, '0')}-aaaa-4000-8000-000000${day}`)
const THIS_WEEK = '2026W47'
const LAST_WEEK = '2026W46'
const dead = () => Promise.reject(new Error('broken for the test'))

describe('SuperSearch, by the shards', () => {
  it.each(SEMANTICS)('$name', async (row) => {
    const { deps } = freshSearch()
    const backend = {
      index: (documents: Parameters<typeof indexDocuments>[1]) => indexDocuments(deps, documents),
      query: (query: Parameters<typeof querySearch>[1]) => querySearch(deps, query),
    }
    expect(await semanticsOutcome(row, backend)).toMatchObject(row.expected)
  })

  it('has no key for a column that is not the viewer’s to see', async () => {
    const search = freshSearch()
    await search.index({ signature: 'a', url: 'https://canary.example/' })
    const answer = await search.query('_columns=url&_columns=signature')
    expect(answer.hits).toEqual([{ signature: 'a' }])
    expect(JSON.stringify(answer)).not.toContain('canary')
  })
})

describe('a document', () => {
  const documentOf = (signature: string, startedAtMs: number) =>
    searchDocument({ uuid: idOf('261118'), signature, date_processed: '2026-11-18T11:00:00Z' }, startedAtMs)

  it.each([
    ['twice', ['old', 1], ['old', 1], 'old'],
    ['in order', ['old', 1], ['new', 2], 'new'],
    ['out of order', ['new', 2], ['old', 1], 'new'],
  ] as const)('that comes %s is one hit, as it was processed last', async (_, first, second, signature) => {
    const search = freshSearch()
    for (const [text, startedAtMs] of [first, second]) {
      await indexDocuments(search.deps, [documentOf(text, startedAtMs)])
    }
    expect(await search.query('_columns=signature')).toMatchObject({ total: 1, hits: [{ signature }] })
  })

  it('that comes twice in one batch, in any order, is the later one', async () => {
    const search = freshSearch()
    await indexDocuments(search.deps, [documentOf('new', 2), documentOf('old', 1)])
    expect(await search.query('_columns=signature')).toMatchObject({ total: 1, hits: [{ signature: 'new' }] })
  })

  it('is found again by a shard that starts anew', async () => {
    const search = freshSearch()
    await search.index({ signature: 'a' })
    await evictDurableObject(search.stubOf(THIS_WEEK))
    await indexDocuments(search.deps, [documentOf('b', 1)])
    expect((await search.query('_sort=signature')).hits).toMatchObject([{ signature: 'a' }, { signature: 'b' }])
  })

  it('that was resent under an old crash id is found by its date, and weeks without crashes are not asked', async () => {
    const search = freshSearch()
    const resent = searchDocument({ uuid: idOf('260105'), signature: 'old', date_processed: '2026-11-17T00:00:00Z' }, 1)
    await indexDocuments(search.deps, [resent])
    search.asked.length = 0
    expect(await search.query('_columns=signature')).toMatchObject({
      total: 1,
      hits: [{ signature: 'old' }],
      errors: [],
    })
    expect(new Set(search.asked)).toEqual(new Set([LAST_WEEK, THIS_WEEK, '2026W02']))
    expect(await missingCrashes(search.deps, [idOf('260105')])).toEqual([])
  })

  it('costs three rows written', async () => {
    const search = freshSearch()
    await search.index({ signature: 'a' })
    const written = await runInDurableObject(search.stubOf(THIS_WEEK), (_, { storage }) => {
      const insert = 'insert into documents (crash_id, started_at_ms, date, field_values) values (?, 1, ?, ?)'
      return storage.sql.exec(insert, idOf('261118', 9), '2026-11-18', '{}').rowsWritten
    })
    expect(written).toBe(3)
  })
})

describe('removed and missing crashes', () => {
  it('are told exactly, in the order asked, across weeks', async () => {
    const search = freshSearch()
    const gone = idOf('261110', 2)
    const indexed = [idOf('261118', 1), gone, idOf('250101', 3)]
    await indexDocuments(
      search.deps,
      indexed.map((uuid) => searchDocument({ uuid }, 1)),
    )
    const never = [idOf('261118', 7), idOf('240101', 8)]
    expect(await missingCrashes(search.deps, [...never, ...indexed])).toEqual(never)
    await removeCrashes(search.deps, [gone, idOf('261118', 7)])
    expect(await missingCrashes(search.deps, [...indexed, ...never])).toEqual([gone, ...never])
    expect(await search.query('_facets_size=0')).toMatchObject({ total: 1 })
    expect(await missingCrashes(search.deps, [])).toEqual([])
  })

  it('are never guessed: a dead shard is an error', async () => {
    const search = freshSearch({ [LAST_WEEK]: { missing: dead, remove: dead, index: dead } })
    const ids = [idOf('261118'), idOf('261110')]
    await expect(missingCrashes(search.deps, ids)).rejects.toThrow('broken for the test')
    await expect(removeCrashes(search.deps, ids)).rejects.toThrow('broken for the test')
    await expect(search.index({}, {})).rejects.toThrow('broken for the test')
  })
})

describe('a shard', () => {
  it('that nobody wrote stays without tables, whatever is asked of it', async () => {
    const search = freshSearch()
    await search.query('signature=a')
    await missingCrashes(search.deps, [idOf('261118')])
    await removeCrashes(search.deps, [idOf('261118')])
    const stub = search.stubOf(THIS_WEEK)
    await stub.ping()
    expect((await stub.hits([idOf('261118')], ['uuid'], 1000)).hits).toEqual([])
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec('select name from sqlite_master').toArray(),
    )
    expect(tables).toEqual([])
  })

  it('that is dead is named in errors, and the others answer', async () => {
    const search = freshSearch({ [LAST_WEEK]: { query: dead } })
    await search.index({ signature: 'a' }, { signature: 'b' }, { signature: 'c' })
    expect(await search.query('_columns=signature')).toEqual({
      total: 2,
      hits: [{ signature: 'a' }, { signature: 'c' }],
      facets: {
        signature: [
          { term: 'a', count: 1 },
          { term: 'c', count: 1 },
        ],
      },
      errors: [{ type: 'shards', index: LAST_WEEK, shards_count: 1 }],
    })
    expect(search.logged).toEqual([
      ['search', 'shard_failed', { week: LAST_WEEK, error: 'Error: broken for the test' }],
    ])
  })

  it('that is late is not waited for beyond the deadline', async () => {
    const search = freshSearch({ [LAST_WEEK]: { query: () => new Promise(() => {}) } })
    await search.index({ signature: 'a' }, { signature: 'b' })
    let asked = 0
    const times = [0, QUERY_DEADLINE_MS * 0.6 - 200]
    const deps = { ...search.deps, clock: () => times[asked++] ?? QUERY_DEADLINE_MS * 0.6 }
    const parsed = parseSearchQuery(new URLSearchParams('_columns=signature'), ANONYMOUS, SEMANTICS_NOW_MS)
    if (parsed.kind === 'bad') throw new Error(parsed.message)
    const answer = await querySearch(deps, parsed.query)
    expect(answer).toMatchObject({
      total: 1,
      hits: [{ signature: 'a' }],
      errors: [{ type: 'shards', index: LAST_WEEK }],
    })
  })

  it('that dies before the columns are read costs its hits, not the answer', async () => {
    const search = freshSearch({ [THIS_WEEK]: { hits: dead } })
    await search.index({ signature: 'a' }, { signature: 'b' })
    expect(await search.query('_columns=signature')).toMatchObject({
      total: 2,
      hits: [{ signature: 'b' }],
      errors: [{ type: 'shards', index: THIS_WEEK }],
    })
  })
})

describe('hostile values', () => {
  const emoji = `${'x'.repeat(MAX_INDEXED_CHARS - 1)}💥`

  it.each([
    ['82,000 characters', 'é'.repeat(82_000), 'é'.repeat(MAX_INDEXED_CHARS)],
    ['an emoji on the cut', emoji, 'x'.repeat(MAX_INDEXED_CHARS - 1)],
    ['NUL', 'a\0b', 'a\0b'],
    ['a name of the prototype', '__proto__', '__proto__'],
    ['SQL', `'); drop table documents; --`, `'); drop table documents; --`],
    ['half an emoji', 'a\ud83d', 'a\ud83d'],
  ])('come back as they were indexed: %s', async (_, signature, indexed) => {
    const search = freshSearch()
    await search.index({ signature, proto_signature: signature, reason: signature })
    const answer = await search.query('_columns=signature&_columns=reason&_facets=signature&_sort=signature')
    expect(answer.hits).toEqual([{ signature: indexed, reason: indexed }])
    expect(answer.facets).toEqual({ signature: [{ term: indexed, count: 1 }] })
    expect(answer.errors).toEqual([])
  })

  it('in every text field at once fit into one row', async () => {
    const search = freshSearch()
    const sources = SEARCH_FIELDS.filter(({ name }) => name !== 'uuid' && name !== 'date').map(({ source }) => source)
    await search.index(Object.fromEntries(sources.map((source) => [source, '\0'.repeat(82_000)])))
    expect(await search.query('')).toMatchObject({ total: 1, errors: [] })
  })

  it('of a full page are cut so that the answer fits, with a warning', async () => {
    const search = freshSearch()
    const long = 'x'.repeat(MAX_INDEXED_CHARS)
    const crashes = Array.from({ length: 200 }, () => ({ signature: long, reason: long, address: long }))
    await search.index(...crashes)
    const answer = await search.query(
      '_columns=signature&_columns=reason&_columns=address&_results_number=200&_facets_size=0',
    )
    expect(answer.hits.length).toBe(200)
    expect(answer.errors).toMatchObject([{ type: 'warning', param: '_columns' }])
    expect(JSON.stringify(answer).length).toBeLessThan(8 * 1024 * 1024)
  })
})

describe('a thousand crashes', () => {
  it('are paged without a gap or a double, and counted exactly', async () => {
    const search = freshSearch()
    await search.index(...Array.from({ length: 1000 }, (_, n) => ({ signature: `s${n % 7}`, uptime: n % 10 })))
    const pages = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        search.query(`_columns=uuid&_sort=-uptime&_results_number=100&_results_offset=${n * 100}`),
      ),
    )
    const uuids = pages.flatMap(({ hits }) => hits.map(({ uuid }) => uuid))
    expect(new Set(uuids).size).toBe(1000)
    expect(pages[0]?.total).toBe(1000)
    expect(pages[0]?.facets.signature?.map(({ count }) => count)).toEqual([143, 143, 143, 143, 143, 143, 142])
  })
})
