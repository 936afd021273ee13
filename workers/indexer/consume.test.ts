import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { uploadFiles } from '#shared/db/schema.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { uploadPartRepository } from '#shared/db/upload-parts.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_UNPACK_TRIES, R2_PART_BYTES, ZIP_BLOCK_BYTES } from '#shared/limits.ts'
import type { LogFields } from '#shared/log.ts'
import type { SymbolMessage, SymbolUploadMessage } from '#shared/messages.ts'
import type { Bucket, Sender } from '#shared/ports.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { concat, crc32, type MadeEntry, makeZip } from '#shared/symbols/testing/make-zip.ts'
import { type ConsumeDeps, consumeMessage } from './consume.ts'

const MIB = 1024 * 1024
const db = drizzle(env.DB)
const uploads = uploadRepository(db)
const utf8 = (text: string) => new TextEncoder().encode(text)

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})

/** Calls every method through `before`, which may measure it or throw. */
function intercepted<T extends object>(target: T, before: (operation: string, args: readonly unknown[]) => void): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        before(String(name), args)
        const result: unknown = await Reflect.apply(value, object, args)
        return name === 'createMultipartUpload' && result instanceof Object ? intercepted(result, before) : result
      }
    },
  })
}

/** The real R2, whose largest reads and writes are measured, and whose operations fail where `fails` says so. */
function watched(fails: (operation: string, key: string) => boolean = () => false) {
  const largest = { get: 0, put: 0 }
  const operations: string[] = []
  const bucket: Bucket = intercepted(env.SYMBOLS, (operation, [first, second]) => {
    operations.push(operation)
    if (fails(operation, String(first))) throw new Error(`R2 ${operation} is down`)
    if (second instanceof Uint8Array) largest.put = Math.max(largest.put, second.byteLength)
    const { range } = z
      .object({ range: z.object({ length: z.number() }).optional() })
      .catch({})
      .parse(second)
    largest.get = Math.max(largest.get, range?.length ?? 0)
  })
  return { bucket, largest, operations }
}

function collector(fails = false) {
  const sent: { message: SymbolMessage; delaySeconds: number | undefined }[] = []
  const indexes: string[] = []
  const sender: Sender<SymbolMessage> = {
    async send(message, options) {
      if (fails) throw new Error('queue is down')
      sent.push({ message, delaySeconds: options?.delaySeconds })
    },
    async sendBatch(messages) {
      if (fails) throw new Error('queue is down')
      for (const { body } of messages) indexes.push('object_key' in body ? body.object_key : 'no sym file')
    },
  }
  return { sender, sent, indexes }
}

/** Lets the indexer take one message and answers all that it did. */
async function consume(body: unknown, over: Partial<ConsumeDeps> = {}) {
  const queue = collector()
  const dead = collector()
  const outcome = { acked: 0, retriedAfterSeconds: -1 }
  const lines: { outcome: string; fields: LogFields }[] = []
  await consumeMessage(
    {
      body,
      ack: () => {
        outcome.acked++
      },
      retry: (options) => {
        outcome.retriedAfterSeconds = options?.delaySeconds ?? 0
      },
    },
    {
      bucket: watched().bucket,
      uploads,
      parts: uploadPartRepository(db),
      owners: symbolOwnersIn(db, 0),
      indexes: symbolIndexBooks(db),
      turn: new BuildTurn(() => 0),
      queue: queue.sender,
      deadQueue: dead.sender,
      clock: () => 1_700_000_000_000,
      log: (_, said, fields = {}) => lines.push({ outcome: said, fields }),
      ...over,
    },
  )
  return { ...outcome, lines, queued: queue.sent, indexes: queue.indexes, dead: dead.sent }
}

async function stage(zip: Uint8Array, trySymbols = false): Promise<SymbolUploadMessage> {
  const id = await uploads.begin({
    email: 'uploader@example.com',
    product: null,
    isAdmin: false,
    kind: 'zip',
    filename: 'symbols.zip',
    downloadedFrom: null,
    createdAtMs: 1,
  })
  await uploads.received(id, { sizeBytes: zip.length, trySymbols })
  await env.SYMBOLS.put(`uploads/${id}.zip`, zip)
  return { v: 1, upload_id: id, tries: 0, first_seen: 1 }
}

async function keysUnder(prefix: string) {
  return (await env.SYMBOLS.list({ prefix })).objects.map((object) => object.key)
}

const rowsOf = (id: number) => db.select().from(uploadFiles).where(eq(uploadFiles.upload_id, id)).all()
const isStaged = async (id: number) => (await env.SYMBOLS.head(`uploads/${id}.zip`)) !== null

