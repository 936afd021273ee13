import type { Random } from './random.ts'

/**
 * Writes the record groups that corpora are made of. They hold what real files hold and what breakpad-symbols has a rule for: gaps, empty and overlapping
 * lines, ties and holes between INLINE depths, ids that nothing defines, numbers in odd spellings.
 */

/** A group of lines that belong together, without line ends. */
export type Group = readonly string[]

/** How odd a group may be: 0 writes what dump_syms writes. */
export interface GroupStyle {
  readonly random: Random
  readonly files: number
  readonly origins: number
  readonly oddness: number
}

/** An address behind the last one begins at 0 again. */
export const hex = (value: bigint) => BigInt.asUintN(64, value).toString(16)

const WORDS = [
  'Arena',
  'Basket',
  'Cursor',
  'Drawer',
  'Engine',
  'Fabric',
  'Gutter',
  'Hinge',
  'Island',
  'Jigsaw',
] as const
const VERBS = ['open', 'close', 'merge', 'split', 'paint', 'flush', 'visit', 'trim', 'pack', 'drop'] as const
/** Text that orders differently by bytes and by UTF-16 units, begins with U+FEFF, holds tabs, is empty. */
const ODD_NAMES = [
  '',
  '\u{feff}mark',
  '\u{1f600}::smile',
  '\u{ff00}::wide',
  '\u{e000}',
  'ä::ö',
  'a\tb',
  '  two',
  'm',
  '<>',
] as const

export function functionName(random: Random, number: number, oddness = 0): string {
  if (random.chance(oddness * 0.1)) return random.pick(ODD_NAMES)
  const space = `${random.pick(WORDS).toLowerCase()}::${random.pick(WORDS)}`
  const args = Array.from({ length: random.below(4) }, () => `${random.pick(WORDS)} const&`)
  return random.chance(0.3)
    ? `<${space}<${random.pick(WORDS)}, ${random.pick(WORDS)}> as ${random.pick(WORDS)}>::${random.pick(VERBS)}_${number}`
    : `${space}::${random.pick(VERBS)}_${number}(${args.join(', ')})`
}

/** Hex, sometimes in capitals or with zeros in front. */
function spelled(value: bigint, { random, oddness }: GroupStyle): string {
  const text = hex(value)
  if (!random.chance(oddness * 0.1)) return text
  return random.chance(0.5) ? text.toUpperCase() : text.padStart(Math.min(16, text.length + 3), '0')
}

/** One more than the highest id now and then: an id that nothing defines. */
const idBelow = ({ random, oddness }: GroupStyle, below: number) =>
  random.below(below + (random.chance(oddness * 0.1) ? 2 : 0))

export function funcLine(style: GroupStyle, address: bigint, size: bigint, name: string, mFlags = 0): string {
  const { random } = style
  const gap = random.chance(style.oddness * 0.05) ? ' \t ' : ' '
  const parameters = random.chance(0.1) ? hex(BigInt(random.below(64))) : '0'
  return `FUNC${gap}${random.chance(mFlags) ? `m${gap}` : ''}${spelled(address, style)}${gap}${spelled(size, style)} ${parameters} ${name}`
}

/** The line records of a FUNC. */
export function lineRecords(style: GroupStyle, address: bigint, size: bigint, most: number): string[] {
  const { random, oddness } = style
  const lines: string[] = []
  const step = Math.max(1, Number(size) / most)
  for (let at = 0; at < Number(size); ) {
    const length = Math.min(1 + random.below(Math.ceil(step * 2)), Number(size) - at)
    const number = random.chance(0.03) ? 0 : random.below(5_000)
    const write = (start: bigint, bytes: number) =>
      lines.push(`${spelled(start, style)} ${hex(BigInt(bytes))} ${number} ${idBelow(style, style.files)}`)
    // A hole, an empty line, one that overlaps the next, one of the same start, one outside of the FUNC.
    if (!random.chance(0.05)) write(address + BigInt(at), length)
    if (random.chance(oddness * 0.05)) write(address + BigInt(at), 0)
    if (random.chance(oddness * 0.05)) write(address + BigInt(at), length + random.below(8))
    if (random.chance(oddness * 0.02)) write(address + BigInt(random.below(Number(size) * 2)), random.below(40))
    at += length
  }
  return random.chance(oddness * 0.1) ? random.shuffled(lines) : lines
}

