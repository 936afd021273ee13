import { type Address, addressOf, plus } from './address.ts'
import type { FunctionBlock, InlineAt, LineAt } from './function-block.ts'
import type { IndexContents } from './index-contents.ts'
import type { NameRef } from './name-finder.ts'
import type { PublicRecord } from './public-block.ts'
import { ADDRESS_END, highest, lowest, type Segment } from './record-finder.ts'
import type { InlinedCall, SymbolAt } from './symbol-index.ts'

/** What FUNC and PUBLIC records say about an address, and from where to where they say so. */
export interface SymbolSegment {
  readonly start: Address
  readonly end: Address
  readonly function: Segment<FunctionBlock>['record']
  readonly public: PublicRecord | null
  /** Where neither counts: the last FUNC before. */
  readonly before: Segment<FunctionBlock>['before']
}

/**
 * A FUNC that covers the address, else the nearest PUBLIC before it unless a FUNC starts at or after that PUBLIC (specs/stackwalker.md section 4, pitfall 7).
 * One block is read; two where the upper index does not say which PUBLICs count and no FUNC covers the address.
 */
export async function symbolSegment({ functions, publics }: IndexContents, address: Address): Promise<SymbolSegment> {
  const known = publics.known(address)
  if (known?.counts === true) {
    const { record } = await publics.nearest(address)
    return { start: known.start, end: known.end, function: null, public: record, before: null }
  }
  const segment = await functions.segment(address)
  if (segment.record !== null) return { ...segment, function: segment.record, public: null }
  if (known !== null) {
    const [start, end] = [highest(segment.start, known.start), lowest(segment.end, known.end)]
    return { start, end, function: null, public: null, before: segment.before }
  }
  const nearest = await publics.nearest(address)
  const [start, end] = [highest(segment.start, nearest.start), lowest(segment.end, nearest.end)]
  const isHidden =
    nearest.record !== null && segment.before !== null && nearest.record.address <= segment.before.wholeStart
  if (nearest.record === null || isHidden) return { start, end, function: null, public: null, before: segment.before }
  return { start, end, function: null, public: nearest.record, before: null }
}

/** A call whose names may still have to be read. */
interface Call {
  readonly origin: NameRef
  readonly file: NameRef | null
  readonly line: number | null
}

/** An answer whose names may still have to be read. */
type Found =
  | { readonly kind: 'known'; readonly symbol: SymbolAt }
  | {
      readonly kind: 'function'
      readonly name: string
      readonly address: Address
      readonly size: number
      readonly file: NameRef | null
      readonly line: number | null
      readonly inlines: readonly Call[]
    }

const NONE: Found = { kind: 'known', symbol: { kind: 'none' } }

/** What lies at each address, in the order asked. */
export async function symbolsAt(contents: IndexContents, addresses: readonly bigint[]): Promise<SymbolAt[]> {
  const found = await Promise.all(addresses.map((address) => find(contents, address)))
  const [files, origins] = await Promise.all([
    contents.files.names(leftOut(found.flatMap(fileRefs))),
    contents.origins.names(leftOut(found.flatMap(originRefs))),
  ])
  return found.map((one) => (one.kind === 'known' ? one.symbol : named(one, files, origins)))
}

async function find(contents: IndexContents, wide: bigint): Promise<Found> {
  if (wide < 0n || wide >= ADDRESS_END) return NONE
  const address = addressOf(wide)
  const segment = await symbolSegment(contents, address)
  if (segment.function !== null) return functionAt(contents, segment.function.block, segment.function.index, address)
  if (segment.public === null) return NONE
  const { name, address: start } = segment.public
  return { kind: 'known', symbol: { kind: 'public', name, address: BigInt(start) } }
}

/**
 * The function with its inlined calls. A record of the crate says which function is called from where; an answer says for each function where in it the address is:
 * so each has the place of the call below it, and the innermost has the line record's.
 */
function functionAt(contents: IndexContents, block: FunctionBlock, index: number, address: Address): Found {
  const record = block.record(index)
  const { name, functionStart, functionSize } = record
  const lines = block.lines(index)
  const line = lines.find((one) => covers(one, address)) ?? null
  const chain: InlineAt[] = []
  for (const inline of block.inlines(index, lines)) {
    if (inline.depth > chain.length) break
    if (inline.depth === chain.length && covers(inline, address)) chain.push(inline)
  }
  const file = (place: LineAt | InlineAt | null) =>
    place === null ? null : contents.files.ref(block.files, place.file)
  const inlines = chain.map((inline, depth): Call => {
    const origin = contents.origins.ref(block.origins, inline.origin)
    const below = chain[depth + 1]
    const place = below ?? line
    return { origin, file: file(place), line: lineNumber(place) }
  })
  const place = chain[0] ?? line
  return {
    kind: 'function',
    name,
    address: functionStart,
    size: functionSize,
    file: file(place),
    line: lineNumber(place),
    inlines: inlines.toReversed(),
  }
}

/** Line 0 says that there is none. */
function lineNumber(place: LineAt | InlineAt | null): number | null {
  return place === null || place.line === 0 ? null : place.line
}

function covers({ start, size }: { readonly start: Address; readonly size: number }, address: Address): boolean {
  return start <= address && address < plus(start, size)
}

function fileRefs(found: Found): (NameRef | null)[] {
  return found.kind === 'known' ? [] : [found.file, ...found.inlines.map(({ file }) => file)]
}

function originRefs(found: Found): NameRef[] {
  return found.kind === 'known' ? [] : found.inlines.map(({ origin }) => origin)
}

/** The ids whose names blocks left to the pages. */
function leftOut(refs: readonly (NameRef | null)[]): number[] {
  return refs.flatMap((ref) => (ref === null || ref.name !== null ? [] : [ref.id]))
}

/** A file that is nowhere defined takes its line with it, an inlined function without a name is left out: as the crate does. */
function named(
  found: Found & { kind: 'function' },
  files: ReadonlyMap<number, string>,
  origins: ReadonlyMap<number, string>,
): SymbolAt {
  const fileName = (ref: NameRef | null) => (ref === null ? null : (ref.name ?? files.get(ref.id) ?? null))
  const file = fileName(found.file)
  return {
    kind: 'function',
    name: found.name,
    address: BigInt(found.address),
    size: BigInt(found.size),
    file,
    line: file === null ? null : found.line,
    inlines: found.inlines.flatMap((call): InlinedCall[] => {
      const name = call.origin.name ?? origins.get(call.origin.id)
      return name === undefined ? [] : [{ function: name, file: fileName(call.file), line: call.line }]
    }),
  }
}
