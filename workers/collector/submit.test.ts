import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Bucket } from '#shared/ports.ts'
import { rulesetSchema } from '#shared/throttle/ruleset.ts'
import { BOUNDARY, dump, extra, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import { type Answer, answerResponse } from './answer.ts'
import { type SubmitDeps, submit } from './submit.ts'
import { collectorWorld } from './testing/collector-world.ts'

const MIB = 1024 * 1024
const NOW = Date.UTC(2026, 10, 23, 23, 59, 59, 999)
const K = text('ProductName', 'WaterWolf')
const D = dump('upload_file_minidump', 'MDMP')

/** The collector's world at one moment, shortly before midnight. */
const world = (changes: Partial<SubmitDeps> = {}) => collectorWorld({ clock: () => NOW, ...changes })

function request(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request('http://collector/submit', {
    method: 'POST',
    headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
    body,
  })
}

/** A body in chunks of the given sizes, without a length. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): ReadableStream<Uint8Array> {
  let at = 0
  let turn = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      const size = sizes[turn++ % sizes.length] ?? 1
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}

async function keys(): Promise<readonly string[]> {
  return (await env.CRASHES.list()).objects.map(({ key }) => key).sort()
}

async function rawCrashOf(answer: Answer) {
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
  const object = await env.CRASHES.get(`v1/raw_crash/20${answer.crashId.slice(-6)}/${answer.crashId}`)
  return JSON.parse((await object?.text()) ?? '')
}

/** The real bucket with some operations replaced. */
function bucketWith(changes: Partial<Bucket>): Bucket {
  const real = env.CRASHES
  return {
    get: real.get.bind(real),
    head: real.head.bind(real),
    put: real.put.bind(real),
    delete: real.delete.bind(real),
    list: real.list.bind(real),
    createMultipartUpload: real.createMultipartUpload.bind(real),
    resumeMultipartUpload: real.resumeMultipartUpload.bind(real),
    ...changes,
  }
}

const putOf = (decide: (key: string, tries: number) => 'put' | 'fail' | 'hang'): Bucket['put'] => {
  const tries = new Map<string, number>()
  return async (key: string, ...rest: unknown[]) => {
    tries.set(key, (tries.get(key) ?? 0) + 1)
    const decision = decide(key, tries.get(key) ?? 0)
    if (decision === 'fail') throw new Error('R2 is down')
    if (decision === 'hang') return new Promise(() => undefined)
    return Reflect.apply(env.CRASHES.put, env.CRASHES, [key, ...rest])
  }
}

beforeEach(async () => {
  const all = await keys()
  if (all.length > 0) await env.CRASHES.delete([...all])
})

describe('an accepted report', () => {
  it('C4: sends the crash id to the processor, once', async () => {
    const { deps, sent, settle } = world()
    const answer = await submit(request(multipart([K, D])), deps)
    await settle()
    expect(answer.kind).toBe('accepted')
    expect(sent).toEqual([
      { v: 1, crash_id: answer.kind === 'accepted' ? answer.crashId : '', tries: 0, first_seen: NOW },
    ])
  })

  it('has the day of its submission in UTC in its id and its time in the raw crash', async () => {
    const answer = await submit(request(multipart([K])), world().deps)
    expect(answer.kind === 'accepted' && answer.crashId.slice(-7)).toBe('0261123')
    expect((await rawCrashOf(answer)).submitted_timestamp).toBe('2026-11-23T23:59:59.999000+00:00')
    const onTheSecond = await submit(request(multipart([K])), world({ clock: () => Date.UTC(2026, 0, 2) }).deps)
    expect((await rawCrashOf(onTheSecond)).submitted_timestamp).toBe('2026-01-02T00:00:00+00:00')
  })

  it('C45: may come chunked, without a length', async () => {
    const { deps } = world()
    const body = multipart([K, D])
    const answer = await submit(request(chunked(body, [10])), deps)
    expect((await rawCrashOf(answer)).metadata.payload_size).toBe(body.length)
  })

  it('writes its dumps at once and its raw crash after them', async () => {
    const order: string[] = []
    const put: Bucket['put'] = async (key: string, ...rest: unknown[]) => {
      order.push(`begin ${key.split('/')[1]}`)
      const object = await Reflect.apply(env.CRASHES.put, env.CRASHES, [key, ...rest])
      order.push(`end ${key.split('/')[1]}`)
      return object
    }
    await submit(request(multipart([K, D, dump('memory_report', 'm')])), world({ bucket: bucketWith({ put }) }).deps)
    expect(order.slice(0, 2)).toEqual(['begin dump', 'begin memory_report'])
    expect(order.slice(2, 4).sort()).toEqual(['end dump', 'end memory_report'])
    expect(order.slice(4)).toEqual(['begin raw_crash', 'end raw_crash'])
  })

  it('logs ids and outcomes, never an annotation value', async () => {
    const { deps, logged, settle } = world({ queue: { send: () => Promise.reject(new Error('the queue is down')) } })
    await submit(request(multipart([K, text('Comments', 'canary-4711')])), deps)
    await settle()
    expect(logged.map(([outcome]) => outcome)).toEqual(['publish_failed'])
    expect(JSON.stringify(logged)).not.toContain('canary-4711')
  })

  it('keeps what a chosen crash id has stored already', async () => {
    const id = '00112233-4455-4677-8899-aabbc0261122'
    const bearer = { Authorization: 'Bearer secret' }
    const first = await submit(request(multipart([K, D, text('uuid', id)]), bearer), world().deps)
    const again = await submit(
      request(multipart([text('ProductName', 'Other'), dump('upload_file_minidump', 'X'), text('uuid', id)]), bearer),
      world().deps,
    )
    const accepted = { kind: 'accepted', crashId: id, rule: 'accept_everything' }
    expect([first, again]).toMatchObject([accepted, accepted])
    expect((await rawCrashOf(first)).ProductName).toBe('WaterWolf')
    expect(await (await env.CRASHES.get(`v1/dump/${id}`))?.text()).toBe('MDMP')
  })
})

describe('a rejected report', () => {
  it('is answered with the rule, and nothing is kept or sent', async () => {
    const when = { all: [{ annotation: 'ProductName', op: 'equals', value: 'WaterWolf' }] } as const
    const ruleset = rulesetSchema.parse({
      version: 1,
      name: 'test',
      rules: [{ name: 'no_wolves', when, result: 'reject' }],
    })
    const { deps, sent } = world({ ruleset: async () => ruleset })
    expect(await submit(request(multipart([K, D])), deps)).toMatchObject({ kind: 'rejected', rule: 'no_wolves' })
    // An id that nobody may choose is answered first, as at the peer.
    expect(await submit(request(multipart([K, text('uuid', 'x')])), deps)).toEqual({ kind: 'unauthorized_uuid' })
    expect([await keys(), sent]).toEqual([[], []])
  })
})

describe('a body that does not arrive', () => {
  it('C44: is answered 408 at its deadline', async () => {
    const whole = multipart([K, D])
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(whole.slice(0, -10)),
    })
    const answer = await submit(request(stalled), world({ bodyDeadlineMs: 50 }).deps)
    expect(answer).toEqual({ kind: 'refused', reason: 'body_timeout' })
    expect(answerResponse(answer).status).toBe(408)
    expect(await keys()).toEqual([])
  })

  it('is not read on after a refusal', async () => {
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(multipart([extra(`"${'x'.repeat(8 * MIB + 100)}"`)]).slice(0, -20)),
      cancel: () => {
        cancelled = true
      },
    })
    expect(await submit(request(endless), world().deps)).toEqual({ kind: 'refused', reason: 'body_too_large' })
    expect(cancelled).toBe(true)
  })

  it('C43: is malformed when it breaks off or is longer than allowed', async () => {
    const whole = multipart([K, D])
    let pulls = 0
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(whole.slice(0, -10))
        else controller.error(new Error('the client went away'))
      },
    })
    expect(await submit(request(broken), world().deps)).toEqual({
      kind: 'malformed',
      reason: 'invalid_payload_structure',
    })
    const long = multipart([K, dump('upload_file_minidump', new Uint8Array(26 * MIB))])
    expect(await submit(request(chunked(long, [65_536])), world().deps)).toEqual({
      kind: 'refused',
      reason: 'body_too_large',
    })
    expect(await submit(request(chunked(new Uint8Array(0), [1])), world().deps)).toEqual({
      kind: 'malformed',
      reason: 'no_content_length',
    })
    expect(await keys()).toEqual([])
  })
})

