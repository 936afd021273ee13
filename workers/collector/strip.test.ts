import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Products, productsSchema } from '#shared/products/products.ts'
import { PRIMARY_DUMP_FOLDER, PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import { BOUNDARY, dump, multipart, type PartToSend, text } from '../../test/conformance/collector/multipart-body.ts'
import secretEnvironment from '../../test/fixtures/environment/secret_environment.dmp?url&inline'
import handler from './index.ts'
import { submit } from './submit.ts'
import { collectorWorld, reportOf } from './testing/collector-world.ts'
import { emptyBucket, storedKeys } from './testing/faulty-bucket.ts'

const CANARY = 'canary-7f3a9c21e5d8'
const ALL_STRIPPED = ['environ', 'auxv', 'cmd_line', 'memory']
const BROWSER_DUMP = 'upload_file_minidump_browser'
const PRODUCTS = productsSchema.parse({
  version: 1,
  products: [
    { name: 'SecretWolf', strip_environment: true },
    { name: 'OpenWolf', strip_environment: false },
    { name: 'SilentWolf' },
  ],
})

/** Of a process with {@link CANARY} in its environment and on its command line. */
let secretDump: Uint8Array<ArrayBuffer>

beforeAll(async () => {
  secretDump = new Uint8Array(await (await fetch(secretEnvironment)).arrayBuffer())
})
beforeEach(emptyBucket)

/** Sends a report while the collector knows these products; null: CONFIG has not answered yet. Answers what lies in R2 then. */
async function stored(parts: readonly PartToSend[], products: Products | null = PRODUCTS) {
  const world = collectorWorld({ products: async () => products })
  const answer = await submit(reportOf(multipart(parts), BOUNDARY), world.deps)
  await world.settle()
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
  const { crashId } = answer
  const rawCrash = await env.CRASHES.get(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`)
  const { metadata } = JSON.parse((await rawCrash?.text()) ?? '')
  return {
    metadata,
    logged: JSON.stringify(world.logged),
    dump: (dumpName: string) => dumpOf(crashId, dumpName),
  }
}

async function dumpOf(crashId: string, dumpName: string): Promise<Uint8Array<ArrayBuffer>> {
  const object = await env.CRASHES.get(`v1/${dumpName}/${crashId}`)
  return new Uint8Array((await object?.arrayBuffer()) ?? [])
}

const product = (name: string) => text('ProductName', name)
const isSame = (left: Uint8Array, right: Uint8Array) =>
  left.length === right.length && left.every((byte, at) => byte === right[at])
const occurrences = (bytes: Uint8Array, what: string) => new TextDecoder('latin1').decode(bytes).split(what).length - 1
const sha256 = async (bytes: Uint8Array<ArrayBuffer>) =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')

describe('a product with strip_environment', () => {
  it('has nothing of the environment and the command line in any stored minidump, and the rest of it as it was', async () => {
    expect(occurrences(secretDump, CANARY)).toBe(6)
    const report = await stored([
      product('SecretWolf'),
      dump(PRIMARY_DUMP_NAME, secretDump),
      dump(BROWSER_DUMP, secretDump),
    ])
    expect(report.metadata.stripped).toEqual({ [PRIMARY_DUMP_NAME]: ALL_STRIPPED, [BROWSER_DUMP]: ALL_STRIPPED })
    expect(report.metadata.collector_notes).toEqual([])
    for (const dumpName of [PRIMARY_DUMP_FOLDER, BROWSER_DUMP]) {
      const kept = await report.dump(dumpName)
      expect(kept).toHaveLength(secretDump.length)
      for (const secret of [CANARY, '--password', 'SECRET_CANARY', 'PATH=/usr/bin'])
        expect([secret, occurrences(kept, secret)]).toEqual([secret, 0])
      const changed = kept.filter((byte, at) => byte !== secretDump[at])
      expect([changed.length < 900, changed.every((byte) => byte === 0)]).toEqual([true, true])
    }
    expect(report.logged).not.toContain(CANARY)
  })

  it('has the checksums of the minidumps that were received', async () => {
    const report = await stored([product('SecretWolf'), dump(PRIMARY_DUMP_NAME, secretDump)])
    expect(report.metadata.dump_checksums).toEqual({ [PRIMARY_DUMP_NAME]: await sha256(secretDump) })
    expect(await sha256(await report.dump(PRIMARY_DUMP_FOLDER))).not.toBe(await sha256(secretDump))
  })

  it('has its resends told as before, though what is stored is not what they bring', async () => {
    const parts = [product('SecretWolf'), dump(PRIMARY_DUMP_NAME, secretDump)]
    await stored(parts)
    const world = collectorWorld({ products: async () => PRODUCTS })
    expect((await submit(reportOf(multipart(parts), BOUNDARY), world.deps)).kind).toBe('resend')
    await world.settle()
    expect(await storedKeys()).toHaveLength(3)
  })

  it('is one for Crashpad too, which names it otherwise', async () => {
    const report = await stored([text('prod', 'SecretWolf'), text('ver', '1.0'), dump(PRIMARY_DUMP_NAME, secretDump)])
    expect(report.metadata.stripped).toEqual({ [PRIMARY_DUMP_NAME]: ALL_STRIPPED })
  })

  it.each([
    ['is no minidump', () => Uint8Array.from('MDMP?', (char) => char.charCodeAt(0))],
    ['is cut in its list of streams', () => secretDump.slice(0, 100)],
  ])('keeps a dump that %s as it is, and a note says so', async (_what, broken) => {
    const report = await stored([
      product('SecretWolf'),
      dump(PRIMARY_DUMP_NAME, broken()),
      dump(BROWSER_DUMP, secretDump),
    ])
    expect(report.metadata.collector_notes).toEqual([
      'environment not stripped: upload_file_minidump is no readable minidump',
    ])
    expect(report.metadata.stripped).toEqual({ [BROWSER_DUMP]: ALL_STRIPPED })
    expect(isSame(await report.dump(PRIMARY_DUMP_FOLDER), broken())).toBe(true)
  })

  it('has its attachments as they were sent', async () => {
    const report = await stored([
      product('SecretWolf'),
      dump(PRIMARY_DUMP_NAME, secretDump),
      dump('screenshot', `SECRET_CANARY=${CANARY}`),
    ])
    expect(Object.keys(report.metadata.stripped)).toEqual([PRIMARY_DUMP_NAME])
    expect(occurrences(await report.dump('screenshot'), CANARY)).toBe(1)
  })
})

describe('a product without strip_environment', () => {
  it.each(['OpenWolf', 'SilentWolf', 'NotListed', 'secretwolf'])(
    'has its minidumps as they were sent: %s',
    async (name) => {
      const report = await stored([product(name), dump(PRIMARY_DUMP_NAME, secretDump)])
      expect(isSame(await report.dump(PRIMARY_DUMP_FOLDER), secretDump)).toBe(true)
      expect(report.metadata).not.toHaveProperty('stripped')
      expect(report.metadata.collector_notes).toEqual([])
    },
  )
})

describe('while nobody knows the products', () => {
  it.each(['SecretWolf', 'OpenWolf', 'NotListed'])('every minidump is stripped: %s', async (name) => {
    const report = await stored([product(name), dump(PRIMARY_DUMP_NAME, secretDump)], null)
    expect(report.metadata.stripped).toEqual({ [PRIMARY_DUMP_NAME]: ALL_STRIPPED })
    expect(occurrences(await report.dump(PRIMARY_DUMP_FOLDER), CANARY)).toBe(0)
  })

  it('because their document never could be read: the Worker as it is deployed', async () => {
    await env.CONFIG.put('products.json', '{"version":1,"products":[{"name":"SecretWolf","strip_environment":"yes"}]}')
    const request = reportOf(multipart([product('OpenWolf'), dump(PRIMARY_DUMP_NAME, secretDump)]), BOUNDARY)
    const incoming = new Request<unknown, IncomingRequestCfProperties>(request)
    const answer = await (await handler.fetch(incoming, env, createExecutionContext())).text()
    const crashId = /^CrashID=bp-(\S+)\n$/.exec(answer)?.[1] ?? ''
    expect(occurrences(await dumpOf(crashId, PRIMARY_DUMP_FOLDER), CANARY)).toBe(0)
    expect(await storedKeys()).toContain(`v1/dump/${crashId}`)
    const heartbeat = new Request<unknown, IncomingRequestCfProperties>('http://collector/__heartbeat__')
    const { warnings } = await (await handler.fetch(heartbeat, env, createExecutionContext())).json<{
      warnings: unknown
    }>()
    expect(JSON.stringify(warnings)).toContain('products.json: products.0.strip_environment: ')
  })
})
