import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it } from 'vitest'
import { productVersionRepository } from '#shared/db/product-versions.ts'
import { productVersions } from '#shared/db/schema.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { Facets, FacetTerm, SearchAnswer } from '#shared/search/search-rpc.ts'
import { recordProductVersions } from './product-versions.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12)
const db = drizzle(env.DB)
const versions = productVersionRepository(db)

beforeEach(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  await db.delete(productVersions)
})

const term = (name: string, facets: Facets = {}): FacetTerm => ({ term: name, count: 1, facets })

async function run(facets: Facets, nowMs = NOW_MS, errors: SearchAnswer['errors'] = []) {
  const asked: SearchQuery[] = []
  const query = async (search: SearchQuery): Promise<SearchAnswer> => {
    asked.push(search)
    return { hits: [], total: 0, facets, errors }
  }
  const report = await recordProductVersions({ search: { query }, versions, clock: () => nowMs })
  return { report, asked }
}

const WOLF: Facets = {
  product: [
    term('WaterWolf', {
      release_channel: [
        term('Beta', {
          BuildID: [
            term('20261101', { version: [term('140.0b3')] }),
            term('20261108', { version: [term('140.0b4'), term('140.0rc1')] }),
          ],
        }),
        term('release', { BuildID: [] }),
      ],
    }),
    term('NightTrain'),
  ],
}

describe('the versions of builds', () => {
  it('are recorded from the crashes of the last hours, with the channel in lower case', async () => {
    const { report, asked } = await run(WOLF)
    expect(report).toEqual({ versions: 3, partial: false })
    expect(JSON.stringify(asked[0]?.aggregations)).toMatch(/"product".*"release_channel".*"BuildID".*"version"/)
    expect(asked[0]).toMatchObject({ results_number: 0, aggregations: { length: 1 } })
    const build = { product: 'WaterWolf', channel: 'beta', buildId: '20261108' }
    expect(await versions.versionsOf(build)).toEqual(['140.0b4', '140.0rc1'])
    expect(await versions.versionsOf({ ...build, buildId: '20261101' })).toEqual(['140.0b3'])
    expect(await versions.versionsOf({ ...build, channel: 'release' })).toEqual([])
  })

  it('stay as they were first seen, however often this runs', async () => {
    await run(WOLF)
    const rows = await db.select().from(productVersions).all()
    await run(WOLF, NOW_MS + 60_000)
    expect(await db.select().from(productVersions).all()).toEqual(rows)
  })

  it('are kept in the order in which they were seen', async () => {
    const build = { product: 'P', channel: 'beta', buildId: '1' }
    const of = (version: string): Facets => ({
      product: [term('P', { release_channel: [term('beta', { BuildID: [term('1', { version: [term(version)] })] })] })],
    })
    await run(of('2.0'))
    await run(of('1.0'), NOW_MS + 1)
    expect(await versions.versionsOf(build)).toEqual(['2.0', '1.0'])
  })

  it('are taken from what answered when a shard did not, which the report says', async () => {
    const { report } = await run(WOLF, NOW_MS, [{ type: 'shards', index: '2026W48', shards_count: 1 }])
    expect(report).toEqual({ versions: 3, partial: true })
  })
})
