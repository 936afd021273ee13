import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { gzipSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { uploadFiles } from '#shared/db/schema.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { uploadPartRepository } from '#shared/db/upload-parts.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { INDEX_BUILD_ROUNDS, PLATFORM_RETRY_WINDOW_MS, R2_PART_BYTES } from '#shared/limits.ts'
import type { LogFields } from '#shared/log.ts'
import type { SymbolMessage } from '#shared/messages.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { openSymbolIndex } from '#shared/symbols/index/open-index.ts'
import { buildStoredIndex } from '#shared/symbols/index-build.ts'
import { indexRangeSource, readIndexEnd } from '#shared/symbols/stored-index.ts'
import { type ConsumeDeps, consumeMessage } from './consume.ts'

const ID = '44E4EC8C2F41492B9369D6B9A059577C2'
const KEY = `v1/a/${ID}/a.sym`
const db = drizzle(env.DB)
const books = symbolIndexBooks(db)
const uploads = uploadRepository(db)
const utf8 = (text: string) => new TextEncoder().encode(text)

const sym = (functions: number, name = 'f') =>
  `MODULE Linux x86_64 ${ID} a\n${Array.from(
    { length: functions },
    (_, at) =>
      `FUNC ${((at + 1) * 0x100).toString(16)} 100 0 ${name}${at}\n${((at + 1) * 0x100).toString(16)} 10 1 0\n`,
  ).join('')}`

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})
beforeEach(async () => {
  for (const { key } of (await env.SYMBOLS.list()).objects) await env.SYMBOLS.delete(key)
  await db.delete(uploadFiles)
})

/** Lets the indexer take a message for one sym file. */
async function consume(over: Partial<ConsumeDeps> = {}, message: Partial<SymbolMessage> = {}) {
  const queued: { message: SymbolMessage; delaySeconds: number | undefined }[] = []
  const dead: SymbolMessage[] = []
  const lines: { outcome: string; fields: LogFields }[] = []
  let acked = 0
  const sendBatch = () => Promise.reject(new Error('not used'))
  await consumeMessage(
    {
      body: { v: 1, object_key: KEY, tries: 0, first_seen: 1_700_000_000_000, ...message },
      ack: () => void acked++,
      retry: () => undefined,
    },
    {
      ...{ bucket: env.SYMBOLS, uploads, parts: uploadPartRepository(db), owners: symbolOwnersIn(db, 0) },
      ...{ indexes: books, turn: new BuildTurn(() => 0), clock: () => 1_700_000_000_000 },
      queue: {
        send: async (copy, options) => queued.push({ message: copy, delaySeconds: options?.delaySeconds }),
        sendBatch,
      },
      deadQueue: { send: async (copy) => dead.push(copy), sendBatch },
      log: (_, outcome, fields = {}) => lines.push({ outcome, fields }),
      ...over,
    },
  )
  return { queued, dead, lines, acked, outcome: lines[0]?.outcome }
}

/** The row that an upload leaves. */
async function row(uploadId: number, key = KEY) {
  const file = { objectKey: key, storedBytes: 1, originalBytes: 1, compressed: true, update: false }
  await uploads.addFiles(uploadId, [{ ...file, header: null, health: null, createdAtMs: 1 }])
}
const stateOf = async (uploadId: number) =>
  (await db.select().from(uploadFiles).where(eq(uploadFiles.upload_id, uploadId)).all())[0]?.index_state

/** What the stored index says lies at the start of function `at`. */
async function nameAt(at: number): Promise<string> {
  const end = await readIndexEnd(env.SYMBOLS, KEY, 0)
  if (end === null) return 'no index'
  const source = indexRangeSource(env.SYMBOLS, KEY, end.stored)
  const opened = await openSymbolIndex(source, { get: async (_, load) => (await load()).block }, 'x')
  if (opened.kind !== 'open') return opened.kind
  const [symbol] = await opened.index.lookup([BigInt((at + 1) * 0x100)])
  return symbol?.kind === 'function' ? symbol.name : (symbol?.kind ?? '')
}

