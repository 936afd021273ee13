import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { type CrashId, createCrashId } from '#shared/crash-id.ts'
import {
  MAX_MEMORY_REPORT_BYTES,
  MAX_SMALL_CRASH_JSON_BYTES,
  MAX_STACKWALK_JSON_BYTES,
  MAX_SYMBOLS_TRIES,
  PLATFORM_RETRY_WINDOW_MS,
} from '#shared/limits.ts'
import type { StackwalkAnswer } from '#shared/minidump/stackwalk.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { rawCrashJson } from '#shared/raw-crash.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { dumpKey, processedCrashKey, rawCrashKey } from '#shared/store/crash-keys.ts'
import { type CrashDelivery, consumeCrashes } from './consume.ts'
import { LargeCrashTurn } from './crash-memory.ts'
import { type ProcessDeps, type ProcessRequest, processCrash } from './process.ts'
import { RULESETS } from './rules/rulesets.ts'

/** What bounds processing: memory, waiting for symbols, and attachments of any size. */

const START_MS = Date.UTC(2026, 10, 23, 1, 2, 3)
const silent = () => {}

async function save(dumps: Readonly<Record<string, string | Uint8Array>>): Promise<CrashId> {
  const crashId = createCrashId(() => START_MS, systemRandomBytes)
  for (const [name, bytes] of Object.entries(dumps)) await env.CRASHES.put(dumpKey(crashId, name), bytes)
  const json = rawCrashJson({
    annotations: { ProductName: 'WaterWolf' },
    uuid: crashId,
    submitted_timestamp: '2026-11-23T01:02:03+00:00',
    metadata: {
      collector_notes: [],
      dump_checksums: Object.fromEntries(Object.keys(dumps).map((name) => [name, 'x'])),
    },
  })
  await env.CRASHES.put(rawCrashKey(crashId), json)
  return crashId
}

function processor(answer: (bytes: string) => StackwalkAnswer | Promise<StackwalkAnswer>) {
  const deps: ProcessDeps = {
    crashes: env.CRASHES,
    stackwalker: { walk: async (minidump) => answer(await new Response(minidump).text()) },
    search: { async index() {} },
    lists: defaultSignatureLists(),
    products: NO_PRODUCTS,
    registry: BUILT_IN_REGISTRY,
    scrub: scrubFreeText,
    signed: () => {},
    largeCrashes: new LargeCrashTurn(() => START_MS),
    rulesets: RULESETS,
    clock: () => START_MS,
    log: silent,
  }
  const run = (crashId: CrashId, request: Partial<ProcessRequest> = {}) =>
    processCrash({ crashId, ruleset: 'default', notBeforeMs: 0, acceptsMissingSymbols: false, ...request }, deps)
  return { deps, run }
}

async function stored(crashId: CrashId): Promise<Record<string, unknown>> {
  const object = await env.CRASHES.get(processedCrashKey(crashId))
  if (object === null) throw new Error(`${crashId} is not processed`)
  return object.json()
}

const document = (jsonDump: unknown, unavailable = 0) =>
  JSON.stringify({
    kind: 'walked',
    stackwalk_version: 'test 1',
    json_dump: jsonDump,
    symbols: { cached: 1, fetched: 0, missing: 2, corrupt: 0, unavailable },
  })
const answered = (json: string): StackwalkAnswer => ({ kind: 'answered', body: new Blob([json]).stream() })

describe('symbols that the symbol server cannot give', () => {
  const walker = () => processor(() => answered(document({ status: 'OK' }, 3)))

  it('are waited for, and nothing is stored meanwhile', async () => {
    const crashId = await save({ upload_file_minidump: 'MDMP' })
    expect(await walker().run(crashId)).toEqual({ kind: 'retry', reason: 'symbols_unavailable', detail: '3 modules' })
    expect(await env.CRASHES.head(processedCrashKey(crashId))).toBeNull()
  })

  it('are waited for while their index is being built', async () => {
    const crashId = await save({ upload_file_minidump: 'MDMP' })
    const indexing = processor(() => ({ kind: 'symbols_indexing', retry_after_seconds: 5 }))
    expect(await indexing.run(crashId)).toEqual({ kind: 'retry', reason: 'symbols_indexing', detail: '5 s' })
    expect(await env.CRASHES.head(processedCrashKey(crashId))).toBeNull()
  })

  it('are done without in the end, with a note', async () => {
    const crashId = await save({ upload_file_minidump: 'MDMP' })
    expect(await walker().run(crashId, { acceptsMissingSymbols: true })).toEqual({ kind: 'processed' })
    expect((await stored(crashId)).processor_notes).toContain(
      'MinidumpStackwalkRule: symbols of 3 modules were unavailable',
    )
  })

  it.each([
    [1, 0, false],
    [MAX_SYMBOLS_TRIES - 1, 0, false],
    [MAX_SYMBOLS_TRIES, 0, true],
    [1, PLATFORM_RETRY_WINDOW_MS, true],
  ])('at delivery %i, %i ms after the first, done without: %s', async (attempts, ageMs, accepts) => {
    const requests: ProcessRequest[] = []
    const crashId = await save({})
    const delivery: CrashDelivery = {
      body: { v: 1, crash_id: crashId, tries: 0, first_seen: START_MS - ageMs },
      attempts,
      ack: silent,
      retry: silent,
    }
    await consumeCrashes([delivery], {
      processCrash: async (request) => {
        requests.push(request)
        return { kind: 'processed' }
      },
      queue: { send: async () => {} },
      deadQueue: { send: async () => {} },
      isReprocessing: false,
      clock: () => START_MS,
      log: silent,
    })
    expect(requests.map(({ acceptsMissingSymbols }) => acceptsMissingSymbols)).toEqual([accepts])
  })
})

