import type { Corpus } from './corpora.ts'

/** Small files, each for one form of a line or one rule of order. What breakpad-symbols says of each is asked of it, never written here. */

const MODULE = 'MODULE Linux x86_64 ABC0 x\n'
const FUNC = 'FUNC 1000 20 0 f\n'
const INIT = 'STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^\n'
const LONG = (length: number) => 'n'.repeat(length)
/** Lines of 60 bytes that parse and say nothing, to place what follows in the read buffer. */
const FILLER = (lines: number) => `INFO ${'-'.repeat(54)}\n`.repeat(lines)

const TEXTS: readonly string[] = [
  // What a file is at least.
  ...[
    '',
    '\n',
    '\r\n',
    '\r\r\n',
    ' \n',
    'x',
    'x\n',
    MODULE,
    MODULE.slice(0, -1),
    `\n${MODULE}`,
    `${MODULE}${MODULE}`,
    `${FUNC}${MODULE}`,
  ],
  ...[
    'INFO x\n',
    `INFO x\n${MODULE}`,
    FUNC,
    INIT,
    'PUBLIC 10 0 p\n',
    `${MODULE}${FUNC}1000 20 1 0`,
    `${MODULE}${FUNC}1000 20 1 0\n1010`,
  ],
  // MODULE.
  ...[
    'MODULE Linux x86_64 ABC0\n',
    'MODULE Linux x86_64 ABC0 \n',
    'MODULE Linux x86_64 XYZ x\n',
    'MODULE  Linux \t x86_64  ABC0\tx y\n',
  ],
  ...[
    'MODULE a\tb c ABC x\n',
    'MODULE a\tb ABCD name\n',
    'MODULE\tLinux x86 ABC x\n',
    'MODULE Linux\nINFO CODE_ID ABCD x.dll\n',
    'MODULE Linux x86\nABC DEF x\n',
  ],
  ...[
    'MODULE \nx y ABC x\n',
    'MODULE a b ABCg x\n',
    'MODULELinux x86 ABC x\n',
    'MODULE Linux x86 ABC x\r\r\n',
    'MODULE Linux x86 ABC x\ry\n',
    'MODULE Linux x86 ABC x\r\n',
  ],
  ...[
    'MODULE \u00ff b ABC x\n',
    'MODULE Linux x86 ABC \u00ff\n',
    `MODULE Linux x86 ${'A'.repeat(5000)} x\n`,
    'MODULE\n',
    'MODULE Linux  ABC x\n',
  ],
  // INFO.
  ...[
    'INFO\n',
    'INFO \n',
    'INFO x\ry\n',
    'INFO \u00ff\n',
    'INFO URL\n',
    'INFO URL \n',
    'INFO URL x\ry\n',
    'INFO URL \u00ff\n',
    'INFO URLS \u00ff\n',
    'INFOX\n',
    'INFO\tURL x\n',
  ],
  // FILE and INLINE_ORIGIN.
  ...[
    'FILE 0 a\n',
    'FILE 0\n',
    'FILE 0 \n',
    'FILE  0   a b \n',
    'FILE 4294967295 a\n',
    'FILE 4294967296 a\n',
    'FILE 00000000000 a\n',
    'FILE 0000000001 a\n',
    'FILE -1 a\n',
    'FILE a b\n',
  ],
  ...['FILE\t0\ta\n', 'FILE 0 \u00ff\n', 'FILE 0 a\rb\n', 'FILE 0 a\r\r\n', 'FILE 1x a\n'],
  ...[
    'INLINE_ORIGIN 0 a\n',
    'INLINE_ORIGIN 0\n',
    'INLINE_ORIGIN 0 \n',
    'INLINE_ORIGIN 4294967296 a\n',
    'INLINE_ORIGIN\t0 a\n',
    'INLINE_ORIGIN 0 1 a\n',
    'INLINE_ORIGIN 0 \u00ff\n',
  ],
  ...[
    `${FUNC}INLINE_ORIGIN 0 a\n1000 4 1 0\n`,
    `${FUNC}INLINE_ORIGIN\t0 a\n1000 4 1 0\n`,
    `${FUNC}INLINE_ORIGIN 0\n`,
    `${FUNC}INLINE_ORIGIN\t0 a\n`,
  ],
  // PUBLIC.
  ...[
    'PUBLIC 1000 0 p\n',
    'PUBLIC m 1000 0 p\n',
    'PUBLIC m1000 0 p\n',
    'PUBLIC m m 1000 0 p\n',
    'PUBLIC 1000 p\n',
    'PUBLIC 1000 0\n',
    'PUBLIC 1000 0 \n',
    'PUBLIC 1000 123456789 p\n',
  ],
  ...[
    'PUBLIC 12345678123456781 0 p\n',
    'PUBLIC ffffffffffffffff 0 p\n',
    'PUBLIC 0 0 p\n',
    'PUBLIC -1 0 p\n',
    'PUBLIC 0x10 0 p\n',
    'PUBLIC\t10\t0\tp\n',
    'PUBLIC 10 0 \u00ff\n',
    'PUBLICS 10 0 p\n',
  ],
  'PUBLIC 10 0 b\nPUBLIC 10 0 a\nPUBLIC 10 5 b\nPUBLIC 10 2 b\n',
  'PUBLIC 10 0 \u{ff00}\nPUBLIC 10 0 \u{1f600}\nPUBLIC 20 0 \u{1f600}\nPUBLIC 20 0 \u{e000}\n',
  'PUBLIC 10 0 \u{1f600}\nPUBLIC 20 0 y\nPUBLIC 10 0 \u{ff00}\nPUBLIC 10 0 \u{e000}\n',
  'PUBLIC 10 9 same\nPUBLIC 20 2 same\nPUBLIC 30 0 y\nPUBLIC 10 2 same\nPUBLIC 20 9 same\nPUBLIC 20 1 same\n',
  // FUNC and what follows it.
  ...[
    'FUNC m 1000 20 0 f\n',
    'FUNC 1000 20 0\n',
    'FUNC 1000 20 0 \n',
    'FUNC 1000 20 f\n',
    'FUNC 1000 123456789 0 f\n',
    'FUNC 1000 20 123456789 f\n',
    'FUNC 1000 0 0 f\n',
    'FUNC ffffffffffffffff 1 0 f\n',
  ],
  ...[
    'FUNC fffffffffffffff0 10 0 f\n',
    'FUNC fffffffffffffff0 f 0 f\n',
    'FUNC fffffffffffffff0 f 0 f\nfffffffffffffff0 10 1 0\n',
    'FUNC 1000 ffffffff 0 f\n',
    'FUNC 1000 20 0 m\n',
    'FUNC  m\t1000 20 0 f\n',
  ],
  ...[
    `${FUNC}1000 20 1 0\n`,
    `${FUNC}1000 20 1 0 \n`,
    `${FUNC}1000 20 1\n`,
    `${FUNC}1000 20 4294967295 0\n`,
    `${FUNC}1000 20 4294967296 0\n`,
    `${FUNC}1000 20 1 x\n`,
    `${FUNC}1000 20 -1 0\n`,
    `${FUNC}1000  20\t1 0\r\r\n`,
  ],
  ...[
    `${FUNC}\n1000 20 1 0\n`,
    `${FUNC}\r\n`,
    `${FUNC} 1000 20 1 0\n`,
    `${FUNC}INFO x\n1000 20 1 0\n`,
    `${FUNC}FILE 0 a\n1000 20 1 0\n`,
    '1000 20 1 0\n',
    `${FUNC}face 4 5 6\nFACE 4 5 6\n`,
    `${FUNC}1000 123456789 1 0\n`,
  ],
  ...[
    `${FUNC}1000 0 1 0\n1000 4 2 0\nffffffffffffffff 1 3 0\nffffffffffffffff 2 3 0\n`,
    `FILE 0 a\n${FUNC}1000 8 1 0\n1004 8 2 0\n1000 4 3 0\n100c 4 0 0\n1010 4 5 9\n`,
  ],
  `FILE 0 a\nFILE 0 b\n${FUNC}1000 8 1 0\nFILE 0 c\n`,
  // INLINE.
  ...[
    `INLINE 0 1 0 0 1000 10\n`,
    `${FUNC}INLINE 0 1 0 0 1000 10\n`,
    `${FUNC}INLINE 0 1 0 0 1000\n`,
    `${FUNC}INLINE 0 1 0 0\n`,
    `${FUNC}INLINE 0 1 0 1000 10\n`,
    `${FUNC}INLINE 0 1 0 1000 10 1010 8\n`,
  ],
  ...[
    `${FUNC}INLINE 0 1 0 0 1000 10 1010\n`,
    `${FUNC}INLINE 0 1 0 0 1000 10 \n`,
    `${FUNC}INLINE 0 1 0 0 1000 10\r\r\n`,
    `${FUNC}INLINE 0 1 0 0  1000\t10  1018 2\n`,
    `${FUNC}INLINE\t0 1 0 0 1000 10\n`,
    `${FUNC}INLINE 0 4294967296 0 0 1000 10\n`,
  ],
  ...[
    `${FUNC}INLINE 0 1 0 0 1000 123456789\n`,
    `${FUNC}INLINE 0 1 0 0 ffffffffffffffff 10\n`,
    `${FUNC}INLINE 0 1 0 0 1000 ffffffff\n`,
    `${FUNC}INLINE 4294967295 1 0 0 1000 10\n`,
  ],
  inlines('INLINE 0 1 0 0 1000 20', 'INLINE 1 2 0 1 1004 8', 'INLINE 2 3 1 2 1004 4'),
  inlines('INLINE 1 2 0 1 1004 8', 'INLINE 2 3 0 2 1004 4'),
  inlines('INLINE 0 1 0 0 1000 20', 'INLINE 2 3 0 2 1004 4'),
  inlines('INLINE 0 1 0 0 1000 20', 'INLINE 0 2 0 1 1008 4', 'INLINE 1 3 0 2 1000 20'),
  inlines('INLINE 0 1 0 0 1000 20', 'INLINE 0 2 0 1 1008 0'),
  inlines(
    'INLINE 0 9 0 2 1000 10',
    'INLINE 0 1 0 0 1000 10',
    'INLINE 0 2 0 1 1000 20',
    'INLINE 0 2 0 1 1000 8',
    'INLINE 1 1 0 1 1000 4',
  ),
  inlines('INLINE 0 0 0 9 1000 20', 'INLINE 1 0 9 1 1000 10', 'INLINE 2 0 9 9 1000 8', 'INLINE 3 4 9 2 1000 4'),
  inlines('INLINE 0 1 0 0 1000 4 1008 4 1010 4', 'INLINE 1 1 0 1 1008 8'),
  inlines('INLINE 0 1 9 0 0 1000', 'INLINE 0 1 0 1 1018 ffffffff'),
  ...['f', '10', '11', 'ffffffff'].map(
    (size) => `INLINE_ORIGIN 0 a\nFUNC fffffffffffffff0 f 0 f\nINLINE 0 1 0 0 fffffffffffffff0 ${size}\n`,
  ),
  // Overlaps: the shortest of one start, the first of one range, chains against the last that was kept.
  'FUNC 1000 20 0 long\nFUNC 1000 10 0 short\nFUNC 1010 8 0 behind\n',
  'FUNC 1000 20 0 first\nFUNC 1000 20 0 second\n',
  'FUNC 1000 20 0 same\n1000 4 1 0\nFUNC 1000 20 0 same\n1000 4 1 0\n',
  'FUNC 1000 20 0 a\nFUNC 1010 20 0 b\nFUNC 1020 20 0 c\nFUNC 1030 20 0 d\n',
  'FUNC 1010 20 0 b\nFUNC 1000 20 0 a\nFUNC 1008 2 0 inside\nPUBLIC 1009 0 p\nPUBLIC 1022 0 q\nPUBLIC 1000 0 r\n',
  'FUNC 1000 ffffffff 0 all\nFUNC 2000 4 0 inside\nPUBLIC 100000fff 0 p\n',
  // PUBLIC behind FUNC.
  'FUNC 1000 10 0 f\nPUBLIC 1000 0 p\n',
  'FUNC 1000 10 0 f\nPUBLIC 1001 0 p\n',
  'FUNC 1000 10 0 f\nPUBLIC fff 0 p\n',
  'PUBLIC 800 0 p\nFUNC 1000 10 0 f\nPUBLIC 1010 0 q\nFUNC 1020 0 0 empty\nPUBLIC 1018 0 r\nFUNC 1030 1 0 g\n',
  // STACK CFI.
  ...[
    'STACK CFI 1000 .cfa: $rsp 8 +\n',
    `${INIT}STACK CFI 1004 .cfa: $rsp 16 +\n`,
    `${INIT}STACK CFI 1004\n`,
    `${INIT}STACK CFI 1004 \n`,
    `${INIT}\nSTACK CFI 1004 .cfa: $rsp 16 +\n`,
    `${INIT}STACK CFI xyz a\n`,
  ],
  ...[
    'STACK CFI INIT 1000 20\n',
    'STACK CFI INIT 1000 20 \n',
    'STACK CFI INIT 1000 123456789 a\n',
    'STACK CFI INIT 1000 0 a\n',
    'STACK CFI  INIT 1000 20 a\n',
    `${INIT}STACK CFI\t1004 .cfa: 8\n`,
    `STACK  CFI INIT 1 2 a\n`,
  ],
  ...[
    `${INIT}STACK CFI 1004 \u00ff\n`,
    'STACK CFI INIT fffffffffffffff0 10 a\n',
    `${INIT}STACK CFI 1004 a: 1\nFUNC 1000 8 0 f\nSTACK CFI 1008 b: 2\n`,
    `${INIT}PUBLIC 1 0 p\nSTACK CFI 1008 b: 2\n`,
  ],
  `${INIT}STACK CFI 1010 c: 3\nSTACK CFI 1004 b: 2\nSTACK CFI 1004 a: 1\nSTACK CFI 1100 d: 4\nSTACK CFI 0 e: 5\n`,
  `${INIT}STACK CFI 1004 \u{ff00}: 2\nSTACK CFI 1004 \u{1f600}: 1\n`,
  `${INIT}STACK CFI INIT 1000 10 .cfa: $rsp 16 + .ra: .cfa -8 + ^\nSTACK CFI 1008 .cfa: $rsp 24 +\nSTACK CFI INIT 1010 4 .cfa: 5 .ra: 6\n`,
  // STACK WIN.
  ...win('4 1000 20', '1 p'),
  ...win('0 1000 20', '0 1'),
  ...[
    'STACK WIN 4 1000 20 0 0 4 0 0 0 0 p\n',
    'STACK WIN 0 1000 20 0 0 4 0 0 0 1 p\n',
    'STACK WIN 5 1000 20 0 0 4 0 0 0 0 p\n',
    'STACK WIN 4 1000 20 0 0 4 0 0 0 1\n',
    'STACK WIN 4 1000 20 0 0 4 0 0 0 1 \n',
  ],
  ...[
    'STACK WIN 44 1000 20 0 0 4 0 0 0 1 p\n',
    'STACK WIN 4 1000 20 0 0 4 0 0 0 12 p\n',
    'STACK WIN 4 1000 20 0 0 4 0 0 0 a p\n',
    'STACK WIN g 1000 20 0 0 4 0 0 0 1 p\n',
    'STACK WIN 4 1000 20 0 0 4 0 0 1 p\n',
    'STACK WIN 4 1000 0 0 0 4 0 0 0 1 p\n',
  ],
  ...[
    'STACK WIN 4 fffffffffffffff0 10 0 0 4 0 0 0 1 p\n',
    'STACK WIN 0 1000 20 0 0 4 0 0 0 0 \u00ff\n',
    'STACK  WIN 0 1000 20 0 0 4 0 0 0 0 1\n',
    'STACK WIN 5 1000 20 0 0 4 0 0 0 0 \u00ff\n',
    'STACK OTHER 1\n',
    'STACK\n',
  ],
  wins(['0', '10'], ['1', 'f'], ['4', 'c']),
  wins(['0', '10'], ['8', '10'], ['4', '8']),
  wins(['8', '10'], ['0', '10'], ['10', '10']),
  wins(['0', '10'], ['0', '10'], ['0', '8'], ['8', '4']),
  wins(['0', '10'], ['0', '10'], ['4', '4'], ['2', '20']),
  wins(['20', '10'], ['0', '10'], ['8', '20'], ['28', '2']),
  `${FUNC}STACK WIN 4 1000 10 0 0 44 0 0 0 1 p\nSTACK WIN 0 1008 18 0 0 55 0 0 0 0 1\n`,
  // Unknown lines, and where they stand.
  ...[
    'GARBAGE\n',
    `${MODULE}${FUNC}1000 4 1 0\ngarbage here\n`,
    `${MODULE}${INIT}nonsense\n`,
    `${MODULE}LINE 1\n`,
    '\u{feff}MODULE Linux x86 A x\n',
    `${MODULE}#comment\n`,
    `${MODULE}\u0000\n`,
    `${MODULE}FILE 0 a\u0000b\n`,
  ],
  // Long lines: skipped with no error above 80 to 160 KB; what belongs to a skipped line goes to the group before.
  ...[5_000, 10_230, 20_480, 40_000, 81_919, 81_921, 90_000, 120_000, 163_000, 163_840, 164_000, 400_000].flatMap(
    (length) => [
      `${MODULE}${FUNC}1000 20 1 0\nFUNC 2000 20 0 ${LONG(length)}\n2000 10 7 0\n1004 4 9 0\nFUNC 3000 10 0 last\n`,
      `${MODULE}${FILLER(100)}FUNC 2000 20 0 ${LONG(length)}\n2000 10 7 0\n`,
      `${MODULE}${FILLER(1_500)}${FUNC}FUNC 2000 20 0 ${LONG(length)}\n${FILLER(2_000)}PUBLIC 5000 0 p\n`,
      `${MODULE}${FILLER(4_000)}${FUNC}FUNC 2000 20 0 ${LONG(length)}\n${FILLER(3_000)}PUBLIC 5000 0 p`,
    ],
  ),
  `${MODULE}PUBLIC 1 0 ${LONG(200_000)}\n1000 20 1 0\n`,
  `${MODULE}FUNC 2000 20 0 ${LONG(200_000)}`,
  `${MODULE}FUNC 2000 20 0 ${LONG(200_000)}\nPUBLIC 10 0 p`,
  `${MODULE}FUNC 2000 20 0 ${LONG(200_000)}\n`,
  `${LONG(200_000)}\n${MODULE}`,
  `${LONG(200_000)}\n${FUNC}garbage\n`,
  `${MODULE}${FILLER(6_000)}garbage\n`,
  `${MODULE}${INIT}STACK CFI 1004 ${LONG(170_000)}\nSTACK CFI 1008 a: 1\n`,
  `${MODULE}FILE 0 a\nFILE 0 ${LONG(170_000)}\n${FUNC}1000 20 1 0\n`,
  `${MODULE}${FUNC}${`1000 1 1 0\n`.repeat(40_000)}INLINE 0 1 0 0 ${'1000 1 '.repeat(11_000)}1001 1\n`,
  `${MODULE}${FUNC}INLINE 0 1 0 0 ${'1000 1 '.repeat(30_000)}1001 1\n`,
]

