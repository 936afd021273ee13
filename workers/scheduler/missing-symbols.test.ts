import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it } from 'vitest'
import { type MissingSymbol, type MissingSymbolQuery, missingSymbolsIn } from '#shared/db/missing-symbols.ts'
import { auditLog, missingSymbolDays, missingSymbols, uploadFiles, uploads } from '#shared/db/schema.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_NEW_MISSES_A_DAY, MISSES_KEPT_DAYS } from '#shared/limits.ts'
import { instantMs } from '#shared/search/instant.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { FacetTerm, SearchAnswer } from '#shared/search/search-rpc.ts'
import { parseSymbolKey } from '#shared/symbols/key.ts'
import { countMissingSymbols } from './missing-symbols.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 23, 12)
const TODAY_MS = Date.UTC(2026, 10, 23)
const XUL = '44E4EC8C2F41492B9369D6B9A059577C2'
const LIBC = '0A1B2C3D4E5F60718293A4B5C6D7E8F90'
const db = drizzle(env.DB)
const missing = missingSymbolsIn(db)

beforeEach(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  for (const table of [missingSymbols, missingSymbolDays, uploadFiles, uploads, auditLog]) await db.delete(table)
})

/** Runs the job with these facets a day (key: days before today). */
async function count(
  days: Readonly<Record<number, readonly FacetTerm[]>>,
  dead: readonly number[] = [],
  nowMs = NOW_MS,
) {
  const asked: SearchQuery[] = []
  const query = async (search: SearchQuery): Promise<SearchAnswer> => {
    asked.push(search)
    const daysAgo = (TODAY_MS - instantMs(search.date.from.at)) / DAY_MS
    const errors = dead.includes(daysAgo) ? [{ type: 'shards' as const, index: '2026W47', shards_count: 1 }] : []
    return { hits: [], total: 0, facets: { missing_symbols: days[daysAgo] ?? [] }, errors }
  }
  const report = await countMissingSymbols({ search: { query }, missing, clock: () => nowMs })
  return { report, asked }
}

function list(change: Partial<MissingSymbolQuery> = {}): Promise<readonly MissingSymbol[]> {
  const all = { state: 'missing', module: null, sort: 'crashes', descending: true, limit: 100, offset: 0 } as const
  return missing.list({ ...all, ...change })
}

const requested = (debugFile: string, debugId: string, requests: number, atMs = NOW_MS) => ({
  debugFile,
  debugId,
  codeFile: null,
  codeId: null,
  requests,
  firstSeenAtMs: atMs,
  lastSeenAtMs: atMs,
})

async function upload(objectKey: string, createdAtMs: number): Promise<void> {
  const books = uploadRepository(db)
  const id = await books.begin({
    email: 'a@example.com',
    product: null,
    isAdmin: false,
    kind: 'zip',
    filename: 'symbols.zip',
    downloadedFrom: null,
    createdAtMs,
  })
  const file = {
    objectKey,
    storedBytes: 1,
    originalBytes: 1,
    compressed: true,
    update: false,
    header: null,
    health: null,
  }
  await books.addFiles(id, [{ ...file, createdAtMs }])
}

describe('missing symbols from crashes', () => {
  it('are counted a module over the days, whole days in UTC, and a second run changes nothing', async () => {
    const days = {
      0: [
        { term: `xul.dll/1.0/${XUL.toLowerCase()}/5c0ffee12000`, count: 3 },
        { term: `b lib.so/1\\/2/${LIBC.toLowerCase()}`, count: 1 },
        // Not countable: no id, no name, not four parts.
        { term: `anon/none/${'0'.repeat(33)}`, count: 9 },
        { term: `/none/${XUL}`, count: 9 },
        { term: 'bad data', count: 9 },
        { term: `a/b/${XUL}/ab12345678/more`, count: 9 },
      ],
      1: [{ term: `xul.dll/none/${XUL.toLowerCase()}`, count: 2 }],
    }
    const first = await count(days)
    expect(first.report).toEqual({ days: 2, skipped_days: 0, modules: 3 })
    expect(first.asked.map(({ date }) => [date.from, date.to])).toEqual([
      [
        { at: '2026-11-23T00:00:00.000000+00:00', inclusive: true },
        { at: '2026-11-24T00:00:00.000000+00:00', inclusive: false },
      ],
      [
        { at: '2026-11-22T00:00:00.000000+00:00', inclusive: true },
        { at: '2026-11-23T00:00:00.000000+00:00', inclusive: false },
      ],
    ])
    const expected = [
      {
        debugFile: null,
        debugId: XUL,
        codeFile: 'xul.dll',
        codeId: '5C0FFEE12000',
        crashes: 5,
        requests: 0,
        firstSeenAtMs: TODAY_MS - DAY_MS,
        lastSeenAtMs: NOW_MS,
        resolvedAtMs: null,
      },
      expect.objectContaining({ debugId: LIBC, codeFile: 'b lib.so', codeId: null, crashes: 1 }),
    ]
    expect(await list()).toEqual(expected)
    await count(days)
    expect(await list()).toEqual(expected)
  })

  it('follow a day whose count changes: reprocessed crashes count no more, and a module without any is gone', async () => {
    await count({ 0: [{ term: `xul.dll/1/${XUL}`, count: 3 }], 1: [{ term: `xul.dll/1/${XUL}`, count: 2 }] })
    await count({ 0: [{ term: `xul.dll/1/${XUL}`, count: 1 }], 1: [{ term: `xul.dll/1/${XUL}`, count: 2 }] })
    expect((await list()).map(({ crashes }) => crashes)).toEqual([3])
    await count({})
    expect(await list()).toEqual([])
  })

  it('keep what a day had when a shard did not answer for it', async () => {
    const days = { 0: [{ term: `xul.dll/1/${XUL}`, count: 3 }] }
    await count(days)
    const { report } = await count({}, [0])
    expect(report).toMatchObject({ days: 1, skipped_days: 1 })
    expect((await list()).map(({ crashes }) => crashes)).toEqual([3])
  })

  it('take thousands of modules in one day', async () => {
    const terms = Array.from({ length: 2_500 }, (_, n) => ({
      term: `lib${n}.so/none/${n.toString(16).toUpperCase().padStart(32, 'F')}0`,
      count: n + 1,
    }))
    expect((await count({ 0: terms })).report.modules).toBe(2_500)
    expect(await missing.total({ state: 'missing', module: null })).toBe(2_500)
    expect((await list({ limit: 1 }))[0]).toMatchObject({ codeFile: 'lib2499.so', crashes: 2_500 })
  })
})

