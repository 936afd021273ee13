import { beforeEach, describe, expect, it } from 'vitest'
import { crashDay, parseCrashId } from '#shared/crash-id.ts'
import { MAX_PING_BYTES, MAX_PING_FRAMES, MAX_PINGS } from '#shared/limits.ts'
import { PING_FIELDS } from '#shared/search/crash-pings.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import { symbolicationRig } from './testing/symbolication-rig.ts'

const ID = 'ABCDEF0123456789ABCDEF01234567890'
const SYM = [
  `MODULE windows x86_64 ${ID} app.pdb`,
  'FILE 0 app.cc',
  'INLINE_ORIGIN 0 inlined(int)',
  'FUNC 1000 100 0 crash_here(char const*)',
  'INLINE 0 11 0 0 1000 10',
  '1000 100 7 0',
  'FUNC 2000 100 0 main_loop()',
  '2000 100 9 0',
  '',
].join('\n')

const desktop = {
  document_id: '0E9C4F2A-11AA-4F8B-9C1D-2B3C4D5E6F70',
  submission_timestamp: '2026-11-20T10:11:12.000Z',
  os: 'Windows',
  channel: 'release',
  stack_traces: {
    crash_type: 'EXCEPTION_ACCESS_VIOLATION_READ',
    crash_address: '0x10',
    crash_thread: 1,
    modules: [
      {
        base_address: '0x7ff600000000',
        end_address: '0x7ff600010000',
        filename: 'C:\\Program Files\\App\\App.EXE',
        debug_file: 'C:\\build\\app.pdb',
        debug_id: ID,
        code_id: 'AB12',
        version: '1.0',
      },
      { base_address: '0x1000', filename: 'NTDLL.DLL' },
    ],
    threads: [
      { frames: [{ ip: '0x7ff600002010', module_index: 0, trust: 'context' }] },
      {
        frames: [
          { ip: '0x7ff600001004', module_index: 0, trust: 'context' },
          { ip: '0x1010', module_index: 1, trust: 'scan' },
          { ip: '0xdeadbeef', trust: 'scan' },
        ],
      },
    ],
  },
}

let counted: SearchDocument[]
let isCounterDown: boolean
let rig: ReturnType<typeof symbolicationRig>
beforeEach(() => {
  counted = []
  isCounterDown = false
  rig = symbolicationRig({
    counter: {
      async count(documents) {
        if (isCounterDown) throw new Error('search is down')
        counted.push(...documents)
      },
    },
  })
  rig.symbols.add(SYM)
})

const ping = (body: unknown) => rig.post('/crash-ping', body, { 'Content-Type': 'application/json' })
async function pings(lines: readonly unknown[]) {
  const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  const response = await rig.fetch('/crash-ping', {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/x-ndjson' },
  })
  const text = new TextDecoder().decode(await response.arrayBuffer())
  return {
    status: response.status,
    lines: text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }
}

