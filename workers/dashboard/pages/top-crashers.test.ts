import { beforeAll, describe, expect, it } from 'vitest'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { attributes, elementNames, texts } from '../page-reading.ts'
import { pingsBefore, populationBefore, RISING } from './population.ts'

const search = naiveBackend()
const population = populationBefore(NOW_MS, 3_000)
beforeAll(() => search.index(population))

const page = async (query: string) => (await (await dashboardRig({ search })).fetch(`/topcrashers/${query}`)).text()
const weightOf = ({ values }: SearchDocument) => Number(values.sample_weight ?? 1)
const DAY_MS = 86_400_000
const TODAY_MS = Math.floor(NOW_MS / DAY_MS) * DAY_MS

/** Estimates by signature, counted anew from the documents. */
function estimates(keep: (document: SearchDocument, dateMs: number) => boolean): Map<string, number> {
  const sums = new Map<string, number>()
  for (const document of population) {
    if (!keep(document, Date.parse(`${String(document.values.date).slice(0, 23)}Z`))) continue
    const signature = String(document.values.signature)
    sums.set(signature, (sums.get(signature) ?? 0) + weightOf(document))
  }
  return new Map([...sums].sort((a, b) => b[1] - a[1]))
}

describe('/topcrashers/', () => {
  it('ranks by estimate, as the documents say, and shows stored reports beside it', async () => {
    const result = await page('?product=WaterWolf')
    const expected = estimates(
      ({ values }, dateMs) =>
        values.product === 'WaterWolf' && values.report_type === 'crash' && dateMs >= TODAY_MS - 7 * DAY_MS,
    )
    expect(await texts(result, '.top-crashers th.signature-cell a')).toEqual([...expected.keys()])
    const estimated = (await texts(result, '.top-crashers td:nth-child(6)')).map((text) => text.replace(/[^\d]/g, ''))
    expect(estimated).toEqual([...expected.values()].map((estimate) => String(Math.round(estimate))))
    expect((await texts(result, 'thead th')).slice(0, 7)).toEqual([
      'Rank',
      'Change',
      'Signature',
      'Share',
      'Stored',
      'Estimated',
      'Trend (estimated)',
    ])
    expect((await texts(result, '.notice.sampling'))[0]).toContain('accept_release_10_percent')
  })

  it('compares whole days with whole days: the running day moves no rank', async () => {
    const ofWindow = (from: number, to: number) => [
      ...estimates(
        ({ values }, dateMs) =>
          values.product === 'WaterWolf' &&
          values.report_type === 'crash' &&
          dateMs >= TODAY_MS - from * DAY_MS &&
          dateMs < TODAY_MS - to * DAY_MS,
      ).keys(),
    ]
    const moved = ofWindow(14, 7).indexOf(RISING) - ofWindow(7, 0).indexOf(RISING)
    expect(moved).toBeGreaterThan(0)
    const result = await page('?product=WaterWolf&_format=json')
    const { rows } = JSON.parse(result)
    expect(rows.find((row: Record<string, unknown>) => row.signature === RISING)['rank change']).toBe(moved)
  })

  it('shows installs of a product that names them, and – of one that does not', async () => {
    const installs = async (product: string) =>
      Object.fromEntries(
        JSON.parse(await page(`?product=${product}&_format=json`)).rows.map((row: Record<string, unknown>) => [
          row.signature,
          row.installs,
        ]),
      )
    expect((await installs('WaterWolf'))[RISING]).toBeGreaterThan(10)
    expect(new Set(Object.values(await installs('EarthRacoon')))).toEqual(new Set([null]))
    expect(await texts(await page('?product=EarthRacoon'), '.top-crashers td.installs')).toContain('–')
  })

  it('has a column of crash pings where there are any, and none where a choice is of what no ping says', async () => {
    const pings = naiveBackend()
    await pings.index(pingsBefore(NOW_MS, RISING, 2, 20))
    const rig = await dashboardRig({ search, pings })
    const rows = async (query: string) =>
      (await (await rig.fetch(`/topcrashers/${query}&_format=json`)).json<{ rows: Record<string, unknown>[] }>()).rows
    const shown = await rows('?product=WaterWolf')
    expect(shown.find(({ signature }) => signature === RISING)?.pings).toBe(16)
    expect(shown.filter((row) => row.pings !== 0)).toHaveLength(1)
    const without = JSON.parse(await page('?product=WaterWolf&_format=json')).rows
    expect(shown.map(({ pings: _, ...row }) => row)).toEqual(without)
    for (const query of ['?product=EarthRacoon', '?_range_type=build', '?_report_type=hang']) {
      expect(
        (await rows(query)).filter((row) => 'pings' in row),
        query,
      ).toEqual([])
    }
  })

  it('shows each signature in another version beside its own rank', async () => {
    const of = (version: string) => {
      const counted = estimates(
        ({ values }, dateMs) =>
          values.product === 'WaterWolf' &&
          values.version === version &&
          values.report_type === 'crash' &&
          dateMs >= TODAY_MS - 7 * DAY_MS,
      )
      return { names: [...counted.keys()], counted }
    }
    const query = '?product=WaterWolf&version=150.0&_compare=151.0b2'
    const [own, other] = [of('150.0'), of('151.0b2')]
    const { rows } = JSON.parse(await page(`${query}&_format=json`))
    expect(rows.map((row: Record<string, unknown>) => [row.signature, row['rank in 151.0b2']])).toEqual(
      own.names.map((name) => [name, other.names.indexOf(name) + 1 || null]),
    )
    const result = await page(query)
    expect(await texts(result, 'thead th')).toContain('In 151.0b2')
    expect((await texts(result, '.top-crashers td.compared'))[0]).toMatch(/^#\d+, [\d.]+ %$/)
    expect(await texts(await page('?product=WaterWolf'), '.top-crashers td.compared')).toEqual([])
  })

  it('hatches the running day, and leaves it out where only whole days are counted', async () => {
    expect(await attributes(await page(''), '.spark rect[fill]', 'fill')).toContain('url(#hatch)')
    expect(await attributes(await page('?_tcbs_mode=byday'), '.spark rect[fill]', 'fill')).toEqual([])
  })

  it('keeps every choice in the address', async () => {
    const query = 'product=WaterWolf&days=14&_report_type=any&_facets_size=100'
    const links = await attributes(await page(`?${query}`), '.toggle a', 'href')
    expect(links).toContain('/topcrashers/?product=WaterWolf&days=28&_report_type=any&_facets_size=100')
    expect(links).toContain(`/topcrashers/?${query}&_range_type=build`)
    expect(await texts(await page(`?${query}`), '.toggle a.on')).toEqual([
      '14',
      'any',
      'received',
      'with the running day',
      '100',
    ])
  })

  it('copies as Markdown and JSON, with texts of strangers as texts', async () => {
    const markdown = await page('?_format=markdown')
    expect(markdown).toContain('| 1 | ')
    expect(markdown).toContain('\\<script\\>alert(1)\\</script\\>')
    const html = await page('')
    expect(await texts(html, '.signature-cell a')).toContain('<script>alert(1)</script>')
    expect((await elementNames(html)).has('script') && (await attributes(html, 'script', 'src')).length).toBe(1)
  })

  it('designs the empty window, and names no product that is not there', async () => {
    const result = await page('?product=NoSuch')
    expect(await texts(result, '.empty')).toHaveLength(1)
    expect(await texts(result, '.top-crashers')).toEqual([])
  })
})
