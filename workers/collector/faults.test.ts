import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { RETRY_AFTER_SECONDS } from '#shared/limits.ts'
import { ACCEPT_EVERYTHING } from '#shared/throttle/built-in-rulesets.ts'
import type { RulesetSource } from '#shared/throttle/ruleset-source.ts'
import { BOUNDARY, dump, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import { duplicatesOf } from './duplicates.ts'
import { collectorApp, type ReportBody } from './testing/collector-app.ts'
import {
  emptyBucket,
  type Fault,
  type FaultPlan,
  faultyBucket,
  type Operation,
  storedKeys,
  storedText,
} from './testing/faulty-bucket.ts'

/** For saves that fail: what hangs uses it up, and one operation has half of it. */
const BUDGET_MS = 2_000
/** For saves that succeed, on a busy machine too. */
const LONG_BUDGET_MS = 4_000
const MINIDUMP = `MDMP${'x'.repeat(2_000)}`
const CONTENT_MINIDUMP = 'MDMP of the content process'
const CHOSEN_ID = '00112233-4455-4677-8899-aabbc0261122'

function reportWith(minidump: string, annotations: Readonly<Record<string, string>> = {}): ReportBody {
  const body = multipart([
    ...Object.entries({ ProductName: 'WaterWolf', ...annotations }).map(([name, value]) => text(name, value)),
    dump('upload_file_minidump', minidump),
    dump('upload_file_minidump_content', CONTENT_MINIDUMP),
  ])
  return { body, boundary: BOUNDARY }
}
const REPORT = reportWith(MINIDUMP)
/** Its minidump is too small for a claim, so that nothing tells its resends. */
const UNCLAIMED = reportWith('MDMP')
const CHOSEN = reportWith(MINIDUMP, { uuid: CHOSEN_ID })

/** Storage with a fault in one operation on the objects of a folder. */
function storage(operation: Operation, folder: string, fault: Fault, turns: number) {
  const plan: FaultPlan = (asked, key, turn) =>
    asked === operation && key.startsWith(`v1/${folder}/`) && turn <= turns ? fault : 'none'
  return faultyBucket(plan).bucket
}
const troubleOnce = (operation: Operation, folder: string, fault: Fault) => ({
  ...{ bucket: storage(operation, folder, fault, 1), saveBudgetMs: LONG_BUDGET_MS },
})
const troubleThatLasts = (operation: Operation, folder: string, fault: Fault) => ({
  ...{ bucket: storage(operation, folder, fault, Number.POSITIVE_INFINITY), saveBudgetMs: BUDGET_MS },
})

const foldersOf = (keys: readonly string[]) => keys.map((key) => key.split('/')[1])

/** There is this report and nothing else, all of it, beside claims. */
async function expectStored(crashId: string, minidump = MINIDUMP): Promise<void> {
  const rawCrashKey = `v1/raw_crash/20${crashId.slice(-6)}/${crashId}`
  const contentKey = `v1/upload_file_minidump_content/${crashId}`
  expect((await storedKeys()).filter((key) => !key.startsWith('v1/digest/'))).toEqual([
    `v1/dump/${crashId}`,
    rawCrashKey,
    contentKey,
  ])
  expect(await storedText(`v1/dump/${crashId}`)).toBe(minidump)
  expect(await storedText(contentKey)).toBe(CONTENT_MINIDUMP)
  expect(JSON.parse((await storedText(rawCrashKey)) ?? '')).toMatchObject({ uuid: crashId, ProductName: 'WaterWolf' })
}

const NOT_NOW = { status: 503, retryAfter: String(RETRY_AFTER_SECONDS), body: '', crashId: '' }
const hangs = () => new Promise<never>(() => {})

beforeEach(emptyBucket)

describe('R2 in trouble once', () => {
  describe.each([
    ['a report', REPORT, MINIDUMP],
    ['a report without a claim', UNCLAIMED, 'MDMP'],
    ['a report under a chosen id', CHOSEN, MINIDUMP],
  ] as const)('is not seen by %s', (_, report, minidump) => {
    it.each([
      ['dump', 'before'],
      ['dump', 'after'],
      ['dump', 'hang'],
      ['raw_crash', 'before'],
      ['raw_crash', 'after'],
      ['raw_crash', 'hang'],
    ] as const)('in the put of its %s: %s', async (folder, fault) => {
      const { send, settle, queued, outcomes } = collectorApp(troubleOnce('put', folder, fault))
      const { status, crashId } = await send(report)
      await settle()
      expect(status).toBe(200)
      await expectStored(crashId, minidump)
      expect(queued()).toEqual([crashId])
      expect(outcomes()).toEqual(['accepted'])
    })
  })
})

describe('R2 in trouble for longer', () => {
  it.each([
    ['dump', 'before', ['digest', 'upload_file_minidump_content']],
    // Written, though nobody heard of it.
    ['dump', 'after', ['digest', 'dump', 'upload_file_minidump_content']],
    ['dump', 'hang', ['digest', 'upload_file_minidump_content']],
    ['raw_crash', 'before', ['digest', 'dump', 'upload_file_minidump_content']],
    ['raw_crash', 'hang', ['digest', 'dump', 'upload_file_minidump_content']],
  ] as const)(
    'in puts of a %s, %s: 503, nothing readable, and the next try completes the report',
    async (folder, fault, left) => {
      const { send, settle, queued, outcomes } = collectorApp(troubleThatLasts('put', folder, fault))
      expect(await send(REPORT)).toEqual(NOT_NOW)
      await settle()
      expect(foldersOf(await storedKeys())).toEqual(left)
      expect(queued()).toEqual([])
      expect(outcomes()).toEqual(['save_failed', 'unavailable'])

      const claimed = JSON.parse((await storedText((await storedKeys())[0] ?? '')) ?? '')
      const healthy = collectorApp()
      expect((await healthy.send(REPORT)).crashId).toBe(claimed.crash_id)
      await healthy.settle()
      await expectStored(claimed.crash_id)
      expect(healthy.queued()).toEqual([claimed.crash_id])
      expect(healthy.outcomes()).toEqual(['accepted'])
    },
  )

  it.each([
    ['dump', 'before', []],
    ['dump', 'after', []],
    ['dump', 'hang', ['upload_file_minidump_content']],
    ['raw_crash', 'before', []],
    // It may still be written, and must then have its dumps.
    ['raw_crash', 'hang', ['dump', 'upload_file_minidump_content']],
  ] as const)(
    'in puts of a %s of a report without a claim, %s: 503, and only what a late put may need stays',
    async (folder, fault, left) => {
      const { send, settle, queued, outcomes } = collectorApp(troubleThatLasts('put', folder, fault))
      expect(await send(UNCLAIMED)).toEqual(NOT_NOW)
      await settle()
      expect(foldersOf(await storedKeys())).toEqual(left)
      expect(queued()).toEqual([])
      expect(outcomes()).toEqual(['save_failed', 'unavailable'])
    },
  )

  it('in puts of a dump under an id that was tried before: 503, and what lies there stays', async () => {
    const first = collectorApp(troubleThatLasts('put', 'raw_crash', 'hang'))
    expect(await first.send(CHOSEN)).toEqual(NOT_NOW)
    const { send, settle } = collectorApp(troubleThatLasts('put', 'dump', 'after'))
    expect(await send(reportWith(`${MINIDUMP} another`, { uuid: CHOSEN_ID }))).toEqual(NOT_NOW)
    await Promise.all([first.settle(), settle()])
    expect(foldersOf(await storedKeys())).toEqual(['dump', 'upload_file_minidump_content'])
    expect(await storedText(`v1/dump/${CHOSEN_ID}`)).toBe(MINIDUMP)
  })

  it('in each reply to the raw crash: 503, the report is whole for reconcile, and its resend has its id', async () => {
    const { send, settle } = collectorApp(troubleThatLasts('put', 'raw_crash', 'after'))
    expect(await send(REPORT)).toEqual(NOT_NOW)
    await settle()
    const crashId = (await storedKeys()).find((key) => key.startsWith('v1/dump/'))?.slice('v1/dump/'.length) ?? ''
    await expectStored(crashId)
    const healthy = collectorApp()
    expect((await healthy.send(REPORT)).crashId).toBe(crashId)
    await healthy.settle()
    await expectStored(crashId)
    expect(healthy.outcomes()).toEqual(['resend'])

    await emptyBucket()
    const unclaimed = collectorApp(troubleThatLasts('put', 'raw_crash', 'after'))
    expect(await unclaimed.send(UNCLAIMED)).toEqual(NOT_NOW)
    await unclaimed.settle()
    expect(foldersOf(await storedKeys())).toEqual(['dump', 'raw_crash', 'upload_file_minidump_content'])
  })

  it.each(['before', 'hang'] as const)(
    'in everything, %s: 503 with Retry-After and no body, nothing stored or queued',
    async (fault) => {
      for (const report of [REPORT, UNCLAIMED, CHOSEN]) {
        const { bucket } = faultyBucket(() => fault)
        const { send, settle, queued, outcomes } = collectorApp({ bucket, saveBudgetMs: BUDGET_MS })
        expect(await send(report)).toEqual(NOT_NOW)
        await settle()
        // Its dumps might have been written, and cannot be removed.
        const kept = fault === 'before' && report === UNCLAIMED ? ['orphans_kept'] : []
        expect([await storedKeys(), queued(), outcomes().toSorted()]).toEqual([
          [],
          [],
          [...kept, 'save_failed', 'unavailable'],
        ])
      }
    },
  )
})

describe('the claim of a digest in trouble', () => {
  it.each([
    ['before', 'another id'],
    ['after', 'its id'],
    ['hang', 'another id'],
    // Our own claim is there already, and is no other report's.
    ['again', 'its id'],
  ] as const)('(%s): the report is accepted whole, and a resend has %s', async (fault, resendHas) => {
    const { send, settle, queued, outcomes } = collectorApp({
      ...troubleThatLasts('put', 'digest', fault),
      saveBudgetMs: 2 * LONG_BUDGET_MS,
    })
    const { status, crashId } = await send(REPORT)
    await settle()
    expect(status).toBe(200)
    await expectStored(crashId)
    expect([queued(), outcomes()]).toEqual([[crashId], ['accepted']])

    const healthy = collectorApp()
    const again = await healthy.send(REPORT)
    await healthy.settle()
    expect(again.status).toBe(200)
    expect(again.crashId === crashId ? 'its id' : 'another id').toBe(resendHas)
    expect((await storedKeys()).filter((key) => key.startsWith('v1/raw_crash/'))).toHaveLength(
      resendHas === 'its id' ? 1 : 2,
    )
  })
})

describe('a resend while R2 is in trouble', () => {
  const COMMENTED = reportWith(MINIDUMP, { Comments: 'it fell over' })

  it.each([
    ['put', 'dump', 'before'],
    ['put', 'dump', 'after'],
    ['put', 'dump', 'hang'],
    ['get', 'raw_crash', 'before'],
    ['get', 'raw_crash', 'hang'],
    ['put', 'raw_crash', 'before'],
    ['put', 'raw_crash', 'after'],
    ['put', 'raw_crash', 'hang'],
  ] as const)(
    'once (%s of the %s, %s): the first id, the comment is there, and one report',
    async (operation, folder, fault) => {
      const { crashId } = await collectorApp().send(REPORT)
      const { send, settle, outcomes } = collectorApp(troubleOnce(operation, folder, fault))
      expect((await send(COMMENTED)).crashId).toBe(crashId)
      await settle()
      await expectStored(crashId)
      const rawCrash = await storedText(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`)
      expect(JSON.parse(rawCrash ?? '').Comments).toBe('it fell over')
      expect(outcomes()).toEqual(['resend'])
    },
  )

  it.each([
    ['head', REPORT],
    ['get', COMMENTED],
    ['put', COMMENTED],
  ] as const)(
    'that lasts (%s of the raw crash hangs): 503, and the first report is as it was',
    async (operation, report) => {
      const { crashId } = await collectorApp().send(REPORT)
      const before = await storedText(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`)
      const { send, settle, queued, outcomes, logged } = collectorApp(troubleThatLasts(operation, 'raw_crash', 'hang'))
      expect(await send(report)).toEqual(NOT_NOW)
      await settle()
      await expectStored(crashId)
      expect(await storedText(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`)).toBe(before)
      expect([queued(), outcomes()]).toEqual([[], ['save_failed', 'unavailable']])
      // No operation may use up the time of the next try.
      const waitedMs = Number(/did not answer within (\d+) ms$/.exec(String(logged[0]?.[1].reason))?.[1])
      expect(waitedMs).toBeLessThanOrEqual(BUDGET_MS / 2)
    },
  )
})

describe('the queue in trouble', () => {
  const delivered: string[] = []
  const afterMoment = () => new Promise((resolve) => setTimeout(resolve, 100))

  it.each([
    [
      'fails before it took the message',
      async () => {
        await afterMoment()
        throw new Error('the queue is down')
      },
      0,
    ],
    [
      'fails after it took the message',
      async ({ crash_id }: { crash_id: string }) => {
        delivered.push(crash_id)
        await afterMoment()
        throw new Error('the reply was lost')
      },
      1,
    ],
    ['hangs', hangs, 0],
  ])('(it %s): the id at once, and the report is whole for reconcile', async (_, sendMessage, messages) => {
    delivered.length = 0
    const { send, settle, outcomes } = collectorApp({ queue: { send: sendMessage } })
    const { status, crashId } = await send(REPORT)
    expect(status).toBe(200)
    await expectStored(crashId)
    await settle()
    await expectStored(crashId)
    // In this order: the answer did not wait for the queue.
    expect(outcomes()).toEqual(['accepted', 'publish_failed'])
    expect(delivered).toEqual(Array(messages).fill(crashId))
  })
})

describe('Duplicates in trouble', () => {
  const rulesets: RulesetSource = {
    current: async () => ({ ...ACCEPT_EVERYTHING, duplicates: { keep_first: 1, then_one_in: 1_000 } }),
    problem: () => null,
  }
  it.each([
    ['throws', () => Promise.reject(new Error('overloaded'))],
    ['hangs', hangs],
  ])('(it %s): each report is accepted, also where it would be dropped', async (_, count) => {
    const { send, settle, queued, outcomes } = collectorApp({
      rulesets,
      duplicates: { ...duplicatesOf(env.DUPLICATES), count, countExempt: count },
    })
    for (const more of [{}, {}, { Comments: 'exempt' }]) {
      await emptyBucket()
      const { status, crashId } = await send(reportWith(MINIDUMP, { MozCrashReason: 'assert', ...more }))
      expect(status).toBe(200)
      await settle()
      await expectStored(crashId)
      expect(queued().at(-1)).toBe(crashId)
    }
    expect(outcomes().toSorted()).toEqual([...Array(3).fill('accepted'), ...Array(3).fill('duplicates_unasked')])
  })
})
