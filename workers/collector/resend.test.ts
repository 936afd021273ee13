import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { RESEND_WINDOW_MS } from '#shared/limits.ts'
import {
  BOUNDARY,
  dump,
  extra,
  multipart,
  type PartToSend,
  text,
} from '../../test/conformance/collector/multipart-body.ts'
import type { Answer } from './answer.ts'
import { answerResponse } from './answer.ts'
import { type SubmitDeps, submit } from './submit.ts'
import { collectorWorld, reportOf as requestOf } from './testing/collector-world.ts'
import { emptyBucket, type FaultPlan, faultyBucket, storedKeys } from './testing/faulty-bucket.ts'

const reportOf = (parts: readonly PartToSend[], headers?: Record<string, string>) =>
  requestOf(multipart(parts), BOUNDARY, headers)
const LATE = Date.UTC(2026, 10, 23, 23, 59, 59, 999)
const minidump = (bytes = 2_000, fill = 'x') => `MDMP${fill.repeat(bytes - 4)}`
const FIRST = {
  ProductName: 'WaterWolf',
  Version: '1.0',
  BuildID: '20261101000000',
  CrashTime: '1790000000',
  Throttleable: '1',
}

/** Sends a report of these annotations and this minidump, and waits for all that follows the answer. */
async function send(
  annotations: Readonly<Record<string, string>>,
  { minidumpBytes = minidump(), ...changes }: Partial<SubmitDeps> & { minidumpBytes?: string } = {},
) {
  const world = collectorWorld(changes)
  const parts = Object.entries(annotations).map(([name, value]) => text(name, value))
  const answer = await submit(reportOf([...parts, dump('upload_file_minidump', minidumpBytes)]), world.deps)
  await world.settle()
  return { answer, crashId: 'crashId' in answer ? answer.crashId : answer.kind, ...world }
}

