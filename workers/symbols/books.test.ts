import { SELF } from 'cloudflare:test'
import { sql } from 'drizzle-orm'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Permission } from '#shared/auth/permissions.ts'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { missingSymbolsIn } from '#shared/db/missing-symbols.ts'
import { missingSymbols, symbolOwners, uploadFiles, uploads } from '#shared/db/schema.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadBooks } from '#shared/db/upload-books.ts'
import { makeZip } from '#shared/symbols/testing/make-zip.ts'
import { booksApi } from './books.ts'
import { db, emptyStore, ID, setUpUploader, sym, upload, utf8 } from './testing/upload-client.ts'

const DAY_MS = 86_400_000
const LIBC = '0A1B2C3D4E5F60718293A4B5C6D7E8F90'
let uploader: string

beforeAll(async () => {
  uploader = await setUpUploader()
})
beforeEach(async () => {
  await emptyStore()
  for (const table of [uploads, uploadFiles, missingSymbols, symbolOwners]) await db.delete(table)
})

async function token(permissions: readonly Permission[], email = 'other@example.com', product: string | null = null) {
  const created = await createToken(email, permissions, systemClock, systemRandomBytes, product)
  if (created.kind !== 'created') throw new Error(created.kind)
  await tokenRepository(db).add(created.stored)
  return created.token
}

async function get(path: string, sent: string | null, method = 'GET') {
  const headers = sent === null ? {} : { 'Auth-Token': sent }
  const response = await SELF.fetch(`http://symbols.test${path}`, { method, headers })
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null }
}

const zipOf = (files: Readonly<Record<string, Uint8Array>>) =>
  makeZip(Object.entries(files).map(([name, data]) => ({ name, data })))
const XUL_SYM = `xul.pdb/${ID}/xul.sym`
const xulZip = () =>
  zipOf({ [XUL_SYM]: sym('xul.pdb', 'FUNC 0 1 0 f\n0 1 7 0\nSTACK CFI INIT 0 1 x\n'), 'build-symbols.txt': utf8('x') })

/** Rows as if so many uploads had been made, one a minute, the newest the largest; every third by somebody else. */
async function bookUploads(count: number): Promise<void> {
  await db.run(sql`
    with recursive n(i) as (select 0 union all select i + 1 from n where i < ${count - 1})
    insert into uploads (email, filename, size_bytes, try_symbols, skipped_keys, ignored_keys, created_at, completed_at)
    select iif(i % 3 = 0, 'bob_b%@example.com', 'ann@example.com'), 'symbols.zip', i * 1024, 0, '[]', '[]',
      ${Date.now()} - (${count} - i) * 60000, iif(i % 10 = 0, null, ${Date.now()})
    from n`)
}

describe('who may read the books', () => {
  const paths = [
    '/api/uploads/',
    '/api/uploads/upload/1',
    '/api/uploads/files/',
    '/api/uploads/files/file/1',
    '/api/stats/',
  ]

  it.each(paths)('%s asks for a token, with the peer’s words', async (path) => {
    const none = await get(path, null)
    expect([none.status, none.body]).toEqual([
      403,
      { error: 'This requires an Auth-Token to authenticate the request' },
    ])
    const wrong = await get(path, 'f'.repeat(64))
    expect([wrong.status, wrong.body]).toEqual([403, { error: 'API Token not matched' }])
    expect(wrong.headers.get('Vary')).toBe('Auth-Token')
  })

  it.each([
    ...paths,
    '/api/uploads/missing-symbols/',
    '/api/uploads/missing-symbols.csv',
    `/api/syminfo/xul.dll/${ID}`,
  ])('%s takes GET and HEAD only', async (path) => {
    const { status, headers, body } = await get(path, uploader, 'POST')
    expect([status, body]).toEqual([405, { error: `Method Not Allowed (POST): ${path}` }])
    expect(headers.get('Allow')).toBe('GET, HEAD')
  })

  it('a token that may not upload lists nothing; the files of everybody need view_all_uploads', async () => {
    const viewer = await token(['view_pii'])
    for (const [path, sent] of [
      ['/api/uploads/', viewer],
      ['/api/uploads/files/', viewer],
      ['/api/uploads/files/', uploader],
    ] as const) {
      const { status, body } = await get(path, sent)
      expect([path, status, body]).toEqual([path, 403, { error: 'Forbidden' }])
    }
    expect((await get('/api/uploads/files/', await token(['admin']))).status).toBe(200)
  })

  it('where reading needs a token, so does what is open otherwise, with and without a slash at the end', async () => {
    const refuse = async () => new Response(null, { status: 403 })
    const books = {
      books: uploadBooks(db),
      missing: missingSymbolsIn(db),
      tokens: tokenRepository(db),
      clock: systemClock,
      urlBase: '',
    }
    const app = booksApi(books, refuse)
    for (const path of ['/uploads/missing-symbols', '/uploads/missing-symbols.csv', `/syminfo/xul.dll/${ID}`]) {
      for (const form of [path, `${path}/`]) expect([form, (await app.request(form)).status]).toEqual([form, 403])
    }
  })

  it('an unknown path under the API is 404', async () => {
    for (const path of ['/api/uploads/nope', '/api/uploads/upload/x', '/api/uploads/upload/1/2', '/api/stats/x']) {
      expect(await get(path, uploader)).toMatchObject({ status: 404, body: { error: 'Not Found' } })
    }
  })
})

