import { describe, expect, it } from 'vitest'
import { parseAnnotations } from '#shared/annotations/annotations-document.ts'
import { annotationRegistry } from '#shared/annotations/registry.ts'
import { createCrashId } from '#shared/crash-id.ts'
import { parseProducts } from '#shared/products/products.ts'
import { instantOf } from '#shared/search/instant.ts'
import type { SearchValue } from '#shared/search/search-rpc.ts'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { dashboardRig, NOW_MS } from './dashboard-rig.ts'

/** A game whose reports have a client id and no InstallTime: 60 reports of 7 installations. */
async function rigWith(permission: 'public' | 'protected', more: Readonly<Record<string, SearchValue>> = {}) {
  const annotations = [{ name: 'PlayerClient', type: 'string', description: 'An id.', permission, reason: 'A hash.' }]
  const document = parseAnnotations(JSON.stringify({ version: 1, annotations }))
  const products = parseProducts(
    JSON.stringify({ version: 1, products: [{ name: 'EarthRacoon', client_id_annotation: 'PlayerClient' }] }),
  )
  if (document.kind !== 'parsed' || products.kind !== 'parsed') throw new Error('a malformed document')
  const registry = annotationRegistry(document.document)
  const search = naiveBackend()
  await search.index(
    Array.from({ length: 60 }, (_, n) => {
      const crash_id = createCrashId(
        () => NOW_MS - 3_600_000,
        (bytes) => bytes.fill(n),
      )
      const values = { uuid: crash_id, date: instantOf(NOW_MS - 3_600_000), signature: 'a', product: 'EarthRacoon' }
      const facts = { version: '1', report_type: 'crash', player_client: `client ${n % 7}`, ...more }
      return { crash_id, started_at_ms: NOW_MS, values: { ...values, ...facts } }
    }),
  )
  return dashboardRig({
    search,
    products: { current: async () => products.products },
    annotations: { current: async () => registry, problem: () => null },
  })
}

async function installs(rig: Awaited<ReturnType<typeof rigWith>>, headers = {}) {
  const path = '/topcrashers/?product=EarthRacoon&_format=json'
  const { rows } = await (await rig.fetch(path, { headers })).json<{ rows: { installs: number | null }[] }>()
  return rows.map((row) => row.installs)
}

describe('installs', () => {
  it('are counted by the client id of a product that names one', async () => {
    expect(await installs(await rigWith('public'))).toEqual([7])
  })

  it('are counted by a protected client id only for who may see it', async () => {
    const rig = await rigWith('protected')
    expect(await installs(rig)).toEqual([null])
    expect(await installs(rig, await rig.signIn('investigator@example.com'))).toEqual([7])
    const withTime = await rigWith('protected', { install_time: 1_770_000_000 })
    expect(await installs(withTime)).toEqual([1])
    expect(await installs(withTime, await withTime.signIn('investigator@example.com'))).toEqual([7])
  })
})