async function rawCrashOf(crashId: string) {
  const object = await env.CRASHES.get(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`)
  return JSON.parse((await object?.text()) ?? 'null')
}

/** The keys of a whole report under this id, and of the claim. */
const reportKeys = (crashId: string) => [
  expect.stringMatching(/^v1\/digest\/[0-9a-f]{64}$/),
  `v1/dump/${crashId}`,
  `v1/raw_crash/20${crashId.slice(-6)}/${crashId}`,
]

const failsPut =
  (part: string, turns: number): FaultPlan =>
  (operation, key, turn) =>
    operation === 'put' && key.includes(part) && turn <= turns ? 'before' : 'none'

beforeEach(emptyBucket)

describe('a resend', () => {
  it('with Throttleable=0 and a comment answers the first id, and the comment is kept with a note and processed', async () => {
    const first = await send(FIRST)
    const again = await send({ ...FIRST, Throttleable: '0', SubmittedFrom: 'AboutCrashes', Comments: 'it fell over' })
    expect(again.answer).toMatchObject({ kind: 'resend', crashId: first.crashId, rule: 'accept_everything' })
    expect(await answerResponse(again.answer).text()).toBe(`CrashID=bp-${first.crashId}\n`)
    expect(await storedKeys()).toEqual(reportKeys(first.crashId))
    const raw = await rawCrashOf(first.crashId)
    expect([raw.Comments, raw.Throttleable, raw.SubmittedFrom]).toEqual(['it fell over', '1', undefined])
    expect(raw.metadata.collector_notes).toEqual(['Comments added by a resend'])
    expect([first.sent, again.sent].map((sent) => sent.map(({ crash_id }) => crash_id))).toEqual([
      [first.crashId],
      [first.crashId],
    ])
  })

  it('across midnight UTC answers the id of the day before', async () => {
    const first = await send(FIRST, { clock: () => LATE })
    const again = await send(FIRST, { clock: () => LATE + 2 })
    expect([first.crashId.slice(-6), again.answer.kind, again.crashId]).toEqual(['261123', 'resend', first.crashId])
    expect(await storedKeys()).toEqual(reportKeys(first.crashId))
    expect(again.sent).toEqual([])
  })

  it('at the same time makes one report', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, at) => send({ ...FIRST, Comments: `note ${at}` })))
    const [crashId = ''] = new Set(all.map((one) => one.crashId))
    expect(new Set(all.map((one) => one.crashId)).size).toBe(1)
    expect(all.filter(({ answer }) => answer.kind === 'accepted')).toHaveLength(1)
    expect(await storedKeys()).toEqual(reportKeys(crashId))
    const { Comments } = await rawCrashOf(crashId)
    expect(Comments.split('\n\n').sort()).toEqual(Array.from({ length: 8 }, (_, at) => `note ${at}`))
  })

  it('of a report whose save failed completes it under its id', async () => {
    const failed = await send(FIRST, { ...faultyBucket(failsPut('raw_crash', 99)), saveBudgetMs: 500 })
    expect(failed.answer.kind).toBe('unavailable')
    const [claimKey = '', dumpKey = ''] = await storedKeys()
    const claimed = JSON.parse((await (await env.CRASHES.get(claimKey))?.text()) ?? '')
    expect(dumpKey).toBe(`v1/dump/${claimed.crash_id}`)
    const again = await send({ ...FIRST, Comments: 'again' })
    expect(again.answer).toMatchObject({ kind: 'accepted', crashId: claimed.crash_id, rule: 'accept_everything' })
    expect(await storedKeys()).toEqual(reportKeys(claimed.crash_id))
    const raw = await rawCrashOf(claimed.crash_id)
    expect([raw.uuid, raw.Comments, again.sent.length]).toEqual([claimed.crash_id, 'again', 1])
  })

  it('that brings the dumps which the first one did not get to store stores them', async () => {
    const failed = await send(FIRST, { ...faultyBucket(failsPut('v1/dump', 99)), saveBudgetMs: 500 })
    expect([failed.answer.kind, (await storedKeys()).length]).toEqual(['unavailable', 1])
    const again = await send(FIRST)
    expect(await storedKeys()).toEqual(reportKeys(again.crashId))
    expect(await (await env.CRASHES.get(`v1/dump/${again.crashId}`))?.text()).toBe(minidump())
  })

  it('that completes a report which is still being saved does not make a second one, nor lose its comment', async () => {
    let go = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    const { bucket } = faultyBucket()
    const slow: SubmitDeps['bucket'] = {
      ...bucket,
      put: async (key: string, ...rest: unknown[]) => {
        if (key.includes('raw_crash')) await held
        return Reflect.apply(bucket.put, bucket, [key, ...rest])
      },
    }
    const first = send({ ...FIRST, Comments: 'first' }, { bucket: slow })
    await expect.poll(async () => (await storedKeys()).length).toBe(2)
    const again = await send({ ...FIRST, Comments: 'second' })
    go()
    const { answer, crashId, sent } = await first
    expect([again.answer.kind, answer.kind, crashId]).toEqual(['accepted', 'resend', again.crashId])
    expect((await rawCrashOf(crashId)).Comments).toBe('second\n\nfirst')
    expect([sent.length, again.sent.length]).toEqual([1, 1])
    expect(await storedKeys()).toEqual(reportKeys(crashId))
  })

  it.each(['unreadable', 'not json'])('of a raw crash that is %s stands for itself', async (broken) => {
    const first = await send(FIRST)
    await env.CRASHES.put(`v1/raw_crash/20${first.crashId.slice(-6)}/${first.crashId}`, broken)
    const again = await send({ ...FIRST, Comments: 'hello' })
    expect([again.answer.kind, again.crashId === first.crashId]).toEqual(['accepted', false])
    expect((await rawCrashOf(again.crashId)).Comments).toBe('hello')
  })

  it('has the same id after a day less a millisecond, and is a report of its own after a day', async () => {
    const first = await send(FIRST, { clock: () => LATE })
    expect((await send(FIRST, { clock: () => LATE + RESEND_WINDOW_MS - 1 })).crashId).toBe(first.crashId)
    const later = await send(FIRST, { clock: () => LATE + RESEND_WINDOW_MS })
    expect([later.answer.kind, later.crashId === first.crashId]).toEqual(['accepted', false])
    expect((await send(FIRST, { clock: () => LATE + RESEND_WINDOW_MS + 1 })).crashId).toBe(later.crashId)
  })

  it('deletes its own dumps only: a log line says where that fails', async () => {
    const first = await send(FIRST)
    const faulty = faultyBucket((operation) => (operation === 'delete' ? 'before' : 'none'))
    const again = await send(FIRST, { ...faulty })
    expect([again.crashId, again.logged]).toEqual([
      first.crashId,
      [['orphans_kept', { crash_id: expect.any(String), reason: 'Error: R2 is down' }]],
    ])
    expect(await storedKeys()).toHaveLength(4)
  })
})

describe('what tells a resend', () => {
  it.each([
    ['Throttleable', '0'],
    ['SubmittedFrom', 'Auto'],
    ['Comments', 'again'],
    ['Email', 'a@example.com'],
    ['URL', 'http://example.com/'],
  ])('is not %s', async (name, value) => {
    const first = await send(FIRST)
    expect((await send({ ...FIRST, [name]: value })).crashId).toBe(first.crashId)
  })

  it.each(['ProductName', 'Version', 'BuildID', 'CrashTime'])('is %s', async (name) => {
    await send(FIRST)
    expect((await send({ ...FIRST, [name]: 'other' })).answer.kind).toBe('accepted')
    const { [name as 'BuildID']: _gone, ...without } = FIRST
    expect((await send(without)).answer.kind).toBe('accepted')
    expect((await storedKeys()).filter((key) => key.includes('digest'))).toHaveLength(3)
  })

  it('is every byte of the dumps', async () => {
    await send(FIRST)
    expect((await send(FIRST, { minidumpBytes: minidump(2_000, 'y') })).answer.kind).toBe('accepted')
  })

  it('is the same in a JSON extra, where numbers are numbers', async () => {
    const first = await send(FIRST)
    const { deps } = collectorWorld()
    const json = extra(JSON.stringify({ ...FIRST, CrashTime: Number(FIRST.CrashTime) }))
    const answer = await submit(reportOf([json, dump('upload_file_minidump', minidump())]), deps)
    expect(answer).toMatchObject({ kind: 'resend', crashId: first.crashId })
  })

  it.each([
    [1_023, 'accepted', 0],
    [1_024, 'resend', 1],
    [1_025, 'resend', 1],
  ] as const)('is a minidump of %i bytes: %s', async (bytes, kind, claims) => {
    await send(FIRST, { minidumpBytes: minidump(bytes) })
    expect((await send(FIRST, { minidumpBytes: minidump(bytes) })).answer.kind).toBe(kind)
    expect((await storedKeys()).filter((key) => key.includes('digest'))).toHaveLength(claims)
  })

  it('is not asked of a report without a minidump, nor of one whose id was chosen', async () => {
    const memoryReport = dump('memory_report', 'm'.repeat(2_000))
    for (let times = 0; times < 2; times++) {
      expect((await submit(reportOf([text('ProductName', 'W'), memoryReport]), collectorWorld().deps)).kind).toBe(
        'accepted',
      )
    }
    const id = '00112233-4455-4677-8899-aabbc0261122'
    const chosen = [text('ProductName', 'W'), text('uuid', id), dump('upload_file_minidump', minidump())]
    for (let times = 0; times < 2; times++) {
      const answer: Answer = await submit(reportOf(chosen, { Authorization: 'Bearer secret' }), collectorWorld().deps)
      expect(answer).toMatchObject({ kind: 'accepted', crashId: id })
    }
    expect((await storedKeys()).filter((key) => key.includes('digest'))).toEqual([])
  })
})

describe('comments of a resend', () => {
  it('that are there already change nothing, and others go below them', async () => {
    const first = await send({ ...FIRST, Comments: 'one' })
    expect((await send({ ...FIRST, Comments: 'one' })).sent).toEqual([])
    expect((await send({ ...FIRST, Comments: '  ' })).sent).toEqual([])
    expect((await send({ ...FIRST, Comments: 'two' })).sent).toHaveLength(1)
    expect((await send({ ...FIRST, Comments: 'one' })).sent).toEqual([])
    expect((await rawCrashOf(first.crashId)).Comments).toBe('one\n\ntwo')
  })

  it('leave all else as it was, whichever release wrote it', async () => {
    const { crashId } = await send({ ...FIRST, ['__proto__']: 'p', é: 'ü' })
    const key = `v1/raw_crash/20${crashId.slice(-6)}/${crashId}`
    const before = (await (await env.CRASHES.get(key))?.text()) ?? ''
    const newer = before.replace('"payload":', '"from_a_newer_release":{"a":[1]},"payload":')
    await env.CRASHES.put(key, newer)
    await send({ ...FIRST, Comments: 'hello' })
    const after = (await (await env.CRASHES.get(key))?.text()) ?? ''
    expect(after).toBe(
      newer
        .replace('"CrashTime":', '"Comments":"hello","CrashTime":')
        .replace('"collector_notes":[]', '"collector_notes":["Comments added by a resend"]'),
    )
  })

  it('never grow beyond the limit of an annotation', async () => {
    const MIB = 1024 * 1024
    const { crashId } = await send({ ...FIRST, Comments: 'x'.repeat(MIB - 4) })
    for (const Comments of ['yyy', 'yyy']) await send({ ...FIRST, Comments })
    const full = await rawCrashOf(crashId)
    expect(full.Comments).toHaveLength(MIB - 4)
    expect(full.metadata.collector_notes).toEqual([`Comments added by a resend: dropped, over ${MIB} bytes together`])
    await send({ ...FIRST, Comments: 'yy' })
    expect((await rawCrashOf(crashId)).Comments).toHaveLength(MIB)
  })
})

describe('what storage costs before the answer', () => {
  /** Rounds in sequence, and how often each operation was asked for. */
  async function cost(annotations: Readonly<Record<string, string>>) {
    const { bucket, seen } = faultyBucket()
    const { deps, settle } = collectorWorld({ bucket })
    const parts = Object.entries(annotations).map(([name, value]) => text(name, value))
    await submit(reportOf([...parts, dump('upload_file_minidump', minidump(600 * 1024))]), deps)
    // Deletes are clean-ups, which the answer does not wait for.
    const rounds = Math.max(...seen.flatMap(({ operation, round }) => (operation === 'delete' ? [] : [round])))
    await settle()
    const asked = (operation: string) => seen.filter((one) => one.operation === operation).length
    return { rounds, put: asked('put'), get: asked('get'), head: asked('head'), delete: asked('delete') }
  }

  it('is two round trips for a report, three class A operations and one of class B', async () => {
    expect(await cost(FIRST)).toEqual({ rounds: 2, put: 3, get: 1, head: 0, delete: 0 })
  })

  it('is two round trips for a resend, and three for one with a new comment', async () => {
    await cost(FIRST)
    expect(await cost(FIRST)).toEqual({ rounds: 2, put: 2, get: 1, head: 1, delete: 1 })
    expect(await cost({ ...FIRST, Comments: 'new' })).toEqual({ rounds: 3, put: 3, get: 2, head: 0, delete: 1 })
    expect(await cost({ ...FIRST, Comments: 'new' })).toEqual({ rounds: 2, put: 2, get: 2, head: 0, delete: 1 })
  })

  it('is four round trips for a resend that completes a report', async () => {
    const { crashId } = await send(FIRST, { minidumpBytes: minidump(600 * 1024) })
    await env.CRASHES.delete(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`)
    expect((await cost(FIRST)).rounds).toBe(4)
  })
})
