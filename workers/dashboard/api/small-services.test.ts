import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it } from 'vitest'
import { missingProcessedCrashes, productVersions, signatures } from '#shared/db/schema.ts'
import { parseProducts } from '#shared/products/products.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'

/** Services over what D1 knows of crashes: MissingProcessedCrash, SignatureFirstDate, VersionString; and CrashVerify. */

let rig: Awaited<ReturnType<typeof dashboardRig>>
const db = drizzle(env.DB)
beforeEach(async () => {
  rig = await dashboardRig()
  for (const table of [missingProcessedCrashes, productVersions, signatures]) await db.delete(table)
})

describe('/api/MissingProcessedCrash/', () => {
  const at = (page: string) => rig.json(`/api/MissingProcessedCrash/${page}`)
  const ROWS = 1_005
  const fill = async () => {
    const rows = Array.from({ length: ROWS }, (_, row) => ({
      crash_id: `00000000-0000-4000-8000-${String(row).padStart(6, '0')}261123`,
      created_at: NOW_MS + row * 1_000,
      last_sent_at: NOW_MS,
      processed_at: row === 0 ? NOW_MS : null,
    }))
    for (let from = 0; from < ROWS; from += 25)
      await db.insert(missingProcessedCrashes).values(rows.slice(from, from + 25))
  }

  it('W24: pages 1,005 rows by 1,000, newest first, with absolute addresses', async () => {
    await fill()
    const base = 'http://localhost:8787/api/MissingProcessedCrash/'
    const first = await at('')
    expect(first.body).toMatchObject({ count: ROWS, next: `${base}?page=2`, previous: null })
    expect(first.body).toMatchObject({ results: { length: 1_000 } })
    const second = await at('?page=2')
    expect(second.body).toMatchObject({ count: ROWS, next: null, previous: base, results: { length: 5 } })
    expect(second.body).toMatchObject({
      results: { 4: { crash_id: '00000000-0000-4000-8000-000000261123', is_processed: true } },
    })
    expect((await at('?page=3')).body).toEqual({ count: ROWS, next: null, previous: `${base}?page=2`, results: [] })
  })

  it('says of each crash when it was missed, and whether it is processed now', async () => {
    await db.insert(missingProcessedCrashes).values({ crash_id: 'a', created_at: NOW_MS, last_sent_at: NOW_MS })
    expect((await at('?page=1')).body).toMatchObject({
      count: 1,
      results: [{ crash_id: 'a', is_processed: false, created: '2026-11-23T12:00:00.000Z' }],
    })
  })

  it('counts those that still wait, for the overview', async () => {
    expect(await rig.deps.missingProcessed.waiting()).toEqual({ count: 0, oldestAtMs: null })
    await fill()
    expect(await rig.deps.missingProcessed.waiting()).toEqual({ count: ROWS - 1, oldestAtMs: NOW_MS + 1_000 })
  })

  it.each(['x', '0', '-1', '1.5', '1e3', '9999999', '%00'])('W24: page %s is 400', async (page) => {
    const { status, body } = await at(`?page=${page}`)
    expect(status).toBe(400)
    if (page !== '%00') expect(body).toEqual({ error: 'invalid page number' })
  })
})

describe('/api/SignatureFirstDate/', () => {
  it('answers the first crash and build of those that are known', async () => {
    await db.insert(signatures).values([
      { signature: 'OOM | small', first_at: Date.UTC(2026, 10, 1, 2, 3, 4, 5), first_build: 20_261_031_000_000 },
      { signature: 'no build', first_at: NOW_MS },
      { signature: 'only a state', state: 'fixed' },
    ])
    const asked = ['no build', 'OOM | small', 'only a state', 'unknown', 'no build'].map((name) => ['signatures', name])
    expect((await rig.json(`/api/SignatureFirstDate/?${new URLSearchParams(asked)}`)).body).toEqual({
      hits: [
        { signature: 'no build', first_date: '2026-11-23T12:00:00.000+00:00', first_build: null },
        { signature: 'OOM | small', first_date: '2026-11-01T02:03:04.005+00:00', first_build: '20261031000000' },
      ],
      total: 2,
    })
  })

  it('requires signatures', async () => {
    expect((await rig.json('/api/SignatureFirstDate/')).body).toMatchObject({
      errors: { signatures: ['This field is required.'] },
    })
  })
})

