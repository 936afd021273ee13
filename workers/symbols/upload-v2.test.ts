import { SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { gzipSync } from 'node:zlib'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_MANIFEST_FILES, UPLOAD_PART_BYTES } from '#shared/limits.ts'
import { concat, makeZip } from '#shared/symbols/testing/make-zip.ts'
import {
  db,
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
import { digestHeader, encoded, firstUrl, md5, sha256, V2Client, type V2File } from './testing/upload-v2-client.ts'

let client: V2Client
let token: string
beforeAll(async () => {
  token = await setUpUploader()
  client = new V2Client(token)
})
beforeEach(emptyStore)

async function clientWith(permissions: Parameters<typeof createToken>[1], email = 'uploader@example.com') {
  const created = await createToken(email, permissions, systemClock, systemRandomBytes)
  if (created.kind !== 'created') throw new Error(created.kind)
  await tokenRepository(db).add(created.stored)
  return new V2Client(created.token)
}

/** Text that deflate halves and no more: hex digits of a generator with a fixed seed. */
function noise(bytes: number): Uint8Array {
  const text = new Uint8Array(bytes)
  let state = 12_345
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const digit = state >>> 28
    text[at] = at % 40 === 39 ? 10 : digit < 10 ? 48 + digit : 87 + digit
  }
  return text
}
const NOISE = noise(44 << 20)
const file = (name: string, data: Uint8Array = sym(name)): V2File => ({ key: `${name}/${ID}/${name}.sym`, data })
/** A sym file of three parts. */
const large = (name: string) => file(name, concat([sym(name), NOISE]))
const partsOf = (bytes: Uint8Array) =>
  Array.from({ length: Math.ceil(bytes.length / UPLOAD_PART_BYTES) }, (_, at) =>
    bytes.subarray(at * UPLOAD_PART_BYTES, (at + 1) * UPLOAD_PART_BYTES),
  )

async function download(key: string) {
  const response = await SELF.fetch(`http://symbols.test/${key}`)
  return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) }
}

