import { strToU8, zipSync } from 'fflate'
import { expect } from 'vitest'
import { answer, newId, type Row, type SymbolServer, sym, text, upload } from './cases.ts'

/**
 * The HTTP rows of downloads of specs/symbols.md section 6 and the defects that are fixed, by name. A file may come
 * streamed (200) or by a redirect that is followed (302): both are right.
 */

async function store(server: SymbolServer, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const { status } = await upload(server, await server.token('upload_symbols'), zipSync(files))
  expect(status).toBe(201)
}

async function bytes(server: SymbolServer, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await server.fetch(path, { headers })
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  }
}

const IDENTITY = { 'Accept-Encoding': 'identity' }

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

/** A new build id, lower-case as debuggers write it, and the debug id that Breakpad's tools make of it. */
export function newBuildId(): { readonly buildId: string; readonly debugId: string } {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(20)), hex)
  const swapped = [id[3], id[2], id[1], id[0], id[5], id[4], id[7], id[6], ...id.slice(8, 16)]
  return { buildId: id.join(''), debugId: `${swapped.join('').toUpperCase()}0` }
}

/**
 * A 64-bit ELF file with one section beside the names: `.text` of a program, or `.debug_info` of a split-off debug
 * file.
 */
export function elf(section: '.text' | '.debug_info'): Uint8Array {
  const names = strToU8(`\0${section}\0.shstrtab\0`)
  const file = new Uint8Array(64 + names.length + 3 * 64)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.set(names, 64)
  const table = 64 + names.length
  view.setBigUint64(40, BigInt(table), true)
  view.setUint16(58, 64, true)
  view.setUint16(60, 3, true)
  view.setUint16(62, 2, true)
  const entry = (at: number, name: number, type: number, flags: number, size: number) => {
    view.setUint32(at, name, true)
    view.setUint32(at + 4, type, true)
    view.setBigUint64(at + 8, BigInt(flags), true)
    view.setBigUint64(at + 24, 64n, true)
    view.setBigUint64(at + 32, BigInt(size), true)
  }
  entry(table + 64, 1, 1, section === '.text' ? 6 : 0, names.length)
  entry(table + 128, 2 + section.length, 3, 0, names.length)
  return file
}

/**
 * The C rows are the spec's; the others are named after the defect of the peer that is fixed, or after the rule of
 * section 2.
 */