describe('trouble with storage', () => {
  it('C46, P9, P11: is 503 with an empty body, nothing queued and no dump left behind', async () => {
    const put = putOf((key) => (key.includes('raw_crash') ? 'fail' : 'put'))
    const { deps, sent, logged, settle } = world({ bucket: bucketWith({ put }) })
    const answer = await submit(request(multipart([K, D])), deps)
    await settle()
    expect(answer).toEqual({ kind: 'unavailable', reason: 'save_failed' })
    expect(logged).toMatchObject([['save_failed', { tries: 5, reason: 'Error: R2 is down' }]])
    expect([await keys(), sent]).toEqual([[], []])
  })

  it('is not seen by the client when it is short', async () => {
    const put = putOf((_key, tries) => (tries === 1 ? 'fail' : 'put'))
    const answer = await submit(
      request(multipart([K, D, dump('memory_report', 'm')])),
      world({ bucket: bucketWith({ put }) }).deps,
    )
    expect((await rawCrashOf(answer)).ProductName).toBe('WaterWolf')
    expect(await keys()).toHaveLength(3)
  })

  it('ends within the budget when storage hangs, and leaves dumps whose raw crash may still be written', async () => {
    const put = putOf((key) => (key.includes('raw_crash') ? 'hang' : 'put'))
    const { deps, settle } = world({ bucket: bucketWith({ put }), clock: () => Date.now(), saveBudgetMs: 300 })
    const startedAtMs = Date.now()
    expect((await submit(request(multipart([K, D])), deps)).kind).toBe('unavailable')
    expect(Date.now() - startedAtMs).toBeLessThan(1_000)
    await settle()
    expect(await keys()).toHaveLength(1)
  })

  it('does not remove a dump that an earlier save of a chosen crash id wrote', async () => {
    const id = '00112233-4455-4677-8899-aabbc0261121'
    await env.CRASHES.put(`v1/dump/${id}`, 'MDMP')
    const put = putOf((key) => (key.includes('raw_crash') ? 'fail' : 'put'))
    const { deps, settle } = world({ bucket: bucketWith({ put }) })
    const body = multipart([K, D, dump('memory_report', 'm'), text('uuid', id)])
    expect((await submit(request(body, { Authorization: 'Bearer secret' }), deps)).kind).toBe('unavailable')
    await settle()
    expect(await keys()).toEqual([`v1/dump/${id}`])
  })

  it('C47: of the queue is not seen by the client', async () => {
    const { deps, logged, settle } = world({ queue: { send: () => Promise.reject(new Error('the queue is down')) } })
    const answer = await submit(request(multipart([K, D])), deps)
    await settle()
    expect((await rawCrashOf(answer)).ProductName).toBe('WaterWolf')
    expect(logged).toMatchObject([['publish_failed', { reason: 'Error: the queue is down' }]])
  })
})
