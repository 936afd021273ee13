import { type LineParser, type Refusal, readAsStock } from './stock-reader.ts'
import {
  type CfiRules,
  cfiRules,
  type InlineRecord,
  inlineRecords,
  type Line,
  type LineRecord,
  lineOf,
  lineRecord,
  moduleRecord,
  originRecord,
  type Ranged,
  type SymRecord,
  symRecord,
  type WinFields,
} from './sym-records.ts'

/**
 * A sym file read whole and answered from plain lists: the oracle of the block index, which shares no code with it. The rules are what
 * breakpad-symbols 0.27 does (specs/stackwalker.md section 4); oracles.differential.test.ts holds it against the crate itself.
 */

const MAX_U64 = 0xffff_ffff_ffff_ffffn
const NEWLINE = 0x0a

interface FuncRecord extends Ranged {
  readonly size: number
  readonly parameterSize: number
  readonly name: string
  readonly lines: readonly LineRecord[]
  /** By depth; each list in ascending order. */
  readonly inlines: ReadonlyMap<number, readonly InlineRecord[]>
}

interface PublicRecord {
  readonly address: bigint
  readonly parameterSize: number
  readonly name: string
}

interface CfiRecord extends Ranged {
  readonly size: number
  readonly rules: string
  readonly addRules: readonly CfiRules[]
}

type WinRecord = WinFields & Ranged

/** The group that is open: its lines may follow. */
type OpenGroup =
  | { readonly kind: 'FUNC'; readonly func: SymRecord & { kind: 'FUNC' }; lines: LineRecord[]; inlines: InlineRecord[] }
  | { readonly kind: 'CFI'; readonly init: SymRecord & { kind: 'STACK CFI INIT' }; readonly addRules: CfiRules[] }
  | null

/** What a file answers at an address: the fields and spelling of container/examples/symbol-answers.rs, but for its `walk`. */
export interface WholeAnswer {
  readonly kind: 'function' | 'public' | 'none'
  readonly name: string | null
  readonly base: string | null
  readonly size: number | null
  readonly parameter_size: number | null
  readonly file: string | null
  readonly line: number | null
  readonly line_base: string | null
  /** Outermost first. */
  readonly inlines: readonly (readonly [name: string, file: string | null, line: number | null])[]
  readonly cfi: {
    readonly address: string
    readonly size: number
    readonly rules: string
    readonly add_rules: readonly (readonly [address: string, rules: string])[]
  } | null
  readonly framedata: string | null
  readonly fpo: string | null
}

/** A whole file, or why breakpad-symbols refuses it. */
export type WholeFile =
  | { readonly kind: 'parsed'; readonly symbols: WholeSymbols }
  /** `line` is counted from 0, as the crate does. */
  | { readonly kind: 'refused'; readonly line: number; readonly refusal: Refusal }

/** Parses a whole file. */
export function parseWholeFile(bytes: Uint8Array): WholeFile {
  const symbols = new WholeSymbols()
  const refusal = readAsStock(bytes, symbols)
  if (refusal !== null) return { kind: 'refused', line: refusal === 'empty file' ? 0 : symbols.lines, refusal }
  symbols.finish()
  return { kind: 'parsed', symbols }
}

const compare = <Value>(a: Value, b: Value) => (a < b ? -1 : a > b ? 1 : 0)

/** By bytes, as Rust orders text: not by UTF-16 units, which put U+1F600 before U+FF00. */
function compareText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const at = left.findIndex((char, index) => char !== right[index])
  if (at < 0) return compare(left.length, right.length)
  return compare(left[at]?.codePointAt(0) ?? -1, right[at]?.codePointAt(0) ?? -1)
}

/** What FUNC, CFI and WIN records cover: nothing when they are empty or when `address + size` leaves 64 bits. */
function rangeOf(address: bigint, size: number): Ranged | null {
  if (size === 0 || address + BigInt(size) > MAX_U64) return null
  return { address, end: address + BigInt(size) - 1n }
}

/** Sorted by (start, end), first in the file first; what starts inside the last kept one is dropped. */
function withoutOverlaps<R extends Ranged>(records: readonly R[]): R[] {
  const kept: R[] = []
  for (const record of records.toSorted((a, b) => compare(a.address, b.address) || compare(a.end, b.end))) {
    const last = kept.at(-1)
    if (last === undefined || record.address > last.end) kept.push(record)
  }
  return kept
}

/** The last one that begins at or before the address, of records in ascending order. */
function lastBefore<R extends { readonly address: bigint }>(records: readonly R[], address: bigint): R | null {
  let low = 0
  for (let high = records.length; low < high; ) {
    const middle = (low + high) >>> 1
    const record = records[middle]
    if (record !== undefined && record.address <= address) low = middle + 1
    else high = middle
  }
  return records[low - 1] ?? null
}

function covering<R extends Ranged>(records: readonly R[], address: bigint): R | null {
  const record = lastBefore(records, address)
  return record !== null && address <= record.end ? record : null
}

