import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { ANONYMOUS, type Viewer } from '#shared/auth/permissions.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { type CrashId, createCrashId } from '#shared/crash-id.ts'
import { REPROCESS_BATCH } from '#shared/limits.ts'
import type { CrashMessage } from '#shared/messages.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { rawCrashJson } from '#shared/raw-crash.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import type { SignatureLists } from '#shared/signature/lists.ts'
import { dumpKey, failedCrashKey, processedCrashKey, rawCrashKey } from '#shared/store/crash-keys.ts'
import { consumeCrashes } from './consume.ts'
import { LargeCrashTurn } from './crash-memory.ts'
import { CrashStore } from './crash-store.ts'
import { type ProcessDeps, processCrash } from './process.ts'
import { reprocess } from './reprocess.ts'
import { RULESETS } from './rules/rulesets.ts'

const START_MS = Date.UTC(2026, 10, 23, 1, 2, 3)
const REPROCESSOR: Viewer = { email: 'r@example.com', permissions: ['reprocess_crashes'] }
const newId = () => createCrashId(() => START_MS, systemRandomBytes)

/** A queue that keeps what it was sent, batch by batch. */
function heldQueue() {
  const batches: CrashMessage[][] = []
  return {
    batches,
    async sendBatch(messages: Iterable<{ body: CrashMessage }>) {
      batches.push([...messages].map(({ body }) => body))
    },
  }
}

const silent = () => {}
const queueDeps = (queue: ReturnType<typeof heldQueue>) => ({ queue, clock: () => START_MS, log: silent })

describe('reprocess', () => {
  it('queues each crash once, in batches that a queue takes, and says when', async () => {
    const queue = heldQueue()
    const crashIds = Array.from({ length: 2 * REPROCESS_BATCH + 1 }, newId)
    const asked = [...crashIds, ...crashIds.slice(0, 3)]
    const outcome = await reprocess(asked, 'regenerate_signature', REPROCESSOR, queueDeps(queue))
    expect(outcome).toEqual({ kind: 'queued', queuedAtMs: START_MS })
    expect(queue.batches.map(({ length }) => length)).toEqual([REPROCESS_BATCH, REPROCESS_BATCH, 1])
    expect(queue.batches.flat().map(({ crash_id }) => crash_id)).toEqual(crashIds)
    expect(queue.batches[0]?.[0]).toEqual({
      v: 1,
      crash_id: crashIds[0],
      ruleset: 'regenerate_signature',
      tries: 0,
      first_seen: START_MS,
    })
  })

  it.each<Viewer>([ANONYMOUS, { email: 'v@example.com', permissions: ['view_pii', 'view_rawdump'] }])(
    'queues nothing for viewers without reprocess_crashes',
    async (viewer) => {
      const queue = heldQueue()
      expect(await reprocess([newId()], 'default', viewer, queueDeps(queue))).toEqual({ kind: 'forbidden' })
      expect(queue.batches).toEqual([])
    },
  )

  it('fails when the queue does, so that nobody takes it for done', async () => {
    const queue = { sendBatch: () => Promise.reject(new Error('Queue is overloaded')) }
    await expect(
      reprocess([newId()], 'default', REPROCESSOR, { queue, clock: () => START_MS, log: silent }),
    ).rejects.toThrow('overloaded')
  })

  it('is what CrashStore does, on the real queue', async () => {
    const store: CrashStore = Reflect.construct(CrashStore, [createExecutionContext(), env])
    expect(await store.reprocess([newId()], 'default', ANONYMOUS)).toEqual({ kind: 'forbidden' })
    expect(await store.reprocess([newId()], 'default', REPROCESSOR)).toMatchObject({ kind: 'queued' })
  })
})

const stack = (...functions: readonly string[]) => ({
  crash_info: { crashing_thread: 0, type: 'SIGSEGV' },
  system_info: { os: 'Linux', cpu_arch: 'amd64' },
  threads: [{ frames: functions.map((name, frame) => ({ frame, function: name, module: 'app', offset: '0x1' })) }],
})

