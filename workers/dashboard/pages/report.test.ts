import { beforeAll, describe, expect, it } from 'vitest'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import templates from '../fixtures/templates.json'
import { attributes, elementNames, texts } from '../page-reading.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

async function pageOf(
  processed: { readonly [key: string]: unknown },
  headers: Record<string, string> = {},
  query = '',
): Promise<string> {
  const crashId = rig.keep({ state: 'processed', processed, annotations: { ProductName: 'WaterWolf', Version: '1.0' } })
  const response = await rig.fetch(`/report/index/${crashId}${query}`, { headers })
  expect(response.status).toBe(200)
  return response.text()
}

const CRASHED_IN_TEMPLATES = {
  signature: 'Rec<0>::go<long>',
  product: 'WaterWolf',
  version: '1.0',
  reason: 'SIGSEGV / SEGV_MAPERR',
  address: '0x0000000000000000',
  crashing_thread: 0,
  possible_bit_flips_max_confidence: 43,
  processor_notes: 'first note\nsecond note',
  submitted_timestamp: '2026-11-23T11:59:00.123456+00:00',
  json_dump: templates,
}

describe('/report/index/<crash id> of a processed crash', () => {
  it('lists the frames of the crashing thread as the stackwalk has them, inline functions under their frame', async () => {
    const page = await pageOf(CRASHED_IN_TEMPLATES)
    const expected = templates.crashing_thread.frames.flatMap((frame) => [
      { function: frame.function, file: frame.file, line: frame.line, trust: frame.trust },
      ...(frame.inlines ?? []).map((inline) => ({ ...inline, trust: '' })),
    ])
    expect(expected.filter(({ trust }) => trust === '')).toHaveLength(10)
    const rows = '.frames tbody tr'
    const functions = await texts(page, `${rows} td.function`)
    expect(functions).toEqual(expected.map((row) => row.function ?? 'linux-vdso.so.1 + 0x1fff'))
    expect(await texts(page, `${rows} td.source`)).toEqual(
      expected.map(({ file, line }) => (file == null ? '' : `${file}:${line}`)),
    )
    expect(await texts(page, `${rows} td.trust`)).toEqual(expected.map(({ trust }) => trust))
    expect(await attributes(page, rows, 'id')).toEqual([
      't0f0',
      ...Array.from({ length: 10 }, (_, depth) => `t0f0i${depth}`),
      't0f1',
      't0f2',
      't0f3',
      't0f4',
      't0f5',
    ])
    expect(await texts(page, 'tr.inline td.number a')).toHaveLength(10)
  })

  it('anchors each frame, says what each trust means and marks missing symbols', async () => {
    const page = await pageOf(CRASHED_IN_TEMPLATES)
    expect(await attributes(page, '.frames tbody tr', 'id')).toEqual(
      expect.arrayContaining(['t0f0', 't0f0i0', 't0f0i9', 't0f1', 't0f5']),
    )
    for (const means of await attributes(page, 'td.trust .chip', 'title')) expect(means.length).toBeGreaterThan(10)
    expect(await texts(page, 'details.legend dt')).toContain('scan')
    expect(await texts(page, '#t0f5 .missing')).toEqual(['no symbols'])
    expect(await attributes(page, '#t0f5 a.missing', 'href')).toEqual([
      expect.stringMatching(/^\/symbols\/\?module=linux-vdso\.so\.1/),
    ])
    expect(await attributes(page, '#t0f0 td.module a', 'href')).toEqual([
      '/symbols/?module=templates&id=D383C358E1F5E48CEB26AC16757BAB140',
    ])
  })

  it('shows facts, the bit flip, times in UTC; on their tabs modules, annotations, notes and raw JSON', async () => {
    const page = await pageOf(CRASHED_IN_TEMPLATES)
    const tab = (name: string) => pageOf(CRASHED_IN_TEMPLATES, {}, `?tab=${name}`)
    const facts = await texts(page, '.facts dd')
    expect(facts).toEqual(
      expect.arrayContaining(['SIGSEGV / SEGV_MAPERR', 'WaterWolf', '1.0', '2026-11-23 11:59:00 UTC', 'amd64']),
    )
    expect(await attributes(page, '.facts time', 'datetime')).toContain('2026-11-23T11:59:00.123Z')
    expect(await texts(page, '.badge')).toEqual(['bit flip 43 %', 'Viewing public data only'])
    expect(await texts(await tab('modules'), '.modules tbody th')).toEqual(
      templates.modules.map(({ filename }) => filename),
    )
    expect(await texts(await tab('annotations'), '.annotations tbody th')).toEqual(['ProductName', 'Version'])
    expect(await texts(await tab('debug'), '.notes li')).toEqual(['first note', 'second note'])
    expect(await texts(await tab('raw'), '.raw-data a')).toEqual(['Processed crash', 'Raw crash'])
    expect(await texts(page, '.cause code')).toEqual([
      'add qword [rdx + rax * 8], 0x1',
      '0x0000000000000010',
      'rdx',
      '0x0000000000000000',
    ])
    expect(await texts(page, '.headline')).toEqual(['SIGSEGV / SEGV_MAPERR at 0x0000000000000000'])
    expect(await texts(page, '.tabs a')).toEqual(['Crash', 'Annotations 2', 'Modules 8', 'Raw data', 'Debug'])
    expect(await texts(page, '.tabs [aria-current]')).toEqual(['Crash'])
  })

  it('offers registers and dumps to those who may see them', async () => {
    const page = await pageOf(CRASHED_IN_TEMPLATES, await rig.signIn('investigator@example.com'))
    expect(await texts(page, '.registers dt')).toContain('rip')
    const raw = await pageOf(CRASHED_IN_TEMPLATES, await rig.signIn('investigator@example.com'), '?tab=raw')
    expect(await attributes(raw, '.raw-data a', 'href')).toEqual(
      expect.arrayContaining([expect.stringContaining('format=raw&name=upload_file_minidump')]),
    )
    expect(await texts(await pageOf(CRASHED_IN_TEMPLATES), '.registers dt')).toEqual([])
  })

  it('lists attachments beside the dumps with their file names, to those who may read dumps', async () => {
    const crashId = rig.keep({
      state: 'processed',
      processed: {},
      dumps: { upload_file_minidump: 'MDMP', gamelog: 'x' },
    })
    const listed = async (headers: Record<string, string>) =>
      (await (await rig.fetch(`/report/index/${crashId}?tab=raw`, { headers })).text()).replace(/<[^>]*>/g, '')
    const page = await listed(await rig.signIn('investigator@example.com'))
    expect(page).toMatch(/upload_file_minidump \(dump\)/)
    expect(page).toMatch(/gamelog \(attachment game\.log\)/)
    expect(await listed({})).not.toContain('game.log')
  })

  it('folds the other threads under their names', async () => {
    const crash = {
      crashing_thread: 1,
      json_dump: {
        threads: [
          { thread_name: 'main', frame_count: 2, frames: [{ function: 'poll' }, { function: 'loop' }] },
          { thread_name: 'worker', frames: [{ function: 'abort' }] },
        ],
        unloaded_modules: [{ filename: 'gone.dll' }],
      },
    }
    const page = await pageOf(crash)
    expect(await texts(page, '.threads summary .thread-name')).toEqual(['main'])
    expect(await attributes(page, '.threads tr.frame', 'id')).toEqual(['t0f0', 't0f1'])
    expect(await texts(page, '#crashing-thread')).toEqual(['Crashing thread (thread 1, worker, 1 frame)'])
    expect(await pageOf(crash, {}, '?tab=modules')).toContain('Unloaded modules (1)')
  })

  it('renders from an empty processed crash, and from any type in any place', async () => {
    expect(await texts(await pageOf({}), 'h1')).toEqual(['(no signature)'])
    const headers = await rig.signIn('admin@example.com')
    const tabs = ['crash', 'annotations', 'modules', 'extensions', 'raw', 'debug']
    for (const odd of [null, 0, 'x', true, [], [null], {}, { a: {} }, [[]], [{ frames: 'x', modules: 7 }]]) {
      const everything = [
        ...Object.keys(CRASHED_IN_TEMPLATES),
        'addons',
        'breadcrumbs',
        'java_exception',
        'signature_debug',
      ]
      for (const tab of tabs) {
        await pageOf(Object.fromEntries(everything.map((key) => [key, odd])), headers, `?tab=${tab}&find=x`)
      }
      const crash = Object.fromEntries(
        [...Object.keys(CRASHED_IN_TEMPLATES), 'uptime', 'java_stack_trace', 'last_crash'].map((key) => [key, odd]),
      )
      await pageOf(crash, headers)
      await pageOf(
        {
          json_dump: {
            threads: odd,
            modules: odd,
            crash_info: odd,
            system_info: odd,
            crashing_thread: odd,
            unloaded_modules: odd,
          },
        },
        headers,
      )
      await pageOf(
        {
          json_dump: {
            threads: [
              { frames: odd },
              { frames: [{ inlines: odd, file: odd, line: odd, frame: odd, module: odd, registers: odd }] },
            ],
            crashing_thread: { threads_index: 1 },
          },
        },
        headers,
      )
    }
  })
})

