import { type Address, minus, plus } from './address.ts'
import type { ByteReader } from './byte-reader.ts'
import { ByteWriter, compareBytes } from './byte-writer.ts'
import { ColumnWriter, readColumns } from './columns.ts'
import { DamagedIndex } from './damaged-index.ts'
import { LocalTexts, readTexts } from './local-texts.ts'

const START = 0
const EXTENT = 1
const INIT_RULES = 2
const RULES = 3
const RULE_GAP = 4
const RULE_TEXT = 5
const TEXT_BYTES = 6
const TEXTS = 7
const COLUMNS = 8

/** Text that the rules of one STACK CFI INIT may have. A group must be read whole, and no partial sym file can hold a larger one: its rules are left out. */
const MAX_GROUP_BYTES = 1024 * 1024
/** What a rule takes beside its text. */
const RULE_BYTES = 32

/** A STACK CFI INIT with the rules that follow it, while they are read. */
export class CfiGroup {
  start: Address = 0
  size = 0
  textBytes = 0
  /** More rules came than a group may have: they are left out. */
  isTooLarge = false
  readonly init = new ByteWriter()
  readonly texts = new ByteWriter(1024)
  /** By rule: its address, and where its text ends in `texts`. */
  readonly addresses: Address[] = []
  readonly #ends: number[] = []

  begin(start: Address, size: number, bytes: Uint8Array, from: number, to: number): void {
    this.start = start
    this.size = size
    this.textBytes = 0
    this.isTooLarge = false
    this.init.clear()
    this.init.copy(bytes, from, to)
    this.texts.shrink(MAX_GROUP_BYTES / 16)
    this.addresses.length = 0
    this.#ends.length = 0
  }

  add(address: Address, bytes: Uint8Array, from: number, to: number): void {
    // A rule that starts behind the group never applies.
    if (minus(address, this.start) >= this.size) return
    if (this.texts.length + RULE_BYTES * this.addresses.length > MAX_GROUP_BYTES) this.isTooLarge = true
    if (this.isTooLarge) return
    this.texts.copy(bytes, from, to)
    this.addresses.push(address)
    this.#ends.push(this.texts.length)
  }

  /** Packs the group, to be sorted among others. The size comes first: it decides between groups that start together. */
  pack(bytes: ByteWriter): void {
    bytes.number(this.size)
    bytes.signedAddress(this.start)
    bytes.number(this.textBytes)
    bytes.number(this.isTooLarge ? 1 : 0)
    bytes.number(this.init.length)
    bytes.copy(this.init.written(), 0, this.init.length)
    bytes.number(this.addresses.length)
    for (const [rule, address] of this.addresses.entries()) {
      const [from, to] = [this.textStart(rule), this.textEnd(rule)]
      bytes.signedAddress(address)
      bytes.number(to - from)
      bytes.copy(this.texts.written(), from, to)
    }
  }

  /** Takes what `pack` wrote, but for its size and start. */
  unpack(start: Address, size: number, bytes: ByteReader): void {
    const textBytes = bytes.number()
    const isTooLarge = bytes.number() === 1
    const init = bytes.take(bytes.number())
    this.begin(start, size, init, 0, init.length)
    for (let left = bytes.number(); left > 0; left--) {
      const address = bytes.signedAddress()
      const text = bytes.take(bytes.number())
      this.add(address, text, 0, text.length)
    }
    this.textBytes = textBytes
    this.isTooLarge = isTooLarge
  }

  textStart(rule: number): number {
    return this.#ends[rule - 1] ?? 0
  }

  textEnd(rule: number): number {
    return this.#ends[rule] ?? 0
  }

  /** The rules in the crate's order: by address, then by text. */
  order(): number[] {
    const { addresses } = this
    const order = addresses.map((_, rule) => rule)
    const isInOrder = addresses.every((address, rule) => rule === 0 || (addresses[rule - 1] ?? 0) < address)
    return isInOrder ? order : order.sort((a, b) => this.#compare(a, b))
  }

  #compare(a: number, b: number): number {
    const addressA = this.addresses[a] ?? 0
    const addressB = this.addresses[b] ?? 0
    if (addressA !== addressB) return addressA < addressB ? -1 : 1
    const texts = this.texts.written()
    return compareBytes(
      texts.subarray(this.textStart(a), this.textEnd(a)),
      texts.subarray(this.textStart(b), this.textEnd(b)),
    )
  }
}