describe('GET /api/uploads/', () => {
  it('lists one’s own uploads only, and everybody’s with view_all_uploads', async () => {
    await upload(uploader, xulZip())
    const other = await token(['upload_symbols'])
    await upload(other, xulZip())
    const own = await get('/api/uploads/', uploader)
    expect(own.body).toMatchObject({ has_next: false, total: 1, batch_size: 20, can_view_all: false })
    expect(own.body.order_by).toEqual({ sort: 'created_at', reverse: true })
    expect(own.body.uploads).toEqual([
      {
        id: expect.any(Number),
        size: expect.any(Number),
        filename: 'symbols.zip',
        bucket: 'mayday-symbols',
        download_url: null,
        try_symbols: false,
        redirect_urls: [],
        completed_at: expect.any(String),
        created_at: expect.any(String),
        user: 'uploader@example.com',
        skipped_keys: [],
        ignored_keys: ['build-symbols.txt'],
        refused_keys: [],
        failed_reason: null,
        product: null,
        files_count: 1,
        files_incomplete_count: 0,
      },
    ])
    const all = await get('/api/uploads/', await token(['view_all_uploads']))
    expect(all.body).toMatchObject({ can_view_all: true, total: 1_000_000 })
    expect(all.body.uploads.map((row: { user: string }) => row.user)).toEqual([
      'other@example.com',
      'uploader@example.com',
    ])
    expect(all.body.uploads[0]).toMatchObject({ files_count: 0, skipped_keys: [XUL_SYM] })
  })

  it('pages through 10,000 rows: each once, in order, and the last page says so', async () => {
    await bookUploads(10_000)
    const admin = await token(['view_all_uploads'])
    const first = await get('/api/uploads/', admin)
    const newest: number = first.body.uploads[0].id
    for (const page of [1, 2, 77, 250, 499, 500]) {
      const { body } = await get(`/api/uploads/?page=${page}`, admin)
      const ids = body.uploads.map(({ id }: { id: number }) => id)
      expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => newest - (page - 1) * 20 - n))
      expect(body.has_next).toBe(page < 500)
    }
    const beyond = await get('/api/uploads/?page=501', admin)
    expect(beyond.body).toMatchObject({ uploads: [], has_next: false })

    const totalOf = async (query: string) => (await get(`/api/uploads/?${query}`, admin)).body.total
    expect(await totalOf('user=bob')).toBe(3_334)
    expect(await totalOf('user=!BOB')).toBe(6_666)
    // What LIKE would take for a pattern is a character like others.
    expect(await totalOf('user=%25')).toBe(3_334)
    expect(await totalOf('user=n_')).toBe(0)
    expect(await totalOf(`size=${encodeURIComponent('>=1mb,<2m')}`)).toBe(1_024)
    expect(await totalOf('size=1k')).toBe(1)
    expect(await totalOf('completed_at=incomplete')).toBe(1_000)
    expect(await totalOf('user=bob&completed_at=null&size=%3C1m')).toBe(35)
    expect(await totalOf('created_at=%3E2000-01-01')).toBe(10_000)
    expect(await totalOf('created_at=%3C2000-01-01')).toBe(0)
    const bySize = await get('/api/uploads/?sort=size', admin)
    expect(bySize.body.uploads.map(({ size }: { size: number }) => size).slice(0, 3)).toEqual([0, 1024, 2048])
    const bySizeDown = await get('/api/uploads/?sort=size&reverse=true', admin)
    expect(bySizeDown.body.uploads[0].size).toBe(9_999 * 1024)
  })

  it('names each parameter that is wrong', async () => {
    const { status, body } = await get(
      `/api/uploads/?size=big&created_at=soon&sort=user&page=0&reverse=yes&user=${'x'.repeat(301)}`,
      uploader,
    )
    expect(status).toBe(400)
    expect(Object.keys(body.errors).sort()).toEqual(['created_at', 'page', 'reverse', 'size', 'sort', 'user'])
    expect(body.errors.sort).toEqual(['sort must be one of created_at, size'])
  })

  it.each([
    `user=${encodeURIComponent("' or 1=1 --")}`,
    `user=${encodeURIComponent("!x'); delete from uploads; --")}`,
    'sort=size%3Bdrop',
    `size=${encodeURIComponent('>1); drop table uploads; --')}`,
    `completed_at=${encodeURIComponent("null' or '1'='1")}`,
    'page=1%20union%20select%201',
    'user=%00',
  ])('takes %s for what it is', async (query) => {
    await bookUploads(3)
    const { status, body } = await get(`/api/uploads/?${query}`, await token(['view_all_uploads']))
    expect(status === 200 ? body.uploads : body.errors).toBeDefined()
    if (status === 200 && !query.includes('!')) expect(body.uploads).toEqual([])
    expect(await db.select().from(uploads).all()).toHaveLength(3)
  })
})