describe('a crash ping', () => {
  it('is symbolicated, signed as a report would be, and counted', async () => {
    const { status, body } = await ping(desktop)
    expect(status).toBe(200)
    const frames = [
      {
        ...{ frame: 0, offset: '0x7ff600001004', module: 'App.EXE', module_offset: '0x1004', trust: 'context' },
        ...{ function: 'crash_here(char const*)', function_offset: '0x4', file: 'app.cc', line: 11 },
        inlines: [{ function: 'inlined(int)', file: 'app.cc', line: 7 }],
      },
      { frame: 1, offset: '0x1010', module: 'NTDLL.DLL', module_offset: '0x10', trust: 'scan' },
      { frame: 2, offset: '0xdeadbeef', trust: 'scan' },
    ]
    expect(body).toEqual({
      document_id: desktop.document_id.toLowerCase(),
      crash_id: expect.any(String),
      signature: 'inlined',
      proto_signature: 'inlined | crash_here | ntdll.dll | @0xdeadbeef',
      notes: [],
      signature_version: '1',
      signature_lists_hash: defaultSignatureLists().hash,
      crashing_thread: 1,
      frames,
      counted: true,
    })
    const report = {
      os: 'Windows NT',
      crashing_thread: 1,
      threads: [{ frames: [] }, { frames }],
      reason: 'EXCEPTION_ACCESS_VIOLATION_READ',
    }
    expect(body.signature).toBe(generateSignature(report, defaultSignatureLists()).signature)
    expect(counted).toEqual([
      {
        crash_id: body.crash_id,
        started_at_ms: expect.any(Number),
        values: {
          ...{ uuid: body.crash_id, date: '2026-11-20T10:11:12.000000+00:00', signature: 'inlined' },
          ...{ proto_signature: body.proto_signature, release_channel: 'release', platform: 'Windows NT' },
          ...{ reason: 'EXCEPTION_ACCESS_VIOLATION_READ', address: '0x10' },
        },
      },
    ])
  })

  it('in camel case, with its traces as text, gives the same', async () => {
    const { stack_traces: traces, ...rest } = desktop
    const camel = {
      crashType: traces.crash_type,
      crashThread: 1,
      modules: traces.modules.map(({ base_address, debug_file, debug_id, filename }) => ({
        ...{ baseAddress: base_address, debugFile: debug_file, debugId: debug_id, filename },
      })),
      threads: traces.threads.map(({ frames }) => ({
        frames: frames.map(({ ip, trust, ...frame }) => ({
          ...{ ip, trust },
          ...('module_index' in frame ? { moduleIndex: frame.module_index } : {}),
        })),
      })),
    }
    const [{ body: a }, { body: b }] = [
      await ping(desktop),
      await ping({ ...rest, stack_traces: JSON.stringify(camel) }),
    ]
    expect(b).toEqual(a)
  })

  it('has one crash id whenever it comes, with the day on which it was sent', async () => {
    const { body: first } = await ping(desktop)
    const { body: again } = await ping({ ...desktop, document_id: desktop.document_id.toLowerCase() })
    expect(again.crash_id).toBe(first.crash_id)
    const crashId = parseCrashId(first.crash_id)
    expect(crashId && crashDay(crashId)).toBe('20261120')
    const { body: other } = await ping({ ...desktop, document_id: 'another' })
    expect(other.crash_id).not.toBe(first.crash_id)
    const { submission_timestamp: _, ...undated } = desktop
    expect((await ping(undated)).body.crash_id).toMatch(/0261123$/)
  })

  it('is counted by what every report says in public, and by no free text', async () => {
    await ping({
      ...{ ...desktop, product: 'WaterWolf', version: '150.0', process_type: 'main' },
      ...{ moz_crash_reason: 'C:\\Users\\somebody', abort_message: 'somebody@example.com' },
    })
    const names = Object.keys(counted[0]?.values ?? {})
    expect(names).toEqual(expect.arrayContaining(['product', 'version', 'process_type', 'platform', 'signature']))
    for (const name of names) expect(PING_FIELDS).toContain(name)
    expect(JSON.stringify(counted)).not.toContain('somebody')
  })

  it('of a hang is signed by its main thread', async () => {
    rig.symbols.add(
      SYM.replace('app.pdb', 'dog.pdb')
        .replace('FUNC 1000 100 0 crash_here(char const*)', 'FUNC 1000 100 0 RunWatchdog(void*)')
        .replace(/INLINE.*\n/g, ''),
    )
    const [main, watchdog] = desktop.stack_traces.threads
    const modules = desktop.stack_traces.modules.map((module) => ({ ...module, debug_file: 'dog.pdb' }))
    const { body } = await ping({
      ...desktop,
      stack_traces: { ...desktop.stack_traces, modules, threads: [main, watchdog] },
    })
    expect(body.signature).toBe('shutdownhang | main_loop')
  })

  it.each([
    [{ oom_size: 500_000 }, 'OOM | large | inlined'],
    [{ async_shutdown_timeout: { phase: 'p', conditions: '[{"name":"c"}]' } }, 'AsyncShutdownTimeout | p | c'],
    [{ async_shutdown_timeout: '{"phase":"p","conditions":[{"name":"c"}]}' }, 'AsyncShutdownTimeout | p | c'],
    [{ ipc_channel_error: 'ShutDownKill' }, 'IPCError-content | ShutDownKill'],
    [{ js_large_allocation_failure: 'Reporting' }, 'OOM | large | inlined'],
    [{ java_exception: 'a.B: c\n\tat d.E(F.java:1)' }, 'a.B: at d.E(F.java)'],
    [{ java_exception: 'typed by a person' }, 'malformed'],
    [
      {
        java_exception: {
          exception: { values: [{ stacktrace: { type: 'T', module: 'm', frames: [{ module: 'x', function: 'y' }] } }] },
        },
      },
      'm.T: at x.y',
    ],
  ])('with %j is signed by that too', async (fields, signature) => {
    expect((await ping({ ...desktop, ...fields })).body.signature).toBe(signature)
  })

  it('without a stack is signed by its crash address, or as empty', async () => {
    const { body } = await ping({ ...desktop, stack_traces: { crash_address: '0x00001f' } })
    expect(body.frames).toEqual([{ frame: 0, offset: '0x1f' }])
    expect(body.proto_signature).toBe('@0x1f')
    expect((await ping({ document_id: 'x' })).body.signature).toBe('EMPTY: no frame data available')
  })

  it('keeps the first frames of a long stack', async () => {
    const frames = Array.from({ length: MAX_PING_FRAMES + 1 }, () => ({ ip: '0x1' }))
    const { body } = await ping({ ...desktop, stack_traces: { threads: [{ frames }] } })
    expect(body.frames).toHaveLength(MAX_PING_FRAMES)
  })

  it('is not counted while its symbols are pending: its signature may still change', async () => {
    rig.symbols.answer('app.pdb', ID, { kind: 'indexing', retry_after_seconds: 5 })
    const { body } = await ping(desktop)
    expect(body).toMatchObject({ counted: false, module_errors: { [`app.pdb/${ID}`]: [{ name: 'indexing' }] } })
    rig.symbols.answer('app.pdb', ID, { kind: 'missing' })
    expect((await ping(desktop)).body).toMatchObject({
      counted: true,
      module_errors: { [`app.pdb/${ID}`]: [{ name: 'missing' }] },
    })
    expect(counted).toHaveLength(1)
  })

  it('is 503 while the signature lists cannot be read: other lists would be a wrong answer', async () => {
    const broken = symbolicationRig({ signatureLists: { current: () => Promise.reject(new Error('R2 is down')) } })
    const { status, headers } = await broken.post('/crash-ping', desktop)
    expect([status, headers.get('Retry-After')]).toEqual([503, '1'])
    expect(broken.budget.heldBytes).toBe(0)
  })

  it('is answered when the counter fails, as not counted', async () => {
    isCounterDown = true
    expect((await ping(desktop)).body).toMatchObject({ signature: 'inlined', counted: false })
    expect(rig.logged).toContainEqual(expect.objectContaining({ outcome: 'pings_not_counted', pings: 1 }))
  })

  it.each([
    ['', 'the ping is not JSON'],
    ['[]', 'the ping is not an object'],
    ['{}', 'document_id is missing, or not letters, digits and dashes'],
    ['{"document_id":"a/b"}', 'document_id is missing, or not letters, digits and dashes'],
    ['{"document_id":"a","submission_timestamp":"x"}', 'submission_timestamp is not a date'],
    ['{"document_id":"a","submission_timestamp":5}', 'submission_timestamp is not a date'],
    ['{"document_id":"a","submission_timestamp":"+275760-01-01T00:00:00Z"}', 'submission_timestamp is not a date'],
    ['{"document_id":"a","stack_traces":"{"}', 'stack_traces is neither an object nor its JSON text'],
    ['{"document_id":"a","stack_traces":[]}', 'stack_traces is neither an object nor its JSON text'],
  ])('%s is refused: %s', async (text, title) => {
    const { status, body } = await ping(text)
    expect([status, body]).toEqual([400, { title }])
  })

  it('of odd forms inside is taken as far as it goes', async () => {
    const odd = {
      crash_thread: '1',
      modules: [5, null, {}],
      threads: [null, { frames: [null, 7, { ip: 'zz', module_index: 99 }, { ip: '0x5', module_index: -1 }] }],
    }
    const { status, body } = await ping({ ...desktop, stack_traces: odd })
    expect([status, body.crashing_thread, body.frames.length]).toEqual([200, 1, 4])
  })
})

