import { createHash } from 'node:crypto'
import { gzipSync, strToU8 } from 'fflate'
import { expect } from 'vitest'
import { answer, form, newId, type Row, type SymbolServer, sym } from './cases.ts'

/**
 * The HTTP rows of uploads by URL and of v2 of specs/symbols.md section 6, by name, with the protocol `mayday-parts-1`
 * (docs/howto/upload-symbols.md). The peer's own v2 sends to a bucket of another vendor, so its rows end at the manifest's answer.
 */

interface File {
  readonly key: string
  readonly data: Uint8Array
}

const md5 = (data: Uint8Array) => createHash('md5').update(data).digest('hex')
const encoded = ({ key, data }: File) => (key.endsWith('.sym') ? gzipSync(data) : data)

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `sha-256=:${btoa(String.fromCharCode(...hash))}:`
}

async function ask(
  server: SymbolServer,
  method: string,
  path: string,
  token: string | null,
  body: BodyInit | null = null,
  headers = {},
) {
  const auth = token === null ? {} : { 'Auth-Token': token }
  return answer(await server.fetch(path, { method, body, headers: { ...auth, ...headers } }))
}

const pathOf = (url: string) => new URL(url).pathname

function openRaw(server: SymbolServer, token: string, manifest: string) {
  return ask(server, 'POST', '/upload/v2/', token, manifest)
}

async function open(server: SymbolServer, token: string, files: readonly File[]) {
  const manifest = { files: files.map(({ key, data }) => ({ key, size: data.length, md5_hash: md5(data) })) }
  const { status, body } = await openRaw(server, token, JSON.stringify(manifest))
  expect(status).toBe(201)
  return body
}

async function put(server: SymbolServer, token: string, url: string, bytes: Uint8Array, query = '') {
  const copy = Uint8Array.from(bytes)
  return ask(server, 'PUT', `${pathOf(url)}${query}`, token, copy, { 'Content-Digest': await digest(copy) })
}

async function download(server: SymbolServer, key: string) {
  const response = await server.fetch(`/${key}`)
  return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) }
}

const newFile = (more = ''): File => {
  const id = newId()
  return { key: `v2.so/${id}/v2.so.sym`, data: sym('v2.so', id, more) }
}

/** A raw file of two parts and a bit. */
function largeFile(partBytes: number): File {
  const data = new Uint8Array(2 * partBytes + 4_321)
  for (let at = 0; at < data.length; at += 61) data[at] = at % 251
  return { key: `v2.pdb/${newId()}/v2.pdb`, data }
}

