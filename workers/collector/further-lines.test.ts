import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { viewSecrets } from '#shared/auth/view-secret.ts'
import { parseCrashId } from '#shared/crash-id.ts'
import { CONFIG_REFRESH_MS } from '#shared/limits.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import type { ConfigStore } from '#shared/store/config-document.ts'
import { promptDocument } from '#shared/store/prompt-document.ts'
import { ACCEPT_EVERYTHING } from '#shared/throttle/built-in-rulesets.ts'
import { type Ruleset, rulesetSchema } from '#shared/throttle/ruleset.ts'
import { BOUNDARY, dump, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import { createApp } from './app.ts'
import { furtherLines } from './further-lines.ts'
import { collectorWorld, reportOf } from './testing/collector-world.ts'

/** With the slash that people copy along. */
const BASE = 'https://crashes.example.com/'
const SECRETS = viewSecrets('0123456789abcdef0123456789abcdef')
const REJECT: Ruleset = rulesetSchema.parse({
  ...{ version: 1, name: 'none' },
  rules: [{ name: 'nothing', when: { all: [] }, result: 'reject' }],
})
const FAKE: Ruleset = rulesetSchema.parse({
  ...{ version: 1, name: 'fake' },
  rules: [{ name: 'fake', when: { all: [] }, result: 'fake_accept' }],
})

const CONFIG: ConfigStore = env.CONFIG

/** A collector with crash pages at BASE. */
function collector({
  base = BASE,
  secrets = SECRETS,
  ruleset = ACCEPT_EVERYTHING,
  config = CONFIG,
  at = { nowMs: 0 },
} = {}) {
  const { deps, sent } = collectorWorld()
  const deferred: Promise<unknown>[] = []
  const context = {
    waitUntil: (work: Promise<unknown>) => void deferred.push(work),
    passThroughOnException: () => {},
    props: {},
  }
  const app = createApp({
    ...deps,
    products: promptDocument(
      productsDocument(NO_PRODUCTS, {
        ...{ config, stage: 'collector', keepsLastGood: false },
        ...{ clock: () => at.nowMs, log: deps.log },
      }),
      { name: 'the products', clock: () => at.nowMs, late: () => {} },
    ),
    furtherLines: (answer) => furtherLines(answer, base, secrets),
    book: () => {},
    rulesets: { current: async () => ruleset, problem: () => null },
    ...{ heartbeatChecks: [], version: 'test' },
  })
  return {
    sent,
    at,
    async submit(annotations: Readonly<Record<string, string>>, dumpText = crypto.randomUUID().repeat(40)) {
      const parts = Object.entries(annotations).map(([name, value]) => text(name, value))
      const body = multipart([...parts, dump('upload_file_minidump', dumpText)])
      const response = await app.fetch(reportOf(body, BOUNDARY), env, context)
      return response.text()
    },
  }
}

const WOLF = { ProductName: 'WaterWolf', Version: '1.0' }
const crashIdIn = (said: string) => parseCrashId(/^CrashID=bp-([0-9a-f-]{36})$/m.exec(said)?.[1] ?? '')

/** As Firefox's crash reporter reads an answer: a line ends its key at the first `=`, and the last line of a key holds. */
function readByReporter(said: string): Readonly<Record<string, string>> {
  const pairs = said.split('\n').flatMap((line) => {
    const at = line.indexOf('=')
    return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
  })
  return Object.fromEntries(pairs)
}

/** As Firefox's own process reads it (CrashSubmit): a value ends at a second `=`, and CrashID must be the whole of its line. */
function readByBrowser(said: string): Readonly<Record<string, string>> {
  const id = /^bp-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
  const pairs = said.split('\n').flatMap((line) => {
    const [key = '', value = '', ...more] = line.split('=')
    const holds = (more.length === 0 && key === 'CrashID' && id.test(value)) || key === 'ViewURL'
    return holds ? [[key, value] as const] : []
  })
  return Object.fromEntries(pairs)
}

/** The secret in an address, as the page finds it. */
function secretIn(viewUrl: string | undefined): string {
  return decodeURIComponent(new URL(viewUrl ?? '').search).replace('?k=', '')
}

beforeEach(async () => {
  await env.CONFIG.delete('products.json')
})

describe('ViewURL', () => {
  it('leads both shipped readers to the page of the crash, with its secret', async () => {
    const said = await collector().submit(WOLF)
    const crashId = crashIdIn(said)
    if (crashId === null) throw new Error(said)
    expect(said).toMatch(
      /^CrashID=bp-\S+\nViewURL=https:\/\/crashes\.example\.com\/crash\/[0-9a-f-]{36}\?k=[0-9a-f]{32}\nViewURL=\S+\n$/,
    )
    for (const read of [readByReporter, readByBrowser]) {
      const { CrashID, ViewURL } = read(said)
      expect(CrashID).toBe(`bp-${crashId}`)
      expect(new URL(ViewURL ?? '').pathname).toBe(`/crash/${crashId}`)
      expect(await SECRETS?.check(crashId, secretIn(ViewURL))).toBe(crashId)
    }
  })

  it('is the same for a report that is sent again', async () => {
    const { submit } = collector()
    const first = await submit(WOLF, 'x'.repeat(2_000))
    expect(await submit({ ...WOLF, Throttleable: '0' }, 'x'.repeat(2_000))).toBe(first)
  })

  it('is not sent without its base or secret, for reports that nobody keeps, nor to reporters that take the body for the id', async () => {
    expect(await collector({ base: '' }).submit(WOLF)).toMatch(/^CrashID=\S+\n$/)
    expect(await collector({ secrets: null }).submit(WOLF)).toMatch(/^CrashID=\S+\n$/)
    expect(await collector({ ruleset: FAKE }).submit(WOLF)).toMatch(/^CrashID=\S+\n$/)
    expect(await collector({ ruleset: REJECT }).submit(WOLF)).toBe('Discarded=rule_nothing')
    expect(await collector().submit({ prod: 'WaterWolf', ver: '1.0' })).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('StopSendingReportsFor', () => {
  const products = (versions: readonly string[]) =>
    JSON.stringify({ version: 1, products: [{ name: 'WaterWolf', end_of_life_versions: versions }] })

  it('names the version of the report within a minute of the document, kept or not, and no other', async () => {
    const kept = collector({ base: '' })
    await kept.submit(WOLF)
    await env.CONFIG.put('products.json', products(['1.0']))
    kept.at.nowMs = CONFIG_REFRESH_MS
    expect(await kept.submit(WOLF)).toMatch(/^CrashID=bp-\S+\nStopSendingReportsFor=1\.0\n$/)
    expect(readByReporter(await kept.submit(WOLF))).toMatchObject({ StopSendingReportsFor: '1.0' })
    expect(await kept.submit({ ...WOLF, Version: '1.1' })).toMatch(/^CrashID=bp-\S+\n$/)
    expect(await kept.submit({ prod: 'WaterWolf', ver: '1.0' })).toMatch(/^[0-9a-f-]{36}$/)

    const rejected = collector({ ruleset: REJECT })
    expect(await rejected.submit(WOLF)).toBe('Discarded=rule_nothing\nStopSendingReportsFor=1.0\n')
    expect(await rejected.submit({ prod: 'WaterWolf', ver: '1.0' })).toBe('Discarded=rule_nothing')

    await env.CONFIG.put('products.json', products([]))
    kept.at.nowMs += CONFIG_REFRESH_MS
    expect(await kept.submit(WOLF)).toMatch(/^CrashID=bp-\S+\n$/)
  })

  it('stops no report: with CONFIG silent or failing the answer is as without the document', async () => {
    const silent: ConfigStore = { get: () => new Promise(() => {}), put: async () => {} }
    const failing: ConfigStore = { get: () => Promise.reject(new Error('down')), put: async () => {} }
    for (const config of [silent, failing]) {
      expect(await collector({ base: '', config }).submit(WOLF)).toMatch(/^CrashID=bp-\S+\n$/)
    }
  })

  it('is what the document said last, while a later one has a mistake', async () => {
    await env.CONFIG.put('products.json', products(['1.0']))
    const { submit, at } = collector({ base: '' })
    await submit(WOLF)
    await env.CONFIG.put('products.json', '{"version":1')
    at.nowMs = CONFIG_REFRESH_MS
    expect(await submit(WOLF)).toContain('StopSendingReportsFor=1.0')
  })
})
