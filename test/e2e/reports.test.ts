/**
 * Reports of every kind, from POST to the processed crash as everybody and as an investigator sees it: Java in both forms, annotations
 * alone, a memory report, breadcrumbs, several dumps, a watched allocation; and free text, scrubbed or not. HTTP only.
 */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { dumpPath, normalised, publicFrames, reference } from '../support/reference.ts'
import { crashIdOf, getJson, type Part, processedCrash, submit, waitFor } from '../support/report.ts'

const dump = (name: string): Part => ({ bytes: readFileSync(dumpPath(name)) })
const PRODUCT = { ProductName: 'WaterWolf', Version: '2.0' }
const NO_STACK = 'SignatureGenerationRule: CSignatureTool: no frame data for crashing thread (0)'
const TIMES = { CrashTime: '1795136400', StartupTime: '1795136390' }

let fleet: Fleet
let token: string

async function start(vars: Readonly<Record<string, string>> = {}) {
  fleet = await startFleet({ empty: true, vars })
  token = await createToken(fleet, ['view_pii'])
}

/** Submits a report and reads its processed crash: for everybody, and for an investigator. */
async function processed(parts: Readonly<Record<string, Part>>) {
  const crashId = crashIdOf(await submit(fleet.url, { ...PRODUCT, ...TIMES, ...parts }))
  const open = await processedCrash(fleet.url, crashId)
  const all = await processedCrash(fleet.url, crashId, { 'Auth-Token': token })
  const notes: readonly string[] = all.processor_notes.split('\n').slice(1)
  return { crashId, open, all, notes }
}