async function inflatedCrc(key: string): Promise<number> {
  const object = await env.SYMBOLS.get(key)
  if (object === null) throw new Error(`${key} is not stored`)
  return crc32(
    new Uint8Array(await new Response(object.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()),
  )
}

/** Text like a sym file's, which deflate halves: hex digits from a fixed seed. */
function symText(bytes: number): Uint8Array {
  const text = new Uint8Array(bytes)
  let state = 12_345
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text[at] = at % 40 === 39 ? 10 : (state >>> 16) % 16 < 10 ? 48 + ((state >>> 16) % 16) : 87 + ((state >>> 16) % 16)
  }
  return text
}

describe('a zip of 60 MB', () => {
  it('is unpacked byte for byte with at most 64 MiB held', async () => {
    const header = (name: string) => utf8(`MODULE Linux x86_64 AB ${name}\nINFO GENERATOR test\n`)
    const large = concat([header('large.so'), symText(50 * MIB)])
    const small = concat([header('small.so'), symText(6 * MIB)])
    const entries: MadeEntry[] = [
      { name: 'large.so/A/large.so.sym', data: large },
      { name: 'small.so/B/small.so.sym', data: small, dataDescriptor: true },
      { name: 'stored.so/C/stored.so.sym', data: small, stored: true },
      { name: 'raw.so/D/raw.so.dbg', data: large.subarray(0, 25 * MIB), stored: true },
    ]
    const zip = makeZip(entries)
    expect(zip.length).toBeGreaterThan(57 * MIB)
    const message = await stage(zip)
    const { bucket, largest, operations } = watched()
    const { acked, lines } = await consume(message, { bucket })

    expect([acked, lines.map((line) => line.outcome)]).toEqual([1, ['unpacked', 'indexes_requested']])
    const peak = Number(lines[0]?.fields.held_bytes)
    expect(peak).toBeGreaterThan(R2_PART_BYTES)
    expect(peak).toBeLessThanOrEqual(64 * MIB)
    // The counter is ours; what really went over the bindings at once agrees with it.
    expect(largest.get).toBeLessThanOrEqual(ZIP_BLOCK_BYTES)
    expect(largest.put).toBe(R2_PART_BYTES)
    expect(operations.filter((operation) => operation === 'get').length).toBeLessThanOrEqual(
      2 * Math.ceil(zip.length / ZIP_BLOCK_BYTES) + 4,
    )

    expect(await inflatedCrc('v1/large.so/A/large.so.sym')).toBe(crc32(large))
    expect(await inflatedCrc('v1/small.so/B/small.so.sym')).toBe(crc32(small))
    expect(await inflatedCrc('v1/stored.so/C/stored.so.sym')).toBe(crc32(small))
    const raw = new Uint8Array((await (await env.SYMBOLS.get('v1/raw.so/D/raw.so.dbg'))?.arrayBuffer()) ?? [])
    expect([raw.length, crc32(raw)]).toEqual([25 * MIB, crc32(large.subarray(0, 25 * MIB))])
    expect(await rowsOf(message.upload_id)).toHaveLength(4)
    expect(await uploads.find(message.upload_id)).toMatchObject({
      completedAtMs: 1_700_000_000_000,
      failedReason: null,
    })
    expect(await isStaged(message.upload_id)).toBe(false)
  })
})

