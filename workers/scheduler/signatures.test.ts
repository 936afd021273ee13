import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import { signatureRepository } from '#shared/db/signatures.ts'
import { MAX_RESULTS_WINDOW, MAX_SIGNATURES_A_RUN, SIGNATURE_WINDOW_MS } from '#shared/limits.ts'
import { instantOf } from '#shared/search/instant.ts'
import type { SearchAnswer, SearchRpc, SearchValue } from '#shared/search/search-rpc.ts'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { recordSignatures } from './signatures.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12)
const DAY_MS = 86_400_000

/** An index in memory. */
function index() {
  const backend = naiveBackend()
  const at = { isPartial: (_query: Parameters<SearchRpc['query']>[0]): boolean => false, queries: 0 }
  return {
    at,
    /** Adds a crash. */
    add(atMs: number, signature: string, more: Record<string, SearchValue> = {}) {
      const crash_id = createCrashId(() => atMs, systemRandomBytes)
      const values = { uuid: crash_id, signature, date: instantOf(atMs), ...more }
      void backend.index([{ crash_id, started_at_ms: atMs, values }])
    },
    async query(query: Parameters<SearchRpc['query']>[0]): Promise<SearchAnswer> {
      at.queries += 1
      const answer = await backend.query(query)
      return at.isPartial(query)
        ? { ...answer, hits: [], errors: [{ type: 'shards', index: '2026W47', shards_count: 1 }] }
        : answer
    },
  }
}

const signatures = signatureRepository(drizzle(env.DB))
const run = (search: Pick<SearchRpc, 'query'>, nowMs = NOW_MS) =>
  recordSignatures({ search, signatures, clock: () => nowMs })
const lineage = (...names: readonly string[]) => ({ signature_lineage: JSON.stringify(names) })
const rowCount = async () =>
  env.DB.prepare('select (select count(*) from signatures) + (select count(*) from signature_changes) as n').first('n')

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS))
beforeEach(async () => {
  for (const table of ['signatures', 'signature_changes', 'bug_associations']) {
    await env.DB.prepare(`delete from ${table}`).run()
  }
})