/** The real R2, with something that happens before each operation. */
function watched(before: (operation: string, key: string) => unknown) {
  return new Proxy(env.SYMBOLS, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        await before(String(name), String(args[0]))
        return Reflect.apply(method, target, args)
      }
    },
  })
}

describe('the index of a stored sym file', () => {
  it.each([
    ['gzip with its content encoding', (text: string) => gzipSync(text), { contentEncoding: 'gzip' }],
    ['gzip without', (text: string) => gzipSync(text), {}],
    ['plain text', (text: string) => utf8(text), {}],
    ['plain text under the name of gzip', (text: string) => utf8(text), { contentEncoding: 'gzip' }],
  ])('is built from %s, lies beside the file, and is in the books', async (_what, encode, httpMetadata) => {
    await env.SYMBOLS.put(KEY, encode(sym(50)), { httpMetadata })
    await row(1)
    const { outcome, acked, lines } = await consume()
    expect([outcome, acked]).toEqual(['index_indexed', 1])
    expect(Number(lines[0]?.fields.held_bytes)).toBeLessThanOrEqual(64 * 1024 * 1024)
    expect(await nameAt(7)).toBe('f7')
    const index = await env.SYMBOLS.head(`${KEY}index`)
    const file = await env.SYMBOLS.head(KEY)
    expect(index?.customMetadata).toMatchObject({ sym_etag: file?.etag })
    expect(await stateOf(1)).toEqual({ state: 'indexed', index_bytes: index?.size })
  })

  it('is not built twice, and tells the books all the same', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(sym(50)))
    await consume()
    await row(1)
    const writes: string[] = []
    const bucket = watched((operation) => writes.push(operation))
    const again = await consume({ bucket })
    expect(again.lines[0]).toMatchObject({ outcome: 'index_indexed', fields: { isNew: false } })
    expect(writes).not.toContain('put')
    expect(await stateOf(1)).toMatchObject({ state: 'indexed' })
  })

  it('of a file that breakpad-symbols refuses says so, with the line', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(`${sym(2)}and this is no record\n`))
    await row(1)
    expect((await consume()).lines[0]).toMatchObject({ outcome: 'index_corrupt', fields: { line: 6 } })
    expect(await stateOf(1)).toMatchObject({ state: 'corrupt', line: 6, reason: expect.any(String) })
    expect(await nameAt(0)).toBe('corrupt')
    expect((await consume()).lines[0]).toMatchObject({ outcome: 'index_corrupt', fields: { line: 6, isNew: false } })
  })

  it('of damaged gzip is corrupt and no failure of the platform; of an R2 that breaks off it is one', async () => {
    const bytes = gzipSync(sym(5_000))
    for (const damaged of [
      bytes.slice(0, bytes.length / 2),
      bytes.with(bytes.length / 2, 0x55),
      new Uint8Array([31, 139]),
    ]) {
      await env.SYMBOLS.put(KEY, damaged)
      expect((await consume()).outcome).toBe('index_corrupt')
      expect(await nameAt(0)).toBe('corrupt')
    }
    await env.SYMBOLS.put(KEY, bytes)
    const bucket = watched((operation, key) => {
      if (operation === 'get' && key === KEY) throw new Error('R2 is down')
    })
    const failed = await consume({ bucket })
    expect(failed.queued).toMatchObject([
      { message: { object_key: KEY, tries: 1, reason: 'Error: R2 is down' }, delaySeconds: 30 },
    ])
    expect(await env.SYMBOLS.head(`${KEY}index`)).not.toBeNull()
  })

  it('is none for an empty file, a file that is gone, and what is no sym file', async () => {
    await env.SYMBOLS.put(KEY, new Uint8Array(0))
    expect((await consume()).acked).toBe(1)
    await env.SYMBOLS.delete(KEY)
    expect((await consume()).outcome).toBe('index_gone')
    expect((await consume({}, { object_key: 'uploads/1.zip' })).outcome).toBe('index_no_sym_file')
    expect((await consume({}, { object_key: `v1/a/${ID}/a.pdb` })).outcome).toBe('index_no_sym_file')
    expect((await env.SYMBOLS.list()).objects.filter(({ key }) => !key.startsWith(KEY))).toEqual([])
  })

  it('is thrown away and built again when the file is replaced meanwhile', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(sym(2_000, 'old')))
    await row(1)
    let replaced = false
    const bucket = watched(async (operation, key) => {
      if (operation !== 'get' || key !== KEY || replaced) return
      replaced = true
      await env.SYMBOLS.put(KEY, gzipSync(sym(2_000, 'new')))
    })
    expect((await consume({ bucket })).outcome).toBe('index_indexed')
    expect(await nameAt(3)).toBe('new3')
    const [index, file] = [await env.SYMBOLS.head(`${KEY}index`), await env.SYMBOLS.head(KEY)]
    expect(index?.customMetadata?.sym_etag).toBe(file?.etag)
  })

  it('also when that happens right before it becomes visible', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(sym(2_000, 'old')))
    let heads = 0
    const bucket = watched(async (operation, key) => {
      if (operation === 'head' && key === KEY && ++heads === 2) await env.SYMBOLS.put(KEY, gzipSync(sym(2_000, 'new')))
    })
    expect((await consume({ bucket })).outcome).toBe('index_indexed')
    expect(await nameAt(3)).toBe('new3')
  })

  it('waits when the file changes again and again, and is not a dead letter for hours', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(sym(10)))
    let version = 0
    const bucket = watched(async (operation, key) => {
      if (operation === 'get' && key === KEY) await env.SYMBOLS.put(KEY, gzipSync(sym(10, `v${version++}_`)))
    })
    const waits = await consume({ bucket })
    expect([waits.outcome, version]).toEqual(['index_changing', INDEX_BUILD_ROUNDS])
    expect(waits.queued).toMatchObject([{ message: { tries: 0 }, delaySeconds: 10 }])
    expect(await env.SYMBOLS.head(`${KEY}index`)).toBeNull()
    const late = await consume({ bucket, clock: () => 1_700_000_000_000 + PLATFORM_RETRY_WINDOW_MS + 1 })
    expect([late.queued, late.dead]).toMatchObject([[], [{ object_key: KEY, reason: 'index_busy' }]])
  })

  it('of another format is built anew', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(sym(10)))
    await consume()
    const stored = await env.SYMBOLS.get(`${KEY}index`)
    const customMetadata = { ...stored?.customMetadata, index_version: '0' }
    await env.SYMBOLS.put(`${KEY}index`, (await stored?.arrayBuffer()) ?? '', { customMetadata })
    expect((await consume()).lines[0]).toMatchObject({ fields: { isNew: true } })
  })

  it('is one when two messages for the same key come at once, of the content that is there', async () => {
    const turn = new BuildTurn(() => 0)
    await env.SYMBOLS.put(KEY, gzipSync(sym(3_000, 'old')))
    const first = consume({ turn })
    const replaced = env.SYMBOLS.put(KEY, gzipSync(sym(3_000, 'new'))).then(() => consume({ turn }))
    const ends = await Promise.all([first, replaced])
    expect(ends.map(({ outcome }) => outcome)).toEqual(['index_indexed', 'index_indexed'])
    expect(await nameAt(100)).toBe('new100')
  })

  it('is built by two isolates at once without harm', async () => {
    await env.SYMBOLS.put(KEY, gzipSync(sym(3_000)))
    const deps = { bucket: env.SYMBOLS, held: new HeldBytes() }
    const [one, two] = await Promise.all([buildStoredIndex(deps, KEY), buildStoredIndex(deps, KEY)])
    expect([one.kind, two.kind, await nameAt(5)]).toEqual(['indexed', 'indexed', 'f5'])
  })
})

