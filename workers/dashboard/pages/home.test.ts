import { beforeAll, describe, expect, it } from 'vitest'
import { naiveBackend } from '#shared/search/testing/naive.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'
import { NEW_SIGNATURE, pingsBefore, populationBefore, RISING } from './population.ts'

const search = naiveBackend()
beforeAll(() => search.index(populationBefore(NOW_MS, 1_500)))

describe('/', () => {
  it('says what each number is, and names the rule that sampled', async () => {
    const page = await (await (await dashboardRig({ search })).fetch('/')).text()
    expect((await texts(page, '.intro .counts dd'))[0]).toMatch(
      /^\d+ stored ≈ [\d,]+ estimated \(kept about 1 in \d\.\d\)$/,
    )
    expect((await texts(page, '.notice.sampling'))[0]).toMatch(/throttle rule accept_release_10_percent kept 1 in 10/)
  })

  it('shows each product by channel, with its movers and new signatures, which lead to their pages', async () => {
    const page = await (await (await dashboardRig({ search })).fetch('/')).text()
    expect(await texts(page, '.product-cards h2')).toEqual(['WaterWolf', 'EarthRacoon'])
    const [all, ...channels] = (await texts(page, '.channels tbody th')).slice(0, 4)
    expect([all, ...channels.sort()]).toEqual(['all', 'beta', 'nightly', 'release'])
    const changes = await attributes(page, '.changes a', 'href')
    expect(changes).toContain(`/signature/?${new URLSearchParams({ signature: RISING, product: 'WaterWolf' })}`)
    expect(changes).toContain(`/signature/?${new URLSearchParams({ signature: NEW_SIGNATURE, product: 'WaterWolf' })}`)
    expect(await attributes(page, '.spark rect[fill]', 'fill')).toContain('url(#hatch)')
    expect((await texts(page, '.latest td')).length).toBe(2 * 6 * 3)
    expect((await texts(page, '.missing a'))[0]).toBe('driver.dll/1.0/abc1')
  })

  it('shows crash pings as a series of their own, in no number of reports', async () => {
    const pings = naiveBackend()
    await pings.index(pingsBefore(NOW_MS, RISING, 3, 20))
    const [without, page] = await Promise.all(
      [dashboardRig({ search }), dashboardRig({ search, pings })].map(async (rig) =>
        (await (await rig).fetch('/')).text(),
      ),
    )
    expect(await texts(page ?? '', '.intro .counts dt')).toContain('Crash pings, 7 days and today')
    expect((await texts(page ?? '', '.channels .pings td')).slice(0, 1)).toEqual(['24 pings'])
    expect((await texts(page ?? '', '.channels .pings td')).at(-1)).toBe('as many as in the 7 days before')
    const reports = async (text: string) => [
      (await texts(text, '.intro .counts dd'))[0],
      ...(await texts(text, '.channels tr:not(.pings) .count-of')),
    ]
    expect(await reports(page ?? '')).toEqual(await reports(without ?? ''))
    expect(await texts(without ?? '', '.pings')).toEqual([])
  })

  it('says how many saved reports wait to be processed', async () => {
    const { deps } = await dashboardRig()
    const missingProcessed = {
      ...deps.missingProcessed,
      waiting: async () => ({ count: 3, oldestAtMs: NOW_MS - 60_000 }),
    }
    const page = await (await (await dashboardRig({ search, missingProcessed })).fetch('/')).text()
    expect((await texts(page, '.notice.warn'))[0]).toMatch(/^3 saved reports wait to be processed, .*which ones\.$/)
    expect(await texts(await (await (await dashboardRig({ search })).fetch('/')).text(), '.notice.warn')).toEqual([])
  })

  it('copies what it shows as Markdown and JSON', async () => {
    const rig = await dashboardRig({ search })
    const links = await attributes(await (await rig.fetch('/')).text(), '.copy-links a[data-copy]', 'href')
    expect(links).toEqual(['/?_format=markdown', '/?_format=json'])
    const { rows } = await (await rig.fetch('/?_format=json')).json<{ rows: Record<string, unknown>[] }>()
    expect(rows[0]).toMatchObject({ product: 'WaterWolf', what: 'product' })
    expect(rows.filter(({ what }) => what === 'mover').map(({ name }) => name)).toContain(RISING)
    expect(rows.find(({ what, name }) => what === 'new signature' && name === NEW_SIGNATURE)).toMatchObject({
      'estimated in the week before': 0,
    })
    expect(await (await rig.fetch('/?_format=markdown')).text()).toContain('| WaterWolf | channel | release |')
  })

  it('asks for at most eight products, and counts the others', async () => {
    const many = naiveBackend()
    const some = populationBefore(NOW_MS, 200, 5)
    await many.index(some.map((one, n) => ({ ...one, values: { ...one.values, product: `Product ${n % 10}` } })))
    const page = await (await (await dashboardRig({ search: many })).fetch('/')).text()
    expect(await texts(page, '.product-cards h2')).toHaveLength(8)
    expect(page).toContain('2 more products')
  })

  it('gives three commands for this very address', async () => {
    const rig = await dashboardRig()
    const commands = await texts(await (await rig.fetch('/')).text(), '.try-next pre')
    expect(commands).toEqual([
      'npm run --silent mayday -- submit --url http://localhost:8787 -a ProductName=MyApp -a Version=1.0 crash.dmp',
      'npm run --silent mayday -- token create --email you@example.com --permissions upload_symbols',
      'npm run --silent mayday -- upload-symbols --url http://localhost:8787 --token TOKEN path/to/symbols',
    ])
  })

  it('says that there is nothing yet, and that an answer is partial', async () => {
    const rig = await dashboardRig()
    expect(await (await rig.fetch('/')).text()).toContain('No crashes in the last seven days')
    rig.state.answer = {
      hits: [],
      total: 0,
      facets: {},
      errors: [{ type: 'shards', index: '2026W47', shards_count: 1 }],
    }
    expect(await (await rig.fetch('/')).text()).toContain('Search did not answer in full')
  })
})
