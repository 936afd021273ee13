import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCommandLine } from './program.ts'
import { ROOT } from './repository.ts'
import { type SymbolicateOptions, symbolicateLogs } from './symbolicate.ts'
import { LogRewriter, MAX_LOG_LINE_BYTES } from './symbolicate-log.ts'
import { type AddressLookup, remoteLookup } from './symbolicate-lookup.ts'
import { KnownModules, readModulesFile } from './symbolicate-modules.ts'

const SYMBOLS = path.join(ROOT, 'test/fixtures/crashes/symbols')
const NULL_CHAIN = 'F49225E21D4B88C1624374BBA355E5B50'
/** The build id that `null_chain`'s debug id is made of. */
const BUILD_ID = 'e22592f44b1dc188624374bba355e5b501020304'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-symbolicate-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** The command without its process: a log in, bytes out. */
async function symbolicate(log: string | Buffer, options: SymbolicateOptions = {}) {
  const out: Uint8Array[] = []
  const err: string[] = []
  const terminal = { out: () => {}, err: (line: string) => err.push(line), interactive: false }
  async function* input() {
    yield Buffer.from(log)
  }
  const result = await symbolicateLogs([], { symbols: SYMBOLS, ...options }, terminal, {
    input: input(),
    async write(bytes) {
      out.push(Buffer.from(bytes))
    },
  })
  return { kind: result.kind, out: Buffer.concat(out), err: err.join('\n') }
}

describe('mayday symbolicate', () => {
  it('names what it can and keeps every other byte', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc3])
    const log = (name: (text: string) => string) =>
      Buffer.concat([
        Buffer.from(
          `crash at null_chain+0x1170${name(' in read_value(Owner const&) (src/src/null_chain.cpp:8)')}, bad\r\n`,
        ),
        Buffer.from(`    #0 0x55 (/b/null_chain+0x1191)${name(' in visit(Owner*, int) (src/src/null_chain.cpp:9)')}\n`),
        bytes,
        Buffer.from(`\n./null_chain(main+0x15) [0x55] other.so+0x10 null_chain+0x10\n\n  templates!+0x1ce0`),
        Buffer.from(
          name(
            ' in Rec<4>::go<long>(std::vector<Buffer<long>, std::allocator<Buffer<long> > >&) (src/src/templates.cpp:12)',
          ),
        ),
      ])
    const { kind, out, err } = await symbolicate(log(() => ''))
    expect(out.toString('latin1')).toBe(log((text) => text).toString('latin1'))
    expect(kind).toBe('done')
    expect(err).toContain('3 of 5 addresses named\n')
    expect(err).toContain('1 × other.so: unknown_module\n')
    expect(err).toContain('1 × null_chain: no_function')
  })

  it('gives inlined calls lines of their own, innermost first, in the form of their frame', async () => {
    const { out } = await symbolicate('a\r\n  #1 templates+0x1ce0\r\n', { inlines: true })
    const lines = out.toString().split('\r\n')
    expect(lines).toHaveLength(13)
    expect(lines[1]).toBe(
      '      inlined Rec<0>::go<long>(std::vector<Buffer<long>, std::allocator<Buffer<long> > >&)::{lambda(long)#1}::operator()(long) const (src/src/templates.cpp:13)',
    )
    expect(lines[11]).toMatch(/^ {2}#1 templates\+0x1ce0 in Rec<4>::go/)
  })

  it('tells modules by the build id of the line, and by --modules', async () => {
    const log = `#0 0x1 (/b/renamed+0x1170) (BuildId: ${BUILD_ID})\n`
    const byId = await symbolicate(log)
    expect(byId.out.toString()).toBe(`${log.trimEnd()} in read_value(Owner const&) (src/src/null_chain.cpp:8)\n`)
    const modules = path.join(folder, 'modules.json')
    writeFileSync(
      modules,
      JSON.stringify({ modules: [{ filename: 'app.exe', debug_file: 'null_chain', debug_id: NULL_CHAIN }] }),
    )
    const byName = await symbolicate('APP.EXE+1170 null_chain+0x1170\n', { modules })
    expect(byName.out.toString()).toMatch(/^APP\.EXE\+1170 in read_value.*null_chain\+0x1170 in read_value/)
  })

  it('looks return addresses up in the call before', async () => {
    // 0x1169 begins read_value, 0x1168 ends what lies before it.
    const asIs = await symbolicate('null_chain+0x1169\n')
    const before = await symbolicate('null_chain+0x1169\n', { returnAddresses: true })
    expect(asIs.out.toString()).toContain('read_value')
    expect(before.out.toString()).not.toContain('read_value')
  })

  it.each([
    [['--symbols', '/nonexistent-folder'], 2, 'must be a folder'],
    [[], 2, '--url URL or --symbols DIR'],
    [['--url', 'ftp://x', 'a'], 2, '--url must be'],
    [['--url', 'http://x', '--symbols', SYMBOLS], 2, 'not both'],
    [['--symbols', SYMBOLS, '/nonexistent-log'], 1, 'Cannot read /nonexistent-log (ENOENT)'],
    [['--symbols', SYMBOLS, '--modules', '/nonexistent-json'], 1, 'Cannot read the modules'],
    [['--no-such-option'], 2, 'no-such-option'],
  ])('%j exits with %d and says why', async (args, code, text) => {
    const err: string[] = []
    const terminal = { out: () => {}, err: (line: string) => err.push(line), interactive: false }
    expect(await runCommandLine(['symbolicate', ...args], terminal)).toBe(code)
    expect(err.join('\n')).toContain(text)
  })
})