describe('pings as NDJSON', () => {
  it('give one line each, in order; a bad one is named by its line', async () => {
    const { status, lines } = await pings([
      desktop,
      '',
      '{',
      { ...desktop, document_id: 'b' },
      'x'.repeat(MAX_PING_BYTES + 1),
    ])
    expect(status).toBe(200)
    expect(lines).toMatchObject([
      { document_id: desktop.document_id.toLowerCase(), counted: true },
      { error: 'the ping is not JSON', line: 3 },
      { document_id: 'b', signature: 'inlined', counted: true },
      { error: `the line has more than ${MAX_PING_BYTES} bytes`, line: 5 },
    ])
    // One call for all pings of a batch.
    expect(rig.symbols.calls).toHaveLength(1)
    expect(rig.budget.heldBytes).toBe(0)
  })

  it('come by the hundred', async () => {
    const { lines } = await pings(Array.from({ length: 320 }, (_, at) => ({ ...desktop, document_id: `doc-${at}` })))
    expect(lines.map(({ document_id }) => document_id)).toEqual(Array.from({ length: 320 }, (_, at) => `doc-${at}`))
    expect(new Set(counted.map(({ crash_id }) => crash_id)).size).toBe(320)
  })

  it('have a limit, which is the last line', async () => {
    const { lines } = await pings(Array.from({ length: MAX_PINGS + 1 }, () => '{}'))
    expect(lines).toHaveLength(MAX_PINGS + 1)
    expect(lines.at(-1)).toEqual({ error: expect.stringContaining(`at most ${MAX_PINGS} pings`), line: MAX_PINGS + 1 })
  })

  it('that are none are 400', async () => {
    const { status, lines } = await pings(['', ' '])
    expect([status, lines]).toEqual([400, [{ title: 'no pings specified' }]])
  })
})
