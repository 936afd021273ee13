import { strToU8, zipSync } from 'fflate'
import { expect } from 'vitest'
import { answer, newId, type Row, type SymbolServer, text, upload } from './cases.ts'

/** The HTTP rows of partial symbol files (docs/howto/partial-symbols.md). No peer has them. */

/** Functions f0, f1, … of 16 bytes at 0x1000, 0x1100, …, each with a line and a file. */
export function functions(debugFile: string, id: string, count: number, version = 'f'): Uint8Array {
  const lines = [`MODULE Linux x86_64 ${id} ${debugFile}`, 'INFO CODE_ID AB12', 'FILE 7 /src/main.cc']
  for (let at = 0; at < count; at++) {
    const start = (0x1000 + at * 0x100).toString(16)
    lines.push(`FUNC ${start} 10 0 ${version}${at}`, `${start} 10 ${at + 1} 7`)
  }
  lines.push('PUBLIC 800 0 early', 'STACK CFI INIT 1000 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^', '')
  return strToU8(lines.join('\n'))
}

export async function storeSym(server: SymbolServer, debugFile: string, id: string, sym: Uint8Array): Promise<number> {
  const token = await server.token('upload_symbols')
  const { status, body } = await upload(server, token, zipSync({ [`${debugFile}/${id}/${debugFile}.sym`]: sym }))
  expect(status).toBe(201)
  return body.upload.id
}

/** What a POST answers of one module. */
export interface Outcome {
  readonly kind: 'found' | 'missing' | 'indexing' | 'corrupt'
  readonly sym: string
  readonly ranges: readonly (readonly [string, string])[]
  readonly unanswered: readonly string[]
  readonly line: number
  readonly etag: string
}

interface AskedModule {
  readonly debug_file: string
  readonly debug_id: string
  readonly addresses: readonly string[]
}

export async function post(server: SymbolServer, modules: readonly AskedModule[]): Promise<readonly Outcome[]> {
  const response = await server.fetch('/symbols/partial', { method: 'POST', body: JSON.stringify({ modules }) })
  const { status, body } = await answer(response)
  expect(status).toBe(200)
  return body.modules
}

const names = (sym: string) => [...sym.matchAll(/^FUNC \S+ \S+ \S+ (.+)$/gm)].map(([, name]) => name)
const covers = (sym: string) =>
  [...sym.matchAll(/^INFO COVERS (\S+) (\S+)$/gm)].map(([, start = '', end = '']) => [start, end])

