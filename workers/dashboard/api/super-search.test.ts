import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { BUILT_IN_FIELDS } from '#shared/search/fields.ts'
import { SEMANTICS_NOW_MS, semanticsDocuments } from '#shared/search/semantics-case.ts'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { dashboardRig } from '../dashboard-rig.ts'

type Rig = Awaited<ReturnType<typeof dashboardRig>>

/** The API over an index that holds these processed crashes. */
async function apiOver(crashes: readonly object[]): Promise<Rig> {
  const backend = naiveBackend()
  await backend.index(semanticsDocuments(crashes))
  return dashboardRig({ search: backend, clock: () => SEMANTICS_NOW_MS })
}

const form = (params: string): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: params,
})
const cursorAnswerSchema = z.object({
  hits: z.array(z.record(z.string(), z.unknown())),
  total: z.number(),
  cursor: z.string().nullable(),
})

describe('/api/SuperSearch/', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await apiOver([
      { signature: 'js::Run', os_name: 'Linux', build: '2000', product: 'WaterWolf', url: 'https://canary.example/' },
      { signature: 'js::Run', os_name: 'Windows', build: '2001', product: 'WaterWolf', sample_weight: 10 },
      { signature: 'OOM | small', product: 'NightTrain' },
    ])
  })

  it('W11: one crash with the columns asked for, under their public names, and the signature as facet', async () => {
    const { status, body } = await rig.json(
      '/api/SuperSearch/?build_id=2000&_columns=date&_columns=build_id&_columns=platform&_columns=signature&_columns=cpu_count',
    )
    expect([status, body]).toEqual([
      200,
      {
        hits: [
          {
            date: '2026-11-18T11:59:59.000000+00:00',
            build_id: 2000,
            platform: 'Linux',
            signature: 'js::Run',
            cpu_count: null,
          },
        ],
        total: 1,
        facets: { signature: [{ term: 'js::Run', count: 1 }] },
        errors: [],
      },
    ])
  })

  it.each([
    ['_results_number=-1', 400, '_results_number'],
    ['_results_number=1001', 400, '_results_number'],
    ['_results_offset=9950&_results_number=50', 200, ''],
    ['_results_offset=10000&_results_number=50', 400, '_results_offset'],
    ['_facets_size=10001', 400, '_facets_size'],
    ['date=2016-01-01', 400, 'date'],
    ['date=>1999-01-01', 400, 'date'],
    ['_columns=unknown', 400, '_columns'],
    ['_histogram.date=product&_histogram_interval.date=xdays', 400, '_histogram_interval.date'],
    ['signature=@((a{100}){100}){100}', 400, 'query'],
    ['_facets=unknown&_sort=unknown', 200, ''],
  ])('W12, W18, W22: %s is %i and names %s', async (query, status, param) => {
    const answer = await rig.json(`/api/SuperSearch/?${query}`)
    expect(answer.status).toBe(status)
    if (status === 200) return
    expect(answer.body).toEqual({
      errors: { [param]: [expect.stringContaining(`Bad value for parameter(s) '${param}'`)] },
      error: expect.stringContaining(`Bad request: BadArgumentError: Bad value for parameter(s) '${param}'`),
    })
  })

  it('W21: cardinality in every bucket', async () => {
    const { body } = await rig.json('/api/SuperSearch/?_aggs.signature=_cardinality.platform&_results_number=0')
    expect(body).toMatchObject({
      facets: {
        signature: [
          { term: 'js::Run', count: 2, facets: { cardinality_platform: { value: 2 } } },
          { term: 'OOM | small', count: 1, facets: { cardinality_platform: { value: 0 } } },
        ],
      },
    })
  })

  it('strips what is protected, with 200 and a warning, and shows it with view_pii', async () => {
    const query = '/api/SuperSearch/?url=~other&_columns=url&_columns=product&_facets=url&_sort=url&_aggs.product=url'
    const { status, body } = await rig.json(query)
    expect([status, body]).toMatchObject([200, { total: 3, hits: Array.from({ length: 3 }, () => ({})) }])
    expect(JSON.stringify(body)).not.toContain('canary')
    expect(body).toMatchObject({ errors: Array.from({ length: 5 }, () => ({ type: 'warning' })) })
    const seen = await rig.json('/api/SuperSearch/?url=~canary&_columns=url&_facets=url', {
      headers: await rig.token('view_pii'),
    })
    expect(seen.body).toMatchObject({
      total: 1,
      hits: [{ url: 'https://canary.example/' }],
      facets: { url: [{ term: 'https://canary.example/', count: 1 }] },
      errors: [],
    })
  })

  it('adds estimates where they are asked for', async () => {
    expect((await rig.json('/api/SuperSearch/?_estimate=1&_results_number=0')).body).toMatchObject({
      total: 3,
      total_estimate: 12,
      facets: { signature: [{ term: 'js::Run', count: 2, estimate: 11 }, { estimate: 1 }] },
    })
    expect((await rig.json('/api/SuperSearch/')).body).not.toHaveProperty('total_estimate')
  })

  it('takes the same parameters as a form, for queries that no URL holds', async () => {
    const many = Array.from({ length: 2_000 }, (_, n) => `signature==${encodeURIComponent(`no such signature ${n}`)}`)
    const params = ['signature==OOM | small', ...many].join('&')
    const { status, body, headers } = await rig.json('/api/SuperSearch/?_columns=product', form(params))
    expect([status, body]).toMatchObject([200, { total: 1, hits: [{ product: 'NightTrain' }] }])
    expect(headers.get('Cache-Control')).toBe('private, no-store')
    expect((await rig.json('/api/SuperSearch/', form('date=2016-01-01'))).status).toBe(400)
    expect((await rig.json('/api/SuperSearch/', form('x'.repeat(2 * 1024 * 1024)))).status).toBe(413)
    expect((await rig.json('/api/SuperSearch/', { method: 'POST', body: 'x' })).status).toBe(415)
  })

  it('gives everybody the query itself and its shards, and asks nothing, with _return_query', async () => {
    const { status, body } = await rig.json('/api/SuperSearch/?_return_query=1&signature=~js&url=~x')
    expect([status, body]).toMatchObject([
      200,
      {
        query: { filters: [{ field: { name: 'signature' }, any: [{ operator: 'contains', value: 'js' }] }] },
        indices: ['2026W46', '2026W47'],
        errors: [{ type: 'warning', param: 'url' }],
      },
    ])
  })

  it('pages with a cursor, whether or not the date is a column', async () => {
    for (const columns of ['_columns=product', '_columns=date&_columns=product']) {
      const products: unknown[] = []
      let cursor: string | null = ''
      let pages = 0
      while (cursor !== null && pages < 9) {
        const { body } = await rig.json(`/api/SuperSearch/?_results_number=1&${columns}&_cursor=${cursor}`)
        const answer = cursorAnswerSchema.parse(body)
        products.push(...answer.hits.map(({ product }) => product))
        expect(answer.hits.every((hit) => 'date' in hit === columns.includes('date'))).toBe(true)
        cursor = answer.cursor
        pages += 1
      }
      expect(products).toEqual(['WaterWolf', 'NightTrain', 'WaterWolf'])
    }
    expect((await rig.json('/api/SuperSearch/')).body).not.toHaveProperty('cursor')
  })

  it('names at most a hundred things that it left out', async () => {
    const params = Array.from({ length: 1_000 }, (_, n) => `nonsense${n}=1`).join('&')
    const { body } = await rig.json('/api/SuperSearch/', form(params))
    expect(z.object({ errors: z.array(z.unknown()) }).parse(body).errors).toHaveLength(100)
  })

  it('is 400 where the engine gave up the patterns, as at the peer', async () => {
    const msg = 'the patterns cost too much'
    const costly = await dashboardRig()
    costly.state.answer = { hits: [], total: 1, facets: {}, errors: [{ type: 'warning', param: 'query', msg }] }
    expect(await costly.json('/api/SuperSearch/?signature=@x')).toMatchObject({
      status: 400,
      body: { errors: { query: [`Bad value for parameter(s) 'query': ${msg}`] } },
    })
  })

  it('is 503 while nobody knows the fields of the deployment', async () => {
    const early = await dashboardRig({ annotations: { current: async () => null, problem: () => null } })
    expect((await early.json('/api/SuperSearch/')).status).toBe(503)
  })
})

