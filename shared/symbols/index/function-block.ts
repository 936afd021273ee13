import { type Address, minus, plus } from './address.ts'
import { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { ColumnWriter, readColumns } from './columns.ts'
import { DamagedIndex } from './damaged-index.ts'
import type { FunctionGroup, FunctionPiece } from './function-group.ts'
import { LocalIds } from './local-ids.ts'
import { LocalNames, type NameChoice } from './local-names.ts'
import { utf8 } from './utf8.ts'

/** Columns of a block of functions, in their order. One value a record, a line, an inlined range or a call site. */
const START = 0
const EXTENT = 1
const FLAGS = 2
const PIECE = 3
const NAME_BYTES = 4
const LINES = 5
const INLINES = 6
const LOOSE = 7
const SITES = 8
const NAMES = 9
const LINE_GAP = 10
const LINE_SIZE = 11
const LINE_NUMBER = 12
const LINE_FILE = 13
const INLINE_DEPTH = 14
const INLINE_FROM = 15
const INLINE_LINES = 16
const INLINE_LOOSE = 17
const INLINE_SITE = 18
const SITE_LINE = 19
const SITE_FILE = 20
const SITE_ORIGIN = 21
const FILE_IDS = 22
const FILE_BYTES = 23
const FILE_NAMES = 24
const ORIGIN_IDS = 25
const ORIGIN_BYTES = 26
const ORIGIN_NAMES = 27
const COLUMNS = 28

/** Columns of which a record has a run of values, and by which of its counts: lines, inlined ranges, those that are loose (two values each), call sites. */
const RUNS: readonly (readonly [column: number, count: number])[] = [
  [LINE_GAP, 0],
  [LINE_SIZE, 0],
  [LINE_NUMBER, 0],
  [LINE_FILE, 0],
  [INLINE_DEPTH, 1],
  [INLINE_FROM, 1],
  [INLINE_LINES, 1],
  [INLINE_SITE, 1],
  [INLINE_LOOSE, 2],
  [SITE_LINE, 3],
  [SITE_FILE, 3],
  [SITE_ORIGIN, 3],
]

/** Packs functions, or pieces of them, into a block. */
export class FunctionBlockWriter {
  readonly #columns = new ColumnWriter(COLUMNS)
  readonly #files = new LocalIds()
  readonly #origins = new LocalIds()
  readonly #siteNumbers = new LocalIds()
  readonly #lineFiles = new FileColumn()
  readonly #siteFiles = new FileColumn()
  /** Files of lines outside of inlined code. */
  readonly #aloneFiles = new Set<number>()
  #knownOrigins = 0
  #records = 0
  #textBytes = 0
  #firstStart: Address = 0
  #lastAddress: Address = 0

  get records(): number {
    return this.#records
  }

  get textBytes(): number {
    return this.#textBytes
  }

  /** Bytes so far, without the names of files and inlined functions. */
  get bytes(): number {
    return this.#columns.length
  }

  /** Where the first record starts. */
  get firstStart(): Address {
    return this.#firstStart
  }

  add(group: FunctionGroup, piece: FunctionPiece, textBytes: number): void {
    const columns = this.#columns
    const start = plus(group.start, piece.start)
    const isPiece = piece.end - piece.start !== group.size
    if (this.#records++ === 0) this.#firstStart = start
    this.#textBytes += textBytes
    columns.column(START).signedAddress(minus(start, this.#lastAddress))
    columns.column(EXTENT).number(piece.end - piece.start - 1)
    columns.column(FLAGS).number(group.parameterSize * 2 + (isPiece ? 1 : 0))
    if (isPiece) {
      columns.column(PIECE).number(piece.start)
      columns.column(PIECE).number(group.size)
    }
    columns.column(NAME_BYTES).number(group.name.length)
    columns.column(NAMES).copy(group.name.written(), 0, group.name.length)
    this.#lastAddress = plus(group.start, piece.end - 1)
    this.#addLines(group, piece)
    this.#addInlines(group, piece)
  }

  /** The block, valid until the next `add`. */
  finish(files: NameChoice, origins: NameChoice): Uint8Array {
    const columns = this.#columns
    const at = (index: number) => columns.column(index)
    // Without a comparison of ours typed arrays sort natively, ten times as fast.
    const ids = Uint32Array.from(this.#files.ids).sort()
    const rankOf = new Uint32Array(ids.length)
    for (let rank = 0; rank < ids.length; rank++) rankOf[this.#files.indexOf(ids[rank] ?? 0)] = rank
    this.#lineFiles.write(rankOf, at(LINE_FILE))
    this.#siteFiles.write(rankOf, at(SITE_FILE))
    const { textBytes } = this
    files.write(
      { ids, textBytes, isAlone: (id) => this.#aloneFiles.has(id) },
      { ids: at(FILE_IDS), lengths: at(FILE_BYTES), names: at(FILE_NAMES) },
    )
    origins.write(
      { ids: this.#origins.ids, textBytes, isAlone: () => false },
      { ids: at(ORIGIN_IDS), lengths: at(ORIGIN_BYTES), names: at(ORIGIN_NAMES) },
    )
    this.#aloneFiles.clear()
    this.#files.clear()
    this.#origins.clear()
    this.#knownOrigins = 0
    this.#records = 0
    this.#textBytes = 0
    this.#lastAddress = 0
    return columns.join()
  }

  #addLines(group: FunctionGroup, { lines: [from, to], inlines }: FunctionPiece): void {
    const columns = this.#columns
    const gaps = columns.column(LINE_GAP)
    const sizes = columns.column(LINE_SIZE)
    const numbers = columns.column(LINE_NUMBER)
    const files = this.#lineFiles
    files.beginRecord()
    columns.column(LINES).number(to - from)
    let lastEnd = 0
    let lastNumber = 0
    let lastAlone = -1
    const inlined = group.inlinedCode(inlines)
    for (let position = from; position < to; position++) {
      const line = group.lineOrder[position] ?? 0
      const offset = group.lineOffset[line] ?? 0
      const size = group.lineSize[line] ?? 0
      const number = group.lineNumber[line] ?? 0
      gaps.signed(offset - lastEnd)
      sizes.number(size)
      numbers.signed(number - lastNumber)
      const file = group.lineFile[line] ?? 0
      files.add(this.#files.indexOf(file))
      if (file !== lastAlone && !inlined.covers(offset, offset + size)) {
        this.#aloneFiles.add(file)
        lastAlone = file
      }
      lastEnd = offset + size
      lastNumber = number
    }
  }

  /**
   * Compilers begin and end inlined code where line records do: so a range is said as lines from the end of the range before, of its depth. A loose one, which does not fit, is
   * said in bytes.
   */
  #addInlines(group: FunctionGroup, piece: FunctionPiece): void {
    const { inlines } = piece
    const columns = this.#columns
    const depths = columns.column(INLINE_DEPTH)
    const froms = columns.column(INLINE_FROM)
    const lengths = columns.column(INLINE_LINES)
    const sites = columns.column(INLINE_SITE)
    const count = inlines === null ? group.keptInlines : inlines.length
    columns.column(INLINES).number(count)
    const numbers = this.#siteNumbers
    this.#siteFiles.beginRecord()
    let loose = 0
    let lastDepth = 0
    let lastLine = 0
    for (let index = 0; index < count; index++) {
      const position = inlines === null ? index : (inlines[index] ?? 0)
      const inline = group.inlineOrder[position] ?? 0
      const depth = group.inlineDepth[inline] ?? 0
      const offset = group.inlineOffset[inline] ?? 0
      const size = group.inlineSize[inline] ?? 0
      const site = group.inlineSite[inline] ?? 0
      depths.number(depth - lastDepth)
      if (depth !== lastDepth) lastLine = 0
      lastDepth = depth
      const from = group.lineStartingAt(offset, piece, lastLine)
      const to = from === -1 ? -1 : group.lineEndingAt(offset + size, piece, from)
      if (to === -1) {
        froms.signed(0)
        lengths.number(0)
        columns.column(INLINE_LOOSE).signed(offset)
        columns.column(INLINE_LOOSE).number(size)
        loose++
      } else {
        froms.signed(from - lastLine)
        lengths.number(to + 1 - from)
        lastLine = to + 1
      }
      const known = numbers.ids.length
      const number = numbers.indexOf(site)
      sites.number(number === known ? 0 : known - number)
      if (number === known) this.#addSite(group, site)
    }
    columns.column(LOOSE).number(loose * 2)
    columns.column(SITES).number(numbers.ids.length)
    numbers.clear()
  }

  #addSite(group: FunctionGroup, site: number): void {
    this.#columns.column(SITE_LINE).number(group.siteLine[site] ?? 0)
    this.#siteFiles.add(this.#files.indexOf(group.siteFile[site] ?? 0))
    const origin = this.#origins.indexOf(group.siteOrigin[site] ?? 0)
    const isNew = origin === this.#knownOrigins
    if (isNew) this.#knownOrigins++
    this.#columns.column(SITE_ORIGIN).number(isNew ? 0 : origin + 1)
  }
}

/**
 * The files of a block's lines or call sites. They are said by their position in the ascending list of the block's file ids, so they wait until all ids
 * are known; the file of the line or site before, in the same record, is said as 0.
 */
class FileColumn {
  #files = new Uint32Array(1024)
  #length = 0

  beginRecord(): void {
    this.add(RECORD_BEGINS)
  }

  add(file: number): void {
    if (this.#length === this.#files.length) {
      const grown = new Uint32Array(this.#length * 2)
      grown.set(this.#files)
      this.#files = grown
    }
    this.#files[this.#length++] = file
  }

  write(rankOf: Uint32Array, column: ByteWriter): void {
    let last = RECORD_BEGINS
    for (let position = 0; position < this.#length; position++) {
      const file = this.#files[position] ?? RECORD_BEGINS
      if (file !== RECORD_BEGINS) column.number(file === last ? 0 : (rankOf[file] ?? 0) + 1)
      last = file
    }
    this.#length = 0
  }
}

const RECORD_BEGINS = 0xffff_ffff

/** A function, or a piece of one. */
export interface FunctionRecord {
  /** First and last address that the record answers for. */
  readonly start: Address
  readonly end: Address
  readonly functionStart: Address
  readonly functionSize: number
  readonly parameterSize: number
  readonly isPiece: boolean
  readonly name: string
}

/** A line record; `file` is a position in the block's files. */
export interface LineAt {
  readonly start: Address
  readonly size: number
  readonly line: number
  readonly file: number
}

/** An inlined range; `file` and `origin` are positions in the block's names. */
export interface InlineAt {
  readonly depth: number
  readonly start: Address
  readonly size: number
  readonly line: number
  readonly file: number
  readonly origin: number
}

/** A block of functions. Unpacking finds where each record's values lie; lines and inlines are read for the record that is asked for. */
export class FunctionBlock {
  static readonly kind = 'functions'
  readonly files: LocalNames
  readonly origins: LocalNames
  /** First address of each record. */
  readonly starts: readonly Address[]
  readonly #columns: readonly ByteReader[]
  readonly #extents: readonly number[]
  readonly #flags: readonly number[]
  readonly #piece: readonly (readonly [offset: number, functionSize: number] | null)[]
  readonly #nameEnds: readonly number[]
  readonly #counts: readonly (readonly number[])[]
  readonly #places: Uint32Array
  /** How many origins the records before each have brought. */
  readonly #originsBefore: readonly number[]

  constructor(raw: Uint8Array) {
    const columns = readColumns(raw, COLUMNS)
    this.#columns = columns
    const column = (index: number): ByteReader => columnOf(columns, index)
    const starts: Address[] = []
    const extents: number[] = []
    const flags: number[] = []
    const pieces: (readonly [number, number] | null)[] = []
    const nameEnds: number[] = []
    const counts: number[][] = []
    let last: Address = 0
    let nameEnd = 0
    while (column(START).left > 0) {
      const start = plus(last, column(START).signedAddress())
      const extent = column(EXTENT).number()
      const flag = column(FLAGS).number()
      last = plus(start, extent)
      nameEnd += column(NAME_BYTES).number()
      starts.push(start)
      extents.push(extent)
      flags.push(flag)
      pieces.push(flag % 2 === 1 ? [column(PIECE).number(), column(PIECE).number()] : null)
      nameEnds.push(nameEnd)
      counts.push([LINES, INLINES, LOOSE, SITES].map((count) => column(count).number()))
    }
    this.starts = starts
    this.#extents = extents
    this.#flags = flags
    this.#piece = pieces
    this.#nameEnds = nameEnds
    this.#counts = counts
    this.#places = placesOf(columns, counts)
    this.#originsBefore = originsBefore(new ByteReader(raw, column(SITE_ORIGIN).start, column(SITE_ORIGIN).end), counts)
    this.files = new LocalNames(column(FILE_IDS), column(FILE_BYTES), column(FILE_NAMES))
    this.origins = new LocalNames(column(ORIGIN_IDS), column(ORIGIN_BYTES), column(ORIGIN_NAMES))
  }

  /** Memory that it takes, roughly. */
  get bytes(): number {
    return (
      columnOf(this.#columns, 0).bytes.length +
      this.#places.byteLength +
      this.starts.length * 160 +
      this.files.bytes +
      this.origins.bytes
    )
  }

  endOf(index: number): Address {
    return plus(this.starts[index] ?? 0, this.#extents[index] ?? 0)
  }

  wholeStartOf(index: number): Address {
    return minus(this.starts[index] ?? 0, this.#piece[index]?.[0] ?? 0)
  }

  record(index: number): FunctionRecord {
    const start = this.starts[index]
    const extent = this.#extents[index]
    const flags = this.#flags[index]
    if (start === undefined || extent === undefined || flags === undefined) throw new DamagedIndex('no such function')
    const functionSize = this.#piece[index]?.[1] ?? extent + 1
    return {
      start,
      end: plus(start, extent),
      functionStart: this.wholeStartOf(index),
      functionSize,
      parameterSize: Math.floor(flags / 2),
      isPiece: flags % 2 === 1,
      name: this.#name(index),
    }
  }

  /** All lines of a record, in ascending order. */
  lines(index: number): LineAt[] {
    const [count = 0] = this.#counts[index] ?? []
    const gaps = this.#columnAt(LINE_GAP, index)
    const sizes = this.#columnAt(LINE_SIZE, index)
    const numbers = this.#columnAt(LINE_NUMBER, index)
    const files = this.#columnAt(LINE_FILE, index)
    const functionStart = this.wholeStartOf(index)
    const lines: LineAt[] = []
    let end = 0
    let line = 0
    let file = 0
    for (let read = 0; read < count; read++) {
      const offset = end + gaps.signed()
      const size = sizes.number()
      line += numbers.signed()
      file = nextFile(files, file)
      lines.push({ start: plus(functionStart, offset), size, line, file })
      end = offset + size
    }
    return lines
  }

  /** All inlined ranges of a record, by depth and then ascending. `lines` are its lines. */
  inlines(index: number, lines: readonly LineAt[]): InlineAt[] {
    const [, count = 0] = this.#counts[index] ?? []
    const depths = this.#columnAt(INLINE_DEPTH, index)
    const froms = this.#columnAt(INLINE_FROM, index)
    const lengths = this.#columnAt(INLINE_LINES, index)
    const loose = this.#columnAt(INLINE_LOOSE, index)
    const sites = this.#columnAt(INLINE_SITE, index)
    const known = this.#sites(index)
    const functionStart = this.wholeStartOf(index)
    const inlines: InlineAt[] = []
    let depth = 0
    let lastLine = 0
    let newest = 0
    for (let read = 0; read < count; read++) {
      const deeper = depths.number()
      depth += deeper
      if (deeper > 0) lastLine = 0
      const from = lastLine + froms.signed()
      const length = lengths.number()
      let start: Address
      let size: number
      if (length === 0) {
        start = plus(functionStart, loose.signed())
        size = loose.number()
      } else {
        const first = lines[from]
        const last = lines[from + length - 1]
        if (first === undefined || last === undefined) throw new DamagedIndex('no such line')
        start = first.start
        size = Number(minus(plus(last.start, last.size), start))
        lastLine = from + length
      }
      const back = sites.number()
      const site = known[back === 0 ? newest++ : newest - back]
      if (site === undefined) throw new DamagedIndex('no such call site')
      inlines.push({ depth, start, size, ...site })
    }
    return inlines
  }

  #sites(index: number): { line: number; file: number; origin: number }[] {
    const [, , , count = 0] = this.#counts[index] ?? []
    const lines = this.#columnAt(SITE_LINE, index)
    const files = this.#columnAt(SITE_FILE, index)
    const origins = this.#columnAt(SITE_ORIGIN, index)
    const sites: { line: number; file: number; origin: number }[] = []
    let file = 0
    let newest = this.#originsBefore[index] ?? 0
    for (let read = 0; read < count; read++) {
      file = nextFile(files, file)
      const origin = origins.number()
      sites.push({ line: lines.number(), file, origin: origin === 0 ? newest++ : origin - 1 })
    }
    return sites
  }

  #name(index: number): string {
    const names = columnOf(this.#columns, NAMES)
    const { start } = names
    return utf8(names.bytes.subarray(start + (this.#nameEnds[index - 1] ?? 0), start + (this.#nameEnds[index] ?? 0)))
  }

  /** A reader of a column, where the values of this record begin. */
  #columnAt(column: number, index: number): ByteReader {
    const reader = columnOf(this.#columns, column)
    reader.at = this.#places[index * RUNS.length + RUNS.findIndex(([run]) => run === column)] ?? reader.end
    return reader
  }
}

function columnOf(columns: readonly ByteReader[], index: number): ByteReader {
  const reader = columns[index]
  if (reader === undefined) throw new Error(`no column ${index}`)
  return reader
}

/** The file of the next line or site of a record, after one with the file `last`. */
function nextFile(files: ByteReader, last: number): number {
  const file = files.number()
  return file === 0 ? last : file - 1
}

/** How many origins each record's sites find already there. */
function originsBefore(sites: ByteReader, counts: readonly (readonly number[])[]): number[] {
  let origins = 0
  return counts.map(([, , , count = 0]) => {
    const before = origins
    for (let left = count; left > 0; left--) if (sites.number() === 0) origins++
    return before
  })
}

/** Where in its column each record's run begins: one step over every column, so that a lookup goes straight there. */
function placesOf(columns: readonly ByteReader[], counts: readonly (readonly number[])[]): Uint32Array {
  const places = new Uint32Array(counts.length * RUNS.length)
  for (const [position, [column, kind]] of RUNS.entries()) {
    const reader = columnOf(columns, column)
    for (const [index, count] of counts.entries()) {
      places[index * RUNS.length + position] = reader.at
      reader.skip(count[kind] ?? 0)
    }
    if (reader.left > 0) throw new DamagedIndex('a column is too long')
  }
  return places
}