/** All records of a file, and what they answer. */
export class WholeSymbols implements LineParser {
  lines = 0
  moduleId = ''
  debugFile = ''
  readonly files = new Map<number, string>()
  readonly origins = new Map<number, string>()
  functions: FuncRecord[] = []
  publics: PublicRecord[] = []
  cfi: CfiRecord[] = []
  framedata: WinRecord[] = []
  fpo: WinRecord[] = []
  #open: OpenGroup = null

  take(held: Uint8Array): number | null {
    const end = held.lastIndexOf(NEWLINE) + 1
    const lines = held.subarray(0, end)
    for (let from = 0; from < end; this.lines += 1) {
      const next = this.#takeLine(lines, from)
      if (next === null) return null
      from = next
    }
    return end
  }

  /** Closes what is open and brings all lists in order. */
  finish(): void {
    this.#close()
    this.functions = withoutOverlaps(this.functions)
    this.cfi = withoutOverlaps(this.cfi)
    this.framedata = withoutOverlaps(this.framedata)
    this.fpo = withoutOverlaps(this.fpo)
    this.publics.sort(
      (a, b) =>
        compare(a.address, b.address) || compareText(a.name, b.name) || compare(a.parameterSize, b.parameterSize),
    )
  }

  /** Where the next line begins; null where this one is refused. */
  #takeLine(lines: Uint8Array, from: number): number | null {
    const newline = lines.indexOf(NEWLINE, from)
    const line = lineOf(lines.subarray(from, newline))
    if (this.#takeIntoGroup(line)) return newline + 1
    // A line that does not belong to the open group ends it, a blank one too: line records behind it are refused.
    this.#close()
    if (/^\r*$/.test(line.text)) return newline + 1
    if (/^MODULE[ \t]/.test(line.text)) {
      const module = this.lines === 0 ? moduleRecord(lines, from) : null
      if (module === null) return null
      this.moduleId = module.id
      this.debugFile = module.name
      return module.next
    }
    const record = symRecord(line)
    if (record === null) return null
    this.#takeRecord(record)
    return newline + 1
  }

  #takeIntoGroup(line: Line): boolean {
    const open = this.#open
    if (open?.kind === 'CFI') {
      const rules = cfiRules(line)
      if (rules !== null) open.addRules.push(rules)
      return rules !== null
    }
    if (open?.kind !== 'FUNC') return false
    // With a tab behind the word they are not seen as part of the FUNC.
    if (line.text.startsWith('INLINE_ORIGIN ')) {
      const origin = originRecord(line)
      if (origin !== null) this.origins.set(origin.id, origin.name)
      return origin !== null
    }
    if (line.text.startsWith('INLINE ')) {
      const inlines = inlineRecords(line)
      if (inlines !== null) open.inlines.push(...inlines)
      return inlines !== null
    }
    const read = lineRecord(line)
    if (read !== null && read.line !== null) open.lines.push(read.line)
    return read !== null
  }

  #takeRecord(record: SymRecord): void {
    switch (record.kind) {
      case 'INFO':
        return
      case 'FILE':
        this.files.set(record.id, record.name)
        return
      case 'INLINE_ORIGIN':
        this.origins.set(record.id, record.name)
        return
      case 'PUBLIC':
        this.publics.push(record)
        return
      case 'FUNC':
        this.#open = { kind: 'FUNC', func: record, lines: [], inlines: [] }
        return
      case 'STACK CFI INIT':
        this.#open = { kind: 'CFI', init: record, addRules: [] }
        return
      case 'STACK WIN':
        this.#takeWin(record.win)
        return
      default:
        record satisfies never
    }
  }

  /** In file order, against the last one that was kept: a later start cuts that one short, any other overlap is dropped. */
  #takeWin(win: WinFields): void {
    const range = rangeOf(win.address, win.size)
    if (win.type === 'void' || range === null) return
    const records = win.type === 'framedata' ? this.framedata : this.fpo
    const last = records.at(-1)
    if (last !== undefined && last.address <= range.end && last.end >= range.address) {
      if (range.address > last.address) {
        const size = Number(range.address - last.address)
        records.splice(-1, 1, { ...last, size, end: range.address - 1n })
      } else if (range.address < last.address || range.end !== last.end) {
        return
      }
    }
    records.push({ ...win, ...range })
  }

  #close(): void {
    const open = this.#open
    this.#open = null
    if (open?.kind === 'FUNC') {
      const range = rangeOf(open.func.address, open.func.size)
      const inlines = byDepth(open.inlines.toSorted(compareInlines))
      if (range !== null) this.functions.push({ ...open.func, ...range, lines: withoutOverlaps(open.lines), inlines })
    }
    if (open?.kind === 'CFI') {
      const range = rangeOf(open.init.address, open.init.size)
      const addRules = open.addRules.toSorted((a, b) => compare(a.address, b.address) || compareText(a.rules, b.rules))
      if (range !== null) this.cfi.push({ ...open.init, ...range, addRules })
    }
  }

  at(address: bigint): WholeAnswer {
    const cfi = covering(this.cfi, address)
    const framedata = covering(this.framedata, address)
    const fpo = covering(this.fpo, address)
    return {
      ...NO_SYMBOL,
      ...(this.#functionAt(address, (framedata ?? fpo)?.parameterSize ?? null) ?? this.#publicAt(address)),
      cfi: cfi && {
        address: cfi.address.toString(16),
        size: cfi.size,
        rules: cfi.rules,
        add_rules: cfi.addRules
          .filter((rules) => rules.address <= address)
          .map((rules) => [rules.address.toString(16), rules.rules]),
      },
      framedata: framedata && asPrinted(framedata),
      fpo: fpo && asPrinted(fpo),
    }
  }

  #functionAt(address: bigint, parameterSizeOfWin: number | null): Partial<WholeAnswer> | null {
    const func = covering(this.functions, address)
    if (func === null) return null
    const calls: InlineRecord[] = []
    for (let call = inlineAt(func, 0, address); call !== null; call = inlineAt(func, calls.length, address))
      calls.push(call)
    const line = covering(func.lines, address)
    const [first] = calls
    const place = first === undefined ? line : { file: first.callFile, line: first.callLine, address: first.address }
    const file = place === null ? undefined : this.files.get(place.file)
    // A call's record says where it is made from: each function's own place is in the record one level deeper.
    const inlines = calls.flatMap((call, depth): [string, string | null, number | null][] => {
      const name = this.origins.get(call.origin)
      if (name === undefined) return []
      const inner = calls[depth + 1]
      if (inner !== undefined) return [[name, this.files.get(inner.callFile) ?? null, inner.callLine]]
      return [[name, (line && this.files.get(line.file)) ?? null, line === null || line.line === 0 ? null : line.line]]
    })
    return {
      kind: 'function',
      ...{ name: func.name, base: func.address.toString(16), size: func.size, inlines },
      parameter_size: parameterSizeOfWin ?? func.parameterSize,
      ...(place !== null && file !== undefined && { file, line: place.line, line_base: place.address.toString(16) }),
    }
  }

  #publicAt(address: bigint): Partial<WholeAnswer> | null {
    const symbol = lastBefore(this.publics, address)
    const before = lastBefore(this.functions, address)
    if (symbol === null || (before !== null && symbol.address <= before.address)) return null
    const { name, parameterSize } = symbol
    return { kind: 'public', name, base: symbol.address.toString(16), parameter_size: parameterSize }
  }
}

