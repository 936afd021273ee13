import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { CRASH_ANNOTATIONS } from '#shared/annotations.ts'
import { ANONYMOUS, type Viewer } from '#shared/auth/permissions.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { type CrashId, createCrashId } from '#shared/crash-id.ts'
import type { StackwalkAnswer, StackwalkDocument } from '#shared/minidump/stackwalk.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { type JsonValue, rawCrashJson } from '#shared/raw-crash.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { dumpKey, processedCrashKey, rawCrashKey } from '#shared/store/crash-keys.ts'
import { LargeCrashTurn } from './crash-memory.ts'
import nullChain from './fixtures/null_chain.json'
import { type ProcessDeps, type ProcessRequest, processCrash } from './process.ts'
import { readProcessed, readRaw } from './read-crash.ts'
import type { Rule } from './rules/rule.ts'
import { RULESETS } from './rules/rulesets.ts'

const START_MS = Date.UTC(2026, 10, 23, 1, 2, 3)
/** Another stackwalk of the same dump, as after a symbol upload. */
const OTHER_DUMP = { ...nullChain, pid: 77, threads: [{ frames: [{ function: 'other_function(int)' }] }] }
const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }

/** The index: keeps rows as the search Worker promises to. */
class Rows {
  readonly byId = new Map<CrashId, SearchDocument>()
  isDown = false

  async index(documents: readonly SearchDocument[]): Promise<void> {
    if (this.isDown) throw new Error('the index is down')
    for (const document of documents) {
      const row = this.byId.get(document.crash_id)
      if (row === undefined || row.started_at_ms <= document.started_at_ms) this.byId.set(document.crash_id, document)
    }
  }
}

/** The stackwalker: answers a document or an outcome, and remembers what it was given. */
class Walker {
  readonly walked: { bytes: string; options: unknown }[] = []
  answer: (bytes: string) => Promise<StackwalkAnswer> | StackwalkAnswer

  constructor(document: unknown) {
    this.answer = () => answered(document)
  }

  async walk(minidump: ReadableStream<Uint8Array>, options: unknown): Promise<StackwalkAnswer> {
    const bytes = await new Response(minidump).text()
    this.walked.push({ bytes, options })
    return this.answer(bytes)
  }
}

function answered(document: unknown): StackwalkAnswer {
  return { kind: 'answered', body: new Blob([JSON.stringify(document)]).stream() }
}

const walked = (jsonDump: unknown): unknown => ({ kind: 'walked', stackwalk_version: 'test 1', json_dump: jsonDump })
const notWalked = (status: string): StackwalkDocument => ({ kind: 'failed', status, detail: `about ${status}` })

/** A report of the product WaterWolf in R2, with these dumps. */
async function save(
  annotations: Record<string, JsonValue> = {},
  dumps: Record<string, string> = { upload_file_minidump: 'MDMP' },
) {
  const crashId = createCrashId(() => START_MS, systemRandomBytes)
  for (const [name, bytes] of Object.entries(dumps)) await env.CRASHES.put(dumpKey(crashId, name), bytes)
  const checksums = Object.fromEntries(Object.keys(dumps).map((name) => [name, `sha256 of ${name}`]))
  const json = rawCrashJson({
    annotations: { ProductName: 'WaterWolf', Version: '1.0', ...annotations },
    uuid: crashId,
    submitted_timestamp: '2026-11-23T01:02:03+00:00',
    metadata: { collector_notes: [], dump_checksums: checksums },
  })
  await env.CRASHES.put(rawCrashKey(crashId), json)
  return crashId
}

function fleet(changes: Partial<ProcessDeps> = {}) {
  const rows = new Rows()
  const walker = new Walker(walked(nullChain))
  const log: string[] = []
  let nowMs = START_MS
  const deps: ProcessDeps = {
    crashes: env.CRASHES,
    stackwalker: walker,
    search: rows,
    lists: defaultSignatureLists(),
    rulesets: RULESETS,
    products: NO_PRODUCTS,
    registry: BUILT_IN_REGISTRY,
    scrub: scrubFreeText,
    signed: () => {},
    largeCrashes: new LargeCrashTurn(() => nowMs),
    clock: () => nowMs++,
    log: (stage, outcome, fields) => log.push(JSON.stringify({ stage, outcome, ...fields })),
    ...changes,
  }
  const run = (crashId: CrashId, request: Partial<ProcessRequest> = {}) =>
    processCrash({ crashId, ruleset: 'default', notBeforeMs: 0, acceptsMissingSymbols: false, ...request }, deps)
  return { rows, walker, log, deps, run }
}

