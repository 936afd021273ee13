import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { CONFIG_REFRESH_MS } from '#shared/limits.ts'
import { NO_PRODUCTS, type Products } from '#shared/products/products.ts'
import { productsDocument } from '#shared/products/products-document.ts'
import type { ConfigStore } from '#shared/store/config-document.ts'
import { type PromptDocument, promptDocument } from '#shared/store/prompt-document.ts'
import { ACCEPT_EVERYTHING } from '#shared/throttle/built-in-rulesets.ts'
import { rulesetSource } from '#shared/throttle/ruleset-source.ts'
import { BOUNDARY, dump, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import type { CollectorDeps } from './app.ts'
import handler from './index.ts'
import { collectorApp, type ReportBody } from './testing/collector-app.ts'
import { reportOf as requestOf } from './testing/collector-world.ts'
import { emptyBucket, storedKeys, storedText } from './testing/faulty-bucket.ts'

const hangs = () => new Promise<never>(() => {})

beforeEach(emptyBucket)

/** A minidump of one stream, the Linux environment. */
function dumpWithEnvironment(environment: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + environment.length)
  const header = [0x504d_444d, 0xa793, 1, 32, 0, 0, 0, 0, 0x4767_0007, environment.length, 44]
  for (const [at, value] of header.entries()) new DataView(bytes.buffer).setUint32(4 * at, value, true)
  bytes.set(new TextEncoder().encode(environment), 44)
  return bytes
}

const SECRET = dumpWithEnvironment('SECRET_CANARY=4711\0')

const reportOf = (product: string): ReportBody => ({
  ...{ body: multipart([text('ProductName', product), dump('upload_file_minidump', SECRET)]), boundary: BOUNDARY },
})

/** What was stored of the report, its throttle rule and whether the environment went, and nothing else. */
async function storedOf(crashId: string) {
  const [dumpKey = '', rawCrashKey = '', ...more] = await storedKeys()
  expect([dumpKey.endsWith(crashId), rawCrashKey.endsWith(crashId), more]).toEqual([true, true, []])
  const { metadata } = JSON.parse((await storedText(rawCrashKey)) ?? '')
  const isThere = (await storedText(dumpKey))?.includes('4711')
  expect(metadata.stripped).toEqual(isThere ? undefined : { upload_file_minidump: ['environ'] })
  return { rule: metadata.throttle_rule, environment: isThere ? 'kept' : 'stripped' }
}