describe('an index of more than one part', () => {
  /** Names that do not compress: the index has more than R2_PART_BYTES. */
  function largeSym(publics: number): string {
    const lines = [`MODULE Linux x86_64 ${ID} a`]
    let state = 1
    for (let at = 0; at < publics; at++) {
      let name = ''
      for (let word = 0; word < 6; word++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        name += (state ^ (state >>> 15)).toString(36)
      }
      lines.push(`PUBLIC ${(0x1000 + at * 0x10).toString(16)} 0 p${at}_${name}`)
    }
    return `${lines.join('\n')}\n`
  }

  it('goes to R2 in parts, holds one of them at a time, and a failed part leaves nothing to see', async () => {
    const publics = 480_000
    await env.SYMBOLS.put(KEY, gzipSync(largeSym(publics)))
    let parts = 0
    let fails = true
    const bucket = watchedUploads((part) => {
      parts++
      if (fails && part === 2) throw new Error('R2 is down')
    })
    const failed = await consume({ bucket })
    expect(failed.queued).toMatchObject([{ message: { tries: 1, reason: 'Error: R2 is down' } }])
    expect(await env.SYMBOLS.head(`${KEY}index`)).toBeNull()
    fails = false
    parts = 0
    const { outcome, lines } = await consume({ bucket })
    expect([outcome, parts]).toEqual(['index_indexed', 2])
    expect((await env.SYMBOLS.head(`${KEY}index`))?.size).toBeGreaterThan(R2_PART_BYTES)
    // The buffer of a part doubles as it grows: for a moment there are two.
    expect(Number(lines[0]?.fields.held_bytes)).toBeLessThan(2 * R2_PART_BYTES)
    const end = await readIndexEnd(env.SYMBOLS, KEY, 100 * 1024 * 1024)
    if (end === null) throw new Error('no index')
    const source = indexRangeSource(env.SYMBOLS, KEY, end.stored)
    const opened = await openSymbolIndex(source, { get: async (_, load) => (await load()).block }, 'x')
    if (opened.kind !== 'open') throw new Error(opened.kind)
    const wanted = [0, 1, 77_777, publics - 1]
    const symbols = await opened.index.lookup(wanted.map((at) => BigInt(0x1000 + at * 0x10 + 3)))
    const names = symbols.map((symbol) => (symbol.kind === 'public' ? symbol.name.split('_')[0] : symbol.kind))
    expect(names).toEqual(wanted.map((at) => `p${at}`))
  })
})

