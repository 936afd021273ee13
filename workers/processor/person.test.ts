import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS, type Viewer } from '#shared/auth/permissions.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { createCrashId } from '#shared/crash-id.ts'
import { MAX_ANNOTATION_BYTES, MAX_COMMENT_CHARS, MAX_PAGE_COMMENTS, MAX_PAGE_JSON_BYTES } from '#shared/limits.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { Bucket } from '#shared/ports.ts'
import { rawCrashJson } from '#shared/raw-crash.ts'
import { processedCrashKey, rawCrashKey } from '#shared/store/crash-keys.ts'
import { readRawCrash } from '#shared/store/raw-crash-store.ts'
import { CrashStore } from './crash-store.ts'
import { addPersonComments } from './person-comments.ts'

const INVESTIGATOR: Viewer = { email: 'i@example.com', permissions: ['view_pii'] }
const NOW = Date.UTC(2026, 10, 23, 12)
const newId = () => createCrashId(() => NOW, systemRandomBytes)

function crashStore(): CrashStore {
  return Reflect.construct(CrashStore, [createExecutionContext(), env])
}

async function save(annotations: Readonly<Record<string, string>> = {}) {
  const crashId = newId()
  const json = rawCrashJson({
    annotations: { ProductName: 'WaterWolf', ...annotations },
    uuid: crashId,
    submitted_timestamp: '2026-11-23T01:02:03+00:00',
    metadata: { collector_notes: ['before'], dump_checksums: {} },
  })
  await env.CRASHES.put(rawCrashKey(crashId), json)
  return crashId
}

/** Adds comments, with what was queued and logged. */
function adding({ crashes = env.CRASHES, queueFails = false }: { crashes?: Bucket; queueFails?: boolean } = {}) {
  const sent: CrashMessage[] = []
  const logged: string[] = []
  const deferred: Promise<unknown>[] = []
  const state = { nowMs: NOW }
  const send = async (message: CrashMessage) => {
    if (queueFails) throw new Error('down')
    sent.push(message)
  }
  return {
    ...{ sent, logged, state },
    add: (crashId: Awaited<ReturnType<typeof save>>, comments: string) =>
      addPersonComments(crashId, comments, {
        ...{ crashes, queue: { send }, clock: () => state.nowMs },
        defer: (work) => void deferred.push(work),
        log: (_stage, outcome, fields) => logged.push(JSON.stringify({ outcome, ...fields })),
      }),
    settle: () => Promise.all(deferred),
  }
}

async function stored(crashId: Awaited<ReturnType<typeof save>>) {
  const raw = await readRawCrash(env.CRASHES, crashId)
  if (raw.kind !== 'found') throw new Error(raw.kind)
  return { comments: raw.rawCrash.annotations.Comments, notes: raw.rawCrash.metadata.collector_notes }
}

describe('what the person may know of a crash', () => {
  it('is where it stands', async () => {
    const store = crashStore()
    expect(await store.readForPerson(newId())).toEqual({ kind: 'unknown' })
    const crashId = await save()
    expect(await store.readForPerson(crashId)).toEqual({ kind: 'received', savedAtMs: expect.any(Number) })
    await store.recordFailure(crashId, 'stackwalk_unreadable')
    expect(await store.readForPerson(crashId)).toEqual({ kind: 'failed' })
    await env.CRASHES.put(processedCrashKey(crashId), '{}')
    expect(await store.readForPerson(crashId)).toEqual({ kind: 'processed', problems: [] })
  })

  it('and that the computer may have a problem, but no value of the crash', async () => {
    const crashId = await save()
    const crash = {
      ...{ possible_bit_flips_max_confidence: 81, oom_allocation_size: 4711 },
      reason: 'EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR',
      signature: 'canary::signature',
    }
    await env.CRASHES.put(processedCrashKey(crashId), JSON.stringify(crash))
    expect(await crashStore().readForPerson(crashId)).toEqual({
      kind: 'processed',
      problems: ['memory', 'disk', 'out_of_memory'],
    })
  })

  it('of a crash too large to be read, that it is processed', async () => {
    const crashId = await save()
    await env.CRASHES.put(processedCrashKey(crashId), ' '.repeat(MAX_PAGE_JSON_BYTES + 1))
    expect(await crashStore().readForPerson(crashId)).toEqual({ kind: 'processed', problems: [] })
  })
})

