import { deflateSync } from 'fflate'

/**
 * Makes zips for tests, byte by byte: a library would not write a zip that lies. Field by field after the zip format's
 * own description (APPNOTE.TXT 4.3 and 4.5.3).
 */

/** One entry. What is left out is told truly. */
export interface MadeEntry {
  readonly name: string
  readonly data: Uint8Array
  readonly stored?: boolean
  /** Sizes and CRC stand behind the data, as a writer that cannot seek does it. */
  readonly dataDescriptor?: boolean
  readonly zip64?: boolean
  readonly declaredBytes?: number
  readonly declaredCrc32?: number
  readonly method?: number
  readonly flags?: number
  /** The bytes that stand where the compressed data should. */
  readonly compressed?: Uint8Array
  /** The directory points at this entry's local header in place of its own. */
  readonly pointsAt?: number
}

const UTF8_NAME = 0x800
const HAS_DESCRIPTOR = 0x8
const MAX_32 = 0xffffffff

export function makeZip(entries: readonly MadeEntry[]): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = []
  const offsets: number[] = []
  let at = 0
  const write = (chunk: Uint8Array) => {
    chunks.push(chunk)
    at += chunk.length
  }
  const made = entries.map((entry) => ({ entry, ...bodyOf(entry) }))
  for (const { entry, compressed, crc, size } of made) {
    offsets.push(at)
    const later = entry.dataDescriptor === true
    const zip64 = entry.zip64 === true
    write(header(0x04034b50, entry, later ? 0 : crc, later ? 0 : compressed.length, later ? 0 : size, null))
    write(compressed)
    if (!later) continue
    write(
      zip64
        ? numbers([4, 0x08074b50], [4, crc], [8, compressed.length], [8, size])
        : numbers([4, 0x08074b50], [4, crc], [4, compressed.length], [4, size]),
    )
  }
  const directoryAt = at
  for (const [index, { entry, compressed, crc, size }] of made.entries()) {
    write(header(0x02014b50, entry, crc, compressed.length, size, offsets[entry.pointsAt ?? index] ?? 0))
  }
  const directoryBytes = at - directoryAt
  const zip64 = entries.some((entry) => entry.zip64 === true)
  if (zip64) {
    const endAt = at
    write(
      numbers(
        [4, 0x06064b50],
        [8, 44],
        [2, 45],
        [2, 45],
        [4, 0],
        [4, 0],
        [8, entries.length],
        [8, entries.length],
        [8, directoryBytes],
        [8, directoryAt],
      ),
    )
    write(numbers([4, 0x07064b50], [4, 0], [8, endAt], [4, 1]))
  }
  const count = zip64 ? 0xffff : entries.length
  write(
    numbers(
      [4, 0x06054b50],
      [2, 0],
      [2, 0],
      [2, count],
      [2, count],
      [4, zip64 ? MAX_32 : directoryBytes],
      [4, zip64 ? MAX_32 : directoryAt],
      [2, 0],
    ),
  )
  return concat(chunks)
}

function bodyOf(entry: MadeEntry) {
  const compressed = entry.compressed ?? (entry.stored === true ? entry.data : deflateSync(entry.data))
  return { compressed, crc: entry.declaredCrc32 ?? crc32(entry.data), size: entry.declaredBytes ?? entry.data.length }
}

/** A local header, or (with an offset) a directory entry. */
function header(
  signature: number,
  entry: MadeEntry,
  crc: number,
  compressedBytes: number,
  bytes: number,
  offset: number | null,
) {
  const name = new TextEncoder().encode(entry.name)
  const flags = UTF8_NAME | (entry.dataDescriptor === true ? HAS_DESCRIPTOR : 0) | (entry.flags ?? 0)
  const method = entry.method ?? (entry.stored === true ? 0 : 8)
  const zip64 = entry.zip64 === true
  const extra = zip64
    ? numbers(
        [2, 1],
        [2, offset === null ? 16 : 24],
        [8, bytes],
        [8, compressedBytes],
        ...(offset === null ? [] : [[8, offset] as const]),
      )
    : new Uint8Array(0)
  const shown = (value: number) => (zip64 ? MAX_32 : value)
  return concat([
    numbers([4, signature], ...(offset === null ? [] : [[2, 45] as const]), [2, 45], [2, flags], [2, method], [4, 0]),
    numbers([4, crc], [4, shown(compressedBytes)], [4, shown(bytes)], [2, name.length], [2, extra.length]),
    offset === null ? new Uint8Array(0) : numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, shown(offset)]),
    name,
    extra,
  ])
}

/** Little-endian numbers, each with its width in bytes. */
function numbers(...values: readonly (readonly [width: number, value: number])[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap(([width, value]) => Array.from({ length: width }, (_, at) => Math.floor(value / 256 ** at) % 256)),
  )
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

/** The checksum by its definition, so that the product's is checked by another. */
export function crc32(bytes: Uint8Array): number {
  let crc = MAX_32
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8)
  return (crc ^ MAX_32) >>> 0
}