const NO_SYMBOL: Omit<WholeAnswer, 'cfi' | 'framedata' | 'fpo'> = {
  kind: 'none',
  ...{ name: null, base: null, size: null, parameter_size: null },
  ...{ file: null, line: null, line_base: null, inlines: [] },
}

function byDepth(inlines: readonly InlineRecord[]): Map<number, InlineRecord[]> {
  const depths = new Map<number, InlineRecord[]>()
  for (const inline of inlines) {
    const sameDepth = depths.get(inline.depth)
    if (sameDepth === undefined) depths.set(inline.depth, [inline])
    else sameDepth.push(inline)
  }
  return depths
}

function compareInlines(a: InlineRecord, b: InlineRecord): number {
  return (
    compare(a.depth, b.depth) ||
    compare(a.address, b.address) ||
    compare(a.size, b.size) ||
    compare(a.callFile, b.callFile) ||
    compare(a.callLine, b.callLine) ||
    compare(a.origin, b.origin)
  )
}

/** Only the last record at or before the address counts: an empty or short one hides a longer one that began earlier. */
function inlineAt(func: FuncRecord, depth: number, address: bigint): InlineRecord | null {
  const record = lastBefore(func.inlines.get(depth) ?? [], address)
  if (record === null) return null
  const end = record.address + BigInt(record.size)
  return end <= MAX_U64 && address < end ? record : null
}

/** A character as Rust prints it for debugging, of those that it does not print as they are. */
function escaped(char: string): string {
  const short = { '\0': '\\0', '\t': '\\t', '"': '\\"', '\\': '\\\\' }[char]
  return short ?? `\\u{${char.codePointAt(0)?.toString(16)}}`
}

/** As Rust prints it for debugging. */
function asPrinted(win: WinRecord): string {
  const fields = {
    ...{ address: win.address, size: win.size, prologue_size: win.prologueSize, epilogue_size: win.epilogueSize },
    ...{ parameter_size: win.parameterSize, saved_register_size: win.savedRegisterSize, local_size: win.localSize },
    ...{ max_stack_size: win.maxStackSize },
    program_string_or_base_pointer:
      win.type === 'framedata'
        ? `ProgramString("${win.rest.replaceAll(/["\\\p{Cc}]/gu, escaped)}")`
        : `AllocatesBasePointer(${win.rest === '1'})`,
  }
  return `StackInfoWin { ${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')} }`
}
