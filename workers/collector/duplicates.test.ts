import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { DUPLICATES_IDLE_MS } from '#shared/limits.ts'
import { syntheticMinidump } from '#shared/minidump/testing/synthetic-minidump.ts'
import { ACCEPT_EVERYTHING, BUILT_IN_RULESETS } from '#shared/throttle/built-in-rulesets.ts'
import { duplicateCountsSchema } from '#shared/throttle/duplicate-counts.ts'
import type { Duplicates, FingerprintCounts } from '#shared/throttle/duplicates-port.ts'
import { parseFingerprint } from '#shared/throttle/fingerprint.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import { BOUNDARY, dump, multipart, type PartToSend, text } from '../../test/conformance/collector/multipart-body.ts'
import { createApp } from './app.ts'
import { DuplicateReports } from './duplicate-reports.ts'
import { duplicatesOf } from './duplicates.ts'
import { collectorWorld, ONE_LINE } from './testing/collector-world.ts'
import { emptyBucket } from './testing/faulty-bucket.ts'

const LIBC = {
  base: 0x7f00_0000,
  size: 0x10_0000,
  codeFile: '/usr/lib/x86_64-linux-gnu/libc.so.6',
  buildId: [1, 2, 3, 4],
}
const PROGRAM = { base: 0x1000_0000, size: 0x10_0000, codeFile: '/opt/waterwolf/waterwolf', buildId: [9, 9, 9, 9] }

/** A crash in `abort`, which `caller` called: an offset in the program. */
const abortCalledBy = (caller: number) =>
  syntheticMinidump({
    ...{ modules: [PROGRAM, LIBC], instructionPointer: LIBC.base + 0x8_aeec, exceptionCode: 6 },
    stack: [LIBC.base + 0x20, 0, PROGRAM.base + caller, 0, PROGRAM.base + 0x40],
  })

/** A version that no other test sends, so that it has fingerprints of its own. */
let version = 0

interface Stored {
  readonly annotations: Readonly<Record<string, unknown>>
  readonly metadata: { readonly fingerprint?: string; readonly continent?: string; readonly sample_weight?: number }
}

/** The real collector app, with the real objects unless a test gives others. */
function collector(duplicates: Ruleset['duplicates'], port: Duplicates = duplicatesOf(env.DUPLICATES)) {
  const ruleset: Ruleset = { ...ACCEPT_EVERYTHING, duplicates }
  const { deps, logged } = collectorWorld()
  const app = createApp({
    ...{ ...deps, ...ONE_LINE, duplicates: port, version: 'test', heartbeatChecks: [], book: () => {} },
    rulesets: { current: async () => ruleset, problem: () => null },
  })
  const send = async (parts: readonly PartToSend[], { headers = {}, continent = 'EU' } = {}) => {
    const request = new Request('http://collector/submit', {
      method: 'POST',
      headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
      body: multipart([text('ProductName', 'WaterWolf'), text('Version', String(version)), ...parts]),
      cf: { continent },
    })
    const waiting: Promise<unknown>[] = []
    const context = {
      waitUntil: (work: Promise<unknown>) => void waiting.push(work),
      passThroughOnException() {},
      props: {},
    }
    const answer = await (await app.fetch(request, env, context)).text()
    await Promise.all(waiting)
    return answer
  }
  return { send, logged }
}

