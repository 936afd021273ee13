import { type Address, addressOf, plus } from './address.ts'
import type { FunctionBlock, InlineAt, LineAt } from './function-block.ts'
import type { IndexContents } from './index-contents.ts'
import {
  cfiPart,
  type FunctionText,
  functionParts,
  hasLongLine,
  headText,
  MAX_LONG_LINED_BYTES,
  namePart,
  type Part,
  partsText,
  publicPart,
  textBytes,
  winPart,
} from './partial-text.ts'
import { ADDRESS_END, highest, lastAtOrBefore, lowest } from './record-finder.ts'
import { type SymbolSegment, symbolSegment } from './symbol-at.ts'
import type { PartialRecords } from './symbol-index.ts'

/** Text that the records around one address may be. */
export const MAX_ADDRESS_TEXT_BYTES = 256 * 1024
/** A function is narrowed to what lies around the address above this text, and above this many names that must be read from pages. */
const MAX_FUNCTION_TEXT_BYTES = 96 * 1024
const MAX_PAGE_NAMES = 16
/** Steps from the address, in places where the answer changes, that a narrowed function still holds on each side. */
const NARROWED_STEPS = [64, 16, 4, 0]

/** What the text must hold for one address, before names are read. */
interface Around {
  readonly address: bigint
  readonly start: Address
  readonly end: Address
  readonly parts: readonly Part[]
  readonly functions: readonly FunctionText[]
  readonly symbol: SymbolSegment
  /** False when the index has left out what the address needs. */
  readonly isWhole: boolean
}

/** The records around addresses (see {@link PartialRecords}). */
export async function partialRecords(
  contents: IndexContents,
  addresses: readonly bigint[],
  maxTextBytes: number,
): Promise<PartialRecords> {
  const wanted = [...new Set(addresses)].filter((address) => address >= 0n && address < ADDRESS_END)
  const all = await Promise.all(wanted.map((address) => around(contents, address)))
  const names = await readNames(contents, all)
  const head = headText(contents.upper.module, maxTextBytes)
  const text = new PartialText(names, textBytes(head), maxTextBytes)
  const answered: Around[] = []
  for (const one of all) if (one.isWhole && text.add(one)) answered.push(one)
  const lowestPublic = answered.reduce<Address>((low, { symbol }) => lowest(low, symbol.public?.address), ADDRESS_END)
  const left: Around[] = []
  for (const one of answered) if (text.addFunctions(await hiddenPublic(one, lowestPublic))) left.push(one)
  const ranges = merged(left)
  const isCovered = (address: bigint) => ranges.some(({ start, end }) => start <= address && address < end)
  return {
    text: head + text.toString(),
    ranges,
    // What one address needed may answer another that alone was too much.
    unanswered: wanted.filter((address) => !isCovered(address)),
  }
}

async function around(contents: IndexContents, wide: bigint): Promise<Around> {
  const address = addressOf(wide)
  const [symbol, cfi, framedata, fpo] = await Promise.all([
    symbolSegment(contents, address),
    contents.cfi.segment(address),
    contents.framedata.segment(address),
    contents.fpo.segment(address),
  ])
  let { start, end } = symbol
  const functions: FunctionText[] = []
  if (symbol.function !== null) {
    const { block, index } = symbol.function
    const { text, start: from, end: to } = functionAround(contents, block, index, address)
    start = highest(start, from)
    end = lowest(end, to)
    functions.push(text)
  }
  const parts: Part[] = []
  if (symbol.public !== null) parts.push(publicPart(symbol.public))
  const rules = cfi.record === null ? null : cfiPart(cfi.record.block.record(cfi.record.index))
  if (rules !== null) parts.push(rules)
  if (framedata.record !== null) parts.push(winPart(4, framedata.record.block.record(framedata.record.index)))
  if (fpo.record !== null) parts.push(winPart(0, fpo.record.block.record(fpo.record.index)))
  for (const segment of [cfi, framedata, fpo]) {
    start = highest(start, segment.start)
    end = lowest(end, segment.end)
  }
  return { address: wide, start, end, parts, functions, symbol, isWhole: rules !== null || cfi.record === null }
}

/** A function, or the piece of it that the block has, or less: as much around the address as is worth its text and its reads. */
function functionAround(
  contents: IndexContents,
  block: FunctionBlock,
  index: number,
  address: Address,
): { text: FunctionText; start: Address; end: Address } {
  const { start, end, functionStart, functionSize, parameterSize, name } = block.record(index)
  const lines = block.lines(index)
  const inlines = block.inlines(index, lines)
  const textOf = (from: Address, to: Address): FunctionText => ({
    start: functionStart,
    size: functionSize,
    parameterSize,
    name,
    lines: lines
      .filter((line) => overlaps(line, from, to))
      .map((line) => ({ ...line, fileRef: contents.files.ref(block.files, line.file) })),
    inlines: inlines
      .filter((inline) => overlaps(inline, from, to))
      .map((inline) => ({
        ...inline,
        fileRef: contents.files.ref(block.files, inline.file),
        originRef: contents.origins.ref(block.origins, inline.origin),
      })),
  })
  const whole = { text: textOf(start, plus(end, 1)), start, end: plus(end, 1) }
  if (isWorthIt(whole.text)) return whole
  const bounds = boundsOf(lines, inlines, start, end)
  const at = lastAtOrBefore(bounds, address)
  let narrowed = whole
  for (const steps of NARROWED_STEPS) {
    const from = bounds[Math.max(0, at - steps)] ?? start
    const to = bounds[at + 1 + steps] ?? plus(end, 1)
    narrowed = { text: textOf(from, to), start: from, end: to }
    if (isWorthIt(narrowed.text)) break
  }
  return narrowed
}

