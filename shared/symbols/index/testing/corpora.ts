import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Random } from './random.ts'
import {
  cfiGroup,
  funcLine,
  functionName,
  type Group,
  type GroupStyle,
  inlineRecords,
  lineRecords,
  publicLine,
  winLine,
} from './sym-groups.ts'

/** The sym files that the index is held against: those of test/fixtures, and eleven generated kinds, the same for the same seed. */

export interface Corpus {
  readonly name: string
  readonly bytes: Uint8Array
}

const FIXTURES = 'test/fixtures/crashes/symbols'
const FIXTURE_FILES = [
  'heap_threads/E3BABDEA07E5E1EB565F7F2D55D5B78B0/heap_threads.sym.gz',
  'jump_null/3155A7BAA883CCA6C16B49CE66EBC1B20/jump_null.sym.gz',
  'libc.so.6/EC61AC938E5A39B16F9FBD350E3169A50/libc.so.6.sym.gz',
  'libgcc_s.so.1/4C38036F3C2E88387DD3BA5A24B2E18C0/libgcc_s.so.1.sym.gz',
  'libm.so.6/E3F9E6D612AFEE43D9BF5EFD366DD0150/libm.so.6.sym.gz',
  'libstdc++.so.6/9FE39E28078C4FBDA48102DFEEB7E6F90/libstdc++.so.6.sym.gz',
  'null_chain/F49225E21D4B88C1624374BBA355E5B50/null_chain.sym.gz',
  'panic_abort/31BB9112C48BB51B13C7F90F968BB8ED0/panic_abort.sym.gz',
  'templates/D383C358E1F5E48CEB26AC16757BAB140/templates.sym.gz',
] as const

/** Every sym file of test/fixtures. */
export function fixtureCorpora(): Corpus[] {
  return FIXTURE_FILES.map((file) => ({
    name: file.split('/')[0] ?? '',
    bytes: gunzipSync(readFileSync(`${FIXTURES}/${file}`)),
  }))
}

const utf8 = (text: string) => new TextEncoder().encode(text)

interface ModuleStyle extends GroupStyle {
  /** Line ends; one of them a line. */
  readonly ends: readonly string[]
  readonly header: Group
  readonly base: bigint
  readonly functions: number
  readonly linesAFunction: number
  readonly mFlags: number
}

function moduleStyle(random: Random, changes: Partial<Omit<ModuleStyle, 'random'>> = {}): ModuleStyle {
  return {
    ...{ random, ends: ['\n'], base: 0x1000n, functions: 400, linesAFunction: 20, mFlags: 0, oddness: 0 },
    ...{ files: 60, origins: 120 },
    header: [
      'MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 libcorpus.so',
      'INFO CODE_ID 67452301AB89EFCD0123456789ABCDEF',
      'INFO VERSION 1.0',
    ],
    ...changes,
  }
}

/** FILE and INLINE_ORIGIN lines. */
function tables({ random, files, origins, oddness }: ModuleStyle): Group {
  return [
    ...Array.from(
      { length: files },
      (_, id) => `FILE ${id} hg:hg.example.org/src/${id}/${functionName(random, id, oddness)}.cpp:0123abcd`,
    ),
    ...Array.from({ length: origins }, (_, id) => `INLINE_ORIGIN ${id} ${functionName(random, id, oddness)}`),
  ]
}

interface Placed {
  readonly address: bigint
  readonly size: bigint
}

/** Where functions lie: one behind the other, with gaps now and then. */
function places({ random, base, functions }: ModuleStyle): Placed[] {
  let next = base
  return Array.from({ length: functions }, () => {
    const address = next
    const size = BigInt(random.between(1, random.chance(0.1) ? 4_000 : 300))
    next = address + size + BigInt(random.chance(0.6) ? random.below(40) : 0)
    return { address, size }
  })
}

function funcGroup(style: ModuleStyle, { address, size }: Placed, number: number): Group {
  const { random, linesAFunction } = style
  const most = Math.min(1 + random.below(linesAFunction * 2), Number(size))
  return [
    funcLine(style, address, size, functionName(random, number, style.oddness), style.mFlags),
    ...(random.chance(0.6) ? inlineRecords(style, address, size, most >> 1) : []),
    ...(random.chance(0.95) ? lineRecords(style, address, size, most) : []),
  ]
}

