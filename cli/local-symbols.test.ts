import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LocalSymbols } from './local-symbols.ts'
import { folderSource, NO_SYMBOLS, remoteSource, startLocalSymbolsServer } from './local-symbols-server.ts'
import { ROOT } from './repository.ts'

const FIXTURES = path.join(ROOT, 'test/fixtures/crashes/symbols')
const NULL_CHAIN = { debug_file: 'null_chain', debug_id: 'F49225E21D4B88C1624374BBA355E5B50' }
const STORED = path.join(FIXTURES, 'null_chain', NULL_CHAIN.debug_id, 'null_chain.sym.gz')

let folder: string
let cache: string
let built: string[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-local-symbols-'))
  cache = path.join(folder, 'cache')
  built = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(symbols: string): LocalSymbols {
  return new LocalSymbols(symbols, cache, ({ debugFile }) => {
    if (!built.includes(debugFile)) built.push(debugFile)
  })
}

const at = (...addresses: readonly bigint[]) => ({ ...NULL_CHAIN, addresses })

describe('the sym files of a folder', () => {
  it('are found as a symbol store keeps them, and answer functions and lines', async () => {
    const symbols = open(FIXTURES)
    expect(symbols.files.length).toBeGreaterThan(5)
    expect(await symbols.lookup(at(0x1170n, 0x1191n, 0x10n))).toMatchObject({
      kind: 'found',
      symbols: [
        { kind: 'function', name: 'read_value(Owner const&)', file: 'src/src/null_chain.cpp', line: 8 },
        { kind: 'function', name: 'visit(Owner*, int)', line: 9 },
        { kind: 'none' },
      ],
    })
    expect(await symbols.lookup({ ...at(1n), debug_id: NULL_CHAIN.debug_id.toLowerCase() })).toMatchObject({
      kind: 'found',
    })
    expect(await symbols.lookup({ ...at(1n), debug_id: '0'.repeat(33) })).toEqual({ kind: 'missing' })
    await symbols.close()
  })

  it('are found in a flat folder by their MODULE lines, with the code file that INFO CODE_ID names', async () => {
    mkdirSync(path.join(folder, 'flat/deeper'), { recursive: true })
    cpSync(STORED, path.join(folder, 'flat/any name.sym.gz'))
    const text = 'MODULE windows x86_64 ABCDEF0123456789ABCDEF01234567891 x.pdb\r\nINFO CODE_ID 5F0A x.dll\r\n'
    writeFileSync(path.join(folder, 'flat/deeper/x.sym'), `${text}PUBLIC 10 0 exported\r\n`)
    writeFileSync(path.join(folder, 'flat/notes.sym'), 'no sym file')
    mkdirSync(path.join(folder, 'flat/folder.sym'))
    const symbols = open(path.join(folder, 'flat'))
    expect(symbols.files.map(({ debugFile, codeFile }) => [debugFile, codeFile])).toEqual([
      ['null_chain', null],
      ['x.pdb', 'x.dll'],
    ])
    expect(await symbols.lookup(at(0x1170n))).toMatchObject({ symbols: [{ name: 'read_value(Owner const&)' }] })
    await symbols.close()
  })

  it('are indexed once, and again when the file changed', async () => {
    const file = path.join(folder, 'a.sym')
    const module = { debug_file: 'a', debug_id: 'AB1', addresses: [0x1000n] }
    const write = (name: string) => writeFileSync(file, `MODULE Linux x86_64 AB1 a\nFUNC 1000 10 0 ${name}\n`)
    const nameNow = async () => {
      const symbols = open(folder)
      const found = await symbols.lookup(module)
      await symbols.close()
      return found.kind === 'found' && found.symbols[0]?.kind === 'function' ? found.symbols[0].name : found.kind
    }
    write('one')
    expect([await nameNow(), built]).toEqual(['one', ['a']])
    built = []
    expect([await nameNow(), built]).toEqual(['one', []])
    write('two')
    utimesSync(file, 1, 2)
    expect([await nameNow(), built]).toEqual(['two', ['a']])
    for (const name of readdirSync(cache)) writeFileSync(path.join(cache, name), 'damaged')
    built = []
    expect([await nameNow(), built]).toEqual(['two', ['a']])
  })

  it('say where they are corrupt', async () => {
    writeFileSync(path.join(folder, 'a.sym'), 'MODULE Linux x86_64 AB1 a\nwhat is this\n')
    const symbols = open(folder)
    const module = { debug_file: 'a', debug_id: 'AB1', addresses: [1n] }
    expect(await symbols.lookup(module)).toMatchObject({ kind: 'corrupt', line: 2 })
    expect(await symbols.partial([module])).toMatchObject([{ kind: 'corrupt', line: 2 }])
    await symbols.close()
  })
})

describe('the local symbols server', () => {
  const post = (url: string, body: string) => fetch(`${url}/symbols/partial`, { method: 'POST', body })
  const asked = (...modules: readonly object[]) => JSON.stringify({ modules })

  it('answers partial symbol files that agree with the whole file', async () => {
    const symbols = open(FIXTURES)
    const server = await startLocalSymbolsServer(folderSource(symbols))
    const missing = { debug_file: 'x', debug_id: 'AB1', addresses: ['1'] }
    const response = await post(server.url, asked({ ...NULL_CHAIN, addresses: ['1170'] }, missing))
    expect(response.status).toBe(200)
    const { modules } = await response.json()
    expect(modules[1]).toEqual({ kind: 'missing' })
    expect(modules[0]).toMatchObject({ kind: 'found', unanswered: [] })
    const whole = gunzipSync(readFileSync(STORED)).toString().split('\n')
    const functions = modules[0].sym.split('\n').filter((line: string) => line.startsWith('FUNC '))
    expect(functions.length).toBeGreaterThan(0)
    for (const line of functions) expect(whole).toContain(line)
    await server.stop()
    await symbols.close()
  })

  it('refuses what the symbol server refuses', async () => {
    const server = await startLocalSymbolsServer(NO_SYMBOLS)
    expect((await post(server.url, '{')).status).toBe(400)
    expect((await post(server.url, ' '.repeat(2 ** 20 + 1))).status).toBe(413)
    expect((await fetch(`${server.url}/symbols/partial`)).status).toBe(405)
    expect((await fetch(`${server.url}/a/AB1/a.sym`)).status).toBe(404)
    const none = await post(server.url, asked({ ...NULL_CHAIN, addresses: ['1'] }))
    expect(await none.json()).toEqual({ modules: [{ kind: 'missing' }] })
    await server.stop()
  })

  it('hands on to a symbol server with the token, and says why one gave nothing', async () => {
    const seen: (string | null)[] = []
    const behind = await startLocalSymbolsServer(async (body) => {
      seen.push(body.toString())
      return { status: seen.length === 1 ? 200 : 403, body: '{"modules":[]}' }
    })
    const faults: string[] = []
    const server = await startLocalSymbolsServer(remoteSource(behind.url, 'secret', (text) => faults.push(text)))
    expect(await (await post(server.url, asked())).json()).toEqual({ modules: [] })
    expect([seen, faults]).toEqual([['{"modules":[]}'], []])
    expect((await post(server.url, asked())).status).toBe(403)
    expect(faults).toEqual([expect.stringContaining('--token')])
    await behind.stop()
    expect((await post(server.url, asked())).status).toBe(502)
    expect(faults[1]).toContain('gave no symbols')
    await server.stop()
  })
})
