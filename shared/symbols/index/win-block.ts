import { type Address, minus, plus } from './address.ts'
import type { ByteReader } from './byte-reader.ts'
import { ColumnWriter, readColumns } from './columns.ts'
import { DamagedIndex } from './damaged-index.ts'
import { LocalTexts, readTexts } from './local-texts.ts'

const START = 0
const EXTENT = 1
/** Prologue, epilogue, parameters, saved registers, locals, most of the stack: as in the record. */
const SIZES = [2, 3, 4, 5, 6, 7]
const TEXT = 8
const TEXT_BYTES = 9
const TEXTS = 10
const COLUMNS = 11

/** `STACK WIN`, an address, seven sizes, two flags and a line end. */
const RECORD_TEXT_BYTES = 40

/** A STACK WIN record. */
export interface WinRecord {
  readonly start: Address
  readonly end: Address
  /** The six sizes behind the code's, in the order of the record. */
  readonly sizes: readonly number[]
  /** The program string, or whether the base pointer is allocated. */
  readonly text: string
}

/** Packs STACK WIN records of one type into a block. */
export class WinBlockWriter {
  readonly #columns = new ColumnWriter(COLUMNS)
  readonly #texts = new LocalTexts()
  #records = 0
  #textBytes = 0
  #firstStart: Address = 0
  #last: Address = 0

  get textBytes(): number {
    return this.#textBytes
  }

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#columns.length + this.#texts.bytes
  }

  get firstStart(): Address {
    return this.#firstStart
  }

  add(start: Address, size: number, sizes: readonly number[], text: Uint8Array): void {
    if (this.#records++ === 0) this.#firstStart = start
    this.#textBytes += text.length + RECORD_TEXT_BYTES
    this.#columns.column(START).signedAddress(minus(start, this.#last))
    this.#columns.column(EXTENT).number(size - 1)
    for (const [index, column] of SIZES.entries()) this.#columns.column(column).number(sizes[index] ?? 0)
    this.#columns.column(TEXT).number(this.#texts.indexOf(text, 0, text.length))
    this.#last = plus(start, size - 1)
  }

  /** The block, valid until the next `add`. */
  finish(): Uint8Array {
    this.#texts.write(this.#columns.column(TEXT_BYTES), this.#columns.column(TEXTS))
    this.#records = 0
    this.#textBytes = 0
    this.#last = 0
    return this.#columns.join()
  }
}

/** A block of STACK WIN records. */
export class WinBlock {
  static readonly kind = 'win'
  readonly starts: readonly Address[]
  readonly bytes: number
  readonly #extents: readonly number[]
  readonly #sizes: readonly (readonly number[])[]
  readonly #textNumbers: readonly number[]
  readonly #textOf: (index: number) => string

  constructor(raw: Uint8Array) {
    const columns = readColumns(raw, COLUMNS)
    const column = (index: number): ByteReader => {
      const reader = columns[index]
      if (reader === undefined) throw new Error(`no column ${index}`)
      return reader
    }
    const starts: Address[] = []
    const extents: number[] = []
    const sizes: number[][] = []
    const texts: number[] = []
    let last: Address = 0
    while (column(START).left > 0) {
      const start = plus(last, column(START).signedAddress())
      const extent = column(EXTENT).number()
      last = plus(start, extent)
      starts.push(start)
      extents.push(extent)
      sizes.push(SIZES.map((index) => column(index).number()))
      texts.push(column(TEXT).number())
    }
    this.starts = starts
    this.#extents = extents
    this.#sizes = sizes
    this.#textNumbers = texts
    this.#textOf = readTexts(column(TEXT_BYTES), column(TEXTS))
    this.bytes = raw.length + starts.length * 128
  }

  endOf(index: number): Address {
    return plus(this.starts[index] ?? 0, this.#extents[index] ?? 0)
  }

  wholeStartOf(index: number): Address {
    return this.starts[index] ?? 0
  }

  record(index: number): WinRecord {
    const start = this.starts[index]
    const extent = this.#extents[index]
    if (start === undefined || extent === undefined) throw new DamagedIndex('no such STACK WIN')
    const sizes = this.#sizes[index] ?? []
    return { start, end: plus(start, extent), sizes, text: this.#textOf(this.#textNumbers[index] ?? 0) }
  }
}