describe('what a manifest is answered', () => {
  it('C15: an action for each file in its order, gzip for sym files', async () => {
    const opened = await client.open([file('a'), { key: `a.pdb/${ID}/a.pd_`, data: utf8('cab') }])
    expect(opened).toMatchObject({
      upload_protocol: 'mayday-parts-1',
      try_symbols: false,
      user: 'uploader@example.com',
    })
    expect(
      opened.files.map(({ key, action }) => [key, action.type, action.content_encoding, action.part_bytes]),
    ).toEqual([
      [`a/${ID}/a.sym`, 'upload', 'gzip', 10_485_760],
      [`a.pdb/${ID}/a.pd_`, 'upload', null, 10_485_760],
    ])
    expect(firstUrl(opened)).toMatch(/^http:\/\/symbols\.test\/upload\/v2\/files\/[0-9a-f]{32}$/)
    expect(opened.files[0]?.action.expires_at).toBeGreaterThan(Date.now() / 1_000 + 86_400)
  })

  it('C16: skip for what is stored; the row keeps the skipped keys and is complete; changed content of the same size is no skip', async () => {
    await upload(token, makeZip([{ name: `a/${ID}/a.sym`, data: sym('a') }]))
    const opened = await client.open([file('a')])
    expect(opened.files.map(({ action }) => action.type)).toEqual(['skip'])
    expect(await lastUpload()).toMatchObject({
      id: opened.id,
      skipped_keys: [`a/${ID}/a.sym`],
      completed_at: expect.any(Number),
    })
    const changed = sym('a').with(-2, 0x41)
    expect((await client.open([file('a', changed)])).files[0]?.action.type).toBe('upload')
  })

  it('C17: invalid keys and digests are errors of their file alone', async () => {
    const bad = [
      'x%l.pdb/1A2B3C4/xul.sym',
      'xul.so/1A2B3G4E/xul.sym',
      'a\u0007/1A/a.sym',
      '../1A/a.sym',
      'build-symbols.txt',
      'qcom/proprietary/1',
    ]
    const files = [
      ...bad.map((key) => ({ key, size: 1, md5_hash: md5(utf8('x')) })),
      { key: 'a/1A/a.sym', size: 1, md5_hash: 'D41D8CD98F00B204E9800998ECF8427E' },
    ]
    const good = { key: 'b/1A/b.sym', size: 1, md5_hash: md5(utf8('x')) }
    const { status, body } = await client.send('POST', '/upload/v2/', JSON.stringify({ files: [...files, good] }))
    expect(status).toBe(201)
    const error = (key: string, msg: string) => ({ key, action: { type: 'error', msg } })
    expect(body.files).toMatchObject([
      ...bad.map((key) => error(key, 'invalid key')),
      error('a/1A/a.sym', 'invalid MD5 hex digest'),
      { key: 'b/1A/b.sym', action: { type: 'upload' } },
    ])
  })

  it.each([
    ['no JSON', '{'],
    ['files a string', '{"files":"a"}'],
    ['a missing md5_hash', '{"files":[{"key":"a/1/a.sym","size":1}]}'],
    ['a negative size', `{"files":[{"key":"a/1/a.sym","size":-1,"md5_hash":"${'0'.repeat(32)}"}]}`],
    ['nothing', ''],
  ])('C18: %s → 400', async (_, body) => {
    const said = await client.send('POST', '/upload/v2/', body)
    expect([said.status, said.body.error]).toEqual([400, 'malformed JSON request body'])
  })

  it('more than 1,024 files → 400, 1,024 are fine; further properties are let be', async () => {
    const files = Array.from({ length: MAX_MANIFEST_FILES + 1 }, (_, at) => ({
      key: `m/${at}/m.sym`,
      size: 1,
      md5_hash: md5(utf8('x')),
      more: 1,
    }))
    const over = await client.send('POST', '/upload/v2/', JSON.stringify({ files, version: 7 }))
    expect([over.status, over.body.error]).toEqual([400, 'too many files'])
    const full = await client.send('POST', '/upload/v2/', JSON.stringify({ files: files.slice(1), version: 7 }))
    expect(full.status).toBe(201)
    expect(full.body.files).toHaveLength(MAX_MANIFEST_FILES)
  })

  it('a key that is named twice: one URL for the same content, errors for two', async () => {
    const same = await client.open([file('a'), file('a')])
    expect(new Set(same.files.map(({ action }) => action.url)).size).toBe(1)
    const two = await client.open([file('a'), file('a', utf8('other'))])
    expect(two.files.map(({ action }) => action.type)).toEqual(['error', 'error'])
  })
})