describe('the signature job', () => {
  it('records the earliest crash and the lowest build of each signature', async () => {
    const search = index()
    search.add(NOW_MS - 3_000, 'f', { build_id: 20261120 })
    search.add(NOW_MS - 2_000, 'f', { build_id: 20261101 })
    search.add(NOW_MS - 1_000, 'g')
    expect(await run(search)).toMatchObject({ seen: 2, looked_up: 2, changes: 0, left: 0, partial: 0 })
    expect(await signatures.find(['f', 'g', 'h'])).toEqual([
      {
        signature: 'f',
        firstAtMs: { value: NOW_MS - 3_000, inheritedFrom: null },
        firstBuild: { value: 20261101, inheritedFrom: null },
        state: null,
      },
      { signature: 'g', firstAtMs: { value: NOW_MS - 1_000, inheritedFrom: null }, firstBuild: null, state: null },
    ])
  })

  it('looks a signature that is new here up in the whole index, and one that it knows no more', async () => {
    const search = index()
    search.add(NOW_MS - 100 * DAY_MS, 'f', { build_id: 9 })
    search.add(NOW_MS - 1_000, 'f', { build_id: 5 })
    await run(search)
    expect(await signatures.find(['f'])).toMatchObject([
      { firstAtMs: { value: NOW_MS - 100 * DAY_MS }, firstBuild: { value: 5 } },
    ])
    search.add(NOW_MS - 2_000, 'f', { build_id: 3 })
    expect(await run(search)).toMatchObject({ seen: 1, looked_up: 0 })
    expect(await signatures.find(['f'])).toMatchObject([
      { firstAtMs: { value: NOW_MS - 100 * DAY_MS }, firstBuild: { value: 3 } },
    ])
  })

  it('reads every crash of its window, also more than one query can page through', async () => {
    const search = index()
    for (let n = 0; n <= MAX_RESULTS_WINDOW; n++) {
      search.add(NOW_MS - SIGNATURE_WINDOW_MS + 1 + n, n === MAX_RESULTS_WINDOW ? 'newest' : 'f')
    }
    await run(search)
    expect(await signatures.find(['newest'])).toMatchObject([
      { firstAtMs: { value: NOW_MS - SIGNATURE_WINDOW_MS + 1 + MAX_RESULTS_WINDOW } },
    ])
  })

  it('records which signature became which, with counts from the crashes themselves', async () => {
    const search = index()
    search.add(NOW_MS - 9 * DAY_MS, 'b', lineage('b', 'a'))
    search.add(NOW_MS - 8 * DAY_MS, 'b', lineage('b', 'a'))
    search.add(NOW_MS - 7 * DAY_MS, 'c', lineage('c', 'b', 'a'))
    search.add(NOW_MS - 6 * DAY_MS, 'a')
    expect(await run(search)).toMatchObject({ changes: 2, left: 0 })
    const [times] = [{ firstAtMs: NOW_MS, lastAtMs: NOW_MS }]
    expect(await signatures.changesOf('b')).toEqual([
      { oldSignature: 'a', newSignature: 'b', crashes: 3, ...times },
      { oldSignature: 'b', newSignature: 'c', crashes: 1, ...times },
    ])
  })

  it('changes nothing when it runs again, and raises a count when more crashes changed', async () => {
    const search = index()
    search.add(NOW_MS - 9 * DAY_MS, 'b', lineage('b', 'a'))
    await run(search)
    const before = await rowCount()
    expect(await run(search, NOW_MS + 60_000)).toMatchObject({ changes: 0 })
    expect(await signatures.changesOf('a')).toMatchObject([{ crashes: 1, firstAtMs: NOW_MS, lastAtMs: NOW_MS }])
    expect(await rowCount()).toBe(before)
    search.add(NOW_MS - 20 * DAY_MS, 'b', lineage('b', 'a'))
    await run(search, NOW_MS + 120_000)
    expect(await signatures.changesOf('a')).toMatchObject([
      { crashes: 2, firstAtMs: NOW_MS, lastAtMs: NOW_MS + 120_000 },
    ])
    // The crash that changed is older than all that were known of its new signature.
    expect(await signatures.find(['b'])).toMatchObject([{ firstAtMs: { value: NOW_MS - 20 * DAY_MS } }])
  })

  it('keeps the count of a change whose crashes have left the index', async () => {
    const search = index()
    search.add(NOW_MS, 'b', lineage('b', 'a'))
    search.add(NOW_MS, 'b', lineage('b', 'a'))
    await run(search)
    const later = index()
    later.add(NOW_MS, 'b', lineage('b', 'a'))
    await run(later)
    await run(index())
    expect(await signatures.changesOf('a')).toMatchObject([{ crashes: 2 }])
  })

  it('comes back to what a dead shard kept from it', async () => {
    const search = index()
    search.add(NOW_MS - 9 * DAY_MS, 'b', lineage('b', 'a'))
    search.at.isPartial = ({ filters }) => filters.length > 0
    expect(await run(search)).toMatchObject({ changes: 0, left: 1, partial: 2 })
    expect(await signatures.changesOf('a')).toEqual([])
    search.at.isPartial = () => false
    expect(await run(search)).toMatchObject({ changes: 1, left: 0 })
    expect(await signatures.find(['b'])).toMatchObject([{ firstAtMs: { value: NOW_MS - 9 * DAY_MS } }])
  })

  it('bounds the look-ups of one run and does the rest in the next', async () => {
    const search = index()
    for (let n = 0; n <= MAX_SIGNATURES_A_RUN; n++) search.add(NOW_MS - n, `f${n}`)
    expect(await run(search)).toMatchObject({ looked_up: MAX_SIGNATURES_A_RUN, left: 1 })
    expect(await run(search)).toMatchObject({ looked_up: 1, left: 0 })
  })

  it('takes a lineage that is no list of texts for none', async () => {
    const search = index()
    search.add(NOW_MS, 'b', { signature_lineage: '["b","a' })
    search.add(NOW_MS, 'b', { signature_lineage: '[1,2]' })
    search.add(NOW_MS, 'b', { signature_lineage: 'BAD DATA' })
    expect(await run(search)).toMatchObject({ changes: 0 })
  })
})