/** PUBLIC lines at starts, inside, between and behind functions. */
function publics(style: ModuleStyle, at: readonly Placed[], share: number): Group {
  const { random } = style
  return at.flatMap(({ address, size }, number) => {
    if (!random.chance(share)) return []
    const offsets = [0n, size, size + 1n, BigInt(random.below(Number(size) + 40))] as const
    const here = address + random.pick(offsets)
    const name = functionName(random, number, style.oddness)
    const again = random.chance(0.1) ? [publicLine(style, here, functionName(random, number + 1), style.mFlags)] : []
    return [publicLine(style, here, name, style.mFlags), ...again]
  })
}

function cfiGroups(style: ModuleStyle, at: readonly Placed[]): Group[] {
  return at
    .filter(() => style.random.chance(0.9))
    .map(({ address, size }) => cfiGroup(style, address, size, style.random.below(5)))
}

function file({ random, ends, header }: ModuleStyle, ...groups: readonly Group[]): Uint8Array {
  return utf8([header, ...groups].flatMap((group) => group.map((line) => line + random.pick(ends))).join(''))
}

const one = (lines: readonly string[]): Group[] => lines.map((line) => [line])

type Kind = (random: Random, scale: number) => Uint8Array

const KINDS: Readonly<Record<string, Kind>> = {
  linux(random, scale) {
    const style = moduleStyle(random, { functions: 400 * scale })
    const at = places(style)
    const plt = cfiGroups(style, places({ ...style, base: 0x100n, functions: 12 }))
    return file(
      style,
      tables(style),
      ...at.map((place, number) => funcGroup(style, place, number)),
      publics(style, at, 0.1),
      ...cfiGroups(style, at),
      ...plt,
    )
  },

  windows(random, scale) {
    const style = moduleStyle(random, {
      ...{ functions: 400 * scale, ends: ['\r\n', '\r\n', '\r\n', '\r\r\n'], oddness: 0.3 },
      header: [
        'MODULE windows x86 0123456789ABCDEF0123456789ABCDEF1 corpus.pdb',
        'INFO CODE_ID 66BCC3E020DC000 corpus.dll',
      ],
    })
    const at = places(style)
    const groups = at.flatMap((place, number) => [
      funcGroup(style, place, number),
      ...one(random.chance(0.1) ? publics(style, [place], 1) : []),
    ])
    return file(style, tables(style), ...groups, overlappingWin(style, at), ...cfiGroups(style, at.slice(0, 40)))
  },

  'out of order'(random, scale) {
    const style = moduleStyle(random, { functions: 400 * scale, oddness: 0.5 })
    const at = places(style)
    const funcs = at.map((place, number) => funcGroup(style, place, number))
    const rest = [
      ...cfiGroups(style, at),
      ...one(publics(style, at, 0.3)),
      ...one(overlappingWin(style, at.slice(0, 50))),
    ]
    const half = funcs.length >> 1
    return file(
      style,
      tables(style),
      ...funcs.slice(half),
      ...rest.slice(0, 30),
      ...random.shuffled([...funcs.slice(0, half), ...rest.slice(30)]),
    )
  },

  overlapping(random, scale) {
    const style = moduleStyle(random, { functions: 250 * scale, oddness: 0.5 })
    const at = places(style).flatMap((place) => [place, ...overlaps(random, place)])
    const groups = at.map((place, number) => funcGroup(style, place, number))
    const twice = groups.filter(() => random.chance(0.05))
    const cfi = cfiGroups(style, at)
    return file(
      style,
      tables(style),
      ...groups,
      ...twice,
      publics(style, at, 0.2),
      ...cfi,
      ...random.shuffled(cfi).slice(0, 40),
    )
  },

  'm flags'(random, scale) {
    const style = moduleStyle(random, { functions: 600 * scale, mFlags: 0.8, linesAFunction: 2 })
    const at = places(style)
    const groups = at.flatMap((place, number) => [funcGroup(style, place, number), publics(style, [place], 0.4)])
    return file(style, tables(style), ...groups)
  },

  'huge function'(random, scale) {
    const style = moduleStyle(random, { functions: 60, oddness: 0.2 })
    const before = places(style)
    const huge = { address: 0x10_0000n, size: BigInt(600_000 * scale) }
    const after = places({ ...style, base: huge.address + huge.size + 0x40n })
    const inlines = inlineRecords({ ...style, oddness: 0 }, huge.address, huge.size, 6_000 * scale)
    const lines = lineRecords(style, huge.address, huge.size, 15_000 * scale)
    return file(
      style,
      tables(style),
      ...before.map((place, number) => funcGroup(style, place, number)),
      [funcLine(style, huge.address, huge.size, 'Interpreter::run(State&)'), ...inlines, ...lines],
      ...after.map((place, number) => funcGroup(style, place, 100 + number)),
      publics(style, [...before, huge, ...after], 0.5),
      cfiGroup(style, huge.address, huge.size, 6),
      // One group of rules that is larger than a block of 64 KB.
      cfiGroup(style, 0xf_0000n, 5_000n, 2_500),
      ...cfiGroups(style, after),
    )
  },

  'old INLINE form'(random, scale) {
    const style = moduleStyle(random, { functions: 40 * scale })
    const at = places(style)
    const groups = at.map((place, number) => funcGroup(style, place, number))
    const old = ['FUNC 900000 40 0 old', 'INLINE 0 12 3 900000 40', '900000 40 1 0']
    return file(style, tables(style), ...groups.slice(0, 30), old, ...groups.slice(30))
  },

  'PUBLIC only'(random, scale) {
    const style = moduleStyle(random, { functions: 3_000 * scale, oddness: 0.5, files: 0, origins: 0 })
    const lines = publics(style, places(style), 1)
    return file(style, lines.slice(0, lines.length >> 1), random.shuffled(lines.slice(lines.length >> 1)))
  },

  '64-bit addresses'(random, scale) {
    const style = moduleStyle(random, { functions: 60 * scale, oddness: 0.4 })
    const bases = [
      0n,
      2n ** 31n - 500n,
      2n ** 32n - 500n,
      2n ** 53n - 2_000n,
      2n ** 63n - 3_000n,
      0xffff_ffff_8000_0000n,
    ]
    const last = 2n ** 64n
    const end = [0n, 1n, 2n].map((spare) => ({ address: last - 0x200n * (spare + 1n), size: 0x200n - spare }))
    const at = [...bases.flatMap((base) => places({ ...style, base })), ...end]
    const groups = at.map((place, number) => funcGroup(style, place, number))
    return file(
      style,
      tables(style),
      ...groups,
      publics(style, at, 0.3),
      [publicLine(style, last - 1n, 'the end')],
      ...cfiGroups(style, at),
      overlappingWin(style, at),
    )
  },

  'late tables'(random, scale) {
    const style = moduleStyle(random, { functions: 300 * scale, oddness: 0.3 })
    const groups = places(style).map((place, number) => {
      const [head = '', ...lines] = funcGroup(style, place, number)
      const origin = random.chance(0.3) ? [`INLINE_ORIGIN ${random.below(style.origins)} late::inside_${number}`] : []
      return [head, ...origin, ...lines]
    })
    const [early, late] = [tables(style), tables(style)]
    const seldom = (lines: Group) => one(lines).filter(() => random.chance(0.4))
    return file(
      style,
      ...seldom(early),
      ...random.shuffled([...groups, ...seldom(late)]),
      ...seldom(random.shuffled(early)),
    )
  },

  'long lines'(random, scale) {
    const style = moduleStyle(random, { functions: 60 * scale })
    const lengths = [5_000, 11_000, 30_000, 60_000, 79_000, 165_000, 400_000]
    const groups = places(style).map((place, number) => {
      const [head = '', ...lines] = funcGroup(style, place, number)
      const length = random.chance(0.2) ? random.pick(lengths) : 0
      return [head + 'x'.repeat(length), ...lines]
    })
    const origin = [`INLINE_ORIGIN 1 ${'y'.repeat(50_000)}`, `INLINE_ORIGIN 2 ${'z'.repeat(200_000)}`]
    return file(style, tables(style), origin, ...groups)
  },
}