/** INLINE records of a FUNC, nested and cut as compilers do. */
export function inlineRecords(style: GroupStyle, address: bigint, size: bigint, most: number): string[] {
  const { random, oddness } = style
  const records: string[] = []
  const nest = (start: bigint, bytes: number, depth: number) => {
    if (depth > 6 || records.length >= most) return
    for (let at = 0; at < bytes && records.length < most; ) {
      const length = Math.max(1, random.below(Math.max(2, bytes >> 1)))
      const skipped = random.below(Math.max(2, bytes >> 2))
      at += skipped
      if (at >= bytes) return
      const end = Math.min(length, bytes - at)
      const here = start + BigInt(at)
      const ranges =
        random.chance(0.3) && end > 4
          ? ([
              [here, end >> 1],
              [here + BigInt(end >> 1) + 1n, (end >> 1) - 1],
            ] as const)
          : ([[here, end]] as const)
      const written = ranges.map(([from, count]) => `${spelled(from, style)} ${hex(BigInt(count))}`).join(' ')
      const level = depth + (random.chance(oddness * 0.03) ? 1 : 0)
      const call = `${level} ${random.chance(0.03) ? 0 : random.below(3_000)} ${idBelow(style, style.files)} ${idBelow(style, style.origins)}`
      records.push(`INLINE ${call} ${written}`)
      // A tie, an empty one that hides the one it lies in.
      if (random.chance(oddness * 0.05))
        records.push(
          `INLINE ${level} 7 0 ${idBelow(style, style.origins)} ${hex(here)} ${hex(BigInt(random.below(end + 3)))}`,
        )
      if (random.chance(oddness * 0.03)) records.push(`INLINE ${level} 8 0 0 ${hex(here + BigInt(end >> 1))} 0`)
      nest(here, end, depth + 1)
      at += length
    }
  }
  nest(address, Number(size), 0)
  return random.chance(oddness * 0.1) ? random.shuffled(records) : records
}

export function publicLine(style: GroupStyle, address: bigint, name: string, mFlags = 0): string {
  const { random } = style
  return `PUBLIC ${random.chance(mFlags) ? 'm ' : ''}${spelled(address, style)} ${random.chance(0.1) ? 'c' : '0'} ${name}`
}

/** A STACK CFI INIT with its rules. */
export function cfiGroup(style: GroupStyle, address: bigint, size: bigint, rules: number): Group {
  const { random, oddness } = style
  const saved = ['$rbp', '$rbx', '$r12', '$r13', '$r14', '$r15'] as const
  const added = Array.from({ length: rules }, (_, number) => {
    const at =
      address +
      BigInt(random.chance(oddness * 0.1) ? random.below(Number(size) * 2 + 1) : ((Number(size) * number) / rules) | 0)
    return `STACK CFI ${spelled(at, style)} .cfa: $rsp ${16 + 8 * number} + ${random.pick(saved)}: .cfa -${16 + 8 * number} + ^`
  })
  return [`STACK CFI INIT ${spelled(address, style)} ${hex(size)} .cfa: $rsp 8 + .ra: .cfa -8 + ^`, ...added]
}

const PROGRAMS = [
  '$T0 $ebp = $eip $T0 4 + ^ = $ebp $T0 ^ = $esp $T0 8 + =',
  '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =',
  '$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebp $T0 .cbSavedRegs - 8 - ^ =',
  '$T0 $ebp 8 @ = $eip $T0 4 + ^ =',
  '',
] as const

/** A STACK WIN record: framedata with a program, FPO without, and now and then one whose type and flag disagree or mean nothing. */
export function winLine(style: GroupStyle, type: '0' | '4', address: bigint, size: bigint): string {
  const { random, oddness } = style
  const sizes = Array.from({ length: 6 }, () => hex(BigInt(random.below(96)))).join(' ')
  const odd = random.chance(oddness * 0.05)
  const written = odd ? random.pick(['0', '4', '5', 'a']) : type
  const flag = odd ? random.pick(['0', '1', '2']) : type === '4' ? '1' : '0'
  const rest = type === '4' ? random.pick(PROGRAMS) : random.pick(['0', '1', '01', ''])
  return `STACK WIN ${written} ${spelled(address, style)} ${hex(size)} ${sizes} ${flag} ${rest}`
}
