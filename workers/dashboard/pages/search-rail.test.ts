import { beforeAll, describe, expect, it } from 'vitest'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'
import { populationBefore } from './population.ts'

const search = naiveBackend()
const population = populationBefore(NOW_MS, 1_000, 6)
beforeAll(() => search.index(population))

const fetched = async (path: string) => (await dashboardRig({ search })).fetch(path)
const page = async (path: string) => (await fetched(path)).text()

describe('the query bar', () => {
  it('shows the address as text, and sends text back to the address', async () => {
    const result = await page('/search/?product=WaterWolf&signature=~js&uptime=<60&_columns=uptime')
    expect(await attributes(result, '#query-text', 'value')).toEqual(['product:WaterWolf signature~js uptime<60'])
    const text = new URLSearchParams({ _q: 'product=WaterWolf -signature~js uptime<60', _columns: 'uptime' })
    const response = await fetched(`/search/?${text}`)
    expect([response.status, response.headers.get('Location')]).toEqual([
      302,
      '/search/?product=WaterWolf&signature=%21%7Ejs&uptime=%3C60&_columns=uptime',
    ])
  })

  it('says where a text cannot be read, and keeps it to mend', async () => {
    const response = await fetched('/search/?_q=signature%3D%22OOM')
    expect(response.status).toBe(400)
    const result = await response.text()
    expect((await texts(result, '.notice.bad'))[0]).toContain('at character 11')
    expect(await attributes(result, '#query-text', 'value')).toEqual(['signature="OOM'])
  })
})

describe('the facet rail', () => {
  it('includes, excludes and keeps only a term, and what they lead to counts so', async () => {
    const result = await page('/search/?cpu_arch=amd64&_facets=cpu_arch')
    const links = await attributes(result, '.facet a', 'href')
    expect(links).toEqual([
      '/search/?cpu_arch=amd64&_facets=cpu_arch',
      '/search/?_facets=cpu_arch&cpu_arch=%21amd64',
      '/search/?_facets=cpu_arch&cpu_arch=amd64',
    ])
    const excluded = await page(links[1] ?? '')
    const others = population.filter(({ values }) => values.cpu_arch !== 'amd64').length
    expect(await texts(excluded, '.facet .count')).toEqual([String(others)])
  })

  it('narrows a number to a range', async () => {
    const form = 'product=WaterWolf&uptime=%3C5&_range_field=uptime&_range_from=60&_range_to=300'
    const location = (await fetched(`/search/?${form}`)).headers.get('Location') ?? ''
    expect(location).toBe('/search/?product=WaterWolf&uptime=%3E%3D60&uptime=%3C%3D300')
    const found = population.filter(
      ({ values }) => values.product === 'WaterWolf' && Number(values.uptime) >= 60 && Number(values.uptime) <= 300,
    )
    expect((await texts(await page(location), '#results'))[0]).toMatch(new RegExp(`^${found.length} stored`))
  })

  it('offers every field as a column, and protected ones only to who may see them', async () => {
    const rig = await dashboardRig({ search })
    const columns = async (headers = {}) =>
      attributes(await (await rig.fetch('/search/', { headers })).text(), '.column-choices input', 'value')
    expect(await columns()).not.toContain('user_comments')
    expect(await columns()).toContain('cpu_arch')
    expect(await columns(await rig.signIn('investigator@example.com'))).toContain('user_comments')
  })
})

describe('the results', () => {
  it('say what is stored and what it stands for, by which rule, and copy as Markdown, JSON, curl and a command', async () => {
    const result = await page('/search/?product=WaterWolf')
    expect((await texts(result, '#results'))[0]).toMatch(/^\d+ stored ≈ [\d,]+ estimated/)
    expect((await texts(result, '.notice.sampling'))[0]).toContain('accept_release_10_percent')
    const [markdown = '', json = ''] = await attributes(result, '.copy-links a[data-copy]', 'href')
    expect(await page(markdown)).toMatch(/^\d+ stored reports\n\n\| date \| signature/)
    expect(JSON.parse(await page(json)).rows).toHaveLength(50)
    expect((await texts(result, '.elsewhere .command')).join()).toContain('supersearch --host=')
  })

  it('draw as a graph by any field, without the page’s own controls in the query for scripts', async () => {
    const result = await page('/search/?product=WaterWolf&_tab=graph&_split=cpu_arch')
    expect(await texts(result, '.chart-legend li span:first-of-type')).toEqual([
      'amd64',
      'arm64',
      'running day, not compared',
    ])
    expect(await texts(result, '.hits')).toEqual([])
    const [curl = ''] = await attributes(result, '.copy-links button', 'data-copy-text')
    expect(curl).toBe("curl -s 'http://localhost:8787/api/SuperSearch/?product=WaterWolf'")
    expect(await texts(result, '.notice.warn')).toEqual([])
  })
})