describe('/api/SuperSearchUnredacted/', () => {
  it('is 403 without view_pii, whatever the verb', async () => {
    const rig = await dashboardRig()
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await rig.json('/api/SuperSearchUnredacted/', { method })
      expect([status, body]).toEqual([
        403,
        { error: "Use of this endpoint requires the 'View Personal Identifiable Information' permission" },
      ])
    }
  })

  it('W21: refuses unknown facets and sorts, and answers protected ones', async () => {
    const rig = await apiOver([{ signature: 'a', url: 'https://canary.example/' }])
    const headers = await rig.token('view_pii')
    const ask = (query: string) => rig.json(`/api/SuperSearchUnredacted/?${query}`, { headers })
    for (const param of ['_facets', '_sort', '_aggs.signature', '_histogram.date']) {
      expect(await ask(`${param}=unknown`)).toMatchObject({
        status: 400,
        body: { errors: { [param]: [expect.stringContaining(`Bad value for parameter(s) '${param}'`)] } },
      })
    }
    expect(await ask('_facets=url&unknown=1')).toMatchObject({
      status: 200,
      body: {
        facets: { url: [{ term: 'https://canary.example/', count: 1 }] },
        errors: [{ type: 'warning', param: 'unknown' }],
      },
    })
  })
})

describe('/api/SuperSearchFields/', () => {
  it('describes every field with the keys of the peer', async () => {
    const { status, body, headers } = await (await dashboardRig()).json('/api/SuperSearchFields/')
    expect(status).toBe(200)
    expect(headers.get('Cache-Control')).toBe('private, max-age=300')
    const fields = z.record(z.string(), z.record(z.string(), z.unknown())).parse(body)
    expect(Object.keys(fields).sort()).toEqual(BUILT_IN_FIELDS.fields.map(({ name }) => name).sort())
    expect(fields.signature).toEqual({
      name: 'signature',
      description: expect.any(String),
      query_type: 'string',
      data_validation_type: 'str',
      operators: ['none', '=', '~', '^', '$', '@', '__null__'],
      permissions_needed: [],
      webapp_permissions_needed: [],
      default_value: null,
      form_field_choices: null,
      has_full_version: true,
      namespace: 'processed_crash',
      in_database_name: 'signature',
      is_exposed: true,
      is_returned: true,
      storage_mapping: { type: 'text', fields: { full: { type: 'keyword' } } },
    })
    expect(fields.url).toMatchObject({ permissions_needed: ['crashstats.view_pii'] })
    expect(fields.cpu_count).toMatchObject({
      query_type: 'integer',
      namespace: 'processed_crash.json_dump.system_info',
      in_database_name: 'cpu_count',
    })
    expect(fields.date).toMatchObject({ query_type: 'date', data_validation_type: 'datetime' })
  })
})
