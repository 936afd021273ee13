import { describe, expect, it } from 'vitest'
import { type RefusedLine, SymRecordReader, type SymRecords } from './sym-records.ts'

const utf8 = new TextEncoder()
const textOf = (bytes: Uint8Array, start: number, end: number) => new TextDecoder().decode(bytes.subarray(start, end))

/** Writes down what the reader hands on, a word a field. */
function listed(lines: (string | Uint8Array)[]): { records: string[]; refusal: RefusedLine | null; line: number } {
  const records: string[] = []
  const put = (...fields: unknown[]) => void records.push(fields.map(String).join('|'))
  const taker: SymRecords = {
    module: ({ os, arch, debugId, debugFile }) => put('module', os, arch, debugId, debugFile),
    info: (bytes, start, end) => put('info', textOf(bytes, start, end).trimEnd()),
    file: (id, bytes, start, end) => put('file', id, textOf(bytes, start, end)),
    inlineOrigin: (id, bytes, start, end) => put('origin', id, textOf(bytes, start, end)),
    publicSymbol: (address, size, bytes, start, end) => put('public', address, size, textOf(bytes, start, end)),
    beginFunc: (address, size, parameters, bytes, start, end) =>
      put('func', address, size, parameters, textOf(bytes, start, end)),
    line: (address, size, line, file) => put('line', address, size, line, file),
    inline: (depth, line, file, origin) => put('inline', depth, line, file, origin),
    inlineRange: (address, size) => put('range', address, size),
    endFunc: () => put('end'),
    beginCfi: (address, size, bytes, start, end) => put('cfi', address, size, textOf(bytes, start, end)),
    cfiRule: (address, bytes, start, end) => put('rule', address, textOf(bytes, start, end)),
    endCfi: () => put('end'),
    win: ({ kind, address, size, parameterSize }, bytes, start, end) =>
      put('win', kind, address, size, parameterSize, textOf(bytes, start, end)),
  }
  const reader = new SymRecordReader(taker)
  const parts = lines.flatMap((line) => [...(typeof line === 'string' ? utf8.encode(line) : line)])
  const bytes = Uint8Array.from(parts)
  const isTaken = reader.take(bytes, 0, bytes.length)
  if (isTaken) reader.finish()
  return { records, refusal: isTaken ? null : reader.refusal, line: reader.lines }
}

const FUNC = 'FUNC 1000 20 0 f\n'
const INIT = 'STACK CFI INIT 1000 20 .cfa: $rsp 8 +\n'

describe('the line grammar takes what breakpad-symbols takes', () => {
  const taken: readonly (readonly [why: string, lines: string, records: readonly string[]])[] = [
    ['a MODULE line with spaces in the name', 'MODULE Linux x86_64 AB0 a b c\n', ['module|Linux|x86_64|AB0|a b c']],
    ['MODULE words that hold line ends', 'MODULE Linux\n x86_64\r\n AB0 x\n', ['module|Linux\n|x86_64\r\n|AB0|x']],
    ['a MODULE line without a name', 'MODULE Linux x86 AB0 \n', ['module|Linux|x86|AB0|']],
    ['no MODULE line at all', 'FILE 0 a\n', ['file|0|a']],
    ['fields parted by tabs and many spaces', 'FILE \t 1 \t  a.c\n', ['file|1|a.c']],
    ['CR, CR and LF at the end of a line', 'FILE 1 a.c\r\r\n\r\n', ['file|1|a.c']],
    [
      'names that are empty, behind a space',
      'FILE 1 \nINLINE_ORIGIN 2 \nPUBLIC 1 0 \n',
      ['file|1|', 'origin|2|', 'public|1|0|'],
    ],
    ['digits of either case', 'PUBLIC aBcDeF F x\n', ['public|11259375|15|x']],
    [
      'the highest numbers',
      'PUBLIC ffffffffffffffff ffffffff x\nFILE 4294967295 a\n',
      ['public|18446744073709551615|4294967295|x', 'file|4294967295|a'],
    ],
    ['addresses above 2^53, exactly', 'PUBLIC 20000000000001 0 x\n', ['public|9007199254740993|0|x']],
    [
      'the m flag of FUNC and PUBLIC',
      'PUBLIC m 10 0 x\nFUNC m 1000 20 4 f\n',
      ['public|16|0|x', 'func|4096|32|4|f', 'end'],
    ],
    ['a name that is m', 'PUBLIC 10 0 m\n', ['public|16|0|m']],
    [
      'INFO of any kind and bytes',
      'INFO \nINFO URL\nINFO URLS x\nINFO CODE_ID AB\n',
      ['info|', 'info|URL', 'info|URLS x', 'info|CODE_ID AB'],
    ],
    ['a line record that begins as a word', `${FUNC}FACE 1 2 3\n`, ['func|4096|32|0|f', 'line|64206|1|2|3', 'end']],
    [
      'INLINE with several ranges',
      `${FUNC}INLINE 0 7 1 2 1000 8 1010 4\n`,
      ['func|4096|32|0|f', 'inline|0|7|1|2', 'range|4096|8', 'range|4112|4', 'end'],
    ],
    [
      'INLINE_ORIGIN within a FUNC, which goes on',
      `${FUNC}INLINE_ORIGIN 1 o\n1000 8 1 0\n`,
      ['func|4096|32|0|f', 'origin|1|o', 'line|4096|8|1|0', 'end'],
    ],
    [
      'INLINE_ORIGIN with a tab, which ends the FUNC',
      `${FUNC}INLINE_ORIGIN\t1 o\n`,
      ['func|4096|32|0|f', 'end', 'origin|1|o'],
    ],
    [
      'STACK CFI under its INIT',
      `${INIT}STACK CFI 1004 .cfa: $rsp 16 +\n`,
      ['cfi|4096|32|.cfa: $rsp 8 +', 'rule|4100|.cfa: $rsp 16 +', 'end'],
    ],
    [
      'STACK WIN of both types',
      'STACK WIN 4 10 8 1 2 3 4 5 6 1 $eip\nSTACK WIN 0 10 8 1 2 3 4 5 6 0 1\n',
      ['win|4|16|8|3|$eip', 'win|0|16|8|3|1'],
    ],
    [
      'STACK WIN that contradicts itself, and ignores it',
      'STACK WIN 4 10 8 1 2 3 4 5 6 0 x\nSTACK WIN 0 10 8 1 2 3 4 5 6 1 x\nSTACK WIN a 10 8 1 2 3 4 5 6 0 x\n',
      [],
    ],
  ]
  for (const [why, lines, records] of taken) {
    it(why, () => expect(listed([lines])).toMatchObject({ records, refusal: null }))
  }
})

