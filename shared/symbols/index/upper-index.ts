import { type Address, minus, plus } from './address.ts'
import { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { ColumnWriter, readColumns } from './columns.ts'
import { DamagedIndex } from './damaged-index.ts'
import { type BlockPlace, HEAD_BYTES, MIN_BLOCK_BYTES } from './index-file.ts'
import type { NameDirectory, PlacedPage } from './name-store.ts'
import { utf8 } from './utf8.ts'

/** A record that stood out of order and counts: in a late block, at a position of it. */
export interface LateRecord {
  /** First and last address that it answers for. */
  readonly start: Address
  readonly end: Address
  /** How far into its function a piece begins; 0 for whole records. */
  readonly lead: number
  readonly block: number
  readonly index: number
}

/** Where the blocks of one kind of record lie. */
export interface Directory {
  /** Blocks in ascending order, by the first address of each. */
  readonly starts: readonly Address[]
  readonly places: readonly BlockPlace[]
  /** In ascending order. */
  readonly late: readonly LateRecord[]
  readonly latePlaces: readonly BlockPlace[]
}

/** The kinds of record that have a directory. */
export const KINDS = ['functions', 'publics', 'cfi', 'framedata', 'fpo'] as const
export type Kind = (typeof KINDS)[number]

/** The words of the file's MODULE and INFO CODE_ID lines; empty where it has none. */
export interface ModuleLines {
  readonly hasModule: boolean
  readonly os: string
  readonly arch: string
  readonly debugId: string
  readonly debugFile: string
  readonly codeId: string
  readonly codeFile: string
}

/** Everything about an index that is not in its blocks. */
export interface UpperIndex {
  readonly symEtag: string
  readonly module: ModuleLines
  /** Set when the file is refused; there is nothing else to read then. */
  readonly refused: { readonly line: number; readonly reason: string } | null
  readonly textBytes: number
  /** Records in the file, by kind. */
  readonly records: Readonly<Record<Kind, number>>
  readonly directories: Readonly<Record<Kind, Directory>>
  /** Where a PUBLIC counts: [start, end). Null: look into the blocks. */
  readonly publicRanges: readonly (readonly [start: Address, end: Address])[] | null
  readonly files: NameDirectory
  readonly origins: NameDirectory
}

/** A directory of nothing. */
export const NO_DIRECTORY: Directory = { starts: [], places: [], late: [], latePlaces: [] }
export const NO_NAMES: NameDirectory = { layers: [], changed: [] }

/** Late records or ranges; a builder makes a tenth of it. */
const MAX_ENTRIES = 1_000_000
const DIRECTORY_COLUMNS = 10
const NAME_COLUMNS = 6
const FACTS = 0
const TEXTS = 1
const RANGES = 2
const FIRST_DIRECTORY = 3
const FIRST_NAMES = FIRST_DIRECTORY + KINDS.length * DIRECTORY_COLUMNS
const COLUMNS = FIRST_NAMES + 2 * NAME_COLUMNS

/** The upper index as a block. */
export function packUpperIndex(upper: UpperIndex): Uint8Array {
  const writer = new ColumnWriter(COLUMNS)
  const column = (index: number) => writer.column(index)
  const facts = column(FACTS)
  const { refused, module } = upper
  facts.number(upper.textBytes)
  facts.number(refused === null ? 0 : refused.line)
  facts.number(module.hasModule ? 1 : 0)
  facts.number(upper.publicRanges === null ? 0 : 1)
  facts.number(upper.files.changed === 'all' ? 1 : 0)
  facts.number(upper.origins.changed === 'all' ? 1 : 0)
  for (const kind of KINDS) facts.number(upper.records[kind])
  const { os, arch, debugId, debugFile, codeId, codeFile } = module
  for (const text of [upper.symEtag, os, arch, debugId, debugFile, codeId, codeFile, refused?.reason ?? '']) {
    const bytes = encoder.encode(text)
    facts.number(bytes.length)
    column(TEXTS).copy(bytes, 0, bytes.length)
  }
  let end: Address = 0
  for (const range of upper.publicRanges ?? []) {
    column(RANGES).signedAddress(minus(range[0], end))
    column(RANGES).signedAddress(minus(range[1], range[0]))
    end = range[1]
  }
  for (const [index, kind] of KINDS.entries()) {
    packDirectory(upper.directories[kind], columnsFrom(writer, FIRST_DIRECTORY + index * DIRECTORY_COLUMNS))
  }
  packNames(upper.files, columnsFrom(writer, FIRST_NAMES))
  packNames(upper.origins, columnsFrom(writer, FIRST_NAMES + NAME_COLUMNS))
  return writer.join()
}

/** Reads what `packUpperIndex` wrote, of an index whose blocks end at `blocksEnd`. Throws {@link DamagedIndex}. */
export function readUpperIndex(raw: Uint8Array, blocksEnd = Number.MAX_SAFE_INTEGER): UpperIndex {
  const columns = readColumns(raw, COLUMNS)
  const from = (first: number) => (index: number) => columns[first + index] ?? nothing
  const facts = from(FACTS)(0)
  const textBytes = facts.number()
  const refusedLine = facts.number()
  const hasModule = facts.number() === 1
  const hasRanges = facts.number() === 1
  const areFilesChanged = facts.number() === 1
  const areOriginsChanged = facts.number() === 1
  const [functions = 0, publics = 0, cfi = 0, framedata = 0, fpo = 0] = KINDS.map(() => facts.number())
  const texts = from(TEXTS)(0)
  const text = () => utf8(texts.take(facts.number()))
  const symEtag = text()
  const module = {
    hasModule,
    os: text(),
    arch: text(),
    debugId: text(),
    debugFile: text(),
    codeId: text(),
    codeFile: text(),
  }
  const reason = text()
  const directory = (index: number) => readDirectory(from(FIRST_DIRECTORY + index * DIRECTORY_COLUMNS), blocksEnd)
  return {
    symEtag,
    module,
    refused: refusedLine === 0 ? null : { line: refusedLine, reason },
    textBytes,
    records: { functions, publics, cfi, framedata, fpo },
    directories: {
      functions: directory(0),
      publics: directory(1),
      cfi: directory(2),
      framedata: directory(3),
      fpo: directory(4),
    },
    publicRanges: hasRanges ? readRanges(from(RANGES)(0)) : null,
    files: readNames(from(FIRST_NAMES), areFilesChanged, blocksEnd),
    origins: readNames(from(FIRST_NAMES + NAME_COLUMNS), areOriginsChanged, blocksEnd),
  }
}

function columnsFrom(writer: ColumnWriter, first: number): (index: number) => ByteWriter {
  return (index) => writer.column(first + index)
}

function packDirectory({ starts, places, late, latePlaces }: Directory, column: (index: number) => ByteWriter): void {
  let lastStart: Address = 0
  for (const start of starts) {
    column(0).signedAddress(minus(start, lastStart))
    lastStart = start
  }
  packPlaces(places, column(1), column(2))
  let last: Address = 0
  let lastBlock = 0
  for (const record of late) {
    column(3).signedAddress(minus(record.start, last))
    column(4).signedAddress(minus(record.end, record.start))
    column(5).number(record.lead)
    column(6).signed(record.block - lastBlock)
    column(7).number(record.index)
    last = record.end
    lastBlock = record.block
  }
  packPlaces(latePlaces, column(8), column(9))
}

function readDirectory(column: (index: number) => ByteReader, blocksEnd: number): Directory {
  const starts: Address[] = []
  let lastStart: Address = 0
  while (column(0).left > 0) {
    lastStart = plus(lastStart, column(0).signedAddress())
    starts.push(lastStart)
    if (starts.length * MIN_BLOCK_BYTES > blocksEnd) throw new DamagedIndex('there is no room for so many blocks')
  }
  const places = readPlaces(column(1), column(2), blocksEnd)
  if (places.length !== starts.length) throw new DamagedIndex('a directory does not fit its blocks')
  const late: LateRecord[] = []
  let last: Address = 0
  let block = 0
  while (column(3).left > 0) {
    const start = plus(last, column(3).signedAddress())
    const end = plus(start, column(4).signedAddress())
    const lead = column(5).number()
    block += column(6).signed()
    late.push({ start, end, lead, block, index: column(7).number() })
    if (late.length > MAX_ENTRIES) throw new DamagedIndex('too many records are out of order')
    last = end
  }
  return { starts, places, late, latePlaces: readPlaces(column(8), column(9), blocksEnd) }
}

function packPlaces(places: readonly BlockPlace[], gaps: ByteWriter, lengths: ByteWriter): void {
  let end = HEAD_BYTES
  for (const { offset, length } of places) {
    gaps.number(Math.max(0, offset - end))
    lengths.number(length)
    end = offset + length
  }
}

/** Blocks of one directory lie one behind the other, so that there cannot be more than there is room for. */
function readPlaces(gaps: ByteReader, lengths: ByteReader, blocksEnd: number): BlockPlace[] {
  const places: BlockPlace[] = []
  let end = HEAD_BYTES
  while (gaps.left > 0) {
    const offset = end + gaps.number()
    const length = lengths.number()
    end = offset + length
    if (length < MIN_BLOCK_BYTES || end > blocksEnd) throw new DamagedIndex('a block lies where none can lie')
    places.push({ offset, length })
  }
  return places
}

function packNames({ layers, changed }: NameDirectory, column: (index: number) => ByteWriter): void {
  for (const layer of layers) {
    column(0).number(layer.length)
    let lastId = -1
    let end = 0
    for (const { firstId, lastId: last, offset, length } of layer) {
      column(1).number(firstId - lastId - 1)
      column(2).number(last - firstId)
      // Pages lie in the order in which their names were defined, which need not be that of their ids.
      column(3).signed(offset - end)
      column(4).number(length)
      lastId = last
      end = offset + length
    }
  }
  let lastChanged = 0
  for (const id of changed === 'all' ? [] : changed) {
    column(5).number(id - lastChanged)
    lastChanged = id
  }
}

function readNames(column: (index: number) => ByteReader, areAllChanged: boolean, blocksEnd: number): NameDirectory {
  const layers: PlacedPage[][] = []
  let pagesLeft = Math.floor(blocksEnd / MIN_BLOCK_BYTES)
  while (column(0).left > 0) {
    const pages: PlacedPage[] = []
    let lastId = -1
    let end = 0
    for (let left = column(0).count(); left > 0; left--) {
      const firstId: number = lastId + 1 + column(1).number()
      lastId = firstId + column(2).number()
      const offset = end + column(3).signed()
      const length = column(4).number()
      end = offset + length
      if (--pagesLeft < 0 || length < MIN_BLOCK_BYTES || end > blocksEnd) {
        throw new DamagedIndex('a page lies where none can lie')
      }
      pages.push({ firstId, lastId, offset, length })
    }
    layers.push(pages)
  }
  const changed: number[] = []
  let lastChanged = 0
  while (column(5).left > 0) {
    lastChanged += column(5).number()
    changed.push(lastChanged)
  }
  return { layers, changed: areAllChanged ? 'all' : changed }
}

function readRanges(column: ByteReader): (readonly [Address, Address])[] {
  const ranges: (readonly [Address, Address])[] = []
  let end: Address = 0
  while (column.left > 0) {
    const start = plus(end, column.signedAddress())
    end = plus(start, column.signedAddress())
    ranges.push([start, end])
    if (ranges.length > MAX_ENTRIES) throw new DamagedIndex('too many ranges')
  }
  return ranges
}

const nothing = new ByteReader(new Uint8Array(0))
const encoder = new TextEncoder()
