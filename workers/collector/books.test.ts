import { createExecutionContext, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock, utcDay, utcHour } from '#shared/clock.ts'
import { COUNTING_ISOLATE_KEPT_MS, COUNTS_KEPT_DAYS, MAX_ACCEPTED_PAGES, MAX_COUNTS_AN_HOUR } from '#shared/limits.ts'
import { rulesetSchema } from '#shared/throttle/ruleset.ts'
import { BOUNDARY, dump, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import { createApp } from './app.ts'
import { CollectorBooks } from './books.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { COUNTERS_NAME } from './counters.ts'
import { type CountKeeper, Counts } from './counts.ts'
import { collectorWorld, ONE_LINE } from './testing/collector-world.ts'
import { emptyBucket } from './testing/faulty-bucket.ts'

const DAY_MS = 24 * 3_600_000
const NOW_MS = Date.UTC(2026, 10, 23, 14)
const counters = () => env.COUNTERS.getByName(COUNTERS_NAME)
const books = () => new CollectorBooks(createExecutionContext(), env)

const is = (ProductName: string) => ({ annotation: 'ProductName', op: 'equals', value: ProductName })
const RULES = rulesetSchema.parse({
  ...{ version: 1, name: 'test' },
  rules: [
    { name: 'noted', when: { annotation: 'Noted', op: 'present' }, result: 'continue' },
    { name: 'no_wolves', when: is('Wolf'), result: 'reject' },
    { name: 'pretend', when: is('Fox'), result: 'fake_accept' },
    { name: 'all_else', when: { all: [] }, result: 'accept' },
  ],
})

/** The collector with the real Counters, or another keeper, at a fixed time. Pauses end at once, but only when `settle` waits for them. */
function collector(keeper: CountKeeper = counters(), bytesInFlight = new BytesInFlight(2 ** 24)) {
  const clock = () => NOW_MS
  const { deps, logged } = collectorWorld({ clock, bytesInFlight })
  const counts = new Counts(clock, deps.randomBytes)
  const waiting: Promise<unknown>[] = []
  const app = createApp({
    ...{ ...deps, ...ONE_LINE },
    ruleCounts: counts,
    book: (answer, defer) => {
      counts.countAnswer(answer)
      counts.flushLater({ keeper, defer, pause: async () => undefined, log: deps.log })
    },
    rulesets: { current: async () => RULES, problem: () => null },
    ...{ heartbeatChecks: [], version: 'test' },
  })
  const context = {
    waitUntil: (work: Promise<unknown>) => void waiting.push(work),
    passThroughOnException: () => {},
    props: {},
  }
  const submit = async (body: BodyInit | null, headers: Record<string, string> = {}) => {
    const typed = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers }
    const request = new Request('http://collector/submit', { method: 'POST', headers: typed, body })
    return (await app.fetch(request, env, context)).text()
  }
  return { submit, logged, settle: () => Promise.all(waiting) }
}

const report = (annotations: Readonly<Record<string, string>>, minidump = 'MDMP') =>
  multipart([
    ...Object.entries(annotations).map(([name, value]) => text(name, value)),
    dump('upload_file_minidump', minidump),
  ])

beforeEach(async () => {
  await emptyBucket()
  await runInDurableObject(counters(), (_, { storage }) => storage.deleteAll())
  await evictDurableObject(counters())
})