export const downloadRows: readonly Row[] = [
  {
    id: 'C19',
    name: 'a stored sym file downloads byte-identical, gzip for who takes it, with CORS; HEAD → 200',
    async run(server) {
      const id = newId()
      const content = sym('my lib.so', id, 'PUBLIC 2000 0 x\n'.repeat(5_000))
      const path = `/my%20lib.so/${id}/my%20lib.so.sym`
      await store(server, { [`my lib.so/${id}/my lib.so.sym`]: content })

      const zipped = await bytes(server, path, { 'Accept-Encoding': 'gzip' })
      expect(zipped.status).toBe(200)
      expect(zipped.headers.get('Content-Type')).toBe('text/plain')
      expect(zipped.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(zipped.headers.get('Access-Control-Allow-Methods')).toBe('GET')
      expect(zipped.headers.get('Cache-Control')).toContain('no-transform')
      expect(zipped.bytes).toEqual(content)
      const plain = await bytes(server, path, IDENTITY)
      expect(plain.headers.get('Content-Encoding')).toBeNull()
      expect(plain.bytes).toEqual(content)

      const head = await text(await server.fetch(path, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } }))
      expect([head.status, head.text]).toEqual([200, ''])
      expect(head.headers.get('ETag')).toBe(zipped.headers.get('ETag'))
    },
  },
  {
    id: 'C20',
    name: 'a try symbol: plain 404, /try/ and ?try 200; other methods 405 without a preflight',
    async run(server) {
      const id = newId()
      const zip = zipSync({ [`a.so/${id}/a.so.sym`]: sym('a.so', id) })
      await upload(server, await server.token('upload_try_symbols'), zip)
      const path = `/a.so/${id}/a.so.sym`
      const missing = await text(await server.fetch(path))
      expect([missing.status, missing.text]).toEqual([404, 'Symbol Not Found'])
      expect(missing.headers.get('Access-Control-Allow-Origin')).toBe('*')
      for (const found of [`/try${path}`, `${path}?try=1`, `${path}?try`, `${path}?try=0`]) {
        expect((await text(await server.fetch(found))).status).toBe(200)
      }
      for (const target of [path, `/try${path}`]) {
        for (const method of ['PUT', 'POST', 'OPTIONS', 'DELETE']) {
          const { status, headers, body } = await answer(await server.fetch(target, { method }))
          expect([status, body]).toEqual([405, { error: `Method Not Allowed (${method}): ${target}` }])
          expect(headers.get('Allow')).toBe('GET, HEAD')
        }
      }
    },
  },
  {
    id: 'C20 both',
    name: '/try/ asks as ?try does: the regular symbol where both are stored',
    async run(server) {
      const id = newId()
      const key = `a.pdb/${id}/a.pd_`
      await store(server, { [key]: strToU8('regular') })
      await upload(server, await server.token('upload_try_symbols'), zipSync({ [key]: strToU8('try') }))
      for (const path of [`/${key}`, `/try/${key}`, `/${key}?try`]) {
        expect((await text(await server.fetch(path))).text).toBe('regular')
      }
    },
  },
  {
    id: 'C21',
    name: 'Debug: true → Debug-Time; file.ptr and the id of nothing are ignored in no time',
    async run(server) {
      const headers = { Debug: 'true' }
      const asked = await text(await server.fetch(`/a.so/${newId()}/a.so.sym`, { headers }))
      expect(asked.status).toBe(404)
      expect(Number(asked.headers.get('Debug-Time'))).toBeGreaterThan(0)
      for (const path of [`/a.so/${newId()}/file.ptr`, `/a.so/${'0'.repeat(33)}/a.so.sym`]) {
        const ignored = await text(await server.fetch(path, { headers }))
        expect([ignored.status, ignored.text]).toEqual([404, 'Symbol Not Found (and ignored)'])
        expect(ignored.headers.get('Debug-Time')).toBe('0')
      }
      const quiet = await text(await server.fetch(`/a.so/${newId()}/a.so.sym`))
      expect(quiet.headers.has('Debug-Time')).toBe(false)
    },
  },
  {
    id: 'C22',
    name: 'a file of an unknown kind → 404',
    async run(server) {
      expect((await text(await server.fetch(`/xul.pdb/${newId()}/xul.xxx`))).status).toBe(404)
    },
  },
  {
    id: 'C23',
    name: 'a code id → 302 to the debug pair, relative, query kept, for GET and HEAD; known at once after the upload',
    async run(server) {
      const debugId = newId()
      const code = `${newId().slice(0, 8)}9241000`
      const path = `/xul.dll/${code}/xul.sym`
      const asked = (method: string, target: string) => server.fetch(target, { method, redirect: 'manual' })
      expect((await text(await asked('GET', path))).status).toBe(404)
      const header = `MODULE windows x86_64 ${debugId} xul.pdb\nINFO CODE_ID ${code} xul.dll\nPUBLIC 1 0 f\n`
      await store(server, { [`xul.pdb/${debugId}/xul.sym`]: strToU8(header) })
      for (const method of ['GET', 'HEAD']) {
        for (const target of [path, path.toLowerCase()]) {
          const { status, headers } = await text(await asked(method, `${target}?foo=bar&foo=other`))
          expect([status, headers.get('Location')]).toEqual([302, `/xul.pdb/${debugId}/xul.sym?foo=bar&foo=other`])
          expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
        }
      }
      expect((await text(await server.fetch(path))).text).toBe(header)
      const inTry = await text(await asked('GET', `/try${path}?_refresh`))
      expect(inTry.headers.get('Location')).toBe(`/try/xul.pdb/${debugId}/xul.sym?_refresh`)
      // The leaf stays as it was asked for, also where it is wrong for the module (rule 4).
      const leaf = await text(await asked('GET', `/xul.dll/${code}/other.sym`))
      expect(leaf.headers.get('Location')).toBe(`/xul.pdb/${debugId}/other.sym`)
    },
  },
  {
    id: 'C24',
    name: 'names of any script and with spaces → an ordinary 404',
    async run(server) {
      for (const name of ['汉.pdb', 'space in the filename.pdb', 'lib~bpo+1@2.so']) {
        const path = `/${encodeURIComponent(name)}/${newId()}/${encodeURIComponent(name)}.sym`
        const { status, text: body } = await text(await server.fetch(path))
        expect([status, body]).toEqual([404, 'Symbol Not Found'])
      }
    },
  },
  {
    id: 'C25',
    name: 'ids count in any case, at upload and at download (fixed: lower-case uploads are reachable)',
    async run(server) {
      const token = await server.token('upload_symbols')
      for (const write of [(id: string) => id.toLowerCase(), (id: string) => id]) {
        const id = newId()
        await upload(server, token, zipSync({ [`a.so/${write(id)}/a.so.sym`]: sym('a.so', id) }))
        for (const asked of [id, id.toLowerCase()]) {
          expect((await text(await server.fetch(`/a.so/${asked}/a.so.sym`))).status).toBe(200)
        }
      }
    },
  },
  {
    id: 'C37',
    name: 'the layouts of Symbolicator’s table: Breakpad, PDB and PE ids in the case that each client writes',
    async run(server) {
      const guid = crypto.randomUUID().replaceAll('-', '')
      const time = guid.slice(0, 8)
      const pdb = strToU8('Microsoft C/C++ MSF 7.00')
      const exe = strToU8('MZ an executable')
      await store(server, {
        [`foo.pdb/${guid}a/foo.pdb`]: pdb,
        [`foo.exe/${time.toUpperCase()}c2000/foo.exe`]: exe,
        [`foo.pdb/${guid}a/foo.sym`]: sym('foo.pdb', `${guid}a`.toUpperCase()),
      })
      for (const id of [`${guid}a`, `${guid.toUpperCase()}a`, `${guid}A`]) {
        expect((await bytes(server, `/foo.pdb/${id}/foo.pdb`)).bytes).toEqual(pdb)
        expect((await bytes(server, `/foo.pdb/${id}/foo.sym`, IDENTITY)).status).toBe(200)
      }
      for (const id of [`${time.toUpperCase()}c2000`, `${time}C2000`, `${time}c2000`]) {
        expect((await bytes(server, `/foo.exe/${id}/foo.exe`)).bytes).toEqual(exe)
      }
    },
  },
  {
    id: 'C38',
    name: 'debuginfod and the unified layout: an ELF file, its debug file and its sym file by build id',
    async run(server) {
      const { buildId, debugId } = newBuildId()
      const program = elf('.text')
      const debugFile = elf('.debug_info')
      const symFile = strToU8(
        `MODULE Linux x86_64 ${debugId} libx.so\nINFO CODE_ID ${buildId.toUpperCase()}\nPUBLIC 1 0 f\n`,
      )
      await store(server, {
        [`libx.so/${debugId}/libx.so`]: program,
        [`libx.so/${debugId}/libx.so.debug`]: debugFile,
        [`libx.so/${debugId}/libx.so.sym`]: symFile,
      })
      const unified = `/${buildId.slice(0, 2)}/${buildId.slice(2)}`
      for (const path of [`/buildid/${buildId}/executable`, `${unified}/executable`]) {
        expect((await bytes(server, path)).bytes).toEqual(program)
      }
      for (const path of [`/buildid/${buildId}/debuginfo`, `${unified}/debuginfo`]) {
        expect((await bytes(server, path)).bytes).toEqual(debugFile)
      }
      expect((await bytes(server, `${unified}/breakpad`, IDENTITY)).bytes).toEqual(symFile)

      const head = await text(await server.fetch(`/buildid/${buildId}/debuginfo`, { method: 'HEAD' }))
      expect(head.status).toBe(200)
      expect(head.headers.get('X-DEBUGINFOD-SIZE')).toBe(String(debugFile.length))
      expect(head.headers.get('X-DEBUGINFOD-FILE')).toBe('libx.so.debug')
      for (const path of [
        `/buildid/${newBuildId().buildId}/debuginfo`,
        `/buildid/${buildId}/source/usr/src/main.c`,
        `${unified}/sourcebundle`,
      ]) {
        expect((await text(await server.fetch(path))).status).toBe(404)
      }
    },
  },
  {
    id: 'ETag',
    name: 'a copy that is still good → 304 in either form; HEAD → 200 all the same',
    async run(server) {
      const id = newId()
      await store(server, { [`a.so/${id}/a.so.sym`]: sym('a.so', id) })
      const path = `/a.so/${id}/a.so.sym`
      for (const accept of ['gzip', 'identity']) {
        const etag = (await bytes(server, path, { 'Accept-Encoding': accept })).headers.get('ETag') ?? ''
        const headers = { 'Accept-Encoding': accept, 'If-None-Match': etag }
        const same = await text(await server.fetch(path, { headers }))
        expect([same.status, same.text, same.headers.get('ETag')]).toEqual([304, '', etag])
        expect((await text(await server.fetch(path, { method: 'HEAD', headers }))).status).toBe(200)
      }
    },
  },
  {
    id: 'ranges',
    name: 'one range → 206 of the text; If-Range; outside → 416; several → 200',
    async run(server) {
      const id = newId()
      const content = sym('a.so', id, 'PUBLIC 2000 0 x\n'.repeat(1_000))
      const pdb = Uint8Array.from({ length: 70_000 }, (_, at) => (at * at) % 251)
      await store(server, { [`a.so/${id}/a.so.sym`]: content, [`a.pdb/${id}/a.pdb`]: pdb })
      for (const [path, whole] of [
        [`/a.so/${id}/a.so.sym`, content],
        [`/a.pdb/${id}/a.pdb`, pdb],
      ] as const) {
        const ranged = (range: string, more = {}) => bytes(server, path, { ...IDENTITY, Range: range, ...more })
        const middle = await ranged('bytes=100-199')
        expect([middle.status, middle.bytes]).toEqual([206, whole.slice(100, 200)])
        expect(middle.headers.get('Content-Range')).toBe(`bytes 100-199/${whole.length}`)
        expect((await ranged('bytes=-7')).bytes).toEqual(whole.slice(-7))
        const etag = middle.headers.get('ETag') ?? ''
        expect((await ranged('bytes=9-', { 'If-Range': etag })).bytes).toEqual(whole.slice(9))
        expect((await ranged('bytes=9-', { 'If-Range': '"older"' })).bytes).toEqual(whole)
        expect((await ranged('bytes=0-1,3-4')).bytes).toEqual(whole)
        const outside = await ranged(`bytes=${whole.length}-`)
        expect([outside.status, outside.headers.get('Content-Range')]).toEqual([416, `bytes */${whole.length}`])
      }
    },
  },
  {
    id: 'WinDbg',
    name: 'index2.txt → 404 (one tier), pingme.txt, .pd_ as it was uploaded, file.ptr → 404; the same under /try',
    async run(server) {
      const id = newId()
      const cab = strToU8(`MSCF${'\0'.repeat(60)}`)
      await store(server, { [`a.pdb/${id}/a.pd_`]: cab })
      for (const store of ['', '/try']) {
        expect((await text(await server.fetch(`${store}/index2.txt`))).status).toBe(404)
        expect((await text(await server.fetch(`${store}/pingme.txt`))).status).toBe(200)
        const found = await bytes(server, `${store}/a.pdb/${id.toLowerCase()}/a.pd_`, { 'Accept-Encoding': 'gzip' })
        expect([found.status, found.bytes]).toEqual([200, cab])
        expect(found.headers.get('Content-Encoding')).toBeNull()
        expect(found.headers.get('Content-Length')).toBe(String(cab.length))
        for (const file of ['a.pdb', 'file.ptr']) {
          expect((await text(await server.fetch(`${store}/a.pdb/${id}/${file}`))).status).toBe(404)
        }
      }
      expect((await text(await server.fetch(`/a./a.pdb/${id}/a.pdb`))).status).toBe(404)
    },
  },
  {
    id: 'plain pdb',
    name: 'fixed: plain .pdb, .dll and .exe files download as they were uploaded (the peer never serves them)',
    async run(server) {
      const id = newId()
      const pdb = Uint8Array.from({ length: 70_000 }, (_, at) => (at * at) % 251)
      const names = ['a.pdb', 'a.dll', 'a.exe']
      await store(server, Object.fromEntries(names.map((name) => [`${name}/${id}/${name}`, pdb])))
      for (const name of names) {
        const {
          status,
          headers,
          bytes: got,
        } = await bytes(server, `/${name}/${id}/${name}`, {
          'Accept-Encoding': 'gzip',
        })
        expect([status, headers.get('Content-Encoding')]).toEqual([200, null])
        expect(headers.get('Content-Type')).toBe('application/octet-stream')
        expect(got).toEqual(pdb)
      }
    },
  },
  {
    id: 'paths',
    name: 'a path that is no symbol path → 404, whatever it tries',
    async run(server) {
      const id = newId()
      for (const path of [
        `/try/..%2f..%2fa/${id}/a.sym`,
        `/try/a/${id}/..%5ca.sym`,
        `/try/a%00b/${id}/a.sym`,
        `/try/a/${id}/%`,
        '/k/deadbeef/a/AB/a.sym',
        '/buildid/%2e%2e/debuginfo',
      ]) {
        const { status } = await text(await server.fetch(path))
        expect([path, status]).toEqual([path, 404])
      }
    },
  },
]