async function storedRawCrashes(): Promise<readonly Stored[]> {
  const found: Stored[] = []
  let cursor: string | undefined
  do {
    const page = await env.CRASHES.list({ prefix: 'v1/raw_crash/', ...(cursor !== undefined && { cursor }) })
    for (const { key } of page.objects) {
      const { metadata, ...annotations } = JSON.parse((await (await env.CRASHES.get(key))?.text()) ?? '{}')
      found.push({ metadata, annotations })
    }
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return found
}

const fingerprintOfStored = async () => {
  const fingerprint = parseFingerprint((await storedRawCrashes())[0]?.metadata.fingerprint ?? '')
  if (fingerprint === null) throw new Error('no fingerprint is stored')
  return fingerprint
}

const reports = (): DuplicateReports => Reflect.construct(DuplicateReports, [createExecutionContext(), env])
const sums = ({ days }: FingerprintCounts) =>
  days.reduce((sum, [, { sent, kept }]) => ({ sent: sum.sent + sent, kept: sum.kept + kept }), { sent: 0, kept: 0 })

const A = dump('upload_file_minidump', abortCalledBy(0x1234))
const B = dump('upload_file_minidump', abortCalledBy(0x5678))

beforeEach(async () => {
  version++
  await emptyBucket()
})

describe('3,000 reports of two bugs with one instruction pointer, at ten kept', { timeout: 300_000 }, () => {
  it('leave ten of each and more, with weights that add up to the sent', async () => {
    const { send } = collector({ keep_first: 10, then_one_in: 20 })
    const sent = { a: 0, b: 0 }
    const said = { kept: 0, dropped: 0 }
    // Six at a time, as a flood comes; one in four is of the rarer bug.
    for (let at = 0; at < 3_000; at += 6) {
      const answers = await Promise.all(
        [A, A, B, A, A, at % 12 === 0 ? B : A].map((which, turn) => {
          sent[which === A ? 'a' : 'b']++
          // CrashTime differs, so that none is a resend of another.
          return send([text('Bug', which === A ? 'a' : 'b'), text('CrashTime', `${at}${turn}`), which])
        }),
      )
      for (const answer of answers) {
        if (answer === 'Discarded=rule_duplicate') said.dropped++
        else if (answer.startsWith('CrashID=')) said.kept++
      }
    }
    const stored = await storedRawCrashes()
    expect(said.kept + said.dropped).toBe(3_000)
    expect(stored).toHaveLength(said.kept)
    expect(said.kept).toBeLessThan(400)
    for (const bug of ['a', 'b'] as const) {
      const kept = stored.filter(({ annotations }) => annotations.Bug === bug)
      const weights = kept.reduce((sum, { metadata }) => sum + (metadata.sample_weight ?? 1), 0)
      expect(kept.length).toBeGreaterThanOrEqual(10)
      expect(Math.abs(weights - sent[bug]) / sent[bug]).toBeLessThan(0.05)
      expect(new Set(kept.map(({ metadata }) => metadata.fingerprint)).size).toBe(1)
    }
  })
})

describe('with keep-N of one', () => {
  const rule = { keep_first: 1, then_one_in: 1_000_000 }

  it('drops the second of a kind and keeps another kind', async () => {
    const { send } = collector(rule)
    expect(await send([A])).toMatch(/^CrashID/)
    expect(await send([A])).toBe('Discarded=rule_duplicate')
    expect(await send([B])).toMatch(/^CrashID/)
    expect(await storedRawCrashes()).toHaveLength(2)
    const counts = await reports().counts(await fingerprintOfStored())
    expect(sums(counts).sent).toBeGreaterThanOrEqual(1)
  })

  it.each([
    ['with comments', [text('Comments', 'it broke')], {}],
    ['with empty comments', [text('Comments', '')], {}],
    ['sent by hand', [text('Throttleable', '0')], {}],
    ['under a chosen id', [text('uuid', '00112233-4455-4677-8899-aabbc0261123')], { Authorization: 'Bearer secret' }],
    ['without a fingerprint', [dump('upload_file_minidump', 'MDMP')], {}],
  ])('never drops a report %s, and counts it without taking a place', async (_, parts, headers) => {
    const { send } = collector(rule)
    const exempt = () => send([A, ...parts], { headers })
    expect(await exempt()).toMatch(/^CrashID/)
    expect(await send([A])).toMatch(/^CrashID/)
    expect(await send([A])).toBe('Discarded=rule_duplicate')
    expect(await exempt()).toMatch(/^CrashID/)
  })

  it('counts continents by themselves, and adds them up', async () => {
    const { send } = collector(rule)
    expect(await send([A, text('CrashTime', '1')], { continent: 'EU' })).toMatch(/^CrashID/)
    expect(await send([A, text('CrashTime', '2')], { continent: 'OC' })).toMatch(/^CrashID/)
    expect(await send([A], { continent: 'OC' })).toBe('Discarded=rule_duplicate')
    expect(await send([A, text('CrashTime', '3')], { continent: 'nowhere' })).toMatch(/^CrashID/)
    expect((await storedRawCrashes()).map(({ metadata }) => metadata.continent).sort()).toEqual(['EU', 'OC', 'XX'])
    const counts = await reports().counts(await fingerprintOfStored())
    expect([sums(counts), counts.mixed]).toEqual([{ sent: 4, kept: 3 }, false])
  })

  it('keeps all of a fingerprint once the processor found two signatures under it', async () => {
    const { send } = collector(rule)
    await send([A])
    const alike = { fingerprint: await fingerprintOfStored(), continent: 'EU' } as const
    await reports().noteSignature(alike, 'abort | ひとつ', 'lists 1')
    await reports().noteSignature(alike, 'abort | ひとつ', 'lists 1')
    expect(await send([A])).toBe('Discarded=rule_duplicate')
    // New lists name the same crash anew.
    await reports().noteSignature(alike, 'one', 'lists 2')
    expect(await send([A])).toBe('Discarded=rule_duplicate')
    await reports().noteSignature(alike, 'two', 'lists 2')
    expect((await reports().counts(alike.fingerprint)).mixed).toBe(true)
    expect(await send([A, text('CrashTime', '1')])).toMatch(/^CrashID/)
    expect(await send([A, text('CrashTime', '2')])).toMatch(/^CrashID/)
  })

  it('keeps nothing for a signature of what is no longer counted', async () => {
    const fingerprint = parseFingerprint('ab'.repeat(16))
    if (fingerprint === null) throw new Error('unreachable')
    const alike = { fingerprint, continent: 'EU' } as const
    await reports().noteSignature(alike, 'one', 'lists')
    expect(await duplicatesOf(env.DUPLICATES).read(alike)).toBe(null)
    await runInDurableObject(stubOf(alike), async (_object, { storage }) => {
      expect((await storage.list()).size).toBe(0)
    })
  })
})

describe('when Duplicates is in trouble', () => {
  const real = duplicatesOf(env.DUPLICATES)
  const rule = { keep_first: 1, then_one_in: 10 }

  it.each([
    ['fails', () => Promise.reject(new Error('overloaded'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('keeps the report while it %s, and says so in the log', async (_, trouble) => {
    const { send, logged } = collector(rule, { ...real, count: trouble, countExempt: trouble })
    for (const comments of [[], [], [text('Comments', 'x')]]) expect(await send([A, ...comments])).toMatch(/^CrashID/)
    expect(logged.filter(([outcome]) => outcome === 'duplicates_unasked')).toHaveLength(3)
  })

  it('is not asked at all where the ruleset does not say so, as in both built-in rulesets', async () => {
    const never = () => Promise.reject(new Error('asked'))
    const { send, logged } = collector(null, { count: never, countExempt: never, noteSignature: never, read: never })
    for (const crashTime of ['1', '2', '3']) expect(await send([A, text('CrashTime', crashTime)])).toMatch(/^CrashID/)
    expect(logged.some(([outcome]) => outcome === 'duplicates_unasked')).toBe(false)
    const stored = await storedRawCrashes()
    expect(stored.map(({ metadata }) => [metadata.fingerprint?.length, metadata.continent])).toEqual(
      Array(3).fill([32, undefined]),
    )
    expect(Object.values(BUILT_IN_RULESETS).map(({ duplicates }) => duplicates)).toEqual([null, null])
  })
})

const stubOf = ({ fingerprint, continent }: { fingerprint: string; continent: string }) =>
  env.DUPLICATES.get(env.DUPLICATES.idFromName(`${fingerprint} ${continent}`))

describe('an object', () => {
  it('is asked for near its reports, where their continent is known: the platform makes it there', async () => {
    const hints: unknown[] = []
    const watched = new Proxy(env.DUPLICATES, {
      get(real, name) {
        if (name !== 'get') return Reflect.get(real, name).bind(real)
        return (id: DurableObjectId, options: { locationHint?: string }) => {
          hints.push(options.locationHint)
          return real.get(id)
        }
      },
    })
    const { send } = collector({ keep_first: 1, then_one_in: 100 }, duplicatesOf(watched))
    for (const continent of ['AF', 'AS', 'EU', 'NA', 'OC', 'SA', 'AN', 'nowhere'])
      expect(await send([A, text('CrashTime', continent)], { continent })).toMatch(/^CrashID/)
    expect(hints).toEqual(['afr', 'apac', 'weur', 'enam', 'oc', 'sam', undefined, undefined])
  })

  it('keeps its state in one row, and deletes itself when idle, not before', async () => {
    const { send } = collector({ keep_first: 1, then_one_in: 10 })
    await send([A])
    const alike = { fingerprint: await fingerprintOfStored(), continent: 'EU' } as const
    const stub = stubOf(alike)
    const alarmAtMs = await runInDurableObject(stub, async (_object, { storage }) => {
      expect([...(await storage.list()).keys()]).toEqual(['data'])
      return (await storage.getAlarm()) ?? 0
    })
    expect(Math.abs(alarmAtMs - Date.now() - DUPLICATES_IDLE_MS)).toBeLessThan(60_000)
    // It was used since the alarm was set: it stays.
    await runDurableObjectAlarm(stub)
    expect((await duplicatesOf(env.DUPLICATES).read(alike))?.seen).toBe(1)
    await runInDurableObject(stub, async (object) => {
      const counts = duplicateCountsSchema.parse(Reflect.get(object, 'counts'))
      Reflect.set(object, 'counts', { ...counts, lastMs: Date.now() - DUPLICATES_IDLE_MS - 1 })
    })
    await runDurableObjectAlarm(stub)
    expect(await duplicatesOf(env.DUPLICATES).read(alike)).toBe(null)
    await runInDurableObject(stub, async (_object, { storage }) => {
      expect([(await storage.list()).size, await storage.getAlarm()]).toEqual([0, null])
    })
  })
})
