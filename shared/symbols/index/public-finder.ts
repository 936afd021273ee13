import type { Address } from './address.ts'
import type { BlockReads } from './block-reads.ts'
import { compareBytes } from './byte-writer.ts'
import { DamagedIndex } from './damaged-index.ts'
import { PublicBlock, type PublicRecord } from './public-block.ts'
import { ADDRESS_END, lastAtOrBefore, lowest } from './record-finder.ts'
import type { Directory, UpperIndex } from './upper-index.ts'

/** The nearest PUBLIC at or before an address: it stays the nearest in [start, end). */
export interface NearestPublic {
  readonly start: Address
  readonly end: Address
  readonly record: PublicRecord | null
}

/** Finds PUBLIC records. */
export class PublicFinder {
  readonly #directory: Directory
  readonly #reads: BlockReads
  readonly #lateStarts: readonly Address[]
  readonly #rangeStarts: readonly Address[]
  readonly #ranges: UpperIndex['publicRanges']

  constructor({ directories, publicRanges }: UpperIndex, reads: BlockReads) {
    this.#directory = directories.publics
    this.#reads = reads
    this.#lateStarts = this.#directory.late.map(({ start }) => start)
    this.#ranges = publicRanges
    this.#rangeStarts = publicRanges?.map(([start]) => start) ?? []
  }

  get isEmpty(): boolean {
    return this.#directory.starts.length === 0 && this.#directory.late.length === 0
  }

  /**
   * Whether the upper index knows where PUBLICs count, and if so whether one does at the address; [start, end) is where that is so. Null: it does not know,
   * look at functions first.
   */
  known(address: Address): { readonly counts: boolean; readonly start: Address; readonly end: Address } | null {
    if (this.#ranges === null) return null
    const at = lastAtOrBefore(this.#rangeStarts, address)
    const range = this.#ranges[at]
    if (range !== undefined && address < range[1]) return { counts: true, start: range[0], end: range[1] }
    return { counts: false, start: range?.[1] ?? 0, end: this.#rangeStarts[at + 1] ?? ADDRESS_END }
  }

  async nearest(address: Address): Promise<NearestPublic> {
    const { starts, places, late } = this.#directory
    const lateAt = lastAtOrBefore(this.#lateStarts, address)
    const lateStart = this.#lateStarts[lateAt]
    let end = lowest(ADDRESS_END, this.#lateStarts[lateAt + 1])
    const found: PublicRecord[] = []
    const blockAt = lastAtOrBefore(starts, address)
    end = lowest(end, starts[blockAt + 1])
    if (blockAt >= 0) {
      const block = await this.#block(places[blockAt])
      const index = lastAtOrBefore(block.starts, address)
      end = lowest(end, block.starts[index + 1])
      const start = block.starts[index]
      if (start === undefined) throw new DamagedIndex('a block does not start where its directory says')
      if (lateStart === undefined || start >= lateStart) found.push(block.record(index))
    }
    const mainAddress = found[0]?.address
    if (lateStart !== undefined && (mainAddress === undefined || mainAddress <= lateStart)) {
      for (let at = lateAt; at >= 0 && this.#lateStarts[at] === lateStart; at--) {
        const record = late[at]
        if (record === undefined) continue
        const block = await this.#block(this.#directory.latePlaces[record.block])
        found.push(block.record(record.index))
      }
    }
    const record = found.toSorted(compare).at(-1) ?? null
    return { start: record?.address ?? 0, end, record }
  }

  #block(place: Directory['places'][number] | undefined): Promise<PublicBlock> {
    if (place === undefined) throw new DamagedIndex('no such block')
    return this.#reads.get(place, PublicBlock)
  }
}

/** The crate's order: address, name by its bytes, parameters. The last one at or before an address is the one that it finds. */
function compare(a: PublicRecord, b: PublicRecord): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1
  return compareBytes(encoder.encode(a.name), encoder.encode(b.name)) || a.parameterSize - b.parameterSize
}

const encoder = new TextEncoder()