/** The real R2, whose parts of multipart uploads are told before they are sent. */
function watchedUploads(before: (part: number) => void) {
  const tell = (target: object): object =>
    new Proxy(target, {
      get(object, name) {
        const method: unknown = Reflect.get(object, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          if (name === 'uploadPart') before(Number(args[0]))
          const answer: unknown = await Reflect.apply(method, object, args)
          return name === 'createMultipartUpload' && answer instanceof Object ? tell(answer) : answer
        }
      },
    })
  return new Proxy(env.SYMBOLS, {
    get(bucket, name) {
      const method: unknown = Reflect.get(bucket, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        const answer: unknown = await Reflect.apply(method, bucket, args)
        return name === 'createMultipartUpload' && answer instanceof Object ? tell(answer) : answer
      }
    },
  })
}

describe('the books of indexes', () => {
  it('name the files of an upload that no build has looked at; an older row of the key was replaced', async () => {
    await row(1)
    await row(1, `v1/a/${ID}/a.pdb`)
    await row(1, `try/v1/b/${ID}/b.SYM`)
    const keysOf = async (uploadId: number) => (await books.pendingOf(uploadId)).map(({ objectKey }) => objectKey)
    expect(await books.pendingOf(1)).toEqual([
      { objectKey: `try/v1/b/${ID}/b.SYM`, textBytes: 1 },
      { objectKey: KEY, textBytes: 1 },
    ])
    await books.record([{ objectKey: KEY, state: { state: 'corrupt', line: 1, reason: 'x' } }])
    expect(await keysOf(1)).toEqual([`try/v1/b/${ID}/b.SYM`])
    await row(2)
    await row(3)
    await books.record([
      { objectKey: KEY, state: { state: 'indexed', index_bytes: 7 } },
      { objectKey: 'v1/no/AB/rows.sym', state: { state: 'failed', reason: 'x' } },
    ])
    await books.record([])
    expect([await keysOf(2), await keysOf(3)]).toEqual([[], []])
    const rows = await db.select().from(uploadFiles).where(eq(uploadFiles.key, KEY)).all()
    expect(rows.map(({ index_state }) => index_state?.state)).toEqual(['replaced', 'replaced', 'indexed'])
  })
})
