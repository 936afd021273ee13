import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { DamagedIndex } from './damaged-index.ts'
import type { IndexSink } from './symbol-index.ts'

/**
 * The frame of an index: a head, blocks, the upper index, a tail (docs/reference/symbol-index.md). Every block is a raw deflate stream with a CRC-32 behind it that also
 * covers where the block lies and which index it belongs to, so that a block in another's place is found out as a damaged byte is.
 */

/** Rises with every change of the bytes or of what they mean; what has another version is built again. */
export const FORMAT_VERSION = 1

export const HEAD_BYTES = 16
export const TAIL_BYTES = 40
const CHECKSUM_BYTES = 4
/** No block is smaller: a deflate stream has a byte, and there is the checksum. */
export const MIN_BLOCK_BYTES = CHECKSUM_BYTES + 1
/** What a block may inflate to. Most are 100 KB, a piece of a function with endless inlines is 8 MB; a block that claims more is not ours. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024
const MAGIC = new TextEncoder().encode('MAYDAYSX')
/** Within 2 % of the best, at four times its speed. */
const LEVEL = 4
/** Most blocks compress to less than half: zlib then needs one piece of memory for its output. */
const MIN_OUTPUT_BYTES = 1024

/** Where a block lies. */
export interface BlockPlace {
  readonly offset: number
  /** With its checksum. */
  readonly length: number
}

/** What the tail says. */
export interface Tail {
  readonly version: number
  /** Tells this index from others, in the checksums of its blocks. */
  readonly seed: number
  readonly upper: BlockPlace
}

/** Compresses a block. */
export function deflateBlock(raw: Uint8Array): Uint8Array {
  const chunkSize = Math.max(MIN_OUTPUT_BYTES, raw.length >>> 1)
  return deflateRawSync(raw, { level: LEVEL, chunkSize })
}

/** The block that lies in `bytes`, read from `offset` of its index. Throws {@link DamagedIndex}. */
export function inflateBlock(bytes: Uint8Array, offset: number, seed: number, maxBytes = MAX_BLOCK_BYTES): Uint8Array {
  const deflated = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES))
  const checksum = view(bytes.subarray(deflated.length))
  if (checksum.byteLength < CHECKSUM_BYTES || checksum.getUint32(0, true) !== blockChecksum(deflated, offset, seed)) {
    throw new DamagedIndex('the checksum of a block is wrong')
  }
  return inflateUnchecked(deflated, maxBytes)
}

/** What was deflated here a moment ago, or passed its checksum. */
export function inflateUnchecked(deflated: Uint8Array, maxBytes = MAX_BLOCK_BYTES): Uint8Array {
  try {
    return inflateRawSync(deflated, { maxOutputLength: maxBytes })
  } catch {
    throw new DamagedIndex('a block does not inflate')
  }
}

function blockChecksum(deflated: Uint8Array, offset: number, seed: number): number {
  const place = view(new Uint8Array(8))
  place.setBigUint64(0, BigInt(offset), true)
  return crc32(deflated, crc32(new Uint8Array(place.buffer), seed))
}

/** Writes an index in order. What is put waits here until `drain`, so that the parser need not wait in the middle of a line. */
export class IndexFile {
  readonly #sink: IndexSink
  readonly #seed: number
  readonly #waiting: Uint8Array[] = []
  #bytes = 0

  /** `origin` is what the index is built from: its etag. */
  constructor(sink: IndexSink, origin: string) {
    this.#sink = sink
    this.#seed = crc32(new TextEncoder().encode(origin))
    const head = new Uint8Array(HEAD_BYTES)
    head.set(MAGIC)
    view(head).setUint32(8, FORMAT_VERSION, true)
    view(head).setUint32(12, this.#seed, true)
    this.#put(head)
  }

  get bytes(): number {
    return this.#bytes
  }

  put(raw: Uint8Array): BlockPlace {
    return this.putDeflated(deflateBlock(raw))
  }

  putDeflated(deflated: Uint8Array): BlockPlace {
    const offset = this.#bytes
    const checksum = new Uint8Array(CHECKSUM_BYTES)
    view(checksum).setUint32(0, blockChecksum(deflated, offset, this.#seed), true)
    this.#put(deflated)
    this.#put(checksum)
    return { offset, length: deflated.length + CHECKSUM_BYTES }
  }

  /** Ends the file with its upper index and tail. */
  end(upper: Uint8Array): void {
    const { offset, length } = this.put(upper)
    const tail = new Uint8Array(TAIL_BYTES)
    const fields = view(tail)
    fields.setUint32(4, this.#seed, true)
    fields.setBigUint64(8, BigInt(offset), true)
    fields.setBigUint64(16, BigInt(length), true)
    fields.setUint32(0, crc32(tail.subarray(4, 28)), true)
    fields.setUint32(28, FORMAT_VERSION, true)
    tail.set(MAGIC, 32)
    this.#put(tail)
  }

  /** Hands what waits to the sink. */
  async drain(): Promise<void> {
    for (const bytes of this.#waiting) await this.#sink.write(bytes)
    this.#waiting.length = 0
  }

  #put(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
  }
}

/** Reads the tail of an index of `size` bytes. Throws {@link DamagedIndex} for what is none; of another version only the version is meant to be used. */
export function readTail(bytes: Uint8Array, size: number): Tail {
  if (bytes.length !== TAIL_BYTES) throw new DamagedIndex('too short for an index')
  if (MAGIC.some((byte, at) => bytes[32 + at] !== byte)) throw new DamagedIndex('not an index')
  const fields = view(bytes)
  const version = fields.getUint32(28, true)
  const seed = fields.getUint32(4, true)
  const offset = Number(fields.getBigUint64(8, true))
  const length = Number(fields.getBigUint64(16, true))
  if (version !== FORMAT_VERSION) return { version, seed, upper: { offset: 0, length: 0 } }
  if (crc32(bytes.subarray(4, 28)) !== fields.getUint32(0, true))
    throw new DamagedIndex('the checksum of the tail is wrong')
  if (offset < HEAD_BYTES || offset + length + TAIL_BYTES !== size)
    throw new DamagedIndex('the index was cut or added to')
  return { version, seed, upper: { offset, length } }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