describe('a file of up to one part', () => {
  it('is visible with one put, byte-identical, and has its row with the names of its MODULE line', async () => {
    const opened = await client.open([file('a')])
    expect((await download(`a/${ID}/a.sym`)).status).toBe(404)
    const put = await client.put(firstUrl(opened), null, encoded(file('a')))
    expect([put.status, put.body]).toEqual([200, { key: `a/${ID}/a.sym`, state: 'stored' }])
    expect(await download(`a/${ID}/a.sym`)).toEqual({ status: 200, bytes: sym('a') })
    expect((await client.complete(firstUrl(opened))).body).toEqual({ key: `a/${ID}/a.sym`, state: 'stored' })
    const closed = await client.close(opened.id)
    expect(closed.body).toMatchObject({
      upload: { id: opened.id, completed_at: expect.any(String), try_symbols: false },
    })
    // The peer's v2 writes no rows: code ids of its files are never found.
    expect(await rowsOf(opened.id)).toMatchObject([
      {
        key: `v1/a/${ID}/a.sym`,
        debug_file: 'a',
        debug_id: ID,
        code_id: '5C0FFEE',
        code_file: 'a.dll',
        compressed: true,
        original_bytes: sym('a').length,
      },
    ])
    expect(await storedKeys()).toEqual([`v1/a/${ID}/a.sym`])
  })

  it('that is not what was declared is never visible, and what was stored stays', async () => {
    await upload(token, makeZip([{ name: `a/${ID}/a.sym`, data: sym('a') }]))
    const wanted = file('a', sym('a', 'PUBLIC 1000 0 new\n'))
    for (const [bytes, text] of [
      [gzipSync(utf8('short')), `a/${ID}/a.sym has 5 bytes where ${wanted.data.length} were declared`],
      [
        gzipSync(wanted.data.with(-2, 0x41)),
        `a/${ID}/a.sym has the MD5 ${md5(wanted.data.with(-2, 0x41))} where ${md5(wanted.data)} was declared`,
      ],
      [gzipSync(new Uint8Array(50 << 20)), `a/${ID}/a.sym has more bytes where ${wanted.data.length} were declared`],
      [wanted.data, `a/${ID}/a.sym is not one whole gzip stream; compress it and upload it again`],
      [
        gzipSync(wanted.data).subarray(0, -3),
        `a/${ID}/a.sym is not one whole gzip stream; compress it and upload it again`,
      ],
    ] as const) {
      const opened = await client.open([wanted])
      const put = await client.put(firstUrl(opened), null, bytes)
      expect([put.status, put.body]).toMatchObject([400, { reason: 'wrong_content', error: text }])
      expect(await download(`a/${ID}/a.sym`)).toEqual({ status: 200, bytes: sym('a') })
      const closed = await client.close(opened.id)
      expect([closed.status, closed.body]).toMatchObject([400, { reason: 'upload_failed', error: text }])
      expect(await lastUpload()).toMatchObject({ completed_at: null, failed_reason: text })
      expect(await rowsOf(opened.id)).toEqual([])
    }
    expect(await storedKeys()).toEqual([`v1/a/${ID}/a.sym`])
  })

  it('replaces other content with update in its row', async () => {
    await upload(token, makeZip([{ name: `a/${ID}/a.sym`, data: sym('a') }]))
    const wanted = file('a', sym('a', 'PUBLIC 1000 0 new\n'))
    const opened = await client.open([wanted])
    await client.put(firstUrl(opened), null, encoded(wanted))
    expect(await download(`a/${ID}/a.sym`)).toEqual({ status: 200, bytes: wanted.data })
    expect(await rowsOf(opened.id)).toMatchObject([{ update: true }])
  })

  it('of zero bytes is stored', async () => {
    const empty = { key: `a.pdb/${ID}/a.pdb`, data: new Uint8Array(0) }
    const opened = await client.open([empty])
    expect((await client.put(firstUrl(opened), null, empty.data)).status).toBe(200)
    expect(await download(empty.key)).toEqual({ status: 200, bytes: empty.data })
  })
})