function overlaps(record: LineAt | InlineAt, from: Address, to: Address): boolean {
  return record.start < to && plus(record.start, record.size) > from
}

function isWorthIt({ name, lines, inlines }: FunctionText): boolean {
  const files = new Map([...lines, ...inlines].map(({ fileRef }) => [fileRef.id, fileRef.name]))
  const origins = new Map(inlines.map(({ originRef }) => [originRef.id, originRef.name]))
  const names = [...files.values(), ...origins.values()]
  const bytes = names.reduce(
    (sum, text) => sum + (text?.length ?? 0),
    name.length + 28 * (lines.length + inlines.length),
  )
  return bytes <= MAX_FUNCTION_TEXT_BYTES && names.filter((text) => text === null).length <= MAX_PAGE_NAMES
}

/** The addresses in a record at which the answer may change, ascending. */
function boundsOf(lines: readonly LineAt[], inlines: readonly InlineAt[], start: Address, end: Address): Address[] {
  const bounds = new Set<Address>([start])
  for (const { start: from, size } of [...lines, ...inlines]) {
    for (const bound of [from, plus(from, size)]) if (bound > start && bound <= end) bounds.add(bound)
  }
  return [...bounds].sort((a, b) => (a < b ? -1 : 1))
}

/** Names by id. */
interface Names {
  readonly files: ReadonlyMap<number, string>
  readonly origins: ReadonlyMap<number, string>
}

/** Reads the names that blocks left to the pages. */
async function readNames(contents: IndexContents, all: readonly Around[]): Promise<Names> {
  const functions = all.flatMap((one) => one.functions)
  const [files, origins] = await Promise.all([
    contents.files.names(
      functions.flatMap(({ lines, inlines }) =>
        [...lines, ...inlines].flatMap(({ fileRef }) => (fileRef.name === null ? [fileRef.id] : [])),
      ),
    ),
    contents.origins.names(
      functions.flatMap(({ inlines }) =>
        inlines.flatMap(({ originRef }) => (originRef.name === null ? [originRef.id] : [])),
      ),
    ),
  ])
  return { files, origins }
}

/**
 * In a gap where no PUBLIC counts a PUBLIC of another address must not count either: where one of the text reaches into it, the FUNC that ends it in the whole
 * file must be there, too (specs/stackwalker.md section 4, pitfall 7).
 */
async function hiddenPublic({ symbol }: Around, lowestPublic: Address): Promise<FunctionText[]> {
  const { before } = symbol
  if (symbol.function !== null || symbol.public !== null || before === null) return []
  if (lowestPublic >= symbol.end) return []
  const block = await before.block()
  const { functionStart, functionSize, parameterSize, name } = block.record(before.index)
  return [{ start: functionStart, size: functionSize, parameterSize, name, lines: [], inlines: [] }]
}

/** The text as it grows. */
class PartialText {
  readonly #names: Names
  readonly #parts = new Map<string, Part>()
  #bytes: number
  #maxBytes: number

  constructor(names: Names, headBytes: number, maxBytes: number) {
    this.#names = names
    this.#bytes = headBytes
    this.#maxBytes = maxBytes
  }

  /** Adds what an address needs, unless that is too much. */
  add({ parts, functions }: Around): boolean {
    return this.#addParts([...parts, ...functions.flatMap((text) => this.#functionParts(text))])
  }

  addFunctions(functions: readonly FunctionText[]): boolean {
    return this.#addParts(functions.flatMap(functionParts))
  }

  toString(): string {
    return partsText([...this.#parts.values()])
  }

  #functionParts(text: FunctionText): Part[] {
    const names = new Map<string, Part>()
    const add = (part: Part) => names.set(part.key, part)
    for (const { fileRef } of [...text.lines, ...text.inlines]) {
      const name = fileRef.name ?? this.#names.files.get(fileRef.id)
      if (name !== undefined) add(namePart('file', fileRef.id, name))
    }
    for (const { originRef } of text.inlines) {
      const name = originRef.name ?? this.#names.origins.get(originRef.id)
      if (name !== undefined) add(namePart('origin', originRef.id, name))
    }
    return [...names.values(), ...functionParts(text)]
  }

  #addParts(parts: readonly Part[]): boolean {
    const missing = parts.filter(({ key }) => !this.#parts.has(key))
    const bytes = missing.reduce((sum, { text }) => sum + textBytes(text), 0)
    const isLong = missing.some(({ text }) => hasLongLine(text))
    const maxBytes = isLong ? Math.min(this.#maxBytes, MAX_LONG_LINED_BYTES) : this.#maxBytes
    if (bytes > MAX_ADDRESS_TEXT_BYTES || this.#bytes + bytes > maxBytes) return false
    for (const part of missing) this.#parts.set(part.key, part)
    this.#bytes += bytes
    this.#maxBytes = maxBytes
    return true
  }
}

function merged(all: readonly Around[]): PartialRecords['ranges'] {
  const sorted = all.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  const ranges: { start: bigint; end: bigint }[] = []
  for (const { start, end } of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && start <= last.end) last.end = BigInt(highest(last.end, end))
    else ranges.push({ start: BigInt(start), end: BigInt(end) })
  }
  return ranges
}
