import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSymbolIndex } from '#shared/symbols/index/open-index.ts'
import { runCommandLine } from './program.ts'

const TEXT = 'MODULE Linux x86_64 E3BABDEA07E5E1EB565F7F2D55D5B78B0 a\nFILE 0 a.c\nFUNC 1000 10 0 main\n1000 10 7 0\n'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-index-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(path.join(folder, name), content)
  return path.join(folder, name)
}

async function run(...args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const terminal = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), interactive: false }
  const code = await runCommandLine(['index', ...args], terminal)
  return { code, out, err: err.join('\n') }
}

describe('mayday index', () => {
  it.each([
    ['a.sym', TEXT],
    ['a.sym.gz', gzipSync(TEXT)],
  ])('indexes %s and prints its facts; --out has what answers', async (name, content) => {
    const index = path.join(folder, 'a.symindex')
    const { code, out } = await run(write(name, content), '--out', index)
    expect([code, out.length]).toEqual([0, 1])
    const bytes = readFileSync(index)
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      kind: 'indexed',
      facts: { text_bytes: TEXT.length, index_bytes: bytes.length },
      out: index,
    })
    const source = { size: bytes.length, read: async (at: number, length: number) => bytes.subarray(at, at + length) }
    const opened = await openSymbolIndex(source, { get: async (_, load) => (await load()).block }, 'x')
    if (opened.kind !== 'open') throw new Error(opened.kind)
    expect(await opened.index.lookup([0x1004n])).toMatchObject([{ kind: 'function', name: 'main', line: 7 }])
  })

  it('names the line of a file that breakpad-symbols refuses, and exits with 1', async () => {
    const file = write('bad.sym', `${TEXT}what is this\n`)
    const { code, out, err } = await run(file)
    expect([code, JSON.parse(out[0] ?? '')]).toMatchObject([1, { kind: 'corrupt', line: 5 }])
    expect(err).toMatch(/bad\.sym: line 5: /)
  })

  it('says what is wrong with a file that is not there, or no whole gzip', async () => {
    expect(await run(path.join(folder, 'none.sym'))).toMatchObject({
      code: 1,
      out: [],
      err: expect.stringContaining('no such file'),
    })
    const index = path.join(folder, 'cut.symindex')
    const cut = await run(write('cut.sym.gz', gzipSync(TEXT).subarray(0, 60)), '--out', index)
    expect(cut).toMatchObject({ code: 1, out: [], err: expect.stringContaining('whole gzip stream') })
    expect(() => readFileSync(index)).toThrow()
    expect((await run()).code).toBe(2)
  })
})
