import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS, ZIP_BLOCK_BYTES } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import type { HeldBytes } from './held-bytes.ts'

/** Bytes that can be read anywhere, such as a zip in R2. A range that leaves the end is cut there. */
export interface RangeSource {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/** A stored object, read by range. Null when it is not there. Throws when R2 fails or the object changes while it is read. */
export async function r2RangeSource(bucket: Pick<Bucket, 'get' | 'head'>, key: string): Promise<RangeSource | null> {
  const head = await withDeadline('R2 head', R2_DEADLINE_MS, bucket.head(key))
  if (head === null) return null
  return {
    size: head.size,
    async read(offset, length) {
      const wanted = Math.min(length, head.size - offset)
      if (wanted <= 0) return new Uint8Array(0)
      const options = { range: { offset, length: wanted }, onlyIf: { etagMatches: head.etag } }
      const object = await withDeadline('R2 get', R2_DEADLINE_MS, bucket.get(key, options))
      if (object === null || !('body' in object)) throw new Error(`${key} changed while it was read`)
      return new Uint8Array(await withDeadline('R2 body', R2_DEADLINE_MS, object.arrayBuffer()))
    },
  }
}

/** How often a zip may be read over: its directory, its headers, and its data twice. Real ones need less than three. */
const MAX_TIMES_READ = 4
/** Blocks beyond that, for the probes of a small zip's end and start. */
const SPARE_BLOCKS = 64

/** A zip made us jump about in it far more than reading it needs: names in an order that defeats the blocks. */
export class TooManyReads extends Error {
  override readonly name = 'TooManyReads'
}

/**
 * Reads a source in blocks of ZIP_BLOCK_BYTES and holds the last two, so that the small reads of a zip (a local header, its
 * extra field, its data, the next header) cost one R2 operation a block and not one each.
 * `trouble` is what the source threw: a parser in between may dress it up, and a failing R2 must not look like a bad zip.
 */
export class BlockReader implements RangeSource {
  readonly size: number
  readonly #source: RangeSource
  readonly #held: HeldBytes
  readonly #blocks = new Map<number, Uint8Array>()
  #readsLeft: number
  #trouble: unknown

  constructor(source: RangeSource, held: HeldBytes) {
    this.size = source.size
    this.#source = source
    this.#held = held
    this.#readsLeft = SPARE_BLOCKS + MAX_TIMES_READ * Math.ceil(source.size / ZIP_BLOCK_BYTES)
  }

  get trouble(): unknown {
    return this.#trouble
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.size)
    if (offset < 0 || end <= offset) return new Uint8Array(0)
    const bytes = new Uint8Array(end - offset)
    for (let at = offset; at < end; ) {
      const part = (await this.#block(at)).subarray(at % ZIP_BLOCK_BYTES).subarray(0, end - at)
      bytes.set(part, at - offset)
      at += part.length
    }
    return bytes
  }

  /** The bytes of a range as they lie in the blocks, without a copy. */
  async *stream(offset: number, length: number): AsyncGenerator<Uint8Array, void, void> {
    const end = Math.min(offset + length, this.size)
    for (let at = offset; at < end; ) {
      const part = (await this.#block(at)).subarray(at % ZIP_BLOCK_BYTES).subarray(0, end - at)
      yield part
      at += part.length
    }
  }

  /** Forgets the blocks. */
  close(): void {
    for (const block of this.#blocks.values()) this.#held.add(-block.length)
    this.#blocks.clear()
  }

  async #block(at: number): Promise<Uint8Array> {
    const index = Math.floor(at / ZIP_BLOCK_BYTES)
    const known = this.#blocks.get(index)
    if (known !== undefined) return known
    if (this.#readsLeft-- <= 0) throw new TooManyReads('the zip is read over and over')
    for (const [oldest, block] of this.#blocks) {
      if (this.#blocks.size < 2) break
      this.#blocks.delete(oldest)
      this.#held.add(-block.length)
    }
    const block = await this.#readBlock(index)
    this.#blocks.set(index, block)
    this.#held.add(block.length)
    return block
  }

  async #readBlock(index: number): Promise<Uint8Array> {
    try {
      const block = await this.#source.read(index * ZIP_BLOCK_BYTES, ZIP_BLOCK_BYTES)
      const wanted = Math.min(ZIP_BLOCK_BYTES, this.size - index * ZIP_BLOCK_BYTES)
      if (block.length !== wanted) throw new Error(`read ${block.length} bytes where ${wanted} should be`)
      return block
    } catch (thrown) {
      this.#trouble = thrown
      throw thrown
    }
  }
}