describe('what the indexer does with a message', () => {
  const files = (prefix: string, count: number): MadeEntry[] =>
    Array.from({ length: count }, (_, at) => ({
      name: `${prefix}${at}/1/a.sym`,
      data: utf8(`MODULE Linux x86_64 ${at} ${prefix}${at}\n`),
    }))

  it('a second delivery changes nothing', async () => {
    const message = await stage(makeZip(files('twice', 3)), true)
    await consume(message)
    const again = await consume(message)
    expect([again.acked, again.lines[0]?.outcome]).toEqual([1, 'settled'])
    expect(await rowsOf(message.upload_id)).toHaveLength(3)
    expect(await keysUnder('try/v1/twice')).toHaveLength(3)
    expect(await keysUnder('v1/twice')).toEqual([])
  })

  it('a zip that is refused: the row says why, nothing is visible, no retry', async () => {
    const message = await stage(
      makeZip([...files('refused', 3), { name: 'bad/1/b.sym', data: utf8('b'), declaredCrc32: 7 }]),
    )
    const { acked, lines, queued, dead } = await consume(message)
    expect([acked, queued, dead]).toEqual([1, [], []])
    expect(lines[0]).toMatchObject({ outcome: 'refused', fields: { reason: 'bad_crc' } })
    expect(await uploads.find(message.upload_id)).toMatchObject({
      completedAtMs: null,
      failedReason: "Bad CRC-32 for file 'bad/1/b.sym'",
    })
    expect(await keysUnder('v1/refused')).toEqual([])
    expect(await isStaged(message.upload_id)).toBe(false)
  })

  it.each([0, 1, 57, 119])(
    'storage that fails at file %d: tried again later, and the retry does the rest, each file once',
    async (failsAt) => {
      const prefix = `fails${failsAt}x`
      const message = await stage(makeZip(files(prefix, 120)))
      const { bucket } = watched((operation, key) => operation === 'put' && key.startsWith(`v1/${prefix}${failsAt}/`))
      const failed = await consume(message, { bucket })
      expect(failed.acked).toBe(1)
      expect(failed.queued).toEqual([
        { message: { ...message, tries: 1, reason: 'Error: R2 put is down' }, delaySeconds: 30 },
      ])
      expect(await uploads.find(message.upload_id)).toMatchObject({ completedAtMs: null, failedReason: null })
      expect(await isStaged(message.upload_id)).toBe(true)

      const done = await consume(failed.queued[0]?.message)
      expect(done.lines[0]).toMatchObject({ outcome: 'unpacked', fields: { storedFiles: 120, skippedFiles: 0 } })
      const keys = (await rowsOf(message.upload_id)).map((row) => row.key)
      expect(keys).toHaveLength(120)
      expect(new Set(keys).size).toBe(120)
      expect((await rowsOf(message.upload_id)).filter((row) => row.update)).toEqual([])
    },
  )

  it('an R2 that fails while the zip is read is no bad zip', async () => {
    const message = await stage(makeZip(files('unread', 2)))
    const { bucket } = watched((operation) => operation === 'get')
    const { queued } = await consume(message, { bucket })
    expect(queued[0]?.message).toMatchObject({ tries: 1, reason: 'Error: R2 get is down' })
    expect(await uploads.find(message.upload_id)).toMatchObject({ failedReason: null })
  })

  it('a part that fails leaves no file and no half of one', async () => {
    const message = await stage(makeZip([{ name: 'parts/1/p.dbg', data: symText(R2_PART_BYTES + 10), stored: true }]))
    let parts = 0
    const { bucket } = watched((operation) => operation === 'uploadPart' && ++parts === 2)
    const { queued } = await consume(message, { bucket })
    expect(queued).toHaveLength(1)
    expect(await keysUnder('v1/parts')).toEqual([])
    const done = await consume(queued[0]?.message)
    expect(done.lines[0]?.outcome).toBe('unpacked')
    expect((await env.SYMBOLS.head('v1/parts/1/p.dbg'))?.size).toBe(R2_PART_BYTES + 10)
  })

  it('the fifth failure is a dead letter with its reason; delays double', async () => {
    const message = await stage(makeZip(files('dead', 1)))
    const { bucket } = watched(() => true)
    const delays: (number | undefined)[] = []
    let next: SymbolMessage | undefined = message
    for (let tries = 1; tries < MAX_UNPACK_TRIES; tries++) {
      const { queued } = await consume(next, { bucket })
      delays.push(queued[0]?.delaySeconds)
      next = queued[0]?.message
    }
    expect(delays).toEqual([30, 60, 120, 240])
    const last = await consume(next, { bucket })
    expect([last.acked, last.queued.length, last.dead.length]).toEqual([1, 0, 1])
    expect(last.dead[0]?.message).toMatchObject({
      upload_id: message.upload_id,
      tries: 5,
      reason: 'Error: R2 head is down',
    })
  })

  it('when even the copy cannot be sent, the queue itself keeps the message', async () => {
    const message = await stage(makeZip(files('kept', 1)))
    const { bucket } = watched(() => true)
    const { acked, retriedAfterSeconds } = await consume(message, { bucket, queue: collector(true).sender })
    expect([acked, retriedAfterSeconds]).toEqual([0, 30])
  })

  it('an unknown upload, a vanished zip and an unreadable message are acked and named', async () => {
    const unknown = await consume({ v: 1, upload_id: 999_999, tries: 0, first_seen: 1 })
    expect([unknown.acked, unknown.lines[0]?.outcome]).toEqual([1, 'unknown_upload'])
    const message = await stage(makeZip(files('gone', 1)))
    await env.SYMBOLS.delete(`uploads/${message.upload_id}.zip`)
    const gone = await consume(message)
    expect([gone.acked, gone.lines[0]?.outcome]).toEqual([1, 'zip_gone'])
    expect(await uploads.find(message.upload_id)).toMatchObject({
      failedReason: 'The uploaded zip is gone; send it again',
    })
    const unreadable = await consume({ hello: 'world' })
    expect([unreadable.acked, unreadable.lines[0]?.outcome]).toEqual([1, 'message_unreadable'])
  })
})
