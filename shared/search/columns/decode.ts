import { inflateRawSync } from 'node:zlib'
import type { SearchValue } from '../search-rpc.ts'
import { ByteReader } from './byte-stream.ts'
import { type DistinctValues, ownIds } from './column.ts'
import { CRASH_ID_BYTES } from './crash-id-bytes.ts'
import { COLUMN_FORMAT, SEPARATORS, VALUE_KINDS } from './encode.ts'

/** A column as it was encoded: the distinct values of its chunk, and an id from 1 a row; 0 where the row has no value. */
export interface DecodedColumn {
  readonly values: DistinctValues
  readonly ids: Uint8Array | Uint16Array
}

/** Reads what `encodeColumn` wrote. Throws for a blob of a later release: an older one must not guess. */
export function decodeColumn(blob: Uint8Array): DecodedColumn {
  const reader = new ByteReader(inflateRawSync(blob))
  const format = reader.byte()
  if (format !== COLUMN_FORMAT) throw new Error(`a column is of format ${format}, this release reads ${COLUMN_FORMAT}`)
  const kind = reader.byte()
  const rows = reader.varint()
  const distinct = reader.varint()
  const bytes = reader.bytes(reader.varint())
  return { values: decodeValues(kind, bytes, distinct), ids: decodeIds(reader, rows, distinct) }
}

function decodeIds(reader: ByteReader, rows: number, distinct: number): Uint8Array | Uint16Array {
  const isWide = reader.byte() === 2
  const low = reader.bytes(rows)
  const high = isWide ? reader.bytes(rows) : null
  const ids = isWide ? new Uint16Array(rows) : new Uint8Array(rows)
  let next = 1
  for (let row = 0; row < rows; row++) {
    const code = (low[row] ?? 0) + 256 * (high?.[row] ?? 0)
    if (code === 0) continue
    const id = next - code + 1
    ids[row] = id
    if (id === next) next += 1
  }
  return distinct === rows ? ownIds(rows) : ids
}

function decodeValues(kind: number, bytes: Uint8Array, distinct: number): DistinctValues {
  const reader = new ByteReader(bytes)
  switch (kind) {
    case VALUE_KINDS.json:
      return { kind: 'values', values: jsonValues(bytes) }
    case VALUE_KINDS.integers:
      return { kind: 'numbers', numbers: decodeDeltas(reader, distinct) }
    case VALUE_KINDS.floats: {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      return { kind: 'numbers', numbers: Float64Array.from({ length: distinct }, (_, n) => view.getFloat64(8 * n)) }
    }
    case VALUE_KINDS.instants:
      return { kind: 'instants', micros: decodeDeltas(reader, distinct) }
    case VALUE_KINDS.crash_ids:
      // A copy: the view would keep the whole inflated blob.
      return { kind: 'crash_ids', packed: reader.bytes(distinct * CRASH_ID_BYTES).slice() }
    case VALUE_KINDS.parts:
      return { kind: 'values', values: decodeParts(reader, distinct) }
    default:
      throw new Error(`a column has values of the unknown kind ${kind}`)
  }
}

function jsonValues(bytes: Uint8Array): SearchValue[] {
  return JSON.parse(new TextDecoder().decode(bytes))
}

function decodeDeltas(reader: ByteReader, distinct: number): Float64Array {
  const numbers = new Float64Array(distinct)
  let before = 0
  for (let n = 0; n < distinct; n++) {
    const code = reader.varint()
    before += code % 2 === 0 ? code / 2 : -(code + 1) / 2
    numbers[n] = before
  }
  return numbers
}

function decodeParts(reader: ByteReader, distinct: number): string[] {
  const separator = SEPARATORS[reader.byte()] ?? ''
  const parts = jsonValues(reader.bytes(reader.varint()))
  let next = 1
  return Array.from({ length: distinct }, () =>
    Array.from({ length: reader.varint() }, () => {
      const id = next - reader.varint()
      if (id === next) next += 1
      return parts[id - 1] ?? ''
    }).join(separator),
  )
}