describe('comments from the page of a crash', () => {
  it('become the annotation Comments, with a note, and the crash is processed anew', async () => {
    const crashId = await save()
    const { add, sent, logged, settle } = adding()
    expect(await add(crashId, 'I pressed “Save”')).toBe('added')
    await settle()
    expect(await stored(crashId)).toEqual({
      comments: 'I pressed “Save”',
      notes: ['before', 'Comments added on the page of the crash at 2026-11-23T12:00:00+00:00'],
    })
    expect(sent).toEqual([{ v: 1, crash_id: crashId, ruleset: 'default', tries: 0, first_seen: NOW }])
    expect(logged).toEqual([JSON.stringify({ outcome: 'comments_added', crash_id: crashId })])
  })

  it('are seen by viewers with view_pii only', async () => {
    const crashId = await save()
    const context = createExecutionContext()
    const store: CrashStore = Reflect.construct(CrashStore, [context, env])
    expect(await store.addComments(crashId, 'canary-comment')).toBe('added')
    await waitOnExecutionContext(context)
    const texts: string[] = []
    for (const viewer of [ANONYMOUS, INVESTIGATOR]) {
      const reading = await store.readRaw(crashId, viewer)
      if (reading.kind !== 'found') throw new Error(reading.kind)
      texts.push(await new Response(reading.json).text())
    }
    expect(texts[0]).not.toContain('canary-comment')
    expect(texts[1]).toContain('"Comments":"canary-comment"')
  })

  it('stand below what was said before, and the same ones are added once', async () => {
    const crashId = await save({ Comments: 'from the reporter' })
    const { add, sent, settle } = adding()
    expect(await add(crashId, 'more')).toBe('added')
    expect(await add(crashId, 'more')).toBe('unchanged')
    await settle()
    expect((await stored(crashId)).comments).toBe('from the reporter\n\nmore')
    expect(sent).toHaveLength(1)
  })

  it('are so many and so long and no more, and nothing that was there is touched', async () => {
    const crashId = await save()
    const { add, state } = adding()
    expect(await add(crashId, 'x'.repeat(MAX_COMMENT_CHARS + 1))).toBe('full')
    for (let at = 0; at < MAX_PAGE_COMMENTS; at++) {
      state.nowMs += 1_000
      expect(await add(crashId, `${at}`.repeat(MAX_COMMENT_CHARS))).toBe('added')
    }
    const before = await stored(crashId)
    expect(await add(crashId, 'one more')).toBe('full')
    expect(await stored(crashId)).toEqual(before)
    const full = await save({ Comments: 'y'.repeat(MAX_ANNOTATION_BYTES - 3) })
    expect(await add(full, 'zz')).toBe('full')
    expect(await add(full, 'z')).toBe('added')
  })

  it('two at once are both kept', async () => {
    const crashId = await save()
    const { add, state } = adding()
    const outcomes = await Promise.all(['one', 'two', 'three'].map((text) => add(crashId, `${text} ${state.nowMs++}`)))
    expect(outcomes).toEqual(['added', 'added', 'added'])
    const { comments } = await stored(crashId)
    for (const text of ['one', 'two', 'three']) expect(comments).toContain(text)
  })

  it('without a raw crash, or with one that nobody can read, are said not to be kept', async () => {
    const { add, sent } = adding()
    expect(await add(newId(), 'x')).toBe('unknown')
    const crashId = await save()
    await env.CRASHES.put(rawCrashKey(crashId), '[')
    expect(await add(crashId, 'x')).toBe('unreadable')
    expect(sent).toEqual([])
  })

  it('are kept although the queue fails, and not said to be kept when R2 does', async () => {
    const crashId = await save()
    const { add, logged, settle } = adding({ queueFails: true })
    expect(await add(crashId, 'x')).toBe('added')
    await settle()
    expect((await stored(crashId)).comments).toBe('x')
    expect(logged.join()).toContain('comments_not_queued')

    const crashes: Bucket = Object.assign(Object.create(env.CRASHES), {
      get: env.CRASHES.get.bind(env.CRASHES),
      head: env.CRASHES.head.bind(env.CRASHES),
      put: () => Promise.reject(new Error('R2 is down')),
    })
    await expect(adding({ crashes }).add(crashId, 'lost?')).rejects.toThrow('R2 is down')
  })
})
