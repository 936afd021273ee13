import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type MadeEntry, makeZip } from '#shared/symbols/testing/make-zip.ts'
import {
  emptyStore,
  ID,
  lastUpload,
  rowsOf,
  setUpUploader,
  storedKeys,
  sym,
  upload,
  utf8,
} from './testing/upload-client.ts'

let token: string
beforeAll(async () => {
  token = await setUpUploader()
})
beforeEach(emptyStore)

async function inflated(key: string): Promise<Uint8Array> {
  const object = await env.SYMBOLS.get(key)
  if (object === null) throw new Error(`${key} is not stored`)
  expect(object.httpMetadata?.contentEncoding).toBe('gzip')
  return new Uint8Array(await new Response(object.body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
}

describe('what an upload leaves', () => {
  it('C8: two rows with sizes, the names of the MODULE line, and the ignored listing', async () => {
    const content = sym('firefox', 'PUBLIC 1000 0 a\n'.repeat(200))
    const { status, body } = await upload(
      token,
      makeZip([
        { name: 'flag/deadbeef/flag.jpeg', data: utf8('jpeg') },
        { name: `xpcshell.dbg/A7D6F1BB18CD4CB48/xpcshell.sym`, data: content },
        { name: 'build-symbols.txt', data: utf8('list') },
      ]),
    )
    expect(status).toBe(201)
    expect(await storedKeys()).toEqual(['v1/flag/DEADBEEF/flag.jpeg', 'v1/xpcshell.dbg/A7D6F1BB18CD4CB48/xpcshell.sym'])
    const [flag, xpcshell] = await rowsOf(body.upload.id)
    expect(flag).toMatchObject({
      key: 'v1/flag/DEADBEEF/flag.jpeg',
      compressed: false,
      stored_bytes: 4,
      original_bytes: 4,
      update: false,
      debug_file: null,
    })
    expect(xpcshell).toMatchObject({
      compressed: true,
      original_bytes: content.length,
      debug_file: 'firefox',
      debug_id: ID,
      code_file: 'firefox.dll',
      code_id: '5C0FFEE',
    })
    expect(xpcshell?.stored_bytes).toBeLessThan(content.length)
    expect(await lastUpload()).toMatchObject({
      id: body.upload.id,
      email: 'uploader@example.com',
      ignored_keys: ['build-symbols.txt'],
      failed_reason: null,
    })
    const stored = await env.SYMBOLS.head('v1/xpcshell.dbg/A7D6F1BB18CD4CB48/xpcshell.sym')
    expect(stored?.httpMetadata).toMatchObject({
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      cacheControl: 'no-transform',
    })
    expect(stored?.customMetadata).toMatchObject({
      original_size: String(content.length),
      original_md5_hash: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    expect(stored?.size).toBe(xpcshell?.stored_bytes)
  })

  it('C9, C10: nothing for what is stored already, a row with update for what replaced other content', async () => {
    const first = await upload(token, makeZip([{ name: 'a/1/a.sym', data: sym('a') }]))
    expect(await rowsOf(first.body.upload.id)).toHaveLength(1)
    const same = await upload(token, makeZip([{ name: 'a/1/a.sym', data: sym('a'), stored: true }]))
    expect(await rowsOf(same.body.upload.id)).toEqual([])
    expect(await lastUpload()).toMatchObject({ skipped_keys: ['a/1/a.sym'] })
    const other = await upload(token, makeZip([{ name: 'a/1/a.sym', data: sym('b') }]))
    expect(await rowsOf(other.body.upload.id)).toMatchObject([{ update: true, debug_file: 'b' }])
    expect(await inflated('v1/a/1/a.sym')).toEqual(sym('b'))
  })

  it('C11: one file for a member that is there twice in one size', async () => {
    const { status, body } = await upload(
      token,
      makeZip([
        { name: 'a/1/a.pd_', data: utf8('one') },
        { name: 'a/1/a.pd_', data: utf8('two') },
      ]),
    )
    expect(status).toBe(201)
    expect(await rowsOf(body.upload.id)).toHaveLength(1)
    expect(await (await env.SYMBOLS.get('v1/a/1/a.pd_'))?.text()).toBe('two')
  })

  it.each<[string, Partial<MadeEntry>]>([
    ['deflated', {}],
    ['stored', { stored: true }],
    ['with data descriptors', { dataDescriptor: true }],
    ['stored with data descriptors', { dataDescriptor: true, stored: true }],
    ['zip64', { zip64: true }],
    ['zip64 with data descriptors', { zip64: true, dataDescriptor: true }],
  ])('entries %s are stored byte for byte', async (_, form) => {
    const text = sym('a', 'FUNC 1000 10 0 some function\n'.repeat(3_000))
    const { status } = await upload(
      token,
      makeZip([
        { name: `a/1/a.sym`, data: text, ...form },
        { name: `a/1/a.pd_`, data: text, ...form },
        { name: `empty/1/empty.sym`, data: new Uint8Array(0), ...form },
      ]),
    )
    expect(status).toBe(201)
    expect(await inflated('v1/a/1/a.sym')).toEqual(text)
    expect(await inflated('v1/empty/1/empty.sym')).toEqual(new Uint8Array(0))
    expect(new Uint8Array((await (await env.SYMBOLS.get('v1/a/1/a.pd_'))?.arrayBuffer()) ?? [])).toEqual(text)
  })

  it('a sym file whose MODULE line names another module goes by its key and is booked by its line', async () => {
    const { body } = await upload(token, makeZip([{ name: 'mine/AB/mine.sym', data: sym('theirs') }]))
    expect(await storedKeys()).toEqual(['v1/mine/AB/mine.sym'])
    expect(await rowsOf(body.upload.id)).toMatchObject([{ debug_file: 'theirs', debug_id: ID }])
  })

  it('folders in a zip are nothing', async () => {
    const { status } = await upload(
      token,
      makeZip([
        { name: 'a/', data: new Uint8Array(0) },
        { name: 'a/1/', data: new Uint8Array(0) },
        { name: 'a/1/a.sym', data: sym('a') },
      ]),
    )
    expect(status).toBe(201)
    expect(await storedKeys()).toEqual(['v1/a/1/a.sym'])
  })
})
