import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { uploadFiles } from '#shared/db/schema.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { uploadPartRepository } from '#shared/db/upload-parts.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import type { SymbolMessage, SymbolUploadMessage } from '#shared/messages.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { parseSymbolKey, type SymbolKey } from '#shared/symbols/key.ts'
import { type ConsumeDeps, consumeMessage } from './consume.ts'

const NOW_MS = 1_700_000_000_000
const db = drizzle(env.DB)
const uploads = uploadRepository(db)
const parts = uploadPartRepository(db)
const utf8 = (text: string) => new TextEncoder().encode(text)
const sym = (name: string) => utf8(`MODULE Linux x86_64 AB ${name}\nPUBLIC 1000 0 ${name}\n`)

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})

function key(text: string): SymbolKey {
  const parsed = parseSymbolKey(text)
  if (parsed === null) throw new Error(`${text} is no key`)
  return parsed
}

/** An upload in parts whose files lie staged, as an uploader leaves it who was told to wait for the indexer. */
async function staged(
  names: readonly string[],
  over: { closed?: boolean; md5?: string; open?: boolean; expiresAtMs?: number } = {},
) {
  const id = await uploads.begin({
    ...{ email: 'uploader@example.com', product: null, isAdmin: false },
    ...{ kind: 'parts', filename: '', downloadedFrom: null, createdAtMs: 1 },
  })
  await uploads.received(id, { sizeBytes: 1, trySymbols: false })
  const sessions = names.map((name) => ({
    id: `${name}-${id}`,
    uploadId: id,
    key: key(`${name}/AB/${name}.sym`),
    sizeBytes: sym(name).length,
    md5: over.md5 ?? createHash('md5').update(sym(name)).digest('hex'),
    state: over.open === true ? ('open' as const) : ('received' as const),
    expiresAtMs: over.expiresAtMs ?? NOW_MS + 1,
  }))
  await parts.open(sessions)
  for (const [at, { id: session }] of sessions.entries()) {
    await env.SYMBOLS.put(`uploads/parts/${session}`, gzipSync(sym(names[at] ?? '')))
  }
  if (over.closed === true) await uploads.close(id, 2)
  const message: SymbolUploadMessage = { v: 1, upload_id: id, tries: 0, first_seen: 1 }
  return { id, sessions, message }
}

/** What the indexes have to say is the business of index-sym-file.test.ts. */
const INDEX_LINE = /indexes_requested/

async function consume(message: SymbolUploadMessage, over: Partial<ConsumeDeps> = {}) {
  const queued: SymbolMessage[] = []
  const indexes: string[] = []
  const lines: unknown[] = []
  const send = async (copy: SymbolMessage) => queued.push(copy)
  const sendBatch = async (messages: Iterable<{ body: SymbolMessage }>) => {
    for (const { body } of messages) indexes.push('object_key' in body ? body.object_key : 'no sym file')
  }
  const sender = { send, sendBatch }
  await consumeMessage(
    { body: message, ack: () => undefined, retry: () => undefined },
    {
      ...{
        bucket: env.SYMBOLS,
        uploads,
        parts,
        owners: symbolOwnersIn(db, 0),
        indexes: symbolIndexBooks(db),
        turn: new BuildTurn(() => 0),
        queue: sender,
        deadQueue: sender,
      },
      ...{ clock: () => NOW_MS, log: (_, outcome, fields) => lines.push({ outcome, ...fields }), ...over },
    },
  )
  return { queued, indexes, lines: lines.filter((line) => !INDEX_LINE.test(JSON.stringify(line))) }
}

const visible = async (name: string) => (await env.SYMBOLS.head(`v1/${name}/AB/${name}.sym`)) !== null
const stagedKeys = async (id: number) =>
  (await env.SYMBOLS.list({ prefix: 'uploads/parts/' })).objects.filter((object) => object.key.endsWith(`-${id}`))
const rowsOf = (id: number) => db.select().from(uploadFiles).where(eq(uploadFiles.upload_id, id)).all()