function inlines(...records: readonly string[]): string {
  const tables = 'FILE 0 a\nFILE 1 b\nINLINE_ORIGIN 0 first\nINLINE_ORIGIN 1 second\nINLINE_ORIGIN 2 third\n'
  return `${MODULE}${tables}${FUNC}${records.join('\n')}\n1000 8 10 0\n1008 8 0 1\n1018 4 12 0\n`
}

function win(start: string, end: string): string[] {
  return [
    `STACK WIN ${start} 0 1 2 3 4 5 ${end}\n`,
    `STACK WIN ${start} 0 0 0 ffffffff 0 0 ${end} x\n`,
    `STACK WIN ${start} 123456789 0 0 4 0 0 ${end}\n`,
  ]
}

/** STACK WIN records of both kinds at 1000 + start. */
function wins(...ranges: readonly (readonly [start: string, size: string])[]): string {
  const lines = ranges.map(([start, size], number) => {
    const at = (0x1000 + Number.parseInt(start, 16)).toString(16)
    return `STACK WIN 4 ${at} ${size} 0 0 ${number} 0 0 0 1 p${number}\nSTACK WIN 0 ${at} ${size} 0 0 ${number} 0 0 0 0 1\n`
  })
  return `${MODULE}${FUNC}${lines.join('')}`
}

/** U+00FF stands for a byte that is no UTF-8; all else is written as UTF-8. */
function bytesOf(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  return text.includes('\u00ff')
    ? bytes.map((byte, at) => (bytes[at + 1] === 0xbf && byte === 0xc3 ? 0xff : byte))
    : bytes
}

/** All small files, named by how they begin. */
export function smallFiles(): Corpus[] {
  return TEXTS.map((text, number) => ({
    name: `${number} ${JSON.stringify(text.slice(0, 90))}${text.length > 90 ? `… (${text.length})` : ''}`,
    bytes: bytesOf(text),
  }))
}