describe('CONFIG in trouble', () => {
  type State = 'up' | 'down' | 'hanging'
  const OURS = { version: 1, name: 'ours', rules: [{ name: 'ours', when: { all: [] }, result: 'accept' }] }
  const PRODUCTS = { version: 1, products: [{ name: 'WaterWolf' }, { name: 'Vault', strip_environment: true }] }
  const KNOWN = { rule: 'ours', environment: 'kept' }
  const UNKNOWN = { rule: 'accept_everything', environment: 'stripped' }
  const FAILED = ['products_unavailable', 'throttle_unavailable']
  const LATE = ['products_late', 'throttle_late']

  /** An isolate with the real documents over the real CONFIG, each of which may be in trouble. */
  function isolate() {
    const state: { throttle: State; products: State; skippedMs: number } = {
      ...{ throttle: 'up', products: 'up', skippedMs: 0 },
    }
    const config: ConfigStore = {
      get: async (key) => {
        const is = key.startsWith('throttle') ? state.throttle : state.products
        if (is === 'hanging') return hangs()
        if (is === 'down') throw new Error('R2 is down')
        return env.CONFIG.get(key)
      },
      put: (key, value) => env.CONFIG.put(key, value),
    }
    const logged: string[] = []
    const log: CollectorDeps['log'] = (_stage, outcome) => logged.push(outcome)
    const clock = () => Date.now() + state.skippedMs
    const deps = { config, stage: 'collector', keepsLastGood: true, clock, log }
    const products: PromptDocument<Products> = promptDocument(productsDocument(NO_PRODUCTS, deps), {
      ...{ name: 'the products', clock, late: () => log('collector', 'products_late') },
    })
    const { send, settle, queued } = collectorApp({
      rulesets: rulesetSource(ACCEPT_EVERYTHING, deps),
      products,
      clock,
      log,
    })
    const report = async (product: string) => {
      await emptyBucket()
      const { status, crashId } = await send(reportOf(product))
      expect(status).toBe(200)
      return await storedOf(crashId)
    }
    return { state, report, settle, queued, outcomes: () => logged.toSorted() }
  }

  beforeEach(async () => {
    for (const { key } of (await env.CONFIG.list()).objects) await env.CONFIG.delete(key)
    await env.CONFIG.put('throttle.json', JSON.stringify(OURS))
    await env.CONFIG.put('products.json', JSON.stringify(PRODUCTS))
  })

  it.each([
    ['never read', 'down', FAILED, UNKNOWN],
    ['never read', 'hanging', LATE, UNKNOWN],
    ['read before', 'down', FAILED, KNOWN],
    ['read before', 'hanging', LATE, KNOWN],
  ] as const)('(%s, then %s): nobody waits for it, and what is known holds', async (read, trouble, logs, holds) => {
    const { state, report, settle, queued, outcomes } = isolate()
    const reports = ['accepted', 'accepted']
    if (read === 'read before') {
      expect(await report('WaterWolf')).toEqual(KNOWN)
      reports.push('accepted')
    }
    Object.assign(state, { throttle: trouble, products: trouble, skippedMs: CONFIG_REFRESH_MS })
    expect(await report('WaterWolf')).toEqual(holds)
    expect(await report('Vault')).toEqual({ ...holds, environment: 'stripped' })
    expect(outcomes()).toEqual(expect.arrayContaining(['accepted', ...logs]))
    await settle()
    expect(queued()).toHaveLength(reports.length)

    // The next minute, CONFIG is back.
    Object.assign(state, { throttle: 'up', products: 'up', skippedMs: 2 * CONFIG_REFRESH_MS + 10_000 })
    expect(await report('WaterWolf')).toEqual(KNOWN)
    expect(await report('Vault')).toEqual({ rule: 'ours', environment: 'stripped' })
  })

  it('in one document leaves the other in force', async () => {
    const withoutProducts = isolate()
    withoutProducts.state.products = 'down'
    expect(await withoutProducts.report('WaterWolf')).toEqual({ rule: 'ours', environment: 'stripped' })
    const withoutRuleset = isolate()
    withoutRuleset.state.throttle = 'down'
    expect(await withoutRuleset.report('WaterWolf')).toEqual({ rule: 'accept_everything', environment: 'kept' })
  })

  it('with documents that are wrong leaves the last good ones in force, in isolates that start now too', async () => {
    expect(await isolate().report('WaterWolf')).toEqual(KNOWN)
    for (const key of ['throttle.json', 'products.json']) await env.CONFIG.put(key, '{"version":1')
    const { report, outcomes } = isolate()
    expect(await report('WaterWolf')).toEqual(KNOWN)
    expect(await report('Vault')).toEqual({ rule: 'ours', environment: 'stripped' })
    expect(outcomes()).toEqual(['accepted', 'accepted', 'products_malformed', 'throttle_malformed'])
  })
})

describe('the Worker as it is deployed', () => {
  it('answers and stores while CONFIG, queue and Counters hang since it started', async () => {
    const broken = {
      CONFIG: { get: hangs, put: hangs },
      CRASH_QUEUE: { send: hangs },
      COUNTERS: { getByName: () => ({ add: hangs, ping: hangs }) },
    }
    const { body, boundary } = reportOf('WaterWolf')
    const request = new Request<unknown, IncomingRequestCfProperties>(requestOf(body, boundary))
    const response = await handler.fetch(request, Object.assign({ ...env }, broken), createExecutionContext())
    const crashId = /^CrashID=bp-([0-9a-f-]{36})\n$/.exec(await response.text())?.[1] ?? ''
    expect(await storedOf(crashId)).toEqual({ rule: 'accept_everything', environment: 'stripped' })
  })
})