describe('the books', () => {
  it('balance: every report of a mixed traffic is in them once', async () => {
    const { submit, settle } = collector()
    const bear = { ProductName: 'Bear', Version: '1', BuildID: '1', CrashTime: '1' }
    const said = [
      await submit(report(bear, `MDMP${'x'.repeat(2_000)}`)),
      await submit(report(bear, `MDMP${'x'.repeat(2_000)}`)),
      await submit(report({ ProductName: 'Bear', Noted: '1' })),
      await submit(report({ ProductName: 'Wolf' })),
      await submit(report({ ProductName: 'Wolf', Noted: '1' })),
      await submit(report({ ProductName: 'Fox' })),
      await submit('no gzip', { 'Content-Encoding': 'gzip' }),
      await submit(gzipSync('no multipart'), { 'Content-Encoding': 'gzip' }),
      await submit(multipart([dump('upload_file_minidump', 'MDMP')])),
      await submit(report({ ProductName: 'Bear', uuid: 'mine' })),
      await submit(report({ ProductName: 'Bear' }), { 'Content-Length': String(26 * 1024 * 1024) }),
      await submit(report({ ProductName: 'Bear' }, 'x'.repeat(2 ** 24))),
    ]
    await settle()
    const [day] = await books().counts('20261123', '20261123', 'day')
    expect(day?.outcomes.toSorted((a, b) => (`${a.outcome}${a.reason}` < `${b.outcome}${b.reason}` ? -1 : 1))).toEqual([
      { outcome: 'fake_accepted', reason: 'pretend', count: 1 },
      { outcome: 'malformed', reason: 'bad_gzip', count: 1 },
      { outcome: 'malformed', reason: 'invalid_payload_structure', count: 1 },
      { outcome: 'malformed', reason: 'no_annotations', count: 1 },
      { outcome: 'refused', reason: 'body_too_large', count: 1 },
      { outcome: 'rejected', reason: 'no_wolves', count: 2 },
      { outcome: 'resend', reason: null, count: 1 },
      { outcome: 'unauthorized_uuid', reason: null, count: 1 },
      { outcome: 'unavailable', reason: 'too_many_bytes_in_flight', count: 1 },
    ])
    expect(day?.rules).toEqual([
      { rule: 'all_else', result: 'accept', count: 3 },
      { rule: 'noted', result: 'continue', count: 2 },
      { rule: 'no_wolves', result: 'reject', count: 2 },
      { rule: 'pretend', result: 'fake_accept', count: 1 },
    ])
    const { accepted, cursor } = await books().accepted('20261123', null)
    const others = day?.outcomes.reduce((sum, { count }) => sum + count, 0) ?? 0
    expect([accepted, cursor, accepted + others]).toEqual([2, null, said.length])
  })

  it('name each reason as the answer and the log do', async () => {
    const { submit, settle, logged } = collector()
    const said = await submit('no gzip', { 'Content-Encoding': 'gzip' })
    await settle()
    const [hour] = await books().counts('20261123', '20261123', 'hour')
    expect(said).toBe('Discarded=malformed_bad_gzip')
    expect(logged).toEqual([['malformed', { reason: 'bad_gzip', ms: 0 }]])
    expect(hour).toMatchObject({
      time: '2026112314',
      outcomes: [{ outcome: 'malformed', reason: 'bad_gzip', count: 1 }],
    })
  })

  it('never delay an answer: a report is answered while Counters hangs', async () => {
    let asked = 0
    const hangs = { add: () => new Promise<void>(() => void asked++) }
    const { submit } = collector(hangs)
    expect(await submit(report({ ProductName: 'Wolf' }))).toBe('Discarded=rule_no_wolves')
    for (let n = 0; n < 200; n++) expect(await submit(report({ ProductName: 'Wolf' }))).toBe('Discarded=rule_no_wolves')
    expect(asked).toBe(1)
  })
})