/** WIN records of both kinds: one behind the other, nested, each cut by the next, the same again, shuffled. */
function overlappingWin(style: ModuleStyle, at: readonly Placed[]): Group {
  const { random } = style
  const lines = at.flatMap(({ address, size }) => {
    const type = random.chance(0.7) ? '4' : '0'
    const starts = random.chance(0.3) ? [0n, 1n, 3n, 2n, 3n].filter((start) => start < size) : [0n]
    const written = starts.map((start) =>
      winLine(style, type, address + start, random.chance(0.7) ? size - start : size),
    )
    const other = random.chance(0.2) ? [winLine(style, type === '4' ? '0' : '4', address, size)] : []
    return [...written, ...(random.chance(0.1) ? written : []), ...other]
  })
  const kept = lines.length >> 1
  return [...lines.slice(0, kept), ...random.shuffled(lines.slice(kept))]
}

/** Places that overlap one in every way: same start longer and shorter, inside, across its end, the same again, empty. */
function overlaps(random: Random, { address, size }: Placed): Placed[] {
  const others = [
    { address, size: size + 3n },
    { address, size: size / 2n + 1n },
    { address: address + size / 2n, size },
    { address: address + 1n, size: size > 2n ? size - 2n : 1n },
    { address, size },
    { address, size: 0n },
    { address: address > 5n ? address - 5n : 0n, size: 6n },
  ]
  return others.filter(() => random.chance(0.2))
}

