import type { RangeSource } from '../range-source.ts'
import { DamagedIndex } from './damaged-index.ts'
import { type BlockPlace, inflateBlock } from './index-file.ts'
import type { BlockCache } from './symbol-index.ts'

/** Connections that a Worker may have open at once. */
const MAX_READS_AT_ONCE = 6
/** Blocks this near each other come in one read: the bytes between cost less than another round trip. */
const NEAR_BYTES = 2 * 1024
/** What may be read in vain to make few reads fewer: the names that one address needs lie near each other in real files. */
const FEW_READS = 24
const MAX_VAIN_BYTES = 64 * 1024
/**
 * More reads than these wait for one another a long time, six at once: then another read costs more than so many bytes in vain. Measured with 200 frames of a
 * 250 MB file at local R2 (`npm run bench -- symbolication`): 2 KiB make 350 reads of 2.6 MB, 64 KiB 247 of 4.9 MB, 256 KiB 145 of 25 MB, which takes longer again.
 */
const MANY_READS = 120
const MANY_NEAR_BYTES = 64 * 1024
/** A read is no longer than this, unless a single block is: six of them lie in memory at once. */
const MAX_READ_BYTES = 512 * 1024

interface Wanted {
  readonly place: BlockPlace
  readonly take: (bytes: Uint8Array) => void
  readonly fail: (thrown: unknown) => void
}

/** Bytes that opening the index brought along. */
export interface ReadEnd {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** A kind of block, and how to unpack it. */
export interface BlockKind<Block extends { readonly bytes: number }> {
  readonly kind: string
  new (raw: Uint8Array): Block
}

/** One read and what it brings. */
interface Run {
  offset: number
  end: number
  readonly wanted: Wanted[]
}

/** Reads blocks of one index, through the cache. What is asked for in one breath is read together: in order, near ones in one read, six reads at a time. */
export class BlockReads {
  readonly #source: RangeSource
  readonly #cache: BlockCache
  readonly #contentId: string
  readonly #seed: number
  readonly #end: ReadEnd
  #waiting: Wanted[] = []
  #reading = 0
  readonly #runs: Run[] = []

  constructor(source: RangeSource, cache: BlockCache, contentId: string, seed: number, end: ReadEnd) {
    this.#source = source
    this.#cache = cache
    this.#contentId = contentId
    this.#seed = seed
    this.#end = end
  }

  /** The block at a place, unpacked. Throws {@link DamagedIndex}, and what the source throws. */
  get<Block extends { readonly bytes: number }>(place: BlockPlace, unpack: BlockKind<Block>): Promise<Block> {
    return this.#cache.get(`${this.#contentId}/${unpack.kind}/${place.offset}`, async () => {
      const bytes = await this.#read(place)
      const block = new unpack(inflateBlock(bytes, place.offset, this.#seed))
      return { block, bytes: block.bytes }
    })
  }

  #read(place: BlockPlace): Promise<Uint8Array> {
    if (place.offset < 0 || place.offset + place.length > this.#source.size) {
      throw new DamagedIndex('a block lies outside of the index')
    }
    const start = place.offset - this.#end.offset
    if (start >= 0 && start + place.length <= this.#end.bytes.length) {
      return Promise.resolve(this.#end.bytes.subarray(start, start + place.length))
    }
    return new Promise((take, fail) => {
      this.#waiting.push({ place, take, fail })
      if (this.#waiting.length === 1) queueMicrotask(() => this.#plan())
    })
  }

  /** All that was asked for in this breath is known. */
  #plan(): void {
    const wanted = this.#waiting.toSorted((a, b) => a.place.offset - b.place.offset)
    this.#waiting = []
    this.#runs.push(...runsOf(wanted))
    while (this.#reading < MAX_READS_AT_ONCE && this.#runs.length > 0) this.#startRead()
  }

  #startRead(): void {
    const run = this.#runs.shift()
    if (run === undefined) return
    this.#reading++
    this.#source
      .read(run.offset, run.end - run.offset)
      .then(
        (bytes) => {
          for (const { place, take } of run.wanted)
            take(bytes.subarray(place.offset - run.offset).subarray(0, place.length))
        },
        (thrown: unknown) => {
          for (const { fail } of run.wanted) fail(thrown)
        },
      )
      .finally(() => {
        this.#reading--
        this.#startRead()
      })
  }
}

function runsOf(wanted: readonly Wanted[]): Run[] {
  const near = nearBytes(wanted)
  const runs: Run[] = []
  for (const one of wanted) {
    const { offset, length } = one.place
    const last = runs.at(-1)
    if (last !== undefined && offset - last.end <= near && offset + length - last.offset <= MAX_READ_BYTES) {
      last.end = Math.max(last.end, offset + length)
      last.wanted.push(one)
    } else {
      runs.push({ offset, end: offset + length, wanted: [one] })
    }
  }
  return runs
}

/** How far apart blocks may lie that come in one read. */
function nearBytes(wanted: readonly Wanted[]): number {
  if (wanted.length > FEW_READS) return wanted.length > MANY_READS ? MANY_NEAR_BYTES : NEAR_BYTES
  const gaps = wanted
    .slice(1)
    .map(({ place }, index) => {
      const before = wanted[index]?.place
      return before === undefined ? 0 : Math.max(0, place.offset - (before.offset + before.length))
    })
    .sort((a, b) => a - b)
  let near = NEAR_BYTES
  let vain = 0
  for (const gap of gaps) {
    vain += gap
    if (vain > MAX_VAIN_BYTES) break
    near = Math.max(near, gap)
  }
  return near
}