describe('Counters', () => {
  const batch = (number: number, hour: string, isolate = 'a') => ({
    ...{ isolate, number },
    hours: { [hour]: { 'rule accept r': 2 } },
  })
  const stored = () => counters().hours('20260101', '20301231')

  it('counts a batch once, however often it comes, and adds those of all isolates up', async () => {
    for (const number of [1, 1, 2, 1]) await counters().add(batch(number, '2026112314'))
    await counters().add(batch(1, '2026112314', 'b'))
    await counters().add(batch(2, '2026112400', 'b'))
    expect(await stored()).toEqual({
      '2026112314': { 'rule accept r': 6 },
      '2026112400': { 'rule accept r': 2 },
    })
    expect(Object.keys(await counters().hours('20261123', '20261123'))).toEqual(['2026112314'])
    expect(await counters().hours('20261120', '20261122')).toEqual({})
  })

  it('keeps 28 days, forgets isolates that ended, and sleeps when nothing is left', async () => {
    const nowMs = systemClock()
    const kept = utcHour(nowMs - COUNTS_KEPT_DAYS * DAY_MS)
    await counters().add(batch(1, utcHour(nowMs - COUNTS_KEPT_DAYS * DAY_MS - 3_600_000), 'ended'))
    await counters().add(batch(1, kept, 'running'))
    await runInDurableObject(counters(), (_, { storage: { kv } }) =>
      kv.put('isolate/ended', { number: 1, atMs: nowMs - COUNTING_ISOLATE_KEPT_MS - 1 }),
    )
    expect(await runDurableObjectAlarm(counters())).toBe(true)
    const keys = () => runInDurableObject(counters(), (_, { storage: { kv } }) => Array.from(kv.list(), ([key]) => key))
    expect(await keys()).toEqual([`hour/${kept}`, 'isolate/running'])
    // A day later, with nobody left.
    await runInDurableObject(counters(), (_, { storage: { kv } }) => {
      kv.delete(`hour/${kept}`)
      kv.put('isolate/running', { number: 1, atMs: 0 })
    })
    expect(await runDurableObjectAlarm(counters())).toBe(true)
    expect(await keys()).toEqual([])
    expect(await runDurableObjectAlarm(counters())).toBe(false)
  })

  it('is bounded an hour: of too many kinds the number is kept and the name is not', async () => {
    const rules = (from: number) =>
      Object.fromEntries(Array.from({ length: MAX_COUNTS_AN_HOUR }, (_, n) => [`rule accept r${from + n}`, 1]))
    await counters().add({ isolate: 'a', number: 1, hours: { '2026112314': rules(0) } })
    await counters().add({ isolate: 'a', number: 2, hours: { '2026112314': rules(10) } })
    const [hour] = await books().counts('20261123', '20261123', 'hour')
    expect([hour?.rules.length, hour?.other]).toEqual([MAX_COUNTS_AN_HOUR, 10])
  })
})

describe('accepted reports', () => {
  it('are the raw crashes of the day in their ids, page by page', async () => {
    const day = utcDay(NOW_MS)
    const id = (n: number) => `0011223${n}-4455-4677-8899-aabbc0${day.slice(2)}`
    for (let n = 0; n < 7; n++) await env.CRASHES.put(`v1/raw_crash/${day}/${id(n)}`, '{}')
    await env.CRASHES.put(`v1/dump/${id(0)}`, '')
    const CRASHES = Object.assign(Object.create(env.CRASHES), {
      list: (options: R2ListOptions) => env.CRASHES.list({ ...options, limit: 2 }),
    })
    const paged = new CollectorBooks(createExecutionContext(), { ...env, CRASHES })
    expect(await paged.accepted(day, null)).toEqual({ accepted: 7, cursor: null })
    expect(await books().accepted('20261124', null)).toEqual({ accepted: 0, cursor: null })
  })

  it('of a huge day are counted in several answers', async () => {
    const objects = [{ key: `v1/raw_crash/20261123/00112233-4455-4677-8899-aabbc0261123`, uploaded: new Date(0) }]
    const CRASHES = Object.assign(Object.create(env.CRASHES), {
      list: async ({ cursor = '0' }: R2ListOptions) => {
        const page = Number(cursor) + 1
        return {
          objects,
          delimitedPrefixes: [],
          ...(page < 70 ? { truncated: true, cursor: String(page) } : { truncated: false }),
        }
      },
    })
    const huge = new CollectorBooks(createExecutionContext(), { ...env, CRASHES })
    const first = await huge.accepted('20261123', null)
    expect(first).toEqual({ accepted: MAX_ACCEPTED_PAGES, cursor: String(MAX_ACCEPTED_PAGES) })
    expect(await huge.accepted('20261123', first.cursor)).toEqual({ accepted: 20, cursor: null })
  })
})
