import { beforeEach, describe, expect, it } from 'vitest'
import { dashboardRig } from '../dashboard-rig.ts'
import { attributes, elementNames, texts } from '../page-reading.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeEach(async () => {
  rig = await dashboardRig()
})

const CRASH_ID = '0bba929f-8721-460c-8e70-a43c90261123'
const HIT = {
  uuid: CRASH_ID,
  date: '2026-11-23T11:00:00.000000+00:00',
  signature: 'foo::bar',
  product: 'WaterWolf',
  version: '1.0',
  platform: 'Linux',
  reason: 'SIGSEGV',
}
const FOUND = {
  hits: [HIT],
  total: 120,
  facets: {
    signature: [
      { term: 'foo::bar', count: 100 },
      { term: '~odd', count: 20 },
    ],
    product: [{ term: 'WaterWolf', count: 120 }],
  },
  errors: [],
}
const page = async (path: string) => (await rig.fetch(path)).text()

describe('/search/', () => {
  it('asks what its address says, with columns, facets and newest first of its own', async () => {
    await page('/search/?signature=~foo&product=WaterWolf')
    expect(rig.state.queries).toMatchObject([
      {
        filters: [{ field: { name: 'signature' } }, { field: { name: 'product' } }],
        columns: ['date', 'signature', 'product', 'version', 'platform', 'reason', 'uuid'].map((name) => ({ name })),
        aggregations: ['signature', 'product', 'version', 'platform', 'process_type', 'throttle_rule'].map((key) => ({
          key,
        })),
        sort: [{ field: { name: 'date' }, descending: true }],
        results_number: 50,
        results_offset: 0,
      },
    ])
  })

  it('shows hits with links to their reports, and facets that narrow the query', async () => {
    rig.state.answer = FOUND
    const result = await page('/search/?signature=~foo')
    const [report = ''] = await attributes(result, '.hits td a', 'href')
    expect(report).toMatch(new RegExp(`^/report/index/${CRASH_ID}\\?in=signature%3D%257Efoo%26date%3D.*&at=0$`))
    expect(await texts(result, '.hits tbody td')).toEqual([
      '0bba929f',
      '2026-11-23 11:00:00',
      'foo::bar',
      'WaterWolf',
      '1.0',
      'Linux',
      'SIGSEGV',
    ])
    expect((await texts(result, '#results'))[0]).toBe('120 stored')
    expect(await texts(result, '.facet .count')).toEqual(['100', '20', '120'])
    expect(await attributes(result, '.facet a.term', 'href')).toEqual([
      '/search/?signature=%7Efoo&signature=%3Dfoo%3A%3Abar',
      '/search/?signature=%7Efoo&signature=%3D%7Eodd',
      '/search/?signature=%7Efoo&product=WaterWolf',
    ])
  })

  it('shows what else was counted: a histogram without links, and how many different ones there are', async () => {
    rig.state.answer = {
      ...FOUND,
      facets: {
        histogram_date: [{ term: '2026-11-23T00:00:00+00:00', count: 120 }],
        cardinality_version: { value: 51 },
      },
    }
    const result = await page('/search/?_facets=_histogram.date&_facets=_cardinality.version&_facets=reason')
    expect(await texts(result, '.facet h2')).toEqual(['histogram date', 'cardinality version'])
    expect(await texts(result, '.facet p, .facet .count')).toEqual(['stored reports', '120', '51 different'])
    expect(await attributes(result, '.facet a', 'href')).toEqual([])
  })

  it('keeps every state in the address: sorting, paging, filters that can be taken out', async () => {
    rig.state.answer = FOUND
    const result = await page('/search/?product=WaterWolf&_results_offset=50')
    expect(await attributes(result, '.paging a', 'href')).toEqual([
      '/search/?product=WaterWolf&_results_offset=0',
      '/search/?product=WaterWolf&_results_offset=100',
    ])
    expect(await attributes(result, '.filters a', 'href')).toEqual(['/search/?'])
    expect((await attributes(result, '.hits thead a', 'href'))[0]).toBe('/search/?product=WaterWolf&_sort=date')
    expect((await attributes(result, '.hits th', 'aria-sort'))[0]).toBe('descending')
    const last = await page('/search/?product=WaterWolf&_results_offset=100')
    expect(await attributes(last, '.paging a', 'rel')).toEqual(['prev'])
  })

  it('never pages beyond the 10,000th result', async () => {
    rig.state.answer = { ...FOUND, total: 50_000 }
    expect(await attributes(await page('/search/?_results_offset=9900'), '.paging a', 'rel')).toEqual(['prev', 'next'])
    for (const offset of [9_930, 9_950]) {
      expect(await attributes(await page(`/search/?_results_offset=${offset}`), '.paging a', 'rel')).toEqual(['prev'])
    }
  })

  it('redirects a submitted form to the address that says the same', async () => {
    const form = {
      form: '1',
      signature_op: '^',
      signature_text: 'js::',
      product_text: 'WaterWolf',
      version_text: '',
      from: '2026-11-01',
      to: '',
      platform: 'Linux',
    }
    const response = await rig.fetch(`/search/?${new URLSearchParams(form)}`)
    expect([response.status, response.headers.get('Location')]).toEqual([
      302,
      '/search/?signature=%5Ejs%3A%3A&product=WaterWolf&date=%3E%3D2026-11-01&platform=Linux',
    ])
  })

  it('fills the form from the address', async () => {
    const result = await page('/search/?signature=%5Ejs%3A%3A&date=%3E%3D2026-11-01&date=%3C2026-11-11&platform=Linux')
    expect(await attributes(result, '#signature', 'value')).toEqual(['js::'])
    expect(await attributes(result, '.search-form option[selected]', 'value')).toEqual(['^'])
    expect(await attributes(result, '#from, #to', 'value')).toEqual(['2026-11-01', '2026-11-10'])
    expect(await attributes(result, '.search-form input[type=hidden]', 'name')).toEqual(['form', 'platform'])
  })

  it('gives the query as API URL and curl, safe between quotes of a shell', async () => {
    const result = await page(`/search/?${new URLSearchParams({ signature: `~it's $(rm) \`x\`` })}`)
    const [url, curl] = await texts(result, '.elsewhere pre')
    expect(url).toBe('http://localhost:8787/api/SuperSearch/?signature=%7Eit%27s+%24%28rm%29+%60x%60')
    expect(curl).toBe(`curl -s '${url}'`)
    expect((await rig.json(new URL(url ?? '').pathname + new URL(url ?? '').search)).status).toBe(200)
  })

  it('says what was left out and which part of the index did not answer', async () => {
    rig.state.answer = { ...FOUND, errors: [{ type: 'shards', index: '2026W47', shards_count: 1 }] }
    const notices = await texts(await page('/search/?nonsense=1'), '.notice li')
    expect(notices).toHaveLength(2)
    expect(notices[0]).toContain('nonsense')
    expect(notices[1]).toContain('2026W47')
  })

  it('helps when nothing matches', async () => {
    const result = await page('/search/?signature=~nothing')
    expect((await texts(result, '.empty'))[0]).toMatch(/No crash matches.*last seven days.*upper and lower case/)
  })

  it('answers a bad value with 400, the reason, and the form to mend it', async () => {
    const response = await rig.fetch('/search/?date=2016-01-01&signature=~foo')
    expect(response.status).toBe(400)
    const result = await response.text()
    expect(await texts(result, '[role=alert]')).toEqual([expect.stringContaining('date must have a prefix operator')])
    expect(await attributes(result, '#signature', 'value')).toEqual(['foo'])
  })

  it('shows hostile terms and parameters as text', async () => {
    const evil = `"><img src=x onerror=alert(1)>\u202e</script>`
    rig.state.answer = {
      ...FOUND,
      hits: [{ ...HIT, signature: evil }],
      facets: { signature: [{ term: evil, count: 1 }] },
    }
    const plain = await elementNames(await page('/search/?product=x'))
    for (const query of [
      `signature=~${encodeURIComponent(evil)}`,
      `${encodeURIComponent(evil)}=1`,
      `version=${encodeURIComponent(evil)}`,
    ]) {
      const result = await page(`/search/?${query}`)
      expect([...(await elementNames(result))].filter((name) => !plain.has(name))).toEqual([])
      expect(await attributes(result, '*', 'onerror')).toEqual([])
    }
  })
})