describe('the memory of an isolate', () => {
  it('holds the JSON of one large crash at a time, and of small ones at once', async () => {
    const filler = 'x'.repeat(MAX_SMALL_CRASH_JSON_BYTES)
    const at = { large: 0, mostLarge: 0, small: 0 }
    const { run, deps } = processor((bytes) =>
      answered(document(bytes === 'large' ? { status: 'OK', filler } : { status: 'OK' })),
    )
    // A crash has its JSON while its rules run and until it is written.
    const crashes = Object.assign(Object.create(env.CRASHES), {
      get: (key: string) => env.CRASHES.get(key),
      head: (key: string) => env.CRASHES.head(key),
      delete: (key: string) => env.CRASHES.delete(key),
      put: async (key: string, value: string, options: R2PutOptions) => {
        const isLarge = value.length > MAX_SMALL_CRASH_JSON_BYTES
        if (isLarge) at.mostLarge = Math.max(at.mostLarge, ++at.large)
        else at.small += 1
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (isLarge) at.large -= 1
        return env.CRASHES.put(key, value, options)
      },
    })
    const ids = await Promise.all(
      ['large', 'small', 'large', 'small', 'large', 'small'].map((size) => save({ upload_file_minidump: size })),
    )
    const outcomes = await Promise.all(
      ids.map((crashId) =>
        processCrash(
          { crashId, ruleset: 'default', notBeforeMs: 0, acceptsMissingSymbols: false },
          { ...deps, crashes },
        ),
      ),
    )
    expect(outcomes).toEqual(Array(6).fill({ kind: 'processed' }))
    expect(at).toMatchObject({ mostLarge: 1, small: 3 })
    expect(await run(ids[0] ?? (await save({})))).toEqual({ kind: 'processed' })
  })

  it('holds no more than one crash may have, however many dumps it sends', async () => {
    const half = 'x'.repeat(MAX_STACKWALK_JSON_BYTES / 2)
    const { run } = processor(() => answered(document({ status: 'OK', half })))
    const crashId = await save({ upload_file_minidump: 'a', upload_file_minidump_b: 'b' })
    expect(await run(crashId)).toEqual({ kind: 'processed' })
    expect(await stored(crashId)).toMatchObject({
      mdsw_status_string: 'OK',
      upload_file_minidump_b: { mdsw_status_string: 'StackwalkOutputTooLarge' },
    })
  })

  it('is free again after a walk that broke off', async () => {
    const { run, deps } = processor(() => ({
      kind: 'answered',
      body: new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(MAX_SMALL_CRASH_JSON_BYTES + 1))
          controller.error(new Error('reset'))
        },
      }),
    }))
    expect(await run(await save({ upload_file_minidump: 'a' }))).toMatchObject({ kind: 'retry' })
    expect(await deps.largeCrashes.take(10)).toBeGreaterThan(0)
  })
})

describe('a memory report', () => {
  const report = {
    version: 1,
    hasMozMallocUsableSize: true,
    reports: [{ process: 'x (pid 9)', path: 'vsize', amount: 4 }],
  }
  const gzip = async (bytes: string | Uint8Array<ArrayBuffer>) =>
    new Uint8Array(
      await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    )
  const run = async (memoryReport: Uint8Array) => {
    const crashId = await save({ upload_file_minidump: 'MDMP', memory_report: memoryReport })
    expect(await processor(() => answered(document({ status: 'OK', pid: 9 }))).run(crashId)).toEqual({
      kind: 'processed',
    })
    return stored(crashId)
  }

  it('is read, stored and measured', async () => {
    expect(await run(await gzip(JSON.stringify(report)))).toMatchObject({
      memory_report: report,
      memory_measures: { vsize: 4 },
    })
  })

  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ['is not gzip', () => new TextEncoder().encode('{}')],
    ['is not gzip', async () => (await gzip(JSON.stringify(report))).slice(0, 30)],
    ['is not valid json', () => gzip('{')],
    ['is not valid json', () => gzip(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
    ['is not a json object', () => gzip('[]')],
    [
      `has more than ${MAX_MEMORY_REPORT_BYTES} bytes`,
      () => gzip(new Uint8Array(MAX_MEMORY_REPORT_BYTES + 1).fill(0x20)),
    ],
  ])('that %s costs a note', async (problem, bytes) => {
    const processed = await run(await bytes())
    expect(processed.memory_report_error).toBe(`memory_report ${problem}`)
    expect(String(processed.processor_notes).split('\n')).toContain(`memory_report ${problem}`)
    expect(processed).not.toHaveProperty('memory_report')
  })
})
