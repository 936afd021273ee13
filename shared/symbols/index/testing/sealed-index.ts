import { crc32, deflateRawSync } from 'node:zlib'
import { inflateBlock, readTail, TAIL_BYTES } from '../index-file.ts'
import { type Kind, packUpperIndex, readUpperIndex, type UpperIndex } from '../upper-index.ts'

/**
 * Index bytes that were changed and then sealed again: all checksums are right, so that only what a reader checks beyond them stands between it and what the bytes
 * say. Knows the frame of docs/reference/symbol-index.md, not the blocks.
 */

/** A block that may be changed. */
export type BlockName = { readonly kind: Kind; readonly number: number } | { readonly kind: 'upper' }

const CHECKSUM_BYTES = 4

function tailOf(index: Uint8Array) {
  return readTail(index.subarray(-TAIL_BYTES), index.length)
}

function upperRaw(index: Uint8Array): Uint8Array {
  const { seed, upper } = tailOf(index)
  return inflateBlock(index.subarray(upper.offset, upper.offset + upper.length), upper.offset, seed)
}

/** All blocks that an index names, the upper index too. */
export function blockNames(index: Uint8Array): BlockName[] {
  const { directories } = readUpperIndex(upperRaw(index))
  const kinds = Object.keys(directories) as Kind[]
  return [
    { kind: 'upper' },
    ...kinds.flatMap((kind) => directories[kind].places.map((_, number) => ({ kind, number }))),
  ]
}

/** The index with one block changed. `change` gets its inflated bytes. */
export function sealedAgain(index: Uint8Array, name: BlockName, change: (raw: Uint8Array) => Uint8Array): Uint8Array {
  const { seed, upper: place } = tailOf(index)
  const raw = upperRaw(index)
  if (name.kind === 'upper') return withUpper(index.subarray(0, place.offset), change(raw), seed, index)
  const upper = readUpperIndex(raw)
  const directory = upper.directories[name.kind]
  const block = directory.places[name.number]
  if (block === undefined) throw new Error('no such block')
  const changed = change(inflateBlock(index.subarray(block.offset, block.offset + block.length), block.offset, seed))
  const sealed = sealedBlock(changed, place.offset, seed)
  const places = directory.places.with(name.number, { offset: place.offset, length: sealed.length })
  const directories = { ...upper.directories, [name.kind]: { ...directory, places } }
  const blocks = joined(index.subarray(0, place.offset), sealed)
  return withUpper(blocks, packUpperIndex({ ...upper, directories } satisfies UpperIndex), seed, index)
}

/** The index with another upper index. */
export function sealedUpper(index: Uint8Array, change: (upper: UpperIndex) => UpperIndex): Uint8Array {
  const { seed, upper: place } = tailOf(index)
  const upper = packUpperIndex(change(readUpperIndex(upperRaw(index))))
  return withUpper(index.subarray(0, place.offset), upper, seed, index)
}

function sealedBlock(raw: Uint8Array, offset: number, seed: number): Uint8Array {
  const deflated = deflateRawSync(raw, { level: 1, chunkSize: 65_536 })
  const at = new Uint8Array(8)
  new DataView(at.buffer).setBigUint64(0, BigInt(offset), true)
  const checksum = new Uint8Array(CHECKSUM_BYTES)
  new DataView(checksum.buffer).setUint32(0, crc32(deflated, crc32(at, seed)), true)
  return joined(deflated, checksum)
}

function withUpper(blocks: Uint8Array, raw: Uint8Array, seed: number, index: Uint8Array): Uint8Array {
  const upper = sealedBlock(raw, blocks.length, seed)
  const tail = index.slice(-TAIL_BYTES)
  const fields = new DataView(tail.buffer)
  fields.setBigUint64(8, BigInt(blocks.length), true)
  fields.setBigUint64(16, BigInt(upper.length), true)
  fields.setUint32(0, crc32(tail.subarray(4, 28)), true)
  return joined(blocks, upper, tail)
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