/** A promise that the test settles. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

async function stored(crashId: CrashId): Promise<Record<string, unknown>> {
  const object = await env.CRASHES.get(processedCrashKey(crashId))
  if (object === null) throw new Error(`${crashId} is not processed`)
  return object.json()
}

describe('processCrash', () => {
  it('makes of a report a signed processed crash and one search row', async () => {
    const { run, rows, walker } = fleet()
    const crashId = await save({ CrashTime: '1795136400', StartupTime: '1795136390', ReleaseChannel: 'release' })
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    const processed = await stored(crashId)
    expect(processed).toMatchObject({
      uuid: crashId,
      signature: 'read_value',
      proto_signature: expect.stringMatching(/^read_value \| visit \| main \| /),
      product: 'WaterWolf',
      version: '1.0',
      major_version: 1,
      release_channel: 'release',
      reason: 'SIGSEGV / SEGV_MAPERR',
      address: '0x0000000000000000',
      crashing_thread: 0,
      crashing_thread_name: 'null_chain',
      os_name: 'Linux',
      os_pretty_version: 'Debian GNU/Linux 12 (bookworm)',
      cpu_arch: 'amd64',
      process_type: 'parent',
      report_type: 'crash',
      uptime: 10,
      date_processed: '2026-11-23T01:02:03+00:00',
      topmost_filenames: 'src/src/null_chain.cpp',
      mdsw_status_string: 'OK',
      minidump_sha256_hash: 'sha256 of upload_file_minidump',
      stackwalk_version: 'test 1',
      processor_version: expect.any(String),
      signature_version: expect.any(String),
      signature_lists_hash: defaultSignatureLists().hash,
      success: true,
    })
    expect(processed.json_dump).toEqual(nullChain)
    expect(processed.processor_notes).toBe('>>> Start processing: 2026-11-23T01:02:03.000000+00:00 (mayday)')
    expect([...rows.byId.values()]).toMatchObject([
      { crash_id: crashId, values: { signature: 'read_value', product: 'WaterWolf' } },
    ])
    expect(walker.walked).toEqual([{ bytes: 'MDMP', options: { crash_id: crashId } }])
  })

  it('walks another minidump too, under its name, and leaves attachments alone', async () => {
    const { run, walker } = fleet()
    walker.answer = (bytes) => answered(walked(bytes === 'MDMP' ? nullChain : OTHER_DUMP))
    const crashId = await save(
      {},
      { upload_file_minidump: 'MDMP', upload_file_minidump_browser: 'MDMP 2', memory_report: 'gz' },
    )
    await run(crashId)
    expect(await stored(crashId)).toMatchObject({
      signature: 'read_value',
      additional_minidumps: ['upload_file_minidump_browser'],
      upload_file_minidump_browser: { mdsw_status_string: 'OK', json_dump: { pid: 77 } },
    })
    expect(walker.walked.map(({ bytes }) => bytes)).toEqual(['MDMP', 'MDMP 2'])
  })

  it('gives the stackwalker the annotations that it reads', async () => {
    const { run, walker } = fleet()
    await run(
      await save({
        ModuleSignatureInfo: { 'Some CA': ['a.dll'] },
        CPUMicrocodeVersion: '0xde',
        Email: 'a@example.com',
      }),
    )
    expect(walker.walked[0]?.options).toMatchObject({
      module_signature_info: '{"Some CA":["a.dll"]}',
      cpu_microcode_version: '0xde',
    })
    expect(JSON.stringify(walker.walked[0]?.options)).not.toContain('example.com')
  })

  it('processes a crash that has no minidump', async () => {
    const { run, walker, rows } = fleet()
    const crashId = await save({}, {})
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    expect(await stored(crashId)).toMatchObject({
      signature: 'EMPTY: no frame data available',
      os_name: 'Unknown',
      success: true,
    })
    expect(walker.walked).toHaveLength(0)
    expect(rows.byId.size).toBe(1)
  })

  it('signs a Java crash by its stack trace, without its message', async () => {
    const { run } = fleet()
    const trace =
      'java.lang.IllegalStateException: my@mail.example\n\tat org.a.B.c(B.java:12)\n\tat org.a.D.e(D.java:1)\nCaused by: x.Y: my@mail.example\n\tat z'
    const crashId = await save({ JavaStackTrace: trace }, {})
    await run(crashId)
    expect(await stored(crashId)).toMatchObject({
      signature: 'java.lang.IllegalStateException: at org.a.B.c(B.java)',
      java_stack_trace: 'java.lang.IllegalStateException\n\tat org.a.B.c(B.java:12)\n\tat org.a.D.e(D.java:1)',
      java_stack_trace_raw: trace,
    })
  })

  it.each([
    [
      'HeaderMismatch',
      'EMPTY: no frame data available; HeaderMismatch',
      'MinidumpStackwalkRule: minidump-stackwalk: failed: 1: HeaderMismatch',
    ],
    [
      'StackwalkTimeout',
      'EMPTY: no frame data available; StackwalkTimeout',
      'MinidumpStackwalkRule: minidump-stackwalk: timeout (SIGKILL)',
    ],
  ])('processes a dump that cannot be walked: %s', async (status, signature, note) => {
    const { run, walker } = fleet()
    walker.answer = () => answered(notWalked(status))
    const crashId = await save({}, { upload_file_minidump: 'garbage' })
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    const processed = await stored(crashId)
    expect(processed).toMatchObject({
      signature,
      json_dump: {},
      mdsw_status_string: status,
      crashing_thread: null,
      reason: '',
    })
    expect(String(processed.processor_notes).split('\n')).toContain(note)
  })

  it('does not send an empty minidump to the stackwalker', async () => {
    const { run, walker } = fleet()
    const crashId = await save({}, { upload_file_minidump: '' })
    await run(crashId)
    const processed = await stored(crashId)
    expect(processed).toMatchObject({
      mdsw_status_string: 'EmptyMinidump',
      signature: 'EMPTY: no frame data available; EmptyMinidump',
    })
    expect(processed).not.toHaveProperty('json_dump')
    expect(processed.processor_notes).toContain(
      'MinidumpStackwalkRule: upload_file_minidump is empty--skipping minidump processing',
    )
    expect(walker.walked).toHaveLength(0)
  })

  it('answers `gone` for a crash that retention removed, and leaves nothing', async () => {
    const { run, rows } = fleet()
    const crashId = createCrashId(() => START_MS, systemRandomBytes)
    expect(await run(crashId)).toEqual({ kind: 'gone' })
    expect(await env.CRASHES.head(processedCrashKey(crashId))).toBeNull()
    expect(rows.byId.size).toBe(0)
  })

  it('fails a raw crash that is no JSON', async () => {
    const crashId = await save()
    await env.CRASHES.put(rawCrashKey(crashId), '{ not json')
    expect(await fleet().run(crashId)).toEqual({ kind: 'failed', reason: 'raw_crash_unreadable' })
  })

  it.each<[string, () => StackwalkAnswer | Promise<StackwalkAnswer>, object]>([
    ['is busy', () => ({ kind: 'busy' }), { kind: 'retry', reason: 'stackwalker_busy' }],
    [
      'is away',
      () => ({ kind: 'unavailable', reason: 'starting' }),
      { kind: 'retry', reason: 'stackwalker_unavailable' },
    ],
    ['breaks off', () => Promise.reject(new Error('reset')), { kind: 'retry', reason: 'stackwalker_unavailable' }],
    ['speaks nonsense', () => answered({ kind: 'walked' }), { kind: 'failed', reason: 'stackwalk_unreadable' }],
  ])('stores nothing while the stackwalker %s', async (_, answer, outcome) => {
    const { run, walker, rows } = fleet()
    walker.answer = answer
    const crashId = await save()
    expect(await run(crashId)).toMatchObject(outcome)
    expect(await env.CRASHES.head(processedCrashKey(crashId))).toBeNull()
    expect(rows.byId.size).toBe(0)
  })

  it('cuts the answer of a stackwalker off at the limit of its JSON', async () => {
    const { run, walker } = fleet()
    let sent = 0
    walker.answer = () => ({
      kind: 'answered',
      body: new ReadableStream({
        pull(controller) {
          sent += 1_048_576
          controller.enqueue(new Uint8Array(1_048_576).fill(0x20))
        },
      }),
    })
    const crashId = await save()
    await run(crashId)
    expect(await stored(crashId)).toMatchObject({ mdsw_status_string: 'StackwalkOutputTooLarge' })
    expect(sent).toBeLessThan(40 * 1_048_576)
  })

  it('retries when storage does not answer', async () => {
    const crashes = Object.assign(Object.create(env.CRASHES), { get: () => Promise.reject(new Error('R2 is down')) })
    expect(await fleet({ crashes }).run(await save())).toEqual({ kind: 'retry', reason: 'storage_unavailable' })
  })
})

describe('a crash that is delivered more than once', () => {
  it('twice: one processed crash, one row, one stackwalk', async () => {
    const { run, rows, walker } = fleet()
    const crashId = await save()
    await run(crashId)
    const first = await env.CRASHES.head(processedCrashKey(crashId))
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    expect((await env.CRASHES.head(processedCrashKey(crashId)))?.etag).toBe(first?.etag)
    expect(rows.byId.size).toBe(1)
    expect(walker.walked).toHaveLength(1)
  })

  it('at once: one processed crash and one row, of the same start', async () => {
    const { run, rows, walker } = fleet()
    const crashId = await save()
    const barrier = deferred<void>()
    walker.answer = async () => {
      if (walker.walked.length === 4) barrier.resolve()
      await barrier.promise
      return answered(walked(nullChain))
    }
    expect(await Promise.all([run(crashId), run(crashId), run(crashId), run(crashId)])).toEqual(
      Array(4).fill({ kind: 'processed' }),
    )
    const object = await env.CRASHES.head(processedCrashKey(crashId))
    expect(rows.byId.size).toBe(1)
    expect(String(rows.byId.get(crashId)?.started_at_ms)).toBe(object?.customMetadata?.started_at_ms)
    expect(object?.customMetadata?.started_at_ms).toBe(String(START_MS + 3))
  })

  it('a slow delivery never overwrites a reprocessing that started later', async () => {
    const { run, rows, walker } = fleet()
    const crashId = await save()
    const slow = deferred<StackwalkAnswer>()
    walker.answer = () => slow.promise
    const slowRun = run(crashId)
    while (walker.walked.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    walker.answer = () => answered(walked(OTHER_DUMP))
    await run(crashId)
    slow.resolve(answered(walked(nullChain)))
    expect(await slowRun).toEqual({ kind: 'processed' })
    expect(await stored(crashId)).toMatchObject({ signature: 'other_function' })
    expect(rows.byId.get(crashId)?.values.signature).toBe('other_function')
  })

  it('a reprocessing that lands between the check and the put is not overwritten', async () => {
    const crashId = await save()
    const later = fleet()
    later.walker.answer = () => answered(walked(OTHER_DUMP))
    let hasLanded = false
    const crashes = new Proxy(env.CRASHES, {
      get(bucket, name) {
        const member: unknown = Reflect.get(bucket, name)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]) => {
          if (name === 'put' && !hasLanded) {
            hasLanded = true
            await later.run(crashId, { notBeforeMs: START_MS })
          }
          return Reflect.apply(member, bucket, args)
        }
      },
    })
    const earlier = fleet({ crashes, clock: () => START_MS - 1 })
    expect(await earlier.run(crashId)).toEqual({ kind: 'processed' })
    expect(await stored(crashId)).toMatchObject({ signature: 'other_function' })
  })

  it('after the index failed: indexes what is stored and does not walk again', async () => {
    const { run, rows, walker } = fleet()
    const crashId = await save()
    rows.isDown = true
    expect(await run(crashId)).toEqual({ kind: 'retry', reason: 'index_unavailable' })
    expect(await stored(crashId)).toMatchObject({ signature: 'read_value' })
    rows.isDown = false
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    expect(rows.byId.get(crashId)?.values.signature).toBe('read_value')
    expect(walker.walked).toHaveLength(1)
  })

  it('for reprocessing: walks again, and keeps the notes of before', async () => {
    const { run, walker } = fleet()
    const crashId = await save()
    await run(crashId)
    const before = await stored(crashId)
    walker.answer = () => answered(walked(OTHER_DUMP))
    await run(crashId, { notBeforeMs: START_MS + 1_000 })
    expect(await stored(crashId)).toMatchObject({
      signature: 'other_function',
      processor_history: [before.processor_notes],
    })
    expect(walker.walked).toHaveLength(2)
  })

  it('with another raw crash: processes anew', async () => {
    const { run, walker } = fleet()
    const crashId = await save()
    await run(crashId)
    const raw = await env.CRASHES.get(rawCrashKey(crashId))
    await env.CRASHES.put(rawCrashKey(crashId), ((await raw?.text()) ?? '').replace('1.0', '2.0'))
    await run(crashId)
    expect(await stored(crashId)).toMatchObject({ version: '2.0' })
    expect(walker.walked).toHaveLength(2)
  })
})

describe('the ruleset regenerate_signature', () => {
  it('signs the stored crash anew and touches nothing else', async () => {
    const { run, walker, rows } = fleet()
    const crashId = await save()
    await run(crashId)
    const { signature: _, ...before } = await stored(crashId)
    await env.CRASHES.put(processedCrashKey(crashId), JSON.stringify({ ...before, signature: 'old' }))
    await run(crashId, { ruleset: 'regenerate_signature' })
    const after = await stored(crashId)
    expect(after).toMatchObject({ signature: 'read_value', json_dump: before.json_dump, crash_time: before.crash_time })
    expect(rows.byId.get(crashId)?.values.signature).toBe('read_value')
    expect(walker.walked).toHaveLength(1)
  })

  it('processes in full a crash that is not processed', async () => {
    const { run, walker } = fleet()
    const crashId = await save()
    await run(crashId, { ruleset: 'regenerate_signature' })
    expect(await stored(crashId)).toMatchObject({ signature: 'read_value', product: 'WaterWolf' })
    expect(walker.walked).toHaveLength(1)
  })
})

describe('a rule that throws', () => {
  const names = RULESETS.default.map(({ name }) => name)

  it.each(names)('costs a note, never the crash: %s', async (name) => {
    const throwing = (rule: Rule): Rule =>
      rule.name !== name
        ? rule
        : {
            name,
            predicate: () => true,
            action: () => {
              throw new TypeError('secret of the person')
            },
          }
    const rulesets = { ...RULESETS, default: RULESETS.default.map(throwing) }
    const { run, rows } = fleet({ rulesets })
    const crashId = await save()
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    const processed = await stored(crashId)
    expect(String(processed.processor_notes).split('\n')).toContain(
      `ruleset 'default' rule '${name}' failed: TypeError`,
    )
    expect(JSON.stringify(processed)).not.toContain('secret of the person')
    expect(rows.byId.size).toBe(1)
    if (name === 'SignatureGenerator') expect(processed.signature).toBe('EMPTY: crash failed to process')
    else if (name === 'MinidumpStackwalk') expect(processed.signature).toBe('EMPTY: no frame data available')
    else expect(processed.signature).toBe('read_value')
  })
})

describe('protected annotations', () => {
  it('are in no anonymous reading and no log line', async () => {
    const { run, log } = fleet()
    const canary = (name: string) => `canary-${name}-canary`
    const hidden = CRASH_ANNOTATIONS.filter(({ visibility }) => visibility === 'protected')
    const annotations = Object.fromEntries(hidden.map(({ name }) => [name, canary(name)]))
    const crashId = await save({ ...annotations, SomeUnlisted: canary('SomeUnlisted'), 'odd name': canary('odd') })
    await run(crashId)
    for (const reading of [
      await readProcessed(env.CRASHES, crashId, ANONYMOUS),
      await readRaw(env.CRASHES, crashId, ANONYMOUS),
    ]) {
      if (reading.kind !== 'found') throw new Error(reading.kind)
      const text = (await new Response(reading.json).text())
        // The one that is public once sanitised, as in the peer.
        .replace(`"moz_crash_reason":"${canary('MozCrashReason')}"`, '')
      expect(text).not.toMatch(/canary-/)
    }
    expect(log.join()).not.toContain('canary')
    const all = await readProcessed(env.CRASHES, crashId, INVESTIGATOR)
    if (all.kind !== 'found') throw new Error(all.kind)
    expect(await new Response(all.json).json()).toMatchObject({ user_comments: canary('Comments'), url: canary('URL') })
  })
})