describe('reports of every kind', () => {
  beforeAll(() => start())
  afterAll(() => fleet?.stop())

  it('a Java crash as text: class and frames are public, the message is not, nor in the signature', async () => {
    const trace =
      'java.lang.IllegalStateException: canary@example.com\n\tat org.a.B.c(B.java:12)\n\tat org.a.D.e(D.java:3)\nCaused by: x.Y: canary\n\tat z.Z.z(Z.java:1)'
    const { open, all, notes } = await processed({
      JavaStackTrace: trace,
      Android_CPU_ABI: 'arm64-v8a',
      Android_Version: '34 (REL)',
      Android_Model: 'Pixel',
    })
    const expected = {
      signature: 'java.lang.IllegalStateException: at org.a.B.c(B.java)',
      java_stack_trace: 'java.lang.IllegalStateException\n\tat org.a.B.c(B.java:12)\n\tat org.a.D.e(D.java:3)',
      cpu_arch: 'arm64',
      os_name: 'Android',
      os_version: '34',
      os_pretty_version: 'Android 34',
      android_model: 'Pixel',
      report_type: 'crash',
      uptime: 10,
      success: true,
    }
    expect(open).toMatchObject(expected)
    expect(all).toMatchObject({ ...expected, java_stack_trace_raw: trace })
    expect(JSON.stringify(open)).not.toContain('canary')
    expect(open).not.toHaveProperty('json_dump')
    expect(open).not.toHaveProperty('proto_signature')
    // The message is gone before the signature is made, so its line has no colon.
    expect(notes).toEqual([
      'SignatureGenerationRule: JavaSignatureTool: stack trace line 1 is not in the expected format',
    ])
  })

  it('a Java crash as JSON: class and frames are public, the message is not', async () => {
    const stacktrace = {
      type: 'NullPointerException',
      module: 'java.lang',
      value: 'canary',
      frames: [{ module: 'org.a.B', function: 'c', filename: 'B.kt', lineno: 12, in_app: true }],
    }
    const exception = { exception: { values: [{ stacktrace, thread: 'canary' }] } }
    const { open, all } = await processed({ JavaException: JSON.stringify(exception) })
    const { value, ...shown } = stacktrace
    expect(open).toMatchObject({
      signature: 'java.lang.NullPointerException: at org.a.B.c(B.kt)',
      java_exception: { exception: { values: [{ stacktrace: shown }] } },
    })
    expect(all.java_exception).toEqual(exception)
    expect(JSON.stringify(open)).not.toContain('canary')
  })

  it('annotations alone, as a crash ping brings them', async () => {
    const { open, all } = await processed({
      OS: 'Windows NT',
      OSVersion: '10.0.22631',
      CPUArchitecture: 'amd64',
      CPUInfo: 'family 6 model 158',
      OOMAllocationSize: '1048576',
      ProcessType: 'content',
      UtilityActorsName: 'audio-decoder, js-oracle',
      GleanClientId: 'canary',
      'Add-ons': 'a%40b.c:1.0,plain',
      Accessibility: 'Active',
    })
    const expected = {
      product: 'WaterWolf',
      version: '2.0',
      major_version: 2,
      signature: 'OOM | large | EMPTY: no frame data available',
      os_name: 'Windows NT',
      os_version: '10.0.22631',
      os_pretty_version: 'Windows 11',
      cpu_arch: 'amd64',
      cpu_info: 'family 6 model 158',
      process_type: 'content',
      utility_actors_name: ['audio-decoder', 'js-oracle'],
      oom_allocation_size: 1_048_576,
      addons: ['a@b.c:1.0', 'plain:NO_VERSION'],
      accessibility: true,
      minidump_sha256_hash: '',
      distribution_id: 'unknown',
    }
    expect(open).toMatchObject(expected)
    expect(open).not.toHaveProperty('glean_client_id')
    expect(all).toMatchObject({ ...expected, glean_client_id: 'canary' })
  })

  it('a memory report beside the minidump: measured for everybody, whole for investigators', async () => {
    const { pid } = reference('null_chain')
    const report = {
      version: 1,
      hasMozMallocUsableSize: true,
      reports: [
        { process: `Main Process (pid ${pid})`, path: 'explicit/images/x', kind: 1, units: 0, amount: 10 },
        { process: `Main Process (pid ${pid})`, path: 'heap-allocated', kind: 2, units: 0, amount: 100 },
        { process: `Web Content (pid ${pid + 1})`, path: 'heap-allocated', kind: 2, units: 0, amount: 7 },
      ],
    }
    const { open, all, notes } = await processed({
      upload_file_minidump: dump('null_chain'),
      memory_report: { bytes: gzipSync(JSON.stringify(report)) },
    })
    expect(open.memory_measures).toMatchObject({
      explicit: 100,
      heap_allocated: 100,
      heap_unclassified: 90,
      images: 10,
    })
    expect(open).not.toHaveProperty('memory_report')
    expect(all.memory_report).toEqual(report)
    expect(notes).toEqual([])
    expect(open.json_dump.crash_info.type).toBe(reference('null_chain').crash_info.type)
  })

  it('a memory report that is none costs a note', async () => {
    const { open, all, notes } = await processed({ memory_report: { bytes: Buffer.from('no gzip') } })
    expect(notes).toEqual(['memory_report is not gzip', NO_STACK])
    expect(all.memory_report_error).toBe('memory_report is not gzip')
    expect(open).not.toHaveProperty('memory_report_error')
  })

  it('breadcrumbs and a watched allocation: for investigators only', async () => {
    const breadcrumbs = [{ timestamp: '2026-11-23T00:00:00Z', category: 'ui', message: 'canary' }]
    const { open, all } = await processed({
      Breadcrumbs: JSON.stringify({ values: breadcrumbs }),
      PHCKind: 'FreedPage',
      PHCBaseAddress: '1048576',
      PHCUsableSize: '64',
      PHCAllocStack: '1,2',
      PHCFreeStack: '3,4',
    })
    expect(all).toMatchObject({
      breadcrumbs,
      phc_kind: 'FreedPage',
      phc_base_address: '0x100000',
      phc_usable_size: 64,
      phc_alloc_stack: '1,2',
      phc_free_stack: '3,4',
    })
    for (const key of Object.keys(open)) expect(key).not.toMatch(/^(?:breadcrumbs|phc_)/)
    const { notes } = await processed({ Breadcrumbs: '[{"message":"canary"}]' })
    expect(notes).toEqual(['Breadcrumbs: malformed: timestamp of breadcrumb 0 has the wrong type', NO_STACK])
  })

  it('several dumps: the main one signs, each is stored whole', async () => {
    const { open, all } = await processed({
      upload_file_minidump: dump('null_chain'),
      upload_file_minidump_browser: dump('heap_threads'),
      ipc_channel_error: 'ShutDownKill',
    })
    expect(open).toMatchObject({
      signature: 'IPCError-browser | ShutDownKill',
      report_type: 'hang',
      additional_minidumps: ['upload_file_minidump_browser'],
      upload_file_minidump_browser: { mdsw_status_string: 'OK', success: true },
    })
    for (const [walk, name] of [
      [all.json_dump, 'null_chain'],
      [all.upload_file_minidump_browser.json_dump, 'heap_threads'],
    ] as const) {
      expect([walk.crash_info, walk.system_info, walk.thread_count, walk.pid]).toEqual(
        [reference(name)].flatMap((stock) => [stock.crash_info, stock.system_info, stock.thread_count, stock.pid]),
      )
      expect(normalised(walk).modules).toHaveLength(reference(name).modules.length)
    }
    const frames = open.upload_file_minidump_browser.json_dump.crashing_thread.frames
    expect(publicFrames(frames)).toEqual(frames)
  })

  it('free text is scrubbed in the signature, the crash, search and the raw crash', async () => {
    const { crashId, open } = await processed({
      Version: '2.1',
      AbortMessage: '[1] ###!!! ABORT: cannot open /home/canary/db: file x.cpp, line 1',
      MozCrashReason: 'no C:\\Users\\canary\\x for canary@example.com',
      Notes: 'https://canary:canary@a.example/?canary=1 5d41402abc4b2a76b9719d911017c592',
    })
    expect(open).toMatchObject({
      signature: 'Abort | cannot open /home/<user>/db | EMPTY: no frame data available',
      moz_crash_reason: 'no C:\\Users\\<user>\\x for <email>',
      app_notes: 'https://<user>@a.example/?<query> <secret>',
    })
    const raw = await getJson(`${fleet.url}/api/RawCrash/?crash_id=${crashId}`)
    expect(raw.json.Notes).toBe('https://<user>@a.example/?<query> <secret>')
    const search = await waitFor('the search row', 30, async () => {
      const { json } = await getJson(
        `${fleet.url}/api/SuperSearch/?version=2.1&_facets=app_notes&_facets=moz_crash_reason&_columns=app_notes&_columns=signature`,
      )
      return json.total === 1 ? json : undefined
    })
    for (const answer of [open, raw.json, search]) expect(JSON.stringify(answer)).not.toMatch(/canary|5d41402/)
    const all = await getJson(`${fleet.url}/api/RawCrash/?crash_id=${crashId}`, { 'Auth-Token': token })
    expect(all.json.AbortMessage).toContain('/home/canary/db')
  })
})

describe('with the preset of Mozilla', () => {
  beforeAll(() => start({ PRESET: 'mozilla' }))
  afterAll(() => fleet?.stop())

  it('free text stays and Mozilla’s products have their rules', async () => {
    const { open } = await processed({
      ProductName: 'Firefox',
      Version: '128.3.0',
      ReleaseChannel: 'esr',
      AbortMessage: '[1] ###!!! ABORT: cannot open /home/joe/db: file x.cpp, line 1',
      'Add-ons': '%7B972ce4c6-7e08-4474-a285-3208198ce6fd%7D:1.0',
    })
    expect(open).toMatchObject({
      signature: 'Abort | cannot open /home/joe/db | EMPTY: no frame data available',
      version: '128.3.0esr',
      major_version: 128,
      addons: ['{972ce4c6-7e08-4474-a285-3208198ce6fd} (default theme):1.0'],
    })
    const beta = await processed({
      ProductName: 'Firefox',
      Version: '140.0',
      ReleaseChannel: 'beta',
      BuildID: '20261101000000',
    })
    expect(beta.open.version).toBe('140.0b0')
    expect(beta.notes.join()).toContain('no version data was found')
  })
})