export const GENERATED_KINDS: readonly string[] = Object.keys(KINDS)

/** A generated file. `scale` multiplies its records. */
export function generatedCorpus(kind: string, seed: number, scale: number): Corpus {
  const make = KINDS[kind]
  if (make === undefined) throw new Error(`${kind} is no kind of corpus`)
  return { name: kind, bytes: make(new Random(seed + GENERATED_KINDS.indexOf(kind)), scale) }
}

const U64 = (value: bigint) => BigInt.asUintN(64, value)

/** Start and end of every record of a file, and the addresses beside them. */
export function recordEdges(bytes: Uint8Array): bigint[] {
  const edges = new Set<bigint>()
  const add = (start = '', size = '1') => {
    if (![start, size].every((digits) => /^[0-9a-fA-F]+$/.test(digits))) return
    const from = BigInt(`0x${start}`)
    const end = from + BigInt(`0x${size}`)
    for (const edge of [from - 1n, from, from + 1n, end - 1n, end, end + 1n]) edges.add(U64(edge))
  }
  const range = '([0-9a-fA-F]{1,16})[ \\t]+([0-9a-fA-F]{1,8})'
  const forms = [
    `^(?:FUNC|PUBLIC)[ \\t]+(?:m[ \\t]+)?${range}[ \\t]`,
    `^STACK (?:CFI INIT|WIN [0-9a-f])[ \\t]+${range}[ \\t]`,
    `^${range}[ \\t]+[0-9]+[ \\t]+[0-9]+\\r*$`,
  ].map((form) => new RegExp(form))
  for (const line of new TextDecoder('latin1').decode(bytes).split('\n')) {
    const [, start, size] = forms.map((form) => form.exec(line)).find((found) => found !== null) ?? []
    if (start !== undefined) add(start, line.startsWith('PUBLIC') ? '1' : size)
    const rule = /^STACK CFI ([0-9a-fA-F]+) /.exec(line)
    if (rule !== null) add(rule[1])
    const inline = /^INLINE(?:[ \t]+[0-9]+){4}[ \t]+(.*?)\r*$/.exec(line)
    const numbers = inline?.[1]?.split(/[ \t]+/) ?? []
    for (let at = 0; at + 1 < numbers.length; at += 2) add(numbers[at], numbers[at + 1])
  }
  return [...edges]
}

/** Addresses to look up: record edges (all, or three of four where there are too many) and, up to `count`, random ones. */
export function addressesOf({ bytes }: Corpus, count: number, random: Random): bigint[] {
  const edges = random.shuffled(recordEdges(bytes))
  const chosen = edges.slice(0, Math.ceil(count * 0.75))
  const corners = [0n, 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]
  const random64 = () => (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32))
  while (chosen.length < count) {
    const near = edges.length > 0 ? random.pick(edges) + BigInt(random.between(-200, 200)) : random64()
    chosen.push(U64(random.chance(0.02) ? random64() : near))
  }
  return [...chosen.slice(0, count), ...corners]
}