describe('a v2 upload at the indexer', () => {
  it('the file that a message names is checked and visible; the last of a closed upload completes it', async () => {
    const { id, message, sessions } = await staged(['p1', 'p2'], { closed: true })
    const first = await consume({ ...message, file_key: 'p1/AB/p1.sym' })
    expect(first.lines).toMatchObject([{ outcome: 'checked', files: 1, end: 'open' }])
    expect(first.indexes).toEqual(['v1/p1/AB/p1.sym'])
    expect([await visible('p1'), await visible('p2')]).toEqual([true, false])
    expect(await uploads.find(id)).toMatchObject({ completedAtMs: null })
    const second = await consume({ ...message, file_key: 'p2/AB/p2.sym' })
    expect(second.lines).toMatchObject([{ outcome: 'checked', files: 1, end: 'completed' }])
    expect(await uploads.find(id)).toMatchObject({ completedAtMs: NOW_MS, failedReason: null })
    expect(await rowsOf(id)).toMatchObject([{ debug_file: 'p1', code_id: null }, { debug_file: 'p2' }])
    expect(await stagedKeys(id)).toEqual([])
    expect((await parts.find(sessions[0]?.id ?? ''))?.state).toBe('stored')
    const again = await consume(message)
    expect(again.lines).toMatchObject([{ outcome: 'checked', files: 0, end: 'completed' }])
    expect(await rowsOf(id)).toHaveLength(2)
  })

  it('wrong content never becomes visible, and the upload says which file it was', async () => {
    const { id, message } = await staged(['wrong'], { closed: true, md5: '0'.repeat(32) })
    expect((await consume(message)).lines).toMatchObject([{ outcome: 'checked', end: 'failed' }])
    expect(await visible('wrong')).toBe(false)
    const { failedReason } = (await uploads.find(id)) ?? {}
    expect(failedReason).toMatch(/^wrong\/AB\/wrong\.sym has the MD5 [0-9a-f]{32} where 0{32} was declared$/)
    expect(await stagedKeys(id)).toEqual([])
  })

  it('storage that fails in between is tried again, and the retry does the rest', async () => {
    const { id, message } = await staged(['r1', 'r2'], { closed: true })
    const bucket = new Proxy(env.SYMBOLS, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          if (name === 'put' && String(args[0]).startsWith('v1/r2/')) throw new Error('R2 is down')
          return Reflect.apply(method, target, args)
        }
      },
    })
    const failed = await consume(message, { bucket })
    expect(failed.queued).toMatchObject([{ tries: 1, reason: 'Error: R2 is down' }])
    expect([await visible('r1'), await visible('r2')]).toEqual([true, false])
    expect(await uploads.find(id)).toMatchObject({ completedAtMs: null, failedReason: null })
    expect((await consume(message)).lines).toMatchObject([{ files: 1, end: 'completed' }])
    expect([await visible('r2'), (await rowsOf(id)).length]).toEqual([true, 2])
  })

  it('a row that was not written before a crash is written by the retry, from what is staged', async () => {
    const { id, message } = await staged(['lost'], { closed: true })
    const addFiles = () => Promise.reject(new Error('D1 is down'))
    await consume(message, { uploads: { ...uploads, addFiles } })
    expect([await visible('lost'), (await rowsOf(id)).length]).toEqual([true, 0])
    await consume(message)
    expect(await rowsOf(id)).toMatchObject([{ key: 'v1/lost/AB/lost.sym', update: false }])
    expect(await uploads.find(id)).toMatchObject({ completedAtMs: NOW_MS })
  })

  it('an upload that still arrives is let be; one that did not arrive in time is cleared away', async () => {
    const young = await staged(['young'], { open: true })
    expect((await consume(young.message)).lines).toMatchObject([{ outcome: 'checked', files: 0, end: 'open' }])
    expect(await stagedKeys(young.id)).toHaveLength(1)
    const late = await staged(['late'], { open: true, expiresAtMs: NOW_MS })
    const begun = await env.SYMBOLS.createMultipartUpload(`uploads/parts/${late.sessions[0]?.id}`)
    await parts.claimR2Upload(late.sessions[0]?.id ?? '', begun.uploadId)
    expect((await consume(late.message)).lines).toMatchObject([{ outcome: 'expired', files: 1 }])
    expect(await uploads.find(late.id)).toMatchObject({
      failedReason: expect.stringContaining('did not arrive in time'),
    })
    expect(await stagedKeys(late.id)).toEqual([])
    await expect(begun.uploadPart(1, utf8('x'))).rejects.toThrow()
    expect((await parts.find(late.sessions[0]?.id ?? ''))?.state).toBe('failed')
  })

  it('parts that R2 has lost are said to be gone', async () => {
    const { id, message, sessions } = await staged(['gone'], { closed: true })
    await env.SYMBOLS.delete(`uploads/parts/${sessions[0]?.id}`)
    await consume(message)
    expect(await uploads.find(id)).toMatchObject({
      failedReason: 'gone/AB/gone.sym: its parts are gone; upload it again',
    })
  })
})