describe('one upload', () => {
  it('is shown with its files and their health, and with other uploads of the same files', async () => {
    const first = await upload(uploader, xulZip())
    const again = await upload(uploader, xulZip())
    const other = await upload(uploader, zipOf({ [`a.so/${LIBC}/a.so.sym`]: sym('b.so') }))
    const { status, body } = await get(`/api/uploads/upload/${first.body.upload.id}`, uploader)
    expect(status).toBe(200)
    expect(body.upload).toMatchObject({ completed_at: expect.any(String), failed_reason: null, refused_keys: [] })
    expect(body.upload.related.map(({ id }: { id: number }) => id)).toEqual([again.body.upload.id])
    expect(body.upload.file_uploads).toEqual([
      {
        id: expect.any(Number),
        bucket_name: 'mayday-symbols',
        key: `v1/${XUL_SYM}`,
        update: false,
        compressed: true,
        size: expect.any(Number),
        original_size: expect.any(Number),
        created_at: expect.any(String),
        completed_at: expect.any(String),
        debug_filename: 'xul.pdb',
        debug_id: ID,
        code_file: 'xul.pdb.dll',
        code_id: '5C0FFEE',
        generator: null,
        health: { functions: 1, lines: 1, inlines: 0, publics: 0, cfi: 1, win: 0, warnings: [] },
        index: { state: 'indexed', index_bytes: expect.any(Number) },
      },
    ])
    const shownOther = await get(`/api/uploads/upload/${other.body.upload.id}/`, uploader)
    expect(shownOther.body.upload.related).toEqual([])
    expect(shownOther.body.upload.file_uploads[0].health.warnings).toEqual(['module_contradicts_key', 'no_functions'])
  })

  it('is nobody else’s business', async () => {
    const { body } = await upload(uploader, xulZip())
    const path = `/api/uploads/upload/${body.upload.id}`
    const stranger = await get(path, await token(['upload_symbols']))
    expect([stranger.status, stranger.body]).toEqual([403, { error: 'Insufficient access to view this upload' }])
    expect((await get(path, await token(['view_all_uploads']))).status).toBe(200)
    expect((await get('/api/uploads/upload/999999', uploader)).status).toBe(404)
  })

  it('that was refused says why', async () => {
    const refused = await upload(uploader, zipOf({ 'top.sym': utf8('x') }))
    expect(refused.status).toBe(400)
    const { body } = await get('/api/uploads/', uploader)
    expect(body.uploads[0]).toMatchObject({ completed_at: null, failed_reason: refused.body.error })
  })
})