describe('a file in parts', () => {
  it('goes on where it was cut, in any order of parts, and is visible whole or not at all', async () => {
    const wanted = large('big')
    const parts = partsOf(encoded(wanted))
    expect(parts.length).toBeGreaterThanOrEqual(3)
    const opened = await client.open([wanted])
    const url = firstUrl(opened)
    const [first, second, third] = parts
    if (first === undefined || second === undefined || third === undefined) throw new Error('three parts')
    expect((await client.put(url, 3, third)).status).toBe(200)
    expect((await client.put(url, 1, first)).body).toEqual({
      part: 1,
      size: first.length,
      sha256: sha256(first),
    })

    const cut = await client.complete(url)
    expect([cut.status, cut.body]).toMatchObject([409, { reason: 'parts_missing', missing_parts: [2] }])
    expect((await client.close(opened.id)).body).toMatchObject({ reason: 'files_missing', missing_keys: [wanted.key] })
    expect((await download(wanted.key)).status).toBe(404)

    const there = await client.send('GET', url)
    expect(there.body).toMatchObject({
      state: 'open',
      parts: [
        { part: 1, sha256: sha256(first) },
        { part: 3, size: third.length },
      ],
    })
    for (const [at, part] of parts.entries()) if (at === 1 || at > 2) await client.put(url, at + 1, part)
    expect((await download(wanted.key)).status).toBe(404)
    const done = await client.complete(url)
    expect([done.status, done.body]).toEqual([200, { key: wanted.key, state: 'stored' }])
    const { bytes } = await download(wanted.key)
    expect(md5(bytes)).toBe(md5(wanted.data))
    expect((await client.complete(url)).body).toEqual({ key: wanted.key, state: 'stored' })
    expect((await client.put(url, 1, first)).body).toMatchObject({ reason: 'already_received', state: 'stored' })
    expect((await client.send('GET', url)).body).toMatchObject({ state: 'stored', parts: [] })
    expect((await client.close(opened.id)).body).toMatchObject({ upload: { completed_at: expect.any(String) } })
    expect(await storedKeys()).toEqual([`v1/${wanted.key}`])
  })

  it('a part whose hash is wrong is refused and not kept; sent again it replaces itself', async () => {
    const wanted = large('hash')
    const [first = new Uint8Array(0)] = partsOf(encoded(wanted))
    const url = firstUrl(await client.open([wanted]))
    const damaged = first.with(5, (first[5] ?? 0) ^ 1)
    expect((await client.put(url, 1, damaged, digestHeader(first))).body).toMatchObject({ reason: 'wrong_digest' })
    expect((await client.send('GET', url)).body.parts).toEqual([])
    expect((await client.put(url, 1, damaged)).status).toBe(200)
    expect((await client.put(url, 1, first)).status).toBe(200)
    expect((await client.send('GET', url)).body.parts).toMatchObject([{ part: 1, sha256: sha256(first) }])
  })

  it('parts that do not add up to the declared content are never visible', async () => {
    const wanted = large('lie')
    const parts = partsOf(encoded(wanted))
    const opened = await client.open([wanted])
    const url = firstUrl(opened)
    for (const [at, part] of parts.entries())
      await client.put(url, at + 1, at === 1 ? part.with(9, (part[9] ?? 0) ^ 1) : part)
    expect((await client.complete(url)).body).toMatchObject({ reason: 'wrong_content' })
    expect((await download(wanted.key)).status).toBe(404)
    expect(await storedKeys()).toEqual([])
  })

  it('a short part before the last is named', async () => {
    const url = firstUrl(await client.open([large('short')]))
    await client.put(url, 1, utf8('short'))
    await client.put(url, 2, utf8('last'))
    expect((await client.complete(url)).body).toMatchObject({ reason: 'parts_missing', missing_parts: [1] })
  })

  it('two that complete at once: both are told the same, one row', async () => {
    const wanted = large('twice')
    const opened = await client.open([wanted])
    const url = firstUrl(opened)
    for (const [at, part] of partsOf(encoded(wanted)).entries()) await client.put(url, at + 1, part)
    const answers = await Promise.all([client.complete(url), client.complete(url)])
    // The one that comes late may find the staged file dropped under it; then it is told to ask again.
    for (const { status } of answers) expect([200, 503]).toContain(status)
    expect((await client.complete(url)).body).toMatchObject({ state: 'stored' })
    expect(md5((await download(wanted.key)).bytes)).toBe(md5(wanted.data))
    expect(await rowsOf(opened.id)).toHaveLength(1)
  })

  it('the first parts at once share one object', async () => {
    const wanted = large('race')
    const parts = partsOf(encoded(wanted))
    const url = firstUrl(await client.open([wanted]))
    await Promise.all(parts.slice(0, 3).map((part, at) => client.put(url, at + 1, part)))
    for (const [at, part] of parts.entries()) if (at >= 3) await client.put(url, at + 1, part)
    expect((await client.complete(url)).status).toBe(200)
    expect(md5((await download(wanted.key)).bytes)).toBe(md5(wanted.data))
  })
})

describe('who may go on with an upload', () => {
  it('nobody but its uploader, with a token that may still upload there', async () => {
    const opened = await client.open([file('a')])
    const url = firstUrl(opened)
    const stranger = await clientWith(['upload_symbols'], 'other@example.com')
    const lesser = await clientWith(['upload_try_symbols'])
    for (const other of [stranger, lesser]) {
      for (const said of [
        await other.put(url, null, encoded(file('a'))),
        await other.send('GET', url),
        await other.complete(url),
        await other.close(opened.id),
      ]) {
        expect([said.status, said.body]).toMatchObject([403, { error: 'Forbidden', reason: 'not_yours' }])
      }
    }
    expect(await storedKeys()).toEqual([])
    const none = await SELF.fetch(url, { method: 'PUT', body: 'x' })
    expect([none.status, await none.json()]).toEqual([
      403,
      { error: 'This requires an Auth-Token to authenticate the request' },
    ])
    const unknown = await client.put(url.replace(/.{4}$/, 'ffff'), null, utf8('x'))
    expect([unknown.status, unknown.body]).toMatchObject([404, { reason: 'unknown_upload' }])
  })

  it('a try token stores under try alone; a try upload skips what is stored as regular', async () => {
    await upload(token, makeZip([{ name: `a/${ID}/a.sym`, data: sym('a') }]))
    const tryClient = await clientWith(['upload_try_symbols'], 'try@example.com')
    const opened = await tryClient.open([file('a'), file('b')])
    expect(opened.try_symbols).toBe(true)
    expect(opened.files.map(({ action }) => action.type)).toEqual(['skip', 'upload'])
    await tryClient.put(opened.files[1]?.action.url ?? '', null, encoded(file('b')))
    expect(await storedKeys()).toEqual([`try/v1/b/${ID}/b.sym`, `v1/a/${ID}/a.sym`])
  })

  it('an upload that failed or expired takes no more parts', async () => {
    const opened = await client.open([file('a')])
    await uploadRepository(db).fail(opened.id, 'expired')
    const put = await client.put(firstUrl(opened), null, encoded(file('a')))
    expect([put.status, put.body]).toMatchObject([410, { reason: 'expired' }])
  })
})

