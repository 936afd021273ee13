import { beforeAll, describe, expect, it } from 'vitest'
import { productsSchema } from '#shared/products/products.ts'
import { dashboardRig } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

/** A products document with rules of every kind for one product. */
const PRODUCTS = productsSchema.parse({
  version: 1,
  products: [
    {
      name: 'WaterWolf',
      source_links: [
        {
          prefix: '/build/src/',
          url_template: 'https://git.example.com/wolf/{revision}/{path}#{line}',
          revision: [{ annotation: 'InternalRevision' }, { symbol_upload: true }, { tag: 'v{version}' }],
        },
      ],
    },
  ],
})

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig({ products: { current: async () => PRODUCTS } })
})

const thread = (name: string, count: number) => ({
  thread_name: name,
  frame_count: count,
  frames: Array.from({ length: count }, (_, frame) => ({
    frame,
    function: `${name}_${frame}`,
    module: 'app',
    trust: 'cfi',
  })),
})
const page = async (path: string, headers: Record<string, string> = {}) => (await rig.fetch(path, { headers })).text()

describe('other threads', () => {
  const keep = () =>
    rig.keep({
      state: 'processed',
      processed: {
        crashing_thread: 0,
        json_dump: { threads: [thread('main', 60), thread('worker', 40), thread('socket', 30), thread('timer', 5)] },
      },
    })

  it('come along while the page stays light, and by a link beyond', async () => {
    const crashId = keep()
    const html = await page(`/report/index/${crashId}`)
    expect(await attributes(html, '.threads > *', 'id')).toEqual(['t1', 't2', 't3'])
    expect(await attributes(html, '.threads details', 'id')).toEqual(['t1', 't3'])
    const [link = ''] = await attributes(html, '#t2 a', 'href')
    expect(link).toBe(`/report/index/${crashId}?thread=2#t2`)
    const opened = await page(link.replace(/#.*/, ''))
    expect(await attributes(opened, '#t2 tbody tr', 'id')).toHaveLength(30)
    expect(await attributes(opened, 'details[open]', 'id')).toEqual(['t2'])
  })

  it('are found by name, function and module, opened and marked', async () => {
    const crashId = keep()
    const html = await page(`/report/index/${crashId}?find=SOCKET_29`)
    expect(await attributes(html, '.threads details', 'id')).toEqual(['t2'])
    expect(await attributes(html, 'tr.match', 'id')).toEqual(['t2f29'])
    expect(await attributes(html, '#find', 'value')).toEqual(['SOCKET_29'])
    expect(html).toContain('1 of 3 threads hold “SOCKET_29”')
    expect(await page(`/report/index/${crashId}?find=nowhere`)).toContain('0 of 3 threads hold')
    // Who signs in comes back to the same threads.
    const [signIn = ''] = await attributes(html, 'nav a[href^="/signin"]', 'href')
    expect(new URL(signIn, 'http://a').searchParams.get('next')).toBe(`/report/index/${crashId}?find=SOCKET_29`)
  })
})

describe('source links', () => {
  const file = '/build/src/ui/main.cpp'
  const keep = (annotations: Record<string, string>, product = 'WaterWolf') =>
    rig.keep({
      state: 'processed',
      annotations,
      processed: {
        product,
        version: '2.1',
        json_dump: { crashing_thread: { threads_index: 0, frames: [{ frame: 0, function: 'f', file, line: 9 }] } },
      },
    })
  const linksOf = async (crashId: string, headers: Record<string, string> = {}) =>
    attributes(await page(`/report/index/${crashId}`, headers), 'td.source a', 'href')

  it("follow the product's rules: a tag made of the version", async () => {
    expect(await linksOf(keep({}))).toEqual(['https://git.example.com/wolf/v2.1/ui/main.cpp#9'])
    expect(await linksOf(keep({}, 'Other'))).toEqual([])
  })

  it('take a revision from an annotation only for those who may see it', async () => {
    const crashId = keep({ InternalRevision: 'abc123' })
    expect(await linksOf(crashId)).toEqual(['https://git.example.com/wolf/v2.1/ui/main.cpp#9'])
    expect(await linksOf(crashId, await rig.signIn('investigator@example.com'))).toEqual([
      'https://git.example.com/wolf/abc123/ui/main.cpp#9',
    ])
  })

  it("take a revision from the symbol upload of the frame's module, and do without where D1 is down", async () => {
    const module = { filename: 'app.exe', debug_file: 'app.pdb', debug_id: 'ABC1', loaded_symbols: true }
    const processed = {
      product: 'WaterWolf',
      version: '2.1',
      json_dump: {
        modules: [module],
        crashing_thread: { threads_index: 0, frames: [{ frame: 0, function: 'f', file, line: 9, module: 'app.exe' }] },
      },
    }
    const products = { current: async () => PRODUCTS }
    const asked: unknown[] = []
    const told = await dashboardRig({
      products,
      symbolRevisions: {
        async of(modules) {
          asked.push(modules)
          return new Map([['app.pdb/ABC1', 'fedcba']])
        },
      },
    })
    const linkOf = async (rig: typeof told) => {
      const crashId = rig.keep({ state: 'processed', processed })
      return attributes(await (await rig.fetch(`/report/index/${crashId}`)).text(), 'td.source a', 'href')
    }
    expect(await linkOf(told)).toEqual(['https://git.example.com/wolf/fedcba/ui/main.cpp#9'])
    expect(asked).toEqual([[{ filename: 'app.exe', debugFile: 'app.pdb', debugId: 'ABC1' }]])
    const down = await dashboardRig({ products, symbolRevisions: { of: () => Promise.reject(new Error('down')) } })
    expect(await linkOf(down)).toEqual(['https://git.example.com/wolf/v2.1/ui/main.cpp#9'])
  })

  it('stand on the frames of Java exceptions too', async () => {
    const frames = [{ module: 'org.a.B', function: 'c', filename: '/build/src/B.kt', lineno: 3, in_app: true }]
    const java_exception = { exception: { values: [{ stacktrace: { type: 'E', frames } }] } }
    const processed = { product: 'WaterWolf', version: '2.1', java_exception }
    const links = ['https://git.example.com/wolf/v2.1/B.kt#3']
    expect(await linksOf(rig.keep({ state: 'processed', processed }))).toEqual(links)
    // Beside a native stack as well.
    const json_dump = { crashing_thread: { threads_index: 0, frames: [{ frame: 0, function: 'f' }] } }
    expect(await linksOf(rig.keep({ state: 'processed', processed: { ...processed, json_dump } }))).toEqual(links)
  })

  it('stand in the Markdown as paths', async () => {
    const response = await rig.fetch(`/report/index/${keep({})}/markdown`)
    expect(await response.text()).toContain('f  ui/main.cpp:9')
  })
})

describe('the result set', () => {
  it('leads to the reports before and behind, and back', async () => {
    const ids = Array.from({ length: 4 }, () => rig.keep({ state: 'processed', processed: { signature: 'x' } }))
    rig.state.answer = { hits: ids.map((uuid) => ({ uuid })), total: 40, facets: {}, errors: [] }
    const [before, here, behind] = ids
    const html = await page(`/report/index/${here}?in=signature%3D~x&at=1`)
    expect(await attributes(html, '.steps a', 'href')).toEqual([
      `/report/index/${before}?in=signature%3D%257Ex&at=0`,
      '/search/?signature=%7Ex',
      `/report/index/${behind}?in=signature%3D%257Ex&at=2`,
    ])
    expect(await texts(html, '.steps a')).toEqual(['← Previous', '2 of 40 results', 'Next →'])
    expect(rig.state.queries.at(-1)).toMatchObject({ results_offset: 0, results_number: 21, aggregations: [] })
    // Its tabs stay in the set.
    expect((await attributes(html, '.tabs a', 'href')).every((href) => href.includes('in=signature'))).toBe(true)
  })

  it('counts as changed where the address holds a query that cannot be asked', async () => {
    const crashId = rig.keep({ state: 'processed', processed: { signature: 'x' } })
    const html = await page(`/report/index/${crashId}?in=date%3Dyesterday&at=1`)
    expect(await texts(html, '.steps')).toEqual(['Results changed: this report is no longer near where it was'])
  })

  it('is left out without a word where search is not there, and with one where the set has changed', async () => {
    const crashId = rig.keep({ state: 'processed', processed: { signature: 'x' } })
    rig.state.answer = { hits: [], total: 0, facets: {}, errors: [] }
    expect(await texts(await page(`/report/index/${crashId}?in=signature%3D~x&at=1`), '.steps a')).toEqual(['Results'])
    expect(await texts(await page(`/report/index/${crashId}?in=_sort%3Dnothing&at=1`), '.steps a')).toEqual(['Results'])
    const down = await dashboardRig({ search: { query: () => Promise.reject(new Error('down')) } })
    const other = down.keep({ state: 'processed', processed: { signature: 'x' } })
    const response = await down.fetch(`/report/index/${other}?in=signature%3D~x&at=1`)
    expect([response.status, await texts(await response.text(), '.steps a')]).toEqual([200, []])
  })
})

describe('symbols of frames', () => {
  it('are a link once for frames of a module in a row, and on every chip of missing ones', async () => {
    const modules = [
      { filename: 'app', debug_file: 'app.pdb', debug_id: 'ABC1', loaded_symbols: true },
      { filename: 'driver', debug_file: 'driver.pdb', debug_id: 'DEF2', missing_symbols: true },
    ]
    const frames = ['app', 'app', 'driver', 'driver', 'app'].map((module, frame) => ({
      frame,
      module,
      missing_symbols: module === 'driver',
    }))
    const json_dump = { modules, crashing_thread: { threads_index: 0, frames } }
    const html = await page(`/report/index/${rig.keep({ state: 'processed', processed: { json_dump } })}`)
    const app = '/symbols/?module=app.pdb&id=ABC1'
    const driver = '/symbols/?module=driver.pdb&id=DEF2'
    expect(await attributes(html, 'td.module a', 'href')).toEqual([app, driver, driver, app])
    expect(await attributes(html, 'td.module a.missing', 'href')).toEqual([driver, driver])
  })
})

describe('the bugs of the signature', () => {
  it('stand beside it, with their pages where the tracker is known', async () => {
    const known = await dashboardRig({
      products: {
        current: async () =>
          productsSchema.parse({
            version: 1,
            products: [
              {
                name: 'WaterWolf',
                bug_links: [{ tracker: 'b', name: 'B', url_template: 'https://bugs.example/{bug_id}' }],
              },
            ],
          }),
      },
    })
    await known.deps.bugLinks.change(7, ['crash()'], [])
    const bugsOf = async (product: string) => {
      const crashId = known.keep({ state: 'processed', processed: { signature: 'crash()', product } })
      const html = await (await known.fetch(`/report/index/${crashId}`)).text()
      return [await texts(html, '.bugs .badge'), await attributes(html, '.bugs a', 'href')]
    }
    expect(await bugsOf('WaterWolf')).toEqual([['7'], ['https://bugs.example/7']])
    expect(await bugsOf('Other')).toEqual([['7'], []])
  })
})

describe('a report page', () => {
  it('of a browser’s crash is under 100 KB on every tab', async () => {
    const name = (at: number) => `mozilla::dom::WorkerPrivate::RunLoop${at}(JSContext*, nsTArray<int>&)::{lambda()#1}`
    const file =
      'hg:hg.mozilla.org/releases/mozilla-release:dom/workers/WorkerPrivate.cpp:d3b8a6f1c0e94a7f8b2c1d0e9f8a7b6c5d4e3f20'
    const frame = (at: number) => ({
      frame: at,
      function: name(at),
      module: 'xul.dll',
      module_offset: '0x0000000001234567',
      offset: '0x00007ffb12345678',
      file,
      line: 4000 + at,
      trust: 'cfi',
      inlines: at % 3 === 0 ? [{ function: name(at), file, line: at }] : null,
    })
    const threads = Array.from({ length: 60 }, (_, index) => ({
      thread_name: `StreamTrans #${index}`,
      frame_count: 15,
      frames: Array.from({ length: index === 0 ? 60 : 15 }, (_, at) => frame(at)),
    }))
    const modules = Array.from({ length: 150 }, (_, at) => ({
      filename: at === 0 ? 'xul.dll' : `module-${at}.dll`,
      debug_file: at === 0 ? 'xul.pdb' : `module-${at}.pdb`,
      debug_id: '0123456789ABCDEF0123456789ABCDEF1',
      code_id: '6123456712345000',
      version: '128.0.0.1',
      base_addr: '0x00007ffb10000000',
      end_addr: '0x00007ffb11000000',
      cert_subject: 'Mozilla Corporation',
      loaded_symbols: at < 30,
      missing_symbols: at >= 120,
    }))
    const annotations = Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`Annotation${at}`, `value ${at}`]))
    const crashId = rig.keep({
      state: 'processed',
      annotations: { ...annotations, ProductName: 'Firefox' },
      processed: {
        signature: name(1),
        product: 'Firefox',
        crashing_thread: 0,
        addons: Array.from({ length: 30 }, (_, at) => `{addon-${at}@example.com}:1.${at}`),
        json_dump: { threads, modules },
      },
    })
    const headers = await rig.signIn('admin@example.com')
    for (const tab of ['crash', 'annotations', 'modules', 'extensions', 'raw', 'debug']) {
      const bytes = new TextEncoder().encode(await page(`/report/index/${crashId}?tab=${tab}`, headers)).byteLength
      expect(bytes, tab).toBeLessThan(100_000)
    }
  })
})
