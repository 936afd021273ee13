import { type Address, minus, plus } from './address.ts'
import { ColumnWriter, readColumns } from './columns.ts'
import { DamagedIndex } from './damaged-index.ts'
import { utf8 } from './utf8.ts'

const ADDRESS = 0
const PARAMETERS = 1
const NAME_BYTES = 2
const NAMES = 3
const COLUMNS = 4

/** `PUBLIC `, the address, parameters and a line end, less what the columns hold of them. */
const RECORD_TEXT_BYTES = 16

/** A PUBLIC record. */
export interface PublicRecord {
  readonly address: Address
  readonly parameterSize: number
  readonly name: string
}

/** Packs PUBLIC records into a block. */
export class PublicBlockWriter {
  readonly #columns = new ColumnWriter(COLUMNS)
  #records = 0
  #firstStart: Address = 0
  #last: Address = 0

  get records(): number {
    return this.#records
  }

  /** About what the records are as text. */
  get textBytes(): number {
    return this.#columns.length + this.#records * RECORD_TEXT_BYTES
  }

  get bytes(): number {
    return this.#columns.length
  }

  get firstStart(): Address {
    return this.#firstStart
  }

  add(address: Address, parameterSize: number, name: Uint8Array): void {
    if (this.#records++ === 0) this.#firstStart = address
    this.#columns.column(ADDRESS).signedAddress(minus(address, this.#last))
    this.#columns.column(PARAMETERS).number(parameterSize)
    this.#columns.column(NAME_BYTES).number(name.length)
    this.#columns.column(NAMES).copy(name, 0, name.length)
    this.#last = address
  }

  /** The block, valid until the next `add`. */
  finish(): Uint8Array {
    this.#records = 0
    this.#last = 0
    return this.#columns.join()
  }
}

/** A block of PUBLIC records. */
export class PublicBlock {
  static readonly kind = 'publics'
  readonly starts: readonly Address[]
  readonly bytes: number
  readonly #parameters: readonly number[]
  readonly #nameEnds: readonly number[]
  readonly #names: Uint8Array

  constructor(raw: Uint8Array) {
    const [addresses, parameters, lengths, names] = readColumns(raw, COLUMNS)
    if (addresses === undefined || parameters === undefined || lengths === undefined || names === undefined) {
      throw new Error('columns are missing')
    }
    const starts: Address[] = []
    const sizes: number[] = []
    const ends: number[] = []
    let last: Address = 0
    let end = 0
    while (addresses.left > 0) {
      last = plus(last, addresses.signedAddress())
      end += lengths.number()
      starts.push(last)
      sizes.push(parameters.number())
      ends.push(end)
    }
    this.#names = names.take(end)
    if (names.left > 0) throw new DamagedIndex('names do not fill their column')
    this.starts = starts
    this.#parameters = sizes
    this.#nameEnds = ends
    this.bytes = raw.length + starts.length * 24
  }

  record(index: number): PublicRecord {
    const address = this.starts[index]
    if (address === undefined) throw new DamagedIndex('no such PUBLIC')
    const name = this.#names.subarray(this.#nameEnds[index - 1] ?? 0, this.#nameEnds[index])
    return { address, parameterSize: this.#parameters[index] ?? 0, name: utf8(name) }
  }
}