export const uploadRows: readonly Row[] = [
  {
    id: 'C13',
    name: 'url= that is no https, or of a host that is not listed → 400 in the peer’s words',
    async run(server) {
      const token = await server.token('upload_symbols')
      for (const [url, error] of [
        ['http://example.com/symbols.zip', 'Insecure URL'],
        [
          'https://notallowed.example.com/symbols.zip',
          "Not an allowed domain ('notallowed.example.com') to download from.",
        ],
        ['https://127.0.0.1/symbols.zip', "Not an allowed domain ('127.0.0.1') to download from."],
      ] as const) {
        const asForm = await answer(await server.fetch('/upload/', form(token, [{ name: 'url', data: url }])))
        expect([asForm.status, asForm.body]).toEqual([400, { error }])
        const urlencoded = await ask(server, 'POST', '/upload/', token, new URLSearchParams({ url }))
        expect([urlencoded.status, urlencoded.body]).toEqual([400, { error }])
      }
    },
  },
  {
    id: 'auth_info',
    name: 'POST → who uploads, where to and until when; GET → 405; no token → 403',
    async run(server) {
      const { status, body } = await ask(server, 'POST', '/upload/auth_info/', await server.token('upload_symbols'))
      expect(status).toBe(200)
      expect(body).toEqual({
        email: expect.stringContaining('@'),
        user_id: expect.any(Number),
        try_symbols: false,
        token_expires_at: expect.any(Number),
        upload_api_version: 1,
        upload_protocols: ['mayday-parts-1'],
      })
      expect(body.token_expires_at).toBeGreaterThan(Date.now() / 1_000)
      const tryToken = await server.token('upload_try_symbols')
      expect((await ask(server, 'POST', '/upload/auth_info/', tryToken)).body.try_symbols).toBe(true)
      const get = await ask(server, 'GET', '/upload/auth_info/', tryToken)
      expect([get.status, get.body]).toEqual([405, { error: 'Method Not Allowed (GET): /upload/auth_info/' }])
      const error = 'This requires an Auth-Token to authenticate the request'
      expect(await ask(server, 'POST', '/upload/auth_info/', null)).toMatchObject({ status: 403, body: { error } })
    },
  },
  {
    id: 'C15',
    name: 'v2: nothing stored → upload for each file in order, gzip for sym files',
    async run(server) {
      const files = [newFile(), { key: `a.pdb/${newId()}/a.pd_`, data: strToU8('cab') }]
      const body = await open(server, await server.token('upload_symbols'), files)
      expect(body).toMatchObject({
        id: expect.any(Number),
        created_at: expect.any(Number),
        user: expect.stringContaining('@'),
        try_symbols: false,
        upload_protocol: 'mayday-parts-1',
      })
      const action = (encoding: 'gzip' | null) => ({
        type: 'upload',
        url: expect.stringMatching(/^https?:\/\//),
        content_encoding: encoding,
        part_bytes: 10_485_760,
        expires_at: expect.any(Number),
      })
      expect(body.files).toEqual([
        { key: files[0]?.key, action: action('gzip') },
        { key: files[1]?.key, action: action(null) },
      ])
    },
  },
  {
    id: 'C16',
    name: 'v2: a file of one put is visible byte-identical; the same manifest again → skip',
    async run(server) {
      const token = await server.token('upload_symbols')
      const file = newFile('PUBLIC 2000 0 v2\n')
      const opened = await open(server, token, [file])
      const { url } = opened.files[0].action
      expect((await put(server, token, url, encoded(file))).body).toEqual({ key: file.key, state: 'stored' })
      const closed = await ask(server, 'POST', `/upload/v2/${opened.id}/complete`, token)
      expect([closed.status, closed.body.upload.completed_at]).toEqual([200, expect.any(String)])
      expect(await download(server, file.key)).toEqual({ status: 200, bytes: file.data })
      const again = await open(server, token, [file])
      expect(again.files).toEqual([{ key: file.key, action: { type: 'skip' } }])
    },
  },
  {
    id: 'C17',
    name: 'v2: bad keys and digests are errors of their file, 201 all the same',
    async run(server) {
      const keys = ['x%l.pdb/1A2B3C4/xul.sym', 'xul.so/1A2B3G4E/xul.sym', 'xul.so/1A2B3C4E/xul\u0001.sym']
      const files = keys.map((key) => ({ key, size: 3, md5_hash: md5(strToU8('abc')) }))
      const bad = { key: 'xul.so/1A2B3C4E/xul.sym', size: 3, md5_hash: 'ABC' }
      const { status, body } = await openRaw(
        server,
        await server.token('upload_symbols'),
        JSON.stringify({ files: [...files, bad] }),
      )
      expect([status, body.files]).toEqual([
        201,
        [
          ...keys.map((key) => ({ key, action: { type: 'error', msg: 'invalid key' } })),
          { key: bad.key, action: { type: 'error', msg: 'invalid MD5 hex digest' } },
        ],
      ])
    },
  },
  {
    id: 'C18',
    name: 'v2: no JSON, files that are none, a missing field → 400; 1,025 files → 400',
    async run(server) {
      const token = await server.token('upload_symbols')
      for (const manifest of ['no JSON', '{"files":"a"}', '{"files":[{"key":"a/1/a.sym","size":1}]}', '[]', '{}']) {
        const { status, body } = await openRaw(server, token, manifest)
        expect([status, body.error]).toEqual([400, 'malformed JSON request body'])
      }
      const file = { key: 'a/1/a.sym', size: 1, md5_hash: md5(strToU8('a')) }
      const many = await openRaw(server, token, JSON.stringify({ files: Array.from({ length: 1_025 }, () => file) }))
      expect([many.status, many.body.error]).toEqual([400, 'too many files'])
      const get = await ask(server, 'GET', '/upload/v2/', token)
      expect([get.status, get.body]).toEqual([405, { error: 'Method Not Allowed (GET): /upload/v2/' }])
    },
  },
  {
    id: 'v2 parts',
    name: 'a large file in parts, cut and taken up again: GET lists what is there, complete names what is missing, visible only whole',
    async run(server) {
      const token = await server.token('upload_symbols')
      const file = largeFile(10_485_760)
      const opened = await open(server, token, [file])
      const { url, part_bytes: partBytes } = opened.files[0].action
      const part = (number: number) => file.data.subarray((number - 1) * partBytes, number * partBytes)
      for (const number of [3, 1]) {
        const said = await put(server, token, url, part(number), `?part=${number}`)
        expect([said.status, said.body.part, said.body.size]).toEqual([200, number, part(number).length])
      }
      const early = await ask(server, 'POST', `${pathOf(url)}/complete`, token)
      expect([early.status, early.body.missing_parts]).toEqual([409, [2]])
      expect((await download(server, file.key)).status).toBe(404)
      const listed = await ask(server, 'GET', pathOf(url), token)
      expect(listed.body.parts.map((there: { part: number }) => there.part)).toEqual([1, 3])
      await put(server, token, url, part(2), '?part=2')
      for (const _ of ['first', 'again']) {
        const done = await ask(server, 'POST', `${pathOf(url)}/complete`, token)
        expect([done.status, done.body]).toEqual([200, { key: file.key, state: 'stored' }])
      }
      const { status, bytes } = await download(server, file.key)
      expect([status, md5(bytes)]).toEqual([200, md5(file.data)])
    },
  },
  {
    id: 'v2 lies',
    name: 'content that is not what was declared is never visible, and what was stored stays',
    async run(server) {
      const token = await server.token('upload_symbols')
      const file = newFile()
      const first = await open(server, token, [file])
      await put(server, token, first.files[0].action.url, encoded(file))
      const declared = { key: file.key, data: sym('v2.so', newId(), 'PUBLIC 1 0 declared\n') }
      const opened = await open(server, token, [declared])
      const said = await put(
        server,
        token,
        opened.files[0].action.url,
        gzipSync(sym('v2.so', newId(), 'PUBLIC 1 0 another \n')),
      )
      expect([said.status, said.body.reason]).toEqual([400, 'wrong_content'])
      expect(await download(server, file.key)).toEqual({ status: 200, bytes: file.data })
      const closed = await ask(server, 'POST', `/upload/v2/${opened.id}/complete`, token)
      expect([closed.status, closed.body.reason]).toEqual([400, 'upload_failed'])
    },
  },
  {
    id: 'v2 tokens',
    name: 'an upload URL is worth nothing without the token, and to a token of another permission',
    async run(server) {
      const file = newFile()
      const opened = await open(server, await server.token('upload_symbols'), [file])
      const { url } = opened.files[0].action
      const copy = Uint8Array.from(encoded(file))
      const headers = { 'Content-Digest': await digest(copy) }
      expect((await ask(server, 'PUT', pathOf(url), null, copy, headers)).status).toBe(403)
      for (const permission of ['view_pii', 'upload_try_symbols'] as const) {
        const other = await ask(server, 'PUT', pathOf(url), await server.token(permission), copy, headers)
        expect([other.status, other.body.error]).toEqual([403, 'Forbidden'])
      }
      expect((await download(server, file.key)).status).toBe(404)
    },
  },
]