describe('bad parts get a named answer', () => {
  it.each<[string, string, Uint8Array, Record<string, string>, number, string]>([
    ['no digest', '', utf8('x'), {}, 400, 'no_digest'],
    ['part 0', '?part=0', utf8('x'), {}, 400, 'bad_part_number'],
    ['part 10001', '?part=10001', utf8('x'), {}, 400, 'bad_part_number'],
    ['part x', '?part=x', utf8('x'), {}, 400, 'bad_part_number'],
    ['an empty part', '?part=1', utf8(''), digestHeader(utf8('')), 400, 'part_empty'],
    [
      'a part of 10 MiB and a byte',
      '?part=1',
      new Uint8Array(UPLOAD_PART_BYTES + 1),
      digestHeader(utf8('')),
      413,
      'part_too_large',
    ],
  ])('%s', async (_, query, bytes, headers, status, reason) => {
    const url = firstUrl(await client.open([file('a')]))
    const said = await client.send('PUT', `${url}${query}`, bytes, headers)
    expect([said.status, said.body]).toMatchObject([status, { reason }])
    expect(await storedKeys()).toEqual([])
  })

  it('other methods are 405', async () => {
    for (const [method, path] of [
      ['GET', '/upload/v2/'],
      ['DELETE', '/upload/v2/files/x'],
      ['GET', '/upload/v2/1/complete'],
      ['GET', '/upload/auth_info/'],
    ] as const) {
      const said = await client.send(method, path)
      expect([said.status, said.body]).toEqual([405, { error: `Method Not Allowed (${method}): ${path}` }])
    }
  })
})

describe('auth_info', () => {
  it('says who uploads, where to, until when and how', async () => {
    const said = await client.send('POST', '/upload/auth_info/')
    expect([said.status, said.body]).toEqual([
      200,
      {
        email: 'uploader@example.com',
        user_id: expect.any(Number),
        try_symbols: false,
        token_expires_at: expect.any(Number),
        upload_api_version: 1,
        upload_protocols: ['mayday-parts-1'],
      },
    ])
    const days = (Number(said.body.token_expires_at) - Date.now() / 1_000) / 86_400
    expect(days).toBeGreaterThan(364)
    expect(days).toBeLessThanOrEqual(365)
    expect((await (await clientWith(['upload_try_symbols'])).send('POST', '/upload/auth_info/')).body.try_symbols).toBe(
      true,
    )
    expect((await (await clientWith(['view_pii'])).send('POST', '/upload/auth_info/')).body).toEqual({
      error: 'Forbidden',
    })
  })
})

describe('two uploads of one key with different content at once', () => {
  it('one wins whole: bytes, size and MD5 are of the same upload', async () => {
    for (let round = 0; round < 5; round++) {
      const contents = ['one', 'two'].map((name) =>
        sym('a', `PUBLIC 1000 0 ${name}${round}\n${'PUBLIC 2000 0 filler\n'.repeat(20_000)}`),
      )
      await Promise.all(contents.map((data) => upload(token, makeZip([{ name: `a/${ID}/a.sym`, data }]))))
      const { bytes } = await download(`a/${ID}/a.sym`)
      expect(contents.map(md5)).toContain(md5(bytes))
      const stored = await env.SYMBOLS.head(`v1/a/${ID}/a.sym`)
      expect(stored?.customMetadata?.original_md5_hash).toBe(md5(bytes))
    }
  })
})
