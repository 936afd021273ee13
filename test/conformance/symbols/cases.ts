import { strToU8, zipSync } from 'fflate'
import { expect } from 'vitest'

/**
 * The HTTP rows of uploads of specs/symbols.md section 6, with the row's name; those of downloads are in download-rows.ts. They run against a fleet (symbols.test.ts) and inside the
 * workers pool (workers/symbols/conformance.test.ts), so they know nothing but HTTP.
 */
export interface SymbolServer {
  /** `path` begins with `/`. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** A new token with this permission, or with none. */
  token(permission: 'upload_symbols' | 'upload_try_symbols' | 'view_pii'): Promise<string>
}

export interface Row {
  readonly id: string
  readonly name: string
  run(server: SymbolServer): Promise<void>
}

const BOUNDARY = 'mayday-symbols-conformance'

/** Debug ids are new each time: a server may keep what earlier runs stored. */
export function newId(): string {
  return `${crypto.randomUUID().replaceAll('-', '').toUpperCase()}0`
}

export function sym(debugFile: string, id: string, more = ''): Uint8Array {
  return strToU8(
    `MODULE Linux x86_64 ${id} ${debugFile}\nINFO CODE_ID AB12\nFILE 0 a.cc\nFUNC 1000 10 0 main\n1000 10 7 0\n${more}`,
  )
}

interface FormPart {
  readonly name: string
  readonly filename?: string
  readonly data: Uint8Array | string
}