describe('/api/VersionString/', () => {
  const versions = async (product: string, channel: string, build_id: string) => {
    const { body } = await rig.json(`/api/VersionString/?${new URLSearchParams({ product, channel, build_id })}`)
    return body
  }
  const shown = (...names: readonly string[]) => ({
    hits: names.map((version_string) => ({ version_string })),
    total: names.length,
  })
  const row = (channel: string, build_id: string, version: string, first_seen_at: number) => ({
    product: 'WaterWolf',
    channel,
    build_id,
    version,
    first_seen_at,
  })

  it('answers the versions of a build, whatever the case of the channel', async () => {
    await db
      .insert(productVersions)
      .values([
        row('release', '20261101', '140.0', 2),
        row('release', '20261101', '139.9', 1),
        row('nightly', '20261101', '141.0a1', 1),
      ])
    expect(await versions('WaterWolf', 'Release', '20261101')).toEqual(shown('139.9', '140.0'))
    expect(await versions('waterwolf', 'release', '20261101')).toEqual(shown())
    expect(await versions('WaterWolf', 'release', '20261102')).toEqual(shown())
  })

  it.each(['beta', 'AURORA'])('of %s answers betas or release candidates, as the first is', async (channel) => {
    const name = channel.toLowerCase()
    await db
      .insert(productVersions)
      .values([
        row(name, '1', '140.0b9', 1),
        row(name, '1', '140.0rc1', 2),
        row(name, '2', '140.0', 1),
        row(name, '2', '140.0rc2', 2),
      ])
    expect(await versions('WaterWolf', channel, '1')).toEqual(shown('140.0b9'))
    expect(await versions('WaterWolf', channel, '2')).toEqual(shown('140.0rc2'))
  })

  it('knows the builds of the products document', async () => {
    const parsed = parseProducts(
      JSON.stringify({
        version: 1,
        products: [
          {
            name: 'WaterWolf',
            rules: [{ rule: 'BetaVersion', channels: ['beta'], versions: { beta: { 20261101: '140.0b3' } } }],
          },
        ],
      }),
    )
    if (parsed.kind !== 'parsed') throw new Error(parsed.problem)
    rig = await dashboardRig({ products: { current: async () => parsed.products } })
    await db.insert(productVersions).values(row('beta', '20261101', '140.0b3', 1))
    expect(await versions('WaterWolf', 'beta', '20261101')).toEqual(shown('140.0b3'))
  })

  it('requires all three', async () => {
    expect((await rig.json('/api/VersionString/?channel=beta')).body).toMatchObject({
      errors: { product: ['This field is required.'], build_id: ['This field is required.'] },
    })
  })
})

describe('/api/CrashVerify/', () => {
  const verified = async (crashId: string) => (await rig.json(`/api/CrashVerify/?crash_id=${crashId}`)).body
  const stored = (raw: boolean, processed: boolean, indexed: boolean) => ({
    raw_crash: raw,
    processed_crash: processed,
    elasticsearch_crash: indexed,
    telemetry_crash: false,
  })

  it('says where a crash is stored', async () => {
    const processed = rig.keep({ state: 'processed' })
    const pending = rig.keep({ state: 'pending' })
    const failed = rig.keep({ state: 'failed' })
    const unknown = rig.unknownId()
    expect(await verified(processed)).toEqual({ uuid: processed, ...stored(true, true, true) })
    expect(await verified(pending)).toEqual({ uuid: pending, ...stored(true, false, false) })
    expect(await verified(failed)).toEqual({ uuid: failed, ...stored(true, false, false) })
    expect(await verified(unknown)).toEqual({ uuid: unknown, ...stored(false, false, false) })
    expect(rig.sent, 'nobody looks at the crash, so nothing is sent').toEqual([])
  })

  it.each(['', 'x', 'bp-1ce5e5f2-4b8e-4a5b-9d2c-6f1e30180607'])('refuses %j', async (crashId) => {
    const { status, body } = await rig.json(`/api/CrashVerify/?crash_id=${crashId}`)
    expect([status, body]).toEqual([400, { error: 'unknown crash id' }])
  })
})