async function rewritten(chunks: readonly (string | Buffer)[], lookup: AddressLookup) {
  const modules = new KnownModules([{ codeFile: null, debugFile: 'a', debugId: 'AB1' }])
  const rewriter = new LogRewriter({ modules, lookup, inlines: true, returnAddresses: false })
  const out: Uint8Array[] = []
  async function* stream() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  for await (const bytes of rewriter.rewrite(stream())) out.push(Buffer.from(bytes))
  return { text: Buffer.concat(out).toString(), summary: rewriter.summary }
}

const named =
  (name: string): AddressLookup =>
  async (wanted) =>
    wanted.map(() => ({ kind: 'named', name: { function: name, file: null, line: null, inlines: [] } }))

describe('a log', () => {
  it('is rewritten the same however it is cut into chunks', async () => {
    const log = 'x a+0x1 y\nzz a+0x2\n'
    const whole = await rewritten([log], named('f'))
    expect(whole.text).toBe('x a+0x1 in f y\nzz a+0x2 in f\n')
    for (let cut = 1; cut < log.length; cut++) {
      expect((await rewritten([log.slice(0, cut), log.slice(cut)], named('f'))).text).toBe(whole.text)
    }
    expect((await rewritten([...log], named('f'))).text).toBe(whole.text)
  })

  it('hands each line on with the chunk that ends it', async () => {
    const rewriter = new LogRewriter({
      ...{ modules: new KnownModules([]), lookup: named('f'), inlines: false, returnAddresses: false },
    })
    const seen: string[] = []
    async function* stream() {
      yield Buffer.from('one\ntw')
      expect(seen).toEqual(['one\n'])
      yield Buffer.from('o\n')
      expect(seen).toEqual(['one\n', 'two\n'])
    }
    for await (const bytes of rewriter.rewrite(stream())) seen.push(Buffer.from(bytes).toString())
    expect(seen).toHaveLength(2)
  })

  it('passes lines that are too long unread, and reads on after them', async () => {
    const long = `a+0x1 ${'x'.repeat(MAX_LOG_LINE_BYTES)}`
    const { text, summary } = await rewritten([`a+0x1\n${long}`, ' a+0x1\na+0x1\n'], named('f'))
    expect(text).toBe(`a+0x1 in f\n${long} a+0x1\na+0x1 in f\n`)
    expect(summary).toMatchObject({ named: 2, longLines: 1 })
  })

  it('asks for an address once', async () => {
    const asked: bigint[] = []
    await rewritten(['a+0x1 a+0x1\n', 'a+0x1 a+0x2\n'], async (wanted) => {
      asked.push(...wanted.map(({ offset }) => offset))
      return named('f')(wanted)
    })
    expect(asked).toEqual([1n, 2n])
  })

  it('gets no escape sequence out of a name', async () => {
    expect((await rewritten(['a+0x1\n'], named('f\u001b[2J\n'))).text).toBe('a+0x1 in f\\u{1b}[2J\\u{a}\n')
  })
})