/** A request whose multipart body is these parts. */
export function form(token: string | null, parts: readonly FormPart[]): RequestInit {
  const chunks = parts.flatMap(({ name, filename, data }) => [
    strToU8(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`,
    ),
    typeof data === 'string' ? strToU8(data) : data,
    strToU8('\r\n'),
  ])
  const whole = [...chunks, strToU8(`--${BOUNDARY}--\r\n`)]
  const body = new Uint8Array(whole.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of whole) {
    body.set(chunk, at)
    at += chunk.length
  }
  const headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
  return { method: 'POST', headers: token === null ? headers : { ...headers, 'Auth-Token': token }, body }
}

export async function upload(server: SymbolServer, token: string, zip: Uint8Array, more: readonly FormPart[] = []) {
  const parts = [{ name: 'symbols.zip', filename: 'symbols.zip', data: zip }, ...more]
  return answer(await server.fetch('/upload/', form(token, parts)))
}

export async function answer(response: Response) {
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}

export async function text(response: Response) {
  return { status: response.status, headers: response.headers, text: await response.text() }
}

async function errorOf(server: SymbolServer, token: string | null, parts: readonly FormPart[]) {
  const { status, body } = await answer(await server.fetch('/upload/', form(token, parts)))
  return [status, body]
}

const A_ZIP = zipSync({
  'a.so/A7D6F1BB18CD4CB48000000000000001A/a.so.sym': sym('a.so', 'A7D6F1BB18CD4CB48000000000000001A'),
})
const A_FILE = { name: 'symbols.zip', filename: 'symbols.zip', data: A_ZIP }

export const rows: readonly Row[] = [
  {
    id: 'C1',
    name: 'GET /upload/ → 405 with the peer’s text and Allow',
    async run(server) {
      const { status, headers, body } = await answer(await server.fetch('/upload/'))
      expect([status, body]).toEqual([405, { error: 'Method Not Allowed (GET): /upload/' }])
      expect(headers.get('Allow')).toBe('POST')
    },
  },
  {
    id: 'C2',
    name: 'POST without a token → 403',
    async run(server) {
      const error = 'This requires an Auth-Token to authenticate the request'
      expect(await errorOf(server, null, [A_FILE])).toEqual([403, { error }])
    },
  },
  {
    id: 'C3',
    name: 'a token without permission → 403 Forbidden',
    async run(server) {
      expect(await errorOf(server, await server.token('view_pii'), [A_FILE])).toEqual([403, { error: 'Forbidden' }])
    },
  },
  {
    id: 'C4',
    name: 'an unknown token → 403',
    async run(server) {
      const error = 'API Token not matched'
      expect(await errorOf(server, 'invalidtoken', [A_FILE])).toEqual([403, { error }])
      expect(await errorOf(server, 'f'.repeat(64), [A_FILE])).toEqual([403, { error }])
    },
  },
  {
    id: 'C5',
    name: 'an empty body, an empty form, a form with fields only → 400',
    async run(server) {
      const token = await server.token('upload_symbols')
      const error = 'Must be multipart form data with at least one file'
      const empty = await answer(await server.fetch('/upload/', { method: 'POST', headers: { 'Auth-Token': token } }))
      expect([empty.status, empty.body]).toEqual([400, { error }])
      expect(await errorOf(server, token, [])).toEqual([400, { error }])
      expect(await errorOf(server, token, [{ name: 'try', data: '1' }])).toEqual([400, { error }])
      expect(await errorOf(server, token, [{ name: 'symbols.zip', filename: '', data: A_ZIP }])).toEqual([
        400,
        { error },
      ])
    },
  },
  {
    id: 'C6',
    name: 'a file that is named .rar → 400, whatever is in it; a zip name in the field or the filename is enough',
    async run(server) {
      const token = await server.token('upload_symbols')
      const rar = { name: 'myfile.rar', filename: 'myfile.rar', data: A_ZIP }
      expect(await errorOf(server, token, [rar])).toEqual([
        400,
        { error: 'Unrecognized archive file extension ".rar"' },
      ])
      const none = { name: 'file', filename: 'symbols', data: A_ZIP }
      expect(await errorOf(server, token, [none])).toEqual([400, { error: 'Unrecognized archive file extension ""' }])
      for (const [name, filename] of [
        ['symbols.ZIP', 'blob'],
        ['file', '/build/target.zip'],
      ] as const) {
        const { status, body } = await answer(
          await server.fetch('/upload/', form(token, [{ name, filename, data: A_ZIP }])),
        )
        expect([status, body.upload.filename]).toEqual([201, name === 'file' ? 'target.zip' : name])
      }
    },
  },
  {
    id: 'C7',
    name: 'a member at the top level → 400 that names it',
    async run(server) {
      const error =
        "Unrecognized file pattern. Should only be <module>/<hex>/<file> or <name>-symbols.txt and nothing else. (First unrecognized pattern was 'xpcshell.sym')"
      const { status, body } = await upload(
        server,
        await server.token('upload_symbols'),
        zipSync({ 'xpcshell.sym': A_ZIP }),
      )
      expect([status, body]).toEqual([400, { error }])
    },
  },
  {
    id: 'C8',
    name: 'a zip of two files and a listing → 201 in the peer’s shape',
    async run(server) {
      const id = newId()
      const zip = zipSync({
        [`flag/${id}/flag.jpeg`]: strToU8('a picture'),
        [`xpcshell.dbg/${id}/xpcshell.sym`]: sym('other.dbg', id),
        'build-symbols.txt': strToU8('xpcshell'),
      })
      const { status, headers, body } = await upload(server, await server.token('upload_symbols'), zip)
      expect(status).toBe(201)
      expect(headers.get('Vary')).toBe('Auth-Token')
      expect(body).toEqual({
        upload: {
          id: expect.any(Number),
          size: zip.length,
          filename: 'symbols.zip',
          bucket: expect.any(String),
          download_url: null,
          try_symbols: false,
          redirect_urls: [],
          completed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          user: expect.stringContaining('@'),
          skipped_keys: [],
        },
      })
      expect((await text(await server.fetch(`/flag/${id}/flag.jpeg`))).text).toBe('a picture')
      expect((await text(await server.fetch(`/xpcshell.dbg/${id}/xpcshell.sym`))).text).toContain('MODULE Linux x86_64')
    },
  },
  {
    id: 'C9',
    name: 'the same zip again → 201, and both keys are skipped',
    async run(server) {
      const id = newId()
      const token = await server.token('upload_symbols')
      const zip = zipSync({ [`flag/${id}/flag.jpeg`]: strToU8('x'), [`a.so/${id}/a.so.sym`]: sym('a.so', id) })
      const first = await upload(server, token, zip)
      expect(first.body.upload.skipped_keys).toEqual([])
      for (const again of [await upload(server, token, zip), await upload(server, token, zip)]) {
        expect(again.status).toBe(201)
        expect(again.body.upload.id).toBeGreaterThan(first.body.upload.id)
        expect([...again.body.upload.skipped_keys].sort()).toEqual([`a.so/${id}/a.so.sym`, `flag/${id}/flag.jpeg`])
      }
    },
  },
  {
    id: 'C10',
    name: 'other content under a stored key replaces it, also when it has the same size',
    async run(server) {
      const id = newId()
      const token = await server.token('upload_symbols')
      for (const content of ['first', 'other', 'longer than those']) {
        const { body } = await upload(server, token, zipSync({ [`a.pdb/${id}/a.pd_`]: strToU8(content) }))
        expect(body.upload.skipped_keys).toEqual([])
        expect((await text(await server.fetch(`/a.pdb/${id}/a.pd_`))).text).toBe(content)
      }
    },
  },
  {
    id: 'C12',
    name: 'a try token uploads try symbols and nothing else; a field `try` asks for the same',
    async run(server) {
      const asField = [{ name: 'try', data: '1' }]
      for (const [permission, more] of [
        ['upload_try_symbols', []],
        ['upload_symbols', asField],
      ] as const) {
        const id = newId()
        const zip = zipSync({ [`a.so/${id}/a.so.sym`]: sym('a.so', id) })
        const { status, body } = await upload(server, await server.token(permission), zip, more)
        expect([status, body.upload.try_symbols]).toEqual([201, true])
        expect((await text(await server.fetch(`/a.so/${id}/a.so.sym`))).status).toBe(404)
        expect((await text(await server.fetch(`/try/a.so/${id}/a.so.sym`))).status).toBe(200)
      }
    },
  },
  {
    id: 'bad forms',
    name: 'a damaged form, garbage and a cut zip → 400 that says what is wrong',
    async run(server) {
      const token = await server.token('upload_symbols')
      const whole = form(token, [A_FILE])
      const cut = { ...whole, body: (whole.body as Uint8Array<ArrayBuffer>).slice(0, -40) }
      const { status, body } = await answer(await server.fetch('/upload/', cut))
      expect([status, body]).toEqual([400, { error: 'Malformed multipart form data: no_closing_delimiter' }])
      for (const bytes of [strToU8('this is no zip'), new Uint8Array(0), A_ZIP.slice(0, -10), A_ZIP.slice(0, 60)]) {
        const refused = await upload(server, token, bytes)
        expect([refused.status, refused.body]).toEqual([400, { error: 'File is not a zip file' }])
      }
    },
  },
]