/** Packs STACK CFI groups into a block. */
export class CfiBlockWriter {
  readonly #columns = new ColumnWriter(COLUMNS)
  readonly #texts = new LocalTexts()
  #records = 0
  #textBytes = 0
  #firstStart: Address = 0
  #last: Address = 0

  get records(): number {
    return this.#records
  }

  get textBytes(): number {
    return this.#textBytes
  }

  get bytes(): number {
    return this.#columns.length + this.#texts.bytes
  }

  get firstStart(): Address {
    return this.#firstStart
  }

  add(group: CfiGroup): void {
    if (this.#records++ === 0) this.#firstStart = group.start
    this.#textBytes += group.textBytes
    const columns = this.#columns
    columns.column(START).signedAddress(minus(group.start, this.#last))
    columns.column(EXTENT).number(group.size - 1)
    // 0 says that the rules are left out.
    const init = group.isTooLarge ? -1 : this.#texts.indexOf(group.init.written(), 0, group.init.length)
    columns.column(INIT_RULES).number(init + 1)
    const order = group.isTooLarge ? [] : group.order()
    const texts = group.texts.written()
    columns.column(RULES).number(order.length)
    let last = group.start
    for (const rule of order) {
      const address = group.addresses[rule] ?? 0
      columns.column(RULE_GAP).signedAddress(minus(address, last))
      columns.column(RULE_TEXT).number(this.#texts.indexOf(texts, group.textStart(rule), group.textEnd(rule)))
      last = address
    }
    this.#last = plus(group.start, group.size - 1)
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

/** A STACK CFI INIT and its rules, in the order in which they apply. */
export interface CfiRecord {
  readonly start: Address
  readonly end: Address
  readonly size: number
  /** Null when the rules are left out, because they are too many. */
  readonly init: string | null
  readonly rules: readonly { readonly address: Address; readonly rules: string }[]
}

/** A block of STACK CFI groups. */
export class CfiBlock {
  static readonly kind = 'cfi'
  readonly starts: readonly Address[]
  readonly bytes: number
  readonly #extents: readonly number[]
  readonly #inits: readonly number[]
  readonly #ruleEnds: readonly number[]
  readonly #gaps: ByteReader
  readonly #texts: ByteReader
  readonly #gapPlaces: readonly number[]
  readonly #textPlaces: readonly number[]
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
    const inits: number[] = []
    const counts: number[] = []
    const gapPlaces: number[] = []
    const textPlaces: number[] = []
    let last: Address = 0
    while (column(START).left > 0) {
      const start = plus(last, column(START).signedAddress())
      const extent = column(EXTENT).number()
      const count = column(RULES).number()
      last = plus(start, extent)
      starts.push(start)
      extents.push(extent)
      inits.push(column(INIT_RULES).number())
      counts.push(count)
      gapPlaces.push(column(RULE_GAP).at)
      textPlaces.push(column(RULE_TEXT).at)
      column(RULE_GAP).skip(count)
      column(RULE_TEXT).skip(count)
    }
    this.starts = starts
    this.#extents = extents
    this.#inits = inits
    this.#ruleEnds = counts
    this.#gaps = column(RULE_GAP)
    this.#texts = column(RULE_TEXT)
    this.#gapPlaces = gapPlaces
    this.#textPlaces = textPlaces
    this.#textOf = readTexts(column(TEXT_BYTES), column(TEXTS))
    this.bytes = raw.length + starts.length * 64
  }

  endOf(index: number): Address {
    return plus(this.starts[index] ?? 0, this.#extents[index] ?? 0)
  }

  wholeStartOf(index: number): Address {
    return this.starts[index] ?? 0
  }

  record(index: number): CfiRecord {
    const start = this.starts[index]
    const extent = this.#extents[index]
    if (start === undefined || extent === undefined) throw new DamagedIndex('no such STACK CFI')
    const rules: { address: Address; rules: string }[] = []
    this.#gaps.at = this.#gapPlaces[index] ?? 0
    this.#texts.at = this.#textPlaces[index] ?? 0
    let address = start
    for (let left = this.#ruleEnds[index] ?? 0; left > 0; left--) {
      address = plus(address, this.#gaps.signedAddress())
      rules.push({ address, rules: this.#textOf(this.#texts.number()) })
    }
    const number = this.#inits[index] ?? 0
    const init = number === 0 ? null : this.#textOf(number - 1)
    return { start, end: plus(start, extent), size: extent + 1, init, rules }
  }
}