describe('the line grammar refuses what breakpad-symbols refuses', () => {
  const refused: readonly (readonly [refusal: RefusedLine, lines: string])[] = [
    ['late_module', '\nMODULE Linux x86 AB0 x\n'],
    ['malformed_module', 'MODULE Linux x86 xyz name\n'],
    ['malformed_module', 'MODULE Linux x86\n'],
    ['malformed_module', 'MODULE\n'],
    ['malformed_info', 'INFO\n'],
    ['malformed_file', 'FILE x a.c\n'],
    ['malformed_file', 'FILE 1\n'],
    ['malformed_file', 'FILE 4294967296 a\n'],
    ['malformed_file', 'FILE 00000000001 a\n'],
    ['malformed_file', 'FILE 1 a\rb\n'],
    ['malformed_inline_origin', 'INLINE_ORIGIN 1\n'],
    ['malformed_inline', 'INLINE 0 7 1 2 1000 8\n'],
    ['malformed_inline', `${FUNC}INLINE 0 7 2 1000 8\n`],
    ['malformed_inline', `${FUNC}INLINE 0 7 1 2 1000 8 \n`],
    ['malformed_inline', `${FUNC}INLINE 0 7 1 2\n`],
    ['malformed_public', 'PUBLIC 10 0\n'],
    ['malformed_public', 'PUBLIC 12345678901234567 0 x\n'],
    ['malformed_public', 'PUBLIC 10 123456789 x\n'],
    ['malformed_public', 'PUBLIC m m 10 0 x\n'],
    ['malformed_func', 'FUNC 1000 20 f\n'],
    ['malformed_func', 'FUNC 1000 20 0\n'],
    ['malformed_line', `${FUNC}1000 8 1 0 \n`],
    ['malformed_line', `${FUNC}1000 8 1\n`],
    ['malformed_line', '1000 8 1 0\n'],
    ['malformed_line', `${FUNC}\n1000 8 1 0\n`],
    ['malformed_line', `${FUNC}FILE 0 a\n1000 8 1 0\n`],
    ['malformed_stack_cfi', 'STACK CFI 1004 .cfa: $rsp 16 +\n'],
    ['malformed_stack_cfi', 'STACK CFI INIT 1000 .cfa:\n'],
    ['malformed_stack_win', 'STACK WIN 4 10 8 1 2 3 4 5 6 1\n'],
    ['malformed_stack_win', 'STACK WIN 44 10 8 1 2 3 4 5 6 1 x\n'],
    ['malformed_stack_win', 'STACK WIN 4 10 8 1 2 3 4 5 6 a x\n'],
    ['unknown_record', ' FILE 0 a\n'],
    ['unknown_record', 'STACK\n'],
    ['unknown_record', '\rx\n'],
  ]
  for (const [refusal, lines] of refused) {
    it(`${refusal}: ${JSON.stringify(lines)}`, () => {
      const line = lines.split('\n').length - 2
      expect(listed([lines])).toMatchObject({ refusal, line })
    })
  }

  it('text that is not UTF-8, but in INFO', () => {
    const bad = Uint8Array.of(0x46, 0xed, 0xa0, 0x80, 0x0a)
    expect(listed(['FILE 0 ', bad])).toMatchObject({ refusal: 'malformed_file' })
    expect(listed([`${INIT}STACK CFI 1004 `, bad])).toMatchObject({ refusal: 'malformed_stack_cfi' })
    expect(listed(['INFO URL ', bad])).toMatchObject({ refusal: 'malformed_info' })
    expect(listed(['INFO OTHER ', bad])).toMatchObject({ refusal: null })
    expect(listed(['FILE 0 ünïcødé 🦀\n']).records).toEqual(['file|0|ünïcødé 🦀'])
  })
})