describe('stored files', () => {
  it('are listed with their upload, by every filter', async () => {
    await upload(uploader, xulZip())
    await upload(
      await token(['upload_try_symbols']),
      zipOf({ [`a.so/${LIBC}/a.so.sym`]: sym('a.so'), [`a.so/${LIBC}/a.so`]: utf8('elf') }),
    )
    const admin = await token(['view_all_uploads'])
    const keysOf = async (query: string) =>
      (await get(`/api/uploads/files/?${query}`, admin)).body.files.map(({ key }: { key: string }) => key).toSorted()
    const trySym = `try/v1/a.so/${LIBC}/a.so.sym`
    const elf = `try/v1/a.so/${LIBC}/a.so`
    expect(await keysOf('')).toEqual([elf, trySym, `v1/${XUL_SYM}`])
    expect(await keysOf('key=XUL,.sym')).toEqual([`v1/${XUL_SYM}`])
    expect(await keysOf('upload_type=try')).toEqual([elf, trySym])
    expect(await keysOf('upload_type=regular')).toEqual([`v1/${XUL_SYM}`])
    expect(await keysOf('size=3b')).toEqual([elf])
    expect(await keysOf('bucket_name=symbols&created_at=today')).toHaveLength(3)
    expect(await keysOf('bucket_name=!symbols')).toEqual([])
    expect(await keysOf('completed_at=incomplete')).toEqual([])
    const { body } = await get('/api/uploads/files/?key=xul', admin)
    expect(body).toMatchObject({ has_next: false, total: 1, batch_size: 40 })
    expect(body.files[0].upload).toMatchObject({ user: 'uploader@example.com', try_symbols: false })
    expect((await get('/api/uploads/files/?upload_type=both', admin)).body.errors).toHaveProperty('upload_type')
  })

  it('have a page each, with the address where they download', async () => {
    await upload(uploader, zipOf({ [`my lib.so/${LIBC}/my lib.so.sym`]: sym('my lib.so') }))
    const [row] = await db.select().from(uploadFiles).all()
    const path = `/api/uploads/files/file/${row?.id}`
    const { body } = await get(path, uploader)
    expect(body.file.url).toBe(`http://symbols.test/my%20lib.so/${LIBC}/my%20lib.so.sym`)
    expect((await SELF.fetch(body.file.url)).status).toBe(200)
    const stranger = await get(path, await token(['upload_symbols']))
    expect([stranger.status, stranger.body]).toEqual([403, { error: 'Insufficient access to view this file' }])
  })
})

describe('GET /api/stats/', () => {
  it('BUG stats: view_all_uploads sees the uploads of all, not superusers alone; others see their own', async () => {
    const todayMs = Date.now() - (Date.now() % DAY_MS)
    const row = { filename: 'x.zip', try_symbols: false, skipped_keys: [], ignored_keys: [] }
    for (const [email, createdAtMs, size_bytes] of [
      ['uploader@example.com', todayMs, 1],
      ['uploader@example.com', todayMs - 1, 10],
      ['ann@example.com', todayMs + 1, 100],
      ['ann@example.com', todayMs - DAY_MS, 1_000],
      ['ann@example.com', todayMs - 30 * DAY_MS, 10_000],
      ['ann@example.com', todayMs - 30 * DAY_MS - 1, 100_000],
    ] as const) {
      await db.insert(uploads).values({ ...row, email, size_bytes, created_at: createdAtMs })
    }
    const own = await get('/api/stats/', uploader)
    expect(own.body).toEqual({
      stats: {
        uploads: {
          all_uploads: false,
          today: { count: 1, total_size: 1 },
          yesterday: { count: 1, total_size: 10 },
          last_30_days: { count: 2, total_size: 11 },
        },
      },
    })
    const all = await get('/api/stats', await token(['view_all_uploads']))
    expect(all.body.stats.uploads).toEqual({
      all_uploads: true,
      today: { count: 2, total_size: 101 },
      yesterday: { count: 2, total_size: 1_010 },
      last_30_days: { count: 5, total_size: 11_111 },
    })
    const nobody = await get('/api/stats/', await token([]))
    expect(nobody.body.stats.uploads.last_30_days).toEqual({ count: 0, total_size: 0 })
  })
})