describe('hostile content', () => {
  const HOSTILE = [
    `</script><script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `</code></td></tr></table><iframe src=//evil.example>`,
    `' onmouseover='alert(1)`,
    `<svg/onload=alert(1)>`,
    `javascript:alert(1)`,
    `\u202egnp.exe\u2066`,
  ]

  it('is text wherever it comes from', async () => {
    const headers = await rig.signIn('admin@example.com')
    const plain = await elementNames(await pageOf(CRASHED_IN_TEMPLATES, headers))
    for (const evil of HOSTILE) {
      const crashId = rig.keep({
        state: 'processed',
        annotations: { [evil]: evil, ProductName: evil },
        dumps: { [evil]: 'x' },
        processed: {
          signature: evil,
          product: evil,
          addons: [evil],
          breadcrumbs: [{ category: evil, message: evil }],
          java_exception: {
            exception: { values: [{ stacktrace: { type: evil, value: evil, frames: [{ function: evil }] } }] },
          },
          mdsw_stderr: evil,
          version: evil,
          reason: evil,
          address: evil,
          os_name: evil,
          build: evil,
          processor_notes: evil,
          crash_inconsistencies: [evil],
          crashing_thread: 0,
          json_dump: {
            threads: [
              {
                thread_name: evil,
                frames: [
                  {
                    frame: 0,
                    function: evil,
                    file: evil,
                    line: 1,
                    module: evil,
                    trust: evil,
                    offset: evil,
                    registers: { [evil]: evil },
                    inlines: [{ function: evil, file: evil, line: evil }],
                    unloaded_modules: [{ module: evil, offsets: [evil] }],
                  },
                  { truncated: { msg: evil } },
                ],
              },
              { thread_name: evil, frames: [{ function: evil }] },
            ],
            modules: [
              {
                filename: evil,
                version: evil,
                debug_id: evil,
                symbol_url: evil,
                cert_subject: evil,
                missing_symbols: true,
              },
            ],
          },
        },
      })
      const of = async (query: string) => (await rig.fetch(`/report/index/${crashId}?${query}`, { headers })).text()
      const sought = new URLSearchParams({ find: evil, in: evil, at: '1' })
      const tabs = ['annotations', 'modules', 'extensions', 'raw', 'debug'].map((tab) => of(`tab=${tab}&${sought}`))
      const page = (await Promise.all([of(''), of(`${sought}`), of('thread=all'), ...tabs])).join('')
      const extra = [...(await elementNames(page))].filter((name) => !plain.has(name))
      expect(extra.filter((name) => !['details', 'h3', 'pre', 'em', 'section', 'wbr'].includes(name))).toEqual([])
      for (const handler of ['onerror', 'onload', 'onmouseover', 'style'])
        expect(await attributes(page, '*', handler)).toEqual([])
      for (const href of await attributes(page, 'a', 'href')) expect(href).toMatch(/^(\/|#|https:\/\/)/)
      expect(page).not.toContain('\u202e')
      const shown = evil.replace('\u202e', '\\u202e').replace('\u2066', '\\u2066')
      expect(new Set(await texts(page, 'tr.inline td.function'))).toEqual(new Set([shown]))
      const markdown = await rig.fetch(`/report/index/${crashId}/markdown`, { headers })
      expect(markdown.headers.get('Content-Type')).toBe('text/markdown; charset=utf-8')
      expect(await markdown.text()).not.toContain('\u202e')
    }
  })

  it('of 100,000 characters in every name makes a page of less than 1 MB that says that it cut', async () => {
    const long = `${'A'.repeat(100_000)}<img src=x>`
    const page = await pageOf({
      signature: long,
      json_dump: {
        crashing_thread: {
          threads_index: 0,
          frames: Array.from({ length: 20 }, () => ({ function: long, module: long, file: long })),
        },
      },
    })
    expect(page.length).toBeLessThan(1_000_000)
    expect(page).toContain('… (cut: 100,011 characters)')
  })

  it('of 500 threads of 500 frames makes a page of bounded size', async () => {
    const threads = Array.from({ length: 500 }, () => ({
      frames: Array.from({ length: 500 }, (_, frame) => ({ frame, function: 'f' })),
    }))
    const page = await pageOf({ crashing_thread: 499, json_dump: { threads } })
    expect(page.length).toBeLessThan(400_000)
    const all = await pageOf({ crashing_thread: 499, json_dump: { threads } }, {}, '?thread=all')
    expect(all.length).toBeLessThan(4_000_000)
    expect(await attributes(all, '.threads details[open]', 'id')).toHaveLength(12)
    expect(await attributes(page, '#t499f499', 'id')).toEqual(['t499f499'])
  })
})

describe('/report/index/ of other crashes', () => {
  it.each([
    ['with bp-', (id: string) => `bp-${id}`],
    ['in upper case', (id: string) => id.toUpperCase()],
    ['with both', (id: string) => `BP-${id.toUpperCase()}`],
    ['with spaces', (id: string) => `%20${id}%20`],
  ])('redirects an id %s to the bare one', async (_, asked) => {
    const crashId = rig.keep({ state: 'processed' })
    const response = await rig.fetch(`/report/index/${asked(crashId)}`)
    expect([response.status, response.headers.get('Location')]).toEqual([302, `/report/index/${crashId}`])
  })

  it.each(['x', '<script>', '1ce5e5f2-4b8e-4a5b-9d2c-6f1e30180607docker', '%00'])(
    'answers the bad id %s with a 400 page',
    async (id) => {
      const response = await rig.fetch(`/report/index/${id}`)
      expect(response.status).toBe(400)
      const page = await response.text()
      expect(page).toContain('That is no crash id')
      expect(page).not.toContain('<script>')
    },
  )

  it('answers an unknown id with a 404 page that says why that can be', async () => {
    const crashId = rig.unknownId()
    const response = await rig.fetch(`/report/index/${crashId}`)
    expect(response.status).toBe(404)
    expect(await response.text()).toContain(`Nothing is stored under ${crashId}`)
  })

  it('shows a pending crash as a page that refreshes itself and asks for it once a minute', async () => {
    const crashId = rig.keep({ state: 'pending' })
    for (const _ of [1, 2, 3]) {
      const response = await rig.fetch(`/report/index/${crashId}`)
      expect([response.status, response.headers.get('Refresh')]).toEqual([200, '5'])
      expect(await response.text()).toContain('This crash is being processed')
    }
    rig.state.nowMs = NOW_MS + 60_000
    await (await rig.fetch(`/report/index/${crashId}`)).text()
    rig.state.nowMs = NOW_MS
    expect(rig.sent.filter(({ crash_id }) => crash_id === crashId)).toHaveLength(2)
  })

  it('shows a failed crash with its reason and what was received', async () => {
    const crashId = rig.keep({ state: 'failed', reason: 'too_many_tries', annotations: { ProductName: 'WaterWolf' } })
    const response = await rig.fetch(`/report/index/${crashId}`)
    expect(response.status).toBe(200)
    const page = await response.text()
    expect(await texts(page, '.reason')).toEqual(['too_many_tries'])
    expect(await texts(page, '.annotations tbody td')).toEqual(['WaterWolf'])
    expect(await texts(page, '.raw-data a')).toEqual(['Raw crash'])
  })

  it('shows a crash above 16 MiB without its stacks, with a link to all of it', async () => {
    const crashId = rig.keep({ state: 'processed', processed: { signature: 'x'.repeat(17 * 1024 * 1024) } })
    const page = await (await rig.fetch(`/report/index/${crashId}`)).text()
    expect(page.length).toBeLessThan(20_000)
    expect(page).toContain('too large for a page')
    expect(await texts(page, '.raw-data a')).toEqual(['Processed crash', 'Raw crash'])
  })
})