export const partialRows: readonly Row[] = [
  {
    id: 'partial GET',
    name: 'the records around an address as a sym file, with the ranges that it answers for',
    async run(server) {
      const id = newId()
      await storeSym(server, 'p.so', id, functions('p.so', id, 50))
      const got = await text(await server.fetch(`/symbols/partial/p.so/${id}?address=1304&address=0x2a08`))
      expect(got.status).toBe(200)
      expect(got.text.split('\n')[0]).toBe(`MODULE Linux x86_64 ${id} p.so`)
      expect(names(got.text)).toEqual(['f3', 'f26'])
      expect(got.text).toMatch(/^FILE \d+ \/src\/main\.cc$/m)
      expect(got.headers.get('Symbol-Ranges')).toBe(
        covers(got.text)
          .map((range) => range.join('-'))
          .join(', '),
      )
      for (const asked of [0x1304, 0x2a08]) {
        const isIn = ([start = '', end = '']: readonly string[]) =>
          Number.parseInt(start, 16) <= asked && asked < Number.parseInt(end, 16)
        expect(covers(got.text).some(isIn)).toBe(true)
      }
      const same = await server.fetch(`/symbols/partial/p.so/${id}?address=1304`, {
        headers: { 'If-None-Match': got.headers.get('ETag') ?? '' },
      })
      await same.arrayBuffer()
      expect(same.status).toBe(304)
    },
  },
  {
    id: 'partial kinds',
    name: 'PUBLIC, STACK CFI and an address where nothing lies',
    async run(server) {
      const id = newId()
      await storeSym(server, 'k.so', id, functions('k.so', id, 3))
      const [early, cfi, none] = await post(server, [
        { debug_file: 'k.so', debug_id: id, addresses: ['900'] },
        { debug_file: 'k.so', debug_id: id.toLowerCase(), addresses: ['1004'] },
        { debug_file: 'k.so', debug_id: id, addresses: ['10'] },
      ])
      expect(early?.sym).toContain('PUBLIC 800 0 early\n')
      expect(cfi?.sym).toContain('STACK CFI INIT 1000 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^\n')
      expect(names(none?.sym ?? '?')).toEqual([])
      expect(none?.ranges).toHaveLength(1)
    },
  },
  {
    id: 'partial POST',
    name: 'many modules in order: found, missing, corrupt with its line',
    async run(server) {
      const [id, bad] = [newId(), newId()]
      await storeSym(server, 'm.so', id, functions('m.so', id, 5))
      await storeSym(server, 'bad.so', bad, strToU8(`MODULE Linux x86_64 ${bad} bad.so\nFUNC 0 1 0 f\nno record\n`))
      const outcomes = await post(server, [
        { debug_file: 'bad.so', debug_id: bad, addresses: ['0'] },
        { debug_file: 'none.so', debug_id: newId(), addresses: ['0'] },
        { debug_file: 'm.so', debug_id: id, addresses: ['1200', '1000'] },
      ])
      expect(outcomes.map(({ kind }) => kind)).toEqual(['corrupt', 'missing', 'found'])
      expect([outcomes[0]?.line, names(outcomes[2]?.sym ?? '')]).toEqual([3, ['f0', 'f2']])
      const refused = await answer(await server.fetch(`/symbols/partial/bad.so/${bad}?address=0`))
      expect([refused.status, refused.body]).toMatchObject([422, { reason: 'corrupt', line: 3 }])
    },
  },
  {
    id: 'partial errors',
    name: 'each mistake has its name',
    async run(server) {
      const id = newId()
      const said = async (path: string, init?: RequestInit) => {
        const { status, body } = await answer(await server.fetch(path, init))
        return [status, body.reason]
      }
      expect(await said(`/symbols/partial/x.so/${id}`)).toEqual([400, 'no_address'])
      expect(await said(`/symbols/partial/x.so/${id}?address=x`)).toEqual([400, 'bad_address'])
      expect(await said(`/symbols/partial/x.so/${id}?address=1`)).toEqual([404, 'missing'])
      expect(await said('/symbols/partial', { method: 'POST', body: '{' })).toEqual([400, 'malformed_json'])
      const put = await server.fetch('/symbols/partial', { method: 'PUT', body: '{}' })
      await put.arrayBuffer()
      expect([put.status, put.headers.get('Allow')]).toEqual([405, 'POST'])
    },
  },
  {
    id: 'partial replaced',
    name: 'a file that is uploaded anew answers with its new content and a new ETag',
    async run(server) {
      const id = newId()
      await storeSym(server, 'r.so', id, functions('r.so', id, 5, 'old'))
      const ask = () => post(server, [{ debug_file: 'r.so', debug_id: id, addresses: ['1000'] }])
      const [before] = await ask()
      await storeSym(server, 'r.so', id, functions('r.so', id, 5, 'new'))
      const [after] = await ask()
      expect([names(before?.sym ?? ''), names(after?.sym ?? '')]).toEqual([['old0'], ['new0']])
      expect(after?.etag).not.toBe(before?.etag)
    },
  },
  {
    id: 'partial try',
    name: 'try symbols only where they are asked for',
    async run(server) {
      const id = newId()
      const zip = zipSync({ [`t.so/${id}/t.so.sym`]: functions('t.so', id, 2) })
      expect((await upload(server, await server.token('upload_try_symbols'), zip)).status).toBe(201)
      const statuses = await Promise.all(
        ['/symbols/partial', '/try/symbols/partial'].map(
          async (path) => (await text(await server.fetch(`${path}/t.so/${id}?address=1000`))).status,
        ),
      )
      expect(statuses).toEqual([404, 200])
    },
  },
  {
    id: 'partial index',
    name: 'an index is nobody’s file: not to download, and ignored in a zip',
    async run(server) {
      const id = newId()
      const zip = zipSync({
        [`i.so/${id}/i.so.sym`]: functions('i.so', id, 2),
        [`i.so/${id}/i.so.symindex`]: strToU8('another tool’s'),
      })
      const { status } = await upload(server, await server.token('upload_symbols'), zip)
      expect(status).toBe(201)
      expect((await text(await server.fetch(`/i.so/${id}/i.so.symindex`))).status).toBe(404)
      const [found] = await post(server, [{ debug_file: 'i.so', debug_id: id, addresses: ['1100'] }])
      expect(names(found?.sym ?? '')).toEqual(['f1'])
    },
  },
  {
    id: 'partial CRLF',
    name: 'a Windows file with CRLF and STACK WIN answers with plain line ends',
    async run(server) {
      const id = newId()
      const lines = [
        `MODULE windows x86 ${id} w.pdb`,
        'INFO CODE_ID 5C0FFEE w.dll',
        'FILE 0 c:\\src\\w.cpp',
        'FUNC 1000 20 8 run(int)',
        '1000 20 12 0',
        'STACK WIN 4 1000 20 3 0 8 0 0 0 1 $T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =',
        '',
      ]
      const zip = zipSync({ [`w.pdb/${id}/w.sym`]: strToU8(lines.join('\r\n')) })
      expect((await upload(server, await server.token('upload_symbols'), zip)).status).toBe(201)
      const got = await text(await server.fetch(`/symbols/partial/w.pdb/${id}?address=1010`))
      expect(got.text).not.toContain('\r')
      expect(got.text).toMatch(/^FUNC 1000 20 8 run\(int\)$/m)
      expect(got.text).toMatch(/^STACK WIN 4 1000 20 .*raSearch = /m)
    },
  },
]
