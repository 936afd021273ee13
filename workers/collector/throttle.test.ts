import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CrashMessage } from '#shared/messages.ts'
import { ACCEPT_EVERYTHING, MOZILLA } from '#shared/throttle/built-in-rulesets.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import { type RulesetSource, rulesetSource } from '#shared/throttle/ruleset-source.ts'
import { mozillaCases } from '../../test/conformance/collector/mozilla-cases.ts'
import { BOUNDARY, dump, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import { createApp } from './app.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { ONE_LINE } from './testing/collector-world.ts'

const NOW = '2026-11-23T12:00:00Z'

/** The collector with these rules, a clock and a draw; everything it counts, logs and sends is visible. */
function collector({
  rulesets = { current: async () => MOZILLA, problem: () => null } as RulesetSource,
  clock = () => Date.parse(NOW),
  draw = 0,
} = {}) {
  const counted: string[] = []
  const sent: CrashMessage[] = []
  const logged: string[] = []
  const waiting: Promise<unknown>[] = []
  const app = createApp({
    ...{ ...ONE_LINE, rulesets, clock, bucket: env.CRASHES, submitterToken: '', version: 'test' },
    queue: { send: async (message) => void sent.push(message) },
    draw: () => draw * 100,
    ruleCounts: { count: (result, rule) => counted.push(`${result} ${rule}`) },
    book: () => {},
    bytesInFlight: new BytesInFlight(2 ** 24),
    randomBytes: (bytes) => crypto.getRandomValues(bytes),
    log: (_stage, outcome, fields) => logged.push(JSON.stringify({ outcome, ...fields })),
    ...{ bodyDeadlineMs: 5_000, oversize: 'refuse' as const, saveBudgetMs: 5_000, heartbeatChecks: [] },
  })
  const context = {
    waitUntil: (work: Promise<unknown>) => void waiting.push(work),
    passThroughOnException: () => {},
    props: {},
  }
  const submit = async (annotations: Readonly<Record<string, string>>) => {
    const body = multipart([
      ...Object.entries(annotations).map(([name, value]) => text(name, value)),
      dump('upload_file_minidump', 'MDMP'),
    ])
    const headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
    const response = await app.fetch(
      new Request('http://collector/submit', { method: 'POST', headers, body }),
      env,
      context,
    )
    await Promise.all(waiting)
    return response.text()
  }
  return { submit, counted, sent, logged }
}

const keys = async () => (await env.CRASHES.list()).objects.map(({ key }) => key)

/** The metadata of the only raw crash there is. */
async function metadata() {
  const key = (await keys()).find((one) => one.startsWith('v1/raw_crash/')) ?? ''
  return JSON.parse((await (await env.CRASHES.get(key))?.text()) ?? '{}').metadata
}

beforeEach(async () => {
  for (const key of await keys()) await env.CRASHES.delete(key)
  for (const { key } of (await env.CONFIG.list()).objects) await env.CONFIG.delete(key)
})

describe('Mozilla’s rules', () => {
  it.each(mozillaCases)('$id: $what', async ({ annotations, answer, clock = NOW, draw }) => {
    const { submit, sent, counted } = collector({ clock: () => Date.parse(clock), ...(draw !== undefined && { draw }) })
    const said = await submit(annotations)
    if (answer !== 'fake_accepted' && 'accepted' in answer) {
      expect(said).toMatch(/^CrashID=bp-/)
      expect(await metadata()).toMatchObject({ throttle_rule: answer.accepted })
      expect([(await keys()).length, sent.length, counted.at(-1)]).toEqual([2, 1, `accept ${answer.accepted}`])
      return
    }
    if (answer === 'fake_accepted') expect(said).toMatch(/^CrashID=bp-[0-9a-f-]{29}3261123\n$/)
    else expect(said).toBe(answer.discarded)
    expect([await keys(), sent]).toEqual([[], []])
  })

  it('give a sampled report its weight, and another none', async () => {
    await collector({ draw: 0.05 }).submit({ ProductName: 'Firefox', ReleaseChannel: 'release' })
    expect((await metadata()).sample_weight).toBe(10)
    for (const key of await keys()) await env.CRASHES.delete(key)
    await collector().submit({ ProductName: 'Firefox', ReleaseChannel: 'nightly' })
    expect(Object.hasOwn(await metadata(), 'sample_weight')).toBe(false)
  })

  it('are counted, each rule that a report met, and logged without an annotation value', async () => {
    const { submit, counted, logged } = collector({ draw: 0.05 })
    await submit({ ProductName: 'MozillaVPN', ipc_channel_error: 'ShutDownKill', Version: 'canary-4711' })
    await submit({ ProductName: 'canary-4711' })
    expect(counted).toEqual(['continue is_shutdownkill', 'accept accept_everything', 'reject unsupported_product'])
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([
      { outcome: 'accepted', rule: 'accept_everything' },
      { outcome: 'rejected', rule: 'unsupported_product' },
    ])
    expect(logged.join()).not.toContain('canary-4711')
  })
})

describe('throttle.json in CONFIG', () => {
  const rules = (result: string): Ruleset | object => ({
    ...{ version: 1, name: 'ours' },
    rules: [{ name: 'ours', when: { all: [] }, result }],
  })
  const put = (document: unknown) => env.CONFIG.put('throttle.json', JSON.stringify(document))

  it('replaces the rules within 60 s, and one with a mistake stops nothing', async () => {
    const at = { nowMs: 0 }
    const clock = () => at.nowMs
    const logged: string[] = []
    const rulesets = rulesetSource(ACCEPT_EVERYTHING, {
      ...{ config: env.CONFIG, stage: 'collector', keepsLastGood: true, clock },
      log: (_stage, outcome, fields) => logged.push(JSON.stringify({ outcome, ...fields })),
    })
    const { submit } = collector({ rulesets, clock })
    const report = { ProductName: 'WaterWolf' }
    expect(await submit(report)).toMatch(/^CrashID/)
    await put(rules('reject'))
    at.nowMs = 60_000
    expect(await submit(report)).toBe('Discarded=rule_ours')
    await put(rules('rejct'))
    at.nowMs = 120_000
    expect(await submit(report)).toBe('Discarded=rule_ours')
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('rules[0] \\"ours\\": result')
    await put(rules('accept'))
    at.nowMs = 180_000
    expect(await submit(report)).toMatch(/^CrashID/)
    expect((await metadata()).throttle_rule).toMatch(/^(ours|accept_everything)$/)
  })
})