describe('GET /api/syminfo/', () => {
  it('finds a module by its code id or its debug id in any case, newest first, for anybody', async () => {
    await upload(uploader, xulZip())
    for (const path of [`xul.pdb.dll/5C0FFEE`, `xul.pdb.dll/5c0ffee`, `xul.pdb/${ID.toLowerCase()}`]) {
      const { status, headers, body } = await get(`/api/syminfo/${path}`, null)
      expect(status).toBe(200)
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(body).toEqual({
        debug_id: ID,
        debug_filename: 'xul.pdb',
        code_file: 'xul.pdb.dll',
        code_id: '5C0FFEE',
        generator: null,
        url: `http://symbols.test/${XUL_SYM}`,
      })
    }
  })

  it('BUG syminfo url: that of a module that is no .pdb ends with .sym and downloads', async () => {
    await upload(uploader, zipOf({ [`libxul.so/${ID}/libxul.so.sym`]: sym('libxul.so') }))
    const { body } = await get(`/api/syminfo/libxul.so/${ID}`, null)
    expect(body.url).toBe(`http://symbols.test/libxul.so/${ID}/libxul.so.sym`)
    expect((await SELF.fetch(body.url)).status).toBe(200)
  })

  it('answers a text where there is none, and keeps try symbols to those who ask for them', async () => {
    await upload(await token(['upload_try_symbols']), xulZip())
    const none = await get(`/api/syminfo/xul.pdb/${ID}`, null)
    expect([none.status, none.text]).toEqual([404, 'Code file / id Not Found'])
    expect(none.headers.get('Access-Control-Allow-Origin')).toBe('*')
    const asked = await get(`/api/syminfo/xul.pdb/${ID}?try`, null)
    expect(asked.body.url).toBe(`http://symbols.test/try/${XUL_SYM}`)
    for (const path of ['/api/syminfo/xul.pdb/nothex', '/api/syminfo/xul.pdb', '/api/syminfo/%E0%A4%A/AB']) {
      expect((await get(path, null)).status).toBe(404)
    }
  })
})

describe('missing symbols', () => {
  it('are listed after a 404, and resolved by an upload', async () => {
    const miss = `/a lib.so/${LIBC}/a lib.so.sym`.replaceAll(' ', '%20')
    expect((await SELF.fetch(`http://symbols.test${miss}`)).status).toBe(404)
    const missing = missingSymbolsIn(db)
    await expect.poll(() => missing.total({ state: 'missing', module: null })).toBe(1)
    const { body } = await get('/api/uploads/missing-symbols/', null)
    expect(body).toMatchObject({
      has_next: false,
      total: 1,
      batch_size: 100,
      order_by: { sort: 'crashes', reverse: true },
    })
    expect(body.missing_symbols).toEqual([
      {
        debug_file: 'a lib.so',
        debug_id: LIBC,
        code_file: null,
        code_id: null,
        crashes: 0,
        requests: 1,
        first_seen: expect.any(String),
        last_seen: expect.any(String),
        resolved_at: null,
      },
    ])
    await upload(uploader, zipOf({ [`a lib.so/${LIBC}/a lib.so.sym`]: sym('a lib.so') }))
    expect((await get('/api/uploads/missing-symbols/', null)).body.missing_symbols).toEqual([])
    const resolved = await get('/api/uploads/missing-symbols/?state=resolved&module=A%20LIB', null)
    expect(resolved.body.missing_symbols).toMatchObject([{ requests: 1, resolved_at: expect.any(String) }])
  })

  it('are paged and ordered, and the CSV has them all with safe cells', async () => {
    const atMs = Date.now()
    const requested = Array.from({ length: 1_234 }, (_, n) => ({
      debugFile: n === 0 ? '=cmd,"x".so' : `lib${n}.so`,
      debugId: n.toString(16).toUpperCase().padStart(33, 'A'),
      codeFile: null,
      codeId: null,
      requests: 2_000 - n,
      firstSeenAtMs: atMs + n,
      lastSeenAtMs: atMs + n,
    }))
    await missingSymbolsIn(db).addRequests(requested, atMs)
    const last = await get('/api/uploads/missing-symbols/?page=13', null)
    expect(last.body).toMatchObject({ has_next: false, total: 1_234 })
    expect(last.body.missing_symbols).toHaveLength(34)
    const oldest = await get('/api/uploads/missing-symbols/?sort=first_seen&reverse=false', null)
    expect(oldest.body.missing_symbols[1].debug_file).toBe('lib1.so')
    const csv = await get('/api/uploads/missing-symbols.csv', null)
    expect(csv.headers.get('Content-Type')).toBe('text/csv; charset=utf-8')
    const lines = csv.text.trimEnd().split('\r\n')
    expect(lines[0]).toBe('debug_file,debug_id,code_file,code_id,crashes,requests,first_seen,last_seen,resolved_at')
    expect(lines[1]).toMatch(/^"'=cmd,""x"".so",A+0,,,0,2000,/)
    expect(lines).toHaveLength(1_235)
    expect(new Set(lines.slice(2).map((line) => line.split(',')[0])).size).toBe(1_233)
    expect((await get('/api/uploads/missing-symbols/?state=lost&sort=name', null)).body.errors).toEqual({
      state: ['state must be one of missing, resolved, all'],
      sort: ['sort must be one of crashes, requests, first_seen, last_seen'],
    })
    expect((await get('/api/uploads/missing-symbols.csv?state=lost', null)).status).toBe(400)
  })
})
