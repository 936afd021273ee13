import { beforeAll, describe, expect, it } from 'vitest'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { dashboardRig, NOW_MS, ORIGIN } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'
import { PLANTED, pingsBefore, populationBefore, RISING, UNIFORM } from './population.ts'

const search = naiveBackend()
const population = populationBefore(NOW_MS, 3_000)
beforeAll(() => search.index(population))

type Rig = Awaited<ReturnType<typeof dashboardRig>>
const address = (signature: string, more = '') => `/signature/?${new URLSearchParams({ signature })}${more}`
const page = async (path: string, headers = {}) =>
  (await (await dashboardRig({ search })).fetch(path, { headers })).text()
const MONTH = `&date=${encodeURIComponent('>=2026-10-26')}`

describe('/signature/', () => {
  it('is 400 without a signature, with two, or with a NUL', async () => {
    const rig = await dashboardRig({ search })
    for (const path of ['/signature/', '/signature/?signature=a&signature=b', '/signature/?signature=a%00b']) {
      expect((await rig.fetch(path)).status).toBe(400)
    }
    expect((await rig.fetch('/signature/?signature=a&uptime=many')).status).toBe(400)
  })

  it('says of every number what it is, names the rule that sampled, and hatches the running day', async () => {
    const result = await page(address(PLANTED))
    expect((await texts(result, '.signature-head dd'))[0]).toMatch(/^\d+ stored ≈ [\d,]+ estimated \(kept about 1 in/)
    expect((await texts(result, '.notice.sampling'))[0]).toContain('accept_release_10_percent')
    expect(await attributes(result, '.spark rect[fill]', 'fill')).toEqual(['url(#hatch)'])
    expect(await texts(result, '.tabs a')).not.toContain('comments')
  })

  it('leads from the summary to a report within this signature’s reports', async () => {
    const [first = ''] = await attributes(await page(address(PLANTED)), '.latest-reports a', 'href')
    const url = new URL(first, ORIGIN)
    expect(url.pathname).toMatch(/^\/report\/index\/[0-9a-f-]{36}$/)
    expect(new URLSearchParams(url.searchParams.get('in') ?? '').get('signature')).toBe(`=${PLANTED}`)
  })

  it('breaks the reports down, and each value narrows the page to itself', async () => {
    const result = await page(address(PLANTED))
    const links = await attributes(result, '.breakdown a', 'href')
    expect(links).toContain(`${address(PLANTED)}&cpu_arch=arm64`)
    expect(links).toContain(`${address(PLANTED)}&platform_pretty_version=%3DDebian+13`)
    const narrowed = await page(`${address(PLANTED)}&cpu_arch=arm64`)
    expect(await texts(narrowed, '.filters a')).toEqual(['cpu_arch is arm64 ×: take out'])
  })

  it('aggregates by any field, and never by one that the viewer may not use', async () => {
    const result = await page(`${address(PLANTED)}&_tab=aggregations&_field=cpu_count&_field=user_comments`)
    expect(await texts(result, '.breakdown caption')).toEqual(['cpu_count'])
    expect(result).not.toContain('reading mail')
  })

  it('lists reports by columns, order and page of the address', async () => {
    const result = await page(`${address(PLANTED)}&_tab=reports&_sort=uptime&_columns=uptime`)
    const uptimes = (await texts(result, '.hits td.column-uptime')).map(Number)
    expect(uptimes.length).toBe(50)
    expect(uptimes).toEqual(uptimes.toSorted((a, b) => a - b))
    expect((await attributes(result, '.hits thead a', 'href'))[0]).toMatch(/^\/signature\/\?signature=gfx/)
    expect(await attributes(result, '.paging a', 'rel')).toEqual(['next'])
  })

  it('draws by received, crash time and build date, with the numbers in a table behind', async () => {
    const total = population.filter(
      ({ values }) => values.signature === RISING && String(values.date) >= '2026-11-16',
    ).length
    for (const [axis, label] of [
      ['received', 'received (UTC)'],
      ['crashed', 'crash time (client’s clock, UTC)'],
      ['built', 'build date'],
    ] as const) {
      const result = await page(`${address(RISING)}&_tab=graphs&_axis=${axis}`)
      expect((await texts(result, '.chart-table thead th'))[0]).toBe(label)
      const { rows } = JSON.parse(await page(`${address(RISING)}&_tab=graphs&_axis=${axis}&_format=json`))
      const stored = rows.reduce((sum: number, row: { stored: number }) => sum + row.stored, 0)
      // Some of the first day crashed on the day before.
      expect(stored).toBeGreaterThan(0.97 * total)
      expect(stored).toBeLessThanOrEqual(total)
    }
    expect((await texts(await page(`${address(RISING)}&_tab=graphs`), '.chart-table tbody th')).at(-1)).toMatch(
      /\(running\)$/,
    )
  })

  it('counts crash pings of the signature beside its reports, with a chart of their own on the axis that they have', async () => {
    const pings = naiveBackend()
    await pings.index(pingsBefore(NOW_MS, RISING, 5, 20))
    const rig = await dashboardRig({ search, pings })
    const shown = async (path: string) => (await rig.fetch(path)).text()
    const graphs = await shown(`${address(RISING)}&_tab=graphs`)
    expect(await texts(graphs, '.signature-head dt')).toContain('Crash pings')
    expect(await texts(graphs, '.signature-head dd')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^40 pings.*as many as in the 7 days before$/)]),
    )
    expect(await texts(graphs, '.chart-title')).toEqual(['Reports', 'Reports by version', 'Crash pings'])
    expect(await texts(graphs, '.chart-legend .unit')).toContain('pings')
    const { rows } = JSON.parse(await shown(`${address(RISING)}&_tab=graphs&_format=json`))
    expect(rows.map((row: { pings: number }) => row.pings)).toEqual([5, 5, 5, 5, 5, 5, 5, 5])
    expect(await texts(await shown(`${address(RISING)}&_tab=graphs&_axis=crashed`), '.chart-title')).not.toContain(
      'Crash pings',
    )
    expect(await texts(await shown(`${address(RISING)}&cpu_arch=arm64`), '.signature-head dt')).not.toContain(
      'Crash pings',
    )
    expect((await texts(graphs, '.signature-head dd'))[0]).toBe(
      (await texts(await page(address(RISING)), '.signature-head dd'))[0],
    )
  })

  it('ranks a planted attribute first in correlations, against the same product, version and channel', async () => {
    const result = await page(`${address(PLANTED)}&_tab=correlations${MONTH}`)
    expect((await texts(result, '.correlations tbody th'))[0]).toBe('adapter_vendor_id = 0x1002')
    expect((await texts(result, '.toggle a.on')).at(-1)).toMatch(/^WaterWolf · 150\.0 · release \(\d+ stored\)$/)
    const groups = await attributes(result, '.toggle a', 'href')
    const game = groups.find((href) => href.includes('_product=EarthRacoon')) ?? ''
    expect(game).toContain('_channel=__null__')
    expect((await texts(await page(game), '.correlations tbody th'))[0]).toBe('adapter_vendor_id = 0x1002')
  })

  it('shows no correlation of a signature whose attributes are drawn as everybody’s, but the vendor that another has in their place', async () => {
    const result = await page(`${address(UNIFORM)}&_tab=correlations${MONTH}`)
    expect(
      (await texts(result, '.correlations tbody th')).filter((text) => !text.includes('adapter_vendor_id')),
    ).toEqual([])
    expect(result).toContain('values compared')
  })

  it('says that there are too few reports to correlate', async () => {
    expect(
      (await texts(await page(`${address(PLANTED)}&_tab=correlations&cpu_count=4&uptime=<3`), '.empty'))[0],
    ).toMatch(/at least 20 are needed|nothing to compare/)
  })

  it('shows comments to who may see them and to nobody else', async () => {
    const rig: Rig = await dashboardRig({ search })
    const path = `${address(PLANTED)}&_tab=comments`
    const anonymous = await rig.fetch(path)
    expect(anonymous.status).toBe(403)
    expect(await anonymous.text()).not.toContain('reading mail')
    const headers = await rig.signIn('investigator@example.com')
    const result = await (await rig.fetch(path, { headers })).text()
    expect(await texts(result, '.comment')).toHaveLength(50)
    expect(await texts(result, '.tabs a')).toContain('comments')
    const viewer = await rig.signIn('viewer@example.com')
    expect((await rig.fetch(path, { headers: viewer })).status).toBe(403)
  })

  it.each([
    ['comments', '.comments'],
    ['reports', '.hits tbody'],
  ])('pages through %s: each report once, newest first', async (tab, list) => {
    const rig = await dashboardRig({ search })
    const headers = await rig.signIn('investigator@example.com')
    const seen: string[] = []
    let next: string | undefined = `${address(PLANTED)}&_tab=${tab}${MONTH}`
    for (let pages = 0; next !== undefined && pages < 20; pages++) {
      const result: string = await (await rig.fetch(next, { headers })).text()
      const links = await attributes(result, `${list} a[href^="/report/index/"]`, 'href')
      seen.push(...links.map((href) => new URL(href, ORIGIN).pathname.slice('/report/index/'.length)))
      next = (await attributes(result, '.paging a[rel=next]', 'href'))[0]
    }
    const expected = population
      .filter(({ values }) => values.signature === PLANTED && String(values.date) >= '2026-10-26')
      .sort((a, b) => (String(a.values.date) < String(b.values.date) ? 1 : -1))
      .map(({ crash_id }) => crash_id)
    expect(expected.length).toBeGreaterThan(100)
    expect(seen).toEqual(expected)
  })

  it('puts bugs that there are first, and fills a tracker’s form with the newest report', async () => {
    const rig = await dashboardRig({
      search,
      products: {
        current: async () => ({
          version: 1,
          products: [
            {
              ...{ name: 'WaterWolf', description: '', channels: [], featured_versions: [], end_of_life_versions: [] },
              ...{ strip_environment: false, client_id_annotation: null, source_links: [], rules: [] },
              bug_links: [
                {
                  tracker: 'Tracker',
                  name: 'new',
                  url_template: 'https://bugs.example.com/new?t={title}&d={description}',
                },
                { tracker: 'Tracker', name: 'bug', url_template: 'https://bugs.example.com/{bug_id}' },
              ],
            },
          ],
        }),
      },
    })
    const crashId = rig.keep({
      state: 'processed',
      processed: {
        signature: PLANTED,
        product: 'WaterWolf',
        version: '150.0',
        url: 'https://secret.example/',
        crashing_thread: 0,
        json_dump: {
          threads: [
            { frames: Array.from({ length: 14 }, (_, frame) => ({ frame, module: 'xul', function: `f${frame}` })) },
          ],
        },
      },
    })
    await rig.deps.signatures.bugsOf([])
    await rig.deps.bugLinks.change(1_234_567, [PLANTED, 'other'], [])
    const result = await (await rig.fetch(`${address(PLANTED)}&_tab=bugs&_crash_id=${crashId}`)).text()
    expect(await attributes(result, '.bug-list a', 'href')).toEqual([
      'https://bugs.example.com/1234567',
      address('other'),
    ])
    const [form = ''] = await attributes(result, '.bug-forms a', 'href')
    const { searchParams } = new URL(form)
    expect(searchParams.get('t')).toBe(`Crash in [@ ${PLANTED}]`)
    const description = searchParams.get('d') ?? ''
    expect(description).toContain(`${ORIGIN}/report/index/${crashId}`)
    expect(description.match(/ {2}f\d+/g)).toHaveLength(10)
    expect(result).not.toContain('secret.example')
  })

  it('files a bug with the words of its product, and says so where no tracker is set', async () => {
    const result = await page(`${address(PLANTED)}&_tab=bugs`)
    expect(await texts(result, '.bug-forms')).toEqual([])
    expect(result).toContain('There is no processed report to file a bug of')
  })

  it('says that search did not answer in full', async () => {
    const rig = await dashboardRig()
    rig.state.answer = {
      hits: [],
      total: 0,
      facets: {},
      errors: [{ type: 'shards', index: '2026W47', shards_count: 1 }],
    }
    expect(await (await rig.fetch(address(PLANTED))).text()).toContain('Search did not answer in full')
  })

  it('copies each tab’s list, and gives the query for scripts', async () => {
    for (const tab of ['summary', 'aggregations', 'reports', 'graphs', 'correlations', 'bugs']) {
      const markdown = await page(`${address(PLANTED)}&_tab=${tab}&_format=markdown`)
      expect(markdown).toMatch(/^\S.*\n\n\|/)
      const result = await page(`${address(PLANTED)}&_tab=${tab}`)
      const [curl = ''] = await attributes(result, '.copy-links button', 'data-copy-text')
      expect(curl).toMatch(/^curl -s 'http:\/\/localhost:8787\/api\/SuperSearch\/\?[^']*signature=%3Dgfx/)
    }
  })
})
