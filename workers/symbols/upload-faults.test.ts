import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_SYNC_ZIP_BYTES, MAX_SYNC_ZIP_ENTRIES, R2_PART_BYTES } from '#shared/limits.ts'
import type { LogFields } from '#shared/log.ts'
import type { SymbolMessage } from '#shared/messages.ts'
import type { Bucket } from '#shared/ports.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { crc32, makeZip } from '#shared/symbols/testing/make-zip.ts'
import { readDownloadHosts } from './download-url.ts'
import {
  db,
  emptyStore,
  lastUpload,
  rowsOf,
  setUpUploader,
  storedKeys,
  sym,
  upload,
  uploadRequest,
} from './testing/upload-client.ts'
import { receiveUpload, type UploadDeps } from './upload.ts'

let token: string
beforeAll(async () => {
  token = await setUpUploader()
})
beforeEach(emptyStore)

describe('when storage, the database or the queue fails', () => {
  const sent: SymbolMessage[] = []
  const deps = (over: Partial<UploadDeps> = {}): UploadDeps => ({
    bucket: env.SYMBOLS,
    uploads: uploadRepository(db),
    owners: symbolOwnersIn(db, 0),
    tokens: tokenRepository(db),
    indexes: symbolIndexBooks(db),
    turn: new BuildTurn(systemClock),
    download: {
      fetch: () => Promise.reject(new Error('not used')),
      pause: async () => undefined,
      hosts: readDownloadHosts('', false),
    },
    queue: { send: async (message) => sent.push(message), sendBatch: () => Promise.reject(new Error('not used')) },
    clock: systemClock,
    log: () => undefined,
    ...over,
  })
  /** The real R2, but for puts under keys that `isWanted` names. */
  const failingPut = (isWanted: (key: string) => boolean): Bucket =>
    new Proxy(env.SYMBOLS, {
      get(bucket, name) {
        const method: unknown = Reflect.get(bucket, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          if (name === 'put' && isWanted(String(args[0]))) throw new Error('R2 is down')
          return Reflect.apply(method, bucket, args)
        }
      },
    })
  const zip = makeZip([
    { name: 'a/1/a.sym', data: sym('a') },
    { name: 'b/1/b.sym', data: sym('b') },
  ])

  it('the client is told to come again, and its second try stores only what is missing', async () => {
    const answer = await receiveUpload(
      uploadRequest(token, zip),
      deps({ bucket: failingPut((key) => key.includes('/b/')) }),
    )
    expect(answer).toEqual({ kind: 'unavailable' })
    expect(await storedKeys()).toEqual(['v1/a/1/a.sym'])
    expect(await lastUpload()).toMatchObject({
      completed_at: null,
      failed_reason: expect.stringContaining('send it again'),
    })
    const again = await upload(token, zip)
    expect(again.status).toBe(201)
    expect(await rowsOf(again.body.upload.id)).toMatchObject([{ key: 'v1/b/1/b.sym' }])
  })

  it('a failed staging leaves no zip', async () => {
    const answer = await receiveUpload(
      uploadRequest(token, zip),
      deps({ bucket: failingPut((key) => key.startsWith('uploads/')) }),
    )
    expect(answer).toEqual({ kind: 'unavailable' })
    expect(await storedKeys()).toEqual([])
  })

  it('a zip with many entries goes to the indexer: 201 with completed_at null, the zip staged, one message', async () => {
    const entries = Array.from({ length: MAX_SYNC_ZIP_ENTRIES + 1 }, (_, n) => ({
      name: `a/${n}/a.sym`,
      data: sym('a'),
    }))
    const answer = await receiveUpload(uploadRequest(token, makeZip(entries)), deps())
    if (answer.kind !== 'accepted') throw new Error(answer.kind)
    expect(answer.upload.completedAtMs).toBeNull()
    expect(await storedKeys()).toEqual([`uploads/${answer.upload.id}.zip`])
    expect(sent.at(-1)).toMatchObject({ v: 1, upload_id: answer.upload.id, tries: 0 })
    const atLimit = await receiveUpload(uploadRequest(token, makeZip(entries.slice(0, MAX_SYNC_ZIP_ENTRIES))), deps())
    expect(atLimit).toMatchObject({ kind: 'accepted', upload: { completedAtMs: expect.any(Number) } })
  })

  it.each([
    ['storage', { bucket: failingPut((key) => key.endsWith('index')) }],
    ['the database', { indexes: { ...symbolIndexBooks(db), record: () => Promise.reject(new Error('D1 is down')) } }],
  ])('an index for which %s fails is left to the indexer, and the upload is complete', async (_what, over) => {
    const requested: string[] = []
    const sendBatch = async (messages: Iterable<{ body: SymbolMessage }>) => {
      for (const { body } of messages) requested.push('object_key' in body ? body.object_key : 'an upload')
    }
    const zipOfTwo = makeZip(['x', 'y'].map((name) => ({ name: `${name}/AB/${name}.sym`, data: sym(name) })))
    const queue = { ...deps().queue, sendBatch }
    const answer = await receiveUpload(uploadRequest(token, zipOfTwo), deps({ queue, ...over }))
    if (answer.kind !== 'accepted') throw new Error(answer.kind)
    expect(answer.upload.completedAtMs).not.toBeNull()
    expect(requested).toEqual(['v1/x/AB/x.sym', 'v1/y/AB/y.sym'])
    expect((await rowsOf(answer.upload.id)).map(({ index_state }) => index_state)).toEqual([null, null])
    // Without the queue too: the first reader asks for it.
    const again = makeZip([{ name: 'z/AB/z.sym', data: sym('z') }])
    expect((await receiveUpload(uploadRequest(token, again), deps(over))).kind).toBe('accepted')
  })

  it('a zip of more than 20 MiB is staged in parts, byte for byte, and goes to the indexer', async () => {
    const data = new Uint8Array(MAX_SYNC_ZIP_BYTES).map((_, at) => (at * 7) % 253)
    const big = makeZip([{ name: 'big/1/big.dbg', data, stored: true }])
    const lines: LogFields[] = []
    const answer = await receiveUpload(
      uploadRequest(token, big),
      deps({ log: (_, __, fields = {}) => lines.push(fields) }),
    )
    if (answer.kind !== 'accepted') throw new Error(answer.kind)
    expect(answer.upload).toMatchObject({ completedAtMs: null, sizeBytes: big.length })
    const staged = await env.SYMBOLS.get(`uploads/${answer.upload.id}.zip`)
    expect(crc32(new Uint8Array((await staged?.arrayBuffer()) ?? []))).toBe(crc32(big))
    expect(lines.at(-1)?.held_bytes).toBeLessThanOrEqual(2 * R2_PART_BYTES)
  })

  it('a queue that does not take the message: no staged zip stays behind', async () => {
    const entries = Array.from({ length: MAX_SYNC_ZIP_ENTRIES + 1 }, (_, n) => ({
      name: `a/${n}/a.sym`,
      data: sym('a'),
    }))
    const queue = { ...deps().queue, send: () => Promise.reject(new Error('queue is down')) }
    expect(await receiveUpload(uploadRequest(token, makeZip(entries)), deps({ queue }))).toEqual({
      kind: 'unavailable',
    })
    expect(await storedKeys()).toEqual([])
  })

  it('a database that is down is a 503, not a wrong token', async () => {
    const tokens = { ...tokenRepository(db), find: () => Promise.reject(new Error('D1 is down')) }
    expect(await receiveUpload(uploadRequest(token, zip), deps({ tokens }))).toEqual({ kind: 'unavailable' })
  })
})