describe('modules of a log', () => {
  it('are ambiguous when two of a name have different ids', () => {
    const of = (debugId: string) => ({ codeFile: null, debugFile: 'a.pdb', debugId })
    expect(new KnownModules([of('AB1'), of('ab1')]).match({ module: 'A.dll', buildId: null })).toMatchObject({
      kind: 'module',
      debugFile: 'a.pdb',
    })
    expect(new KnownModules([of('AB1'), of('AB2')]).match({ module: 'a.dll', buildId: null })).toEqual({
      kind: 'ambiguous_module',
    })
  })

  it.each([
    [[['a', 'AB1']], [{ codeFile: null, debugFile: 'a', debugId: 'AB1' }]],
    [{ memoryMap: [['a', 'AB1']] }, [{ codeFile: null, debugFile: 'a', debugId: 'AB1' }]],
    [
      { json_dump: { modules: [{ filename: 'a.so', debug_file: 'a', debug_id: 'AB1' }, { filename: 'b' }] } },
      [{ codeFile: 'a.so', debugFile: 'a', debugId: 'AB1' }],
    ],
  ])('are read from %j', (value, modules) => {
    const file = path.join(folder, 'read.json')
    writeFileSync(file, JSON.stringify(value))
    expect(readModulesFile(file)).toEqual({ kind: 'read', modules })
    writeFileSync(file, '{"modules": 1}')
    expect(readModulesFile(file)).toMatchObject({ kind: 'bad' })
  })
})

describe('names from a symbol server', () => {
  it('come from one v5 request with exact offsets; odd names are not sent, and reasons are kept', async () => {
    const bodies: string[] = []
    const server = createServer(async (request, answer) => {
      let body = ''
      for await (const chunk of request) body += chunk
      bodies.push(body)
      const frame = { function: 'f', file: 'a.c', line: 3, inlines: [{ function: 'g', file: 'b.h', line: 4 }] }
      const result = { stacks: [[frame, {}, {}]], module_errors: { 'gone/AB2': [{ name: 'missing', message: '' }] } }
      answer.end(JSON.stringify({ results: [result] }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const faults: string[] = []
    const lookup = remoteLookup(origin, null, (text) => faults.push(text))
    const names = await lookup([
      { debugFile: 'a', debugId: 'AB1', offset: 2n ** 64n - 1n },
      { debugFile: 'a"b', debugId: 'AB1', offset: 1n },
      { debugFile: 'gone', debugId: 'AB2', offset: 2n },
      { debugFile: 'a', debugId: 'AB1', offset: 3n },
    ])
    expect(bodies).toEqual([
      '{"jobs":[{"memoryMap":[["a","AB1"],["gone","AB2"]],"stacks":[[[0,18446744073709551615],[0,3],[1,2]]]}]}',
    ])
    expect(names).toEqual([
      {
        kind: 'named',
        name: { function: 'f', file: 'a.c', line: 3, inlines: [{ function: 'g', file: 'b.h', line: 4 }] },
      },
      { kind: 'unnamed', reason: 'missing' },
      { kind: 'unnamed', reason: 'missing' },
      { kind: 'unnamed', reason: 'no_function' },
    ])
    await new Promise((resolve) => server.close(resolve))
    expect(await lookup([{ debugFile: 'a', debugId: 'AB1', offset: 1n }])).toEqual([
      { kind: 'unnamed', reason: 'unavailable' },
    ])
    expect(faults).toEqual([expect.stringContaining('gave no names')])
  })
})