describe('missing symbols from requests', () => {
  it('are the same module as that of a crash, counted apart, whether a client asks for xul.pdb or a crash has xul.dll', async () => {
    await count({ 0: [{ term: `xul.dll/1/${XUL}`, count: 3 }] })
    await missing.addRequests([requested('xul.pdb', XUL, 2), requested('other.pdb', XUL, 1)], NOW_MS)
    await missing.addRequests([requested('xul.pdb', XUL, 5)], NOW_MS)
    expect(await list()).toMatchObject([
      { debugFile: 'xul.pdb', codeFile: 'xul.dll', crashes: 3, requests: 7 },
      { debugFile: 'other.pdb', codeFile: null, crashes: 0, requests: 1 },
    ])
  })

  it('of new modules are bounded a day, those of known ones are not', async () => {
    await count({ 0: [{ term: `xul.dll/1/${XUL}`, count: 3 }] })
    const f0Id = '0'.padStart(33, 'A')
    const flood = (from: number, length: number) =>
      Array.from({ length }, (_, n) =>
        requested(`f${from + n}`, (from + n).toString(16).toUpperCase().padStart(33, 'A'), 1),
      )
    await missing.addRequests(flood(0, MAX_NEW_MISSES_A_DAY), NOW_MS)
    await missing.addRequests([...flood(50_000, 500), requested('xul.pdb', XUL, 4), requested('f0', f0Id, 4)], NOW_MS)
    expect(await missing.total({ state: 'all', module: null })).toBe(MAX_NEW_MISSES_A_DAY + 1)
    expect((await list({ limit: 1 }))[0]).toMatchObject({ debugFile: 'xul.pdb', requests: 4 })
    // The next day has its own room.
    await missing.addRequests([requested('next.so', LIBC, 1, NOW_MS + DAY_MS)], NOW_MS + DAY_MS)
    expect(await list({ module: 'NEXT' })).toHaveLength(1)
  })

  it('are forgotten when nobody asks for long, unless crashes lack the module', async () => {
    await missing.addRequests([requested('old.so', LIBC, 1), requested('xul.pdb', XUL, 1)], NOW_MS)
    await count({ 0: [{ term: `xul.dll/1/${XUL}`, count: 1 }] })
    const laterMs = NOW_MS + MISSES_KEPT_DAYS * DAY_MS
    await missing.forget(laterMs - MISSES_KEPT_DAYS * DAY_MS)
    expect(await list()).toHaveLength(2)
    await missing.forget(laterMs + 1 - MISSES_KEPT_DAYS * DAY_MS)
    expect((await list()).map(({ debugFile }) => debugFile)).toEqual(['xul.pdb'])
  })
})

describe('an upload', () => {
  const key = parseSymbolKey(`xul.pdb/${XUL}/xul.sym`)

  it('resolves the module of its sym file, and nothing else does', async () => {
    await missing.addRequests([requested('xul.pdb', XUL, 1)], NOW_MS)
    await upload(`v1/xul.pdb/${XUL}/xul.pdb`, NOW_MS + 1)
    await upload(`try/v1/${key}`, NOW_MS + 1)
    await upload(`v1/xul.pdb/${LIBC}/xul.sym`, NOW_MS + 1)
    expect(await list()).toHaveLength(1)
    await upload(`v1/${key}`, NOW_MS + 2)
    expect(await list()).toEqual([])
    expect(await list({ state: 'resolved' })).toMatchObject([{ debugFile: 'xul.pdb', resolvedAtMs: NOW_MS + 2 }])
  })

  it('that came before the misses were written resolves them too; one that is missed again later is missing again', async () => {
    await upload(`v1/${key}`, NOW_MS + 10)
    await missing.addRequests([requested('xul.pdb', XUL, 1, NOW_MS)], NOW_MS + 60_000)
    expect(await list({ state: 'resolved' })).toMatchObject([{ requests: 1, resolvedAtMs: NOW_MS + 10 }])
    await count({ 0: [{ term: `xul.dll/1/${XUL}`, count: 2 }] })
    expect(await list({ state: 'resolved' })).toMatchObject([{ crashes: 2, resolvedAtMs: NOW_MS + 10 }])
    await missing.addRequests([requested('xul.pdb', XUL, 1, NOW_MS + 11)], NOW_MS + 120_000)
    expect(await list()).toMatchObject([{ requests: 2, resolvedAtMs: null }])
  })
})
