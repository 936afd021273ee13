import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SymHeaderReader } from './sym-header.ts'

function read(text: string, cuts: readonly number[] = []) {
  const bytes = new TextEncoder().encode(text)
  const reader = new SymHeaderReader()
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (const [at, edge] of edges.entries()) reader.push(bytes.subarray(edge, edges[at + 1] ?? edge))
  return reader.header()
}

const LINUX =
  'MODULE Linux x86_64 e3babdea0 heap_threads\nINFO CODE_ID eabdbae3\nINFO GENERATOR mozilla/dump_syms 2.3.7\nFILE 0 a.cc\nINFO CODE_ID 99\n'

describe('SymHeaderReader', () => {
  it('reads the module, the code id and the generator, ids upper-cased', () => {
    expect(read(LINUX)).toEqual({
      debugFile: 'heap_threads',
      debugId: 'E3BABDEA0',
      codeFile: null,
      codeId: 'EABDBAE3',
      generator: 'mozilla/dump_syms 2.3.7',
    })
  })

  it('reads names with spaces and Windows line ends', () => {
    const header = read(
      'MODULE mac arm64 AB0 Electron Framework\r\nINFO CODE_ID CD Electron Helper (GPU).exe\r\nPUBLIC 0 0 a\r\n',
    )
    expect(header).toMatchObject({
      debugFile: 'Electron Framework',
      codeId: 'CD',
      codeFile: 'Electron Helper (GPU).exe',
    })
  })

  it.each([
    '',
    'MODULE Linux x86_64 AB',
    'MODULE Linux x86_64 notahexid name\n',
    'INFO CODE_ID AB\n',
    'FILE 0 a\nMODULE Linux x86_64 AB name\n',
    `MODULE Linux x86_64 AB ${'n'.repeat(300)}\n`,
    'MODULE Linux x86_64 AB a\0b\n',
    '\u0000\u0001\u0002',
  ])('finds no header in %j', (text) => {
    expect(read(text)).toBeNull()
  })

  it('reads the same whatever way the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        expect(read(LINUX, cuts)).toEqual(read(LINUX))
      }),
    )
  })

  it('stops reading where the header ends: a megabyte without a line end costs 64 KiB', () => {
    const reader = new SymHeaderReader()
    for (let at = 0; at < 1_024; at++) reader.push(new Uint8Array(1_024).fill(65))
    expect(reader.header()).toBeNull()
    const endless = new SymHeaderReader()
    endless.push(new TextEncoder().encode('MODULE Linux x86_64 AB name\n'))
    for (let at = 0; at < 100_000; at++) endless.push(new TextEncoder().encode('INFO URL x\n'))
    expect(endless.header()?.debugFile).toBe('name')
  })
})