/** The processor with a stackwalker that answers `at.stack`, lists that can change, and an index of one row a crash. */
function processor() {
  const rows = new Map<CrashId, SearchDocument>()
  const at = { nowMs: START_MS, stack: stack('f()', 'main'), lists: defaultSignatureLists(), walks: 0, isBroken: false }
  const deps = (): ProcessDeps => ({
    crashes: env.CRASHES,
    stackwalker: {
      async walk(minidump) {
        await new Response(minidump).arrayBuffer()
        at.walks += 1
        const document = at.isBroken ? {} : { kind: 'walked', stackwalk_version: 'test 1', json_dump: at.stack }
        return { kind: 'answered', body: new Blob([JSON.stringify(document)]).stream() }
      },
    },
    search: {
      async index(documents) {
        for (const document of documents) {
          if ((rows.get(document.crash_id)?.started_at_ms ?? 0) > document.started_at_ms) continue
          rows.set(document.crash_id, document)
        }
      },
    },
    lists: at.lists,
    products: NO_PRODUCTS,
    registry: BUILT_IN_REGISTRY,
    scrub: null,
    signed: () => {},
    largeCrashes: new LargeCrashTurn(() => at.nowMs),
    rulesets: RULESETS,
    clock: () => at.nowMs++,
    log: silent,
  })
  /** Delivers one message of a queue, as often as asked and all at once. */
  const deliver = async (message: CrashMessage, isReprocessing: boolean, times = 1) => {
    const sent: CrashMessage[] = []
    const dead: CrashMessage[] = []
    const deliveries = Array.from({ length: times }, () => ({ body: message, attempts: 1, ack: silent, retry: silent }))
    await consumeCrashes(deliveries, {
      processCrash: (request) => processCrash(request, deps()),
      queue: { send: async (copy) => sent.push(copy) },
      deadQueue: { send: async (copy) => dead.push(copy) },
      isReprocessing,
      clock: () => at.nowMs,
      log: silent,
    })
    return { sent, dead }
  }
  return {
    at,
    rows,
    deliver,
    first: (crash_id: CrashId) => deliver({ v: 1, crash_id, tries: 0, first_seen: at.nowMs }, false),
    /** What the button and the API come to: through the queue's message, with its own time. */
    async again(crashId: CrashId, ruleset: 'default' | 'regenerate_signature' = 'default', times = 1) {
      const queue = heldQueue()
      await reprocess([crashId], ruleset, REPROCESSOR, { queue, clock: () => at.nowMs++, log: silent })
      const message = queue.batches[0]?.[0]
      if (message === undefined) throw new Error('nothing was queued')
      await deliver(message, true, times)
      return message
    },
  }
}

async function save(): Promise<CrashId> {
  const crashId = newId()
  await env.CRASHES.put(dumpKey(crashId, 'upload_file_minidump'), 'MDMP')
  const json = rawCrashJson({
    annotations: { ProductName: 'WaterWolf', Version: '1.0' },
    uuid: crashId,
    submitted_timestamp: '2026-11-23T01:02:03+00:00',
    metadata: { collector_notes: [], dump_checksums: { upload_file_minidump: 'abc' } },
  })
  await env.CRASHES.put(rawCrashKey(crashId), json)
  return crashId
}

async function stored(crashId: CrashId): Promise<Record<string, unknown>> {
  const object = await env.CRASHES.get(processedCrashKey(crashId))
  if (object === null) throw new Error(`${crashId} is not processed`)
  return object.json()
}

/** The default lists, with a function that never gives a signature. */
function listsIgnoring(name: string): SignatureLists {
  const lists = defaultSignatureLists()
  const irrelevant = { matches: (frame: string) => frame === name || lists.irrelevant.matches(frame) }
  return { ...lists, hash: `${lists.hash}+${name}`, irrelevant }
}

