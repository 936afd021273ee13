import { type Address, MAX_ADDRESS, minus, plus } from './address.ts'
import type { BlockKind, BlockReads } from './block-reads.ts'
import { DamagedIndex } from './damaged-index.ts'
import type { Directory } from './upper-index.ts'

/** Behind the last address. */
export const ADDRESS_END = MAX_ADDRESS + 1n

/** A block whose records cover ranges. */
export interface RangeBlock {
  readonly bytes: number
  /** First address of each record. */
  readonly starts: readonly Address[]
  /** Last address of a record. */
  endOf(index: number): Address
  /** Where the record that this is a piece of starts. */
  wholeStartOf(index: number): Address
}

/** What lies around an address: [start, end) is where that is so. */
export interface Segment<Block> {
  readonly start: Address
  readonly end: Address
  /** The record that covers it. */
  readonly record: { readonly block: Block; readonly index: number } | null
  /** In a gap: the last record before it that counts, and where it starts. */
  readonly before: { readonly block: () => Promise<Block>; readonly index: number; readonly wholeStart: Address } | null
}

/** Finds the records of one kind. */
export class RecordFinder<Block extends RangeBlock> {
  readonly #directory: Directory
  readonly #reads: BlockReads
  readonly #unpack: BlockKind<Block>
  readonly #lateStarts: readonly Address[]

  constructor(directory: Directory, reads: BlockReads, unpack: BlockKind<Block>) {
    this.#directory = directory
    this.#reads = reads
    this.#unpack = unpack
    this.#lateStarts = directory.late.map(({ start }) => start)
  }

  get isEmpty(): boolean {
    return this.#directory.starts.length === 0 && this.#directory.late.length === 0
  }

  /** One read at most. */
  async segment(address: Address): Promise<Segment<Block>> {
    const { late, starts } = this.#directory
    const lateAt = lastAtOrBefore(this.#lateStarts, address)
    const before = late[lateAt]
    const lateEnd = late[lateAt + 1]?.start ?? ADDRESS_END
    if (before !== undefined && address <= before.end) {
      const block = await this.#lateBlock(before.block)
      return { start: before.start, end: plus(before.end, 1), record: { block, index: before.index }, before: null }
    }
    const lateStart = before === undefined ? 0 : plus(before.end, 1)
    const lateBefore =
      before === undefined
        ? null
        : {
            block: () => this.#lateBlock(before.block),
            index: before.index,
            wholeStart: minus(before.start, before.lead),
          }
    const blockAt = lastAtOrBefore(starts, address)
    if (blockAt < 0) return { start: lateStart, end: lowest(lateEnd, starts[0]), record: null, before: lateBefore }
    const block = await this.#block(this.#directory.places[blockAt])
    const index = lastAtOrBefore(block.starts, address)
    const start = block.starts[index]
    if (start === undefined) throw new DamagedIndex('a block does not start where its directory says')
    const end = lowest(lateEnd, block.starts[index + 1] ?? starts[blockAt + 1])
    const wholeStart = block.wholeStartOf(index)
    // A main record that starts inside a late one is dropped, as the crate does.
    if (this.#isInLate(wholeStart)) return { start: lateStart, end, record: null, before: lateBefore }
    const last = block.endOf(index)
    if (address <= last) return { start, end: plus(last, 1), record: { block, index }, before: null }
    const main = { block: () => Promise.resolve(block), index, wholeStart }
    const isMainLater = lateBefore === null || lateBefore.wholeStart < wholeStart
    return { start: highest(lateStart, plus(last, 1)), end, record: null, before: isMainLater ? main : lateBefore }
  }

  #isInLate(address: Address): boolean {
    const record = this.#directory.late[lastAtOrBefore(this.#lateStarts, address)]
    return record !== undefined && address <= record.end
  }

  #lateBlock(number: number): Promise<Block> {
    return this.#block(this.#directory.latePlaces[number])
  }

  #block(place: Directory['places'][number] | undefined): Promise<Block> {
    if (place === undefined) throw new DamagedIndex('no such block')
    return this.#reads.get(place, this.#unpack)
  }
}

/** The position of the last address at or before this one; -1 when there is none. */
export function lastAtOrBefore(addresses: readonly Address[], address: Address): number {
  let low = 0
  for (let high = addresses.length; low < high; ) {
    const middle = (low + high) >>> 1
    if ((addresses[middle] ?? 0) <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The lower of two, where the second may be missing. */
export function lowest(a: Address, b: Address | undefined): Address {
  return b !== undefined && b < a ? b : a
}

/** The higher of two. */
export function highest(a: Address, b: Address): Address {
  return a > b ? a : b
}