describe('a reprocessed crash', () => {
  it('keeps one processed crash and one search row, and remembers the signature that it had', async () => {
    const { at, rows, first, again } = processor()
    const crashId = await save()
    await first(crashId)
    const before = await stored(crashId)
    expect(before).not.toHaveProperty('signature_history')
    at.stack = stack('g()', 'main')
    await again(crashId)
    const after = await stored(crashId)
    expect(after).toMatchObject({
      signature: 'g',
      processor_history: [before.processor_notes],
      signature_history: [
        {
          signature: 'f',
          signature_version: before.signature_version,
          signature_lists_hash: before.signature_lists_hash,
          processor_version: before.processor_version,
          started_datetime: before.started_datetime,
          changed_by: ['stackwalk'],
        },
      ],
      signature_lineage: '["g","f"]',
    })
    expect([...rows.values()].map(({ values }) => [values.signature, values.signature_lineage])).toEqual([
      ['g', '["g","f"]'],
    ])
    expect(at.walks).toBe(2)
  })

  it('adds nothing to its signatures when it keeps its own, whatever the ruleset', async () => {
    const { at, first, again } = processor()
    const crashId = await save()
    await first(crashId)
    at.stack = stack('g()', 'main')
    await again(crashId)
    const { signature_history } = await stored(crashId)
    await again(crashId)
    await again(crashId, 'regenerate_signature')
    expect(await stored(crashId)).toMatchObject({ signature_history, signature_lineage: '["g","f"]' })
    expect((await stored(crashId)).processor_history).toHaveLength(3)
  })

  it('is the same after one delivery and after several at once', async () => {
    const { at, rows, first, again, deliver } = processor()
    const crashId = await save()
    await first(crashId)
    at.stack = stack('g()', 'main')
    const message = await again(crashId, 'default', 3)
    const once = await stored(crashId)
    expect(once).toMatchObject({ signature: 'g', signature_lineage: '["g","f"]' })
    await deliver(message, true)
    expect(await stored(crashId)).toEqual(once)
    expect(rows.size).toBe(1)
  })

  it('regenerate_signature takes the stored stackwalk, with the lists of now', async () => {
    const { at, rows, first, again, deliver } = processor()
    const crashId = await save()
    await first(crashId)
    const before = await stored(crashId)
    at.stack = stack('never_walked()')
    at.lists = listsIgnoring('f')
    const message = await again(crashId, 'regenerate_signature')
    const after = await stored(crashId)
    expect(after).toMatchObject({
      signature: 'main',
      json_dump: before.json_dump,
      stackwalk_version: before.stackwalk_version,
      signature_lists_hash: at.lists.hash,
      signature_history: [{ signature: 'f', changed_by: ['signature_lists'] }],
      signature_lineage: '["main","f"]',
    })
    expect(rows.get(crashId)?.values.signature).toBe('main')
    expect(at.walks).toBe(1)
    await deliver(message, true, 2)
    expect(await stored(crashId)).toEqual(after)
  })

  it('regenerate_signature delivered again changes nothing, also on the work of an older processor', async () => {
    const { first, again, deliver } = processor()
    const crashId = await save()
    await first(crashId)
    const object = await env.CRASHES.get(processedCrashKey(crashId))
    if (object === null) throw new Error('not processed')
    const customMetadata = { ...object.customMetadata, processor_version: '0' }
    await env.CRASHES.put(processedCrashKey(crashId), await object.text(), { customMetadata })
    const message = await again(crashId, 'regenerate_signature')
    const once = await stored(crashId)
    await deliver(message, true)
    expect(await stored(crashId)).toEqual(once)
    expect((await env.CRASHES.head(processedCrashKey(crashId)))?.customMetadata?.processor_version).toBe('0')
  })

  it('does not run in circles: its last signatures, each change once', async () => {
    const { at, first, again } = processor()
    const crashId = await save()
    await first(crashId)
    for (const name of ['g', 'f', 'h']) {
      at.stack = stack(`${name}()`, 'main')
      await again(crashId)
    }
    expect(await stored(crashId)).toMatchObject({ signature: 'h', signature_lineage: '["h","f","g","f"]' })
  })
})

describe('a dead letter', () => {
  it('loses its mark when it is reprocessed, and keeps it while that fails', async () => {
    const { at, rows, again } = processor()
    const store: CrashStore = Reflect.construct(CrashStore, [createExecutionContext(), env])
    const crashId = await save()
    await store.recordFailure(crashId, 'stackwalk_unreadable')
    at.isBroken = true
    await again(crashId)
    expect(await store.readProcessed(crashId, ANONYMOUS)).toMatchObject({
      kind: 'failed',
      reason: 'stackwalk_unreadable',
      failedAtMs: expect.any(Number),
    })
    expect(rows.size).toBe(0)
    at.isBroken = false
    await again(crashId)
    expect(await env.CRASHES.head(failedCrashKey(crashId))).toBeNull()
    expect(await stored(crashId)).toMatchObject({ signature: 'f' })
    expect(rows.size).toBe(1)
  })

  it('loses its mark at the next delivery when R2 failed to take it', async () => {
    const { at, deliver, again } = processor()
    const store: CrashStore = Reflect.construct(CrashStore, [createExecutionContext(), env])
    const crashId = await save()
    await store.recordFailure(crashId, 'stackwalk_unreadable')
    const message = await again(crashId)
    await store.recordFailure(crashId, 'stackwalk_unreadable')
    await deliver(message, true)
    expect(await env.CRASHES.head(failedCrashKey(crashId))).toBeNull()
    expect(at.walks).toBe(1)
  })
})
