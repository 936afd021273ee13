import { deflateRawSync } from 'node:zlib'
import type { SearchValue } from '../search-rpc.ts'
import { ByteWriter } from './byte-stream.ts'
import { type DistinctValues, distinctValues, indexValues } from './column.ts'
import { instantText } from './micros.ts'

/**
 * A column as one blob, deflated: `format, kind, rows, distinct values, bytes of the values, values, width of an id, ids`. The distinct values
 * stand in the order in which they first come, so an id is written as its distance to the next new one: 0 again and
 * again in a column of all different values, which deflates to nothing.
 */
export const COLUMN_FORMAT = 1

export const VALUE_KINDS = { json: 0, integers: 1, floats: 2, instants: 3, crash_ids: 4, parts: 5 } as const
export type ValueKind = (typeof VALUE_KINDS)[keyof typeof VALUE_KINDS]

/** What joins the parts of a value: list fields, and the frames of a proto signature. */
export const SEPARATORS = [';', ' | '] as const

/** Ids up to here take one byte. */
export const MAX_BYTE_ID = 255

/** The blob of a column, or null where no row has a value: then there is no column. */
export function encodeColumn(values: readonly (SearchValue | undefined)[]): Uint8Array | null {
  const { distinct, ids } = indexValues(values)
  if (distinct.length === 0) return null
  const { kind, bytes } = encodeValues(distinctValues(distinct))
  const writer = new ByteWriter()
  writer.byte(COLUMN_FORMAT)
  writer.byte(kind)
  writer.varint(values.length)
  writer.varint(distinct.length)
  writer.varint(bytes.length)
  writer.bytes(bytes)
  writer.bytes(encodeIds(ids, distinct.length))
  return deflateRawSync(writer.done())
}

/** Missing is 0; else one more than the distance to the next new id. Ids of two bytes are two planes: the high bytes repeat. */
function encodeIds(ids: Uint16Array, distinct: number): Uint8Array {
  const low = new Uint8Array(ids.length)
  const high = new Uint8Array(ids.length)
  let next = 1
  for (const [row, id] of ids.entries()) {
    if (id === 0) continue
    const code = next - id + 1
    low[row] = code & 0xff
    high[row] = code >> 8
    if (id === next) next += 1
  }
  const writer = new ByteWriter()
  writer.byte(distinct < MAX_BYTE_ID ? 1 : 2)
  writer.bytes(low)
  if (distinct >= MAX_BYTE_ID) writer.bytes(high)
  return writer.done()
}

interface EncodedValues {
  readonly kind: ValueKind
  readonly bytes: Uint8Array
}

function encodeValues(values: DistinctValues): EncodedValues {
  switch (values.kind) {
    case 'numbers': {
      const bytes = encodeDeltas(values.numbers)
      return bytes === null
        ? { kind: VALUE_KINDS.floats, bytes: encodeFloats(values.numbers) }
        : { kind: VALUE_KINDS.integers, bytes }
    }
    case 'instants': {
      const bytes = encodeDeltas(values.micros)
      return bytes === null
        ? { kind: VALUE_KINDS.json, bytes: jsonBytes(Array.from(values.micros, instantText)) }
        : { kind: VALUE_KINDS.instants, bytes }
    }
    case 'crash_ids':
      return { kind: VALUE_KINDS.crash_ids, bytes: values.packed }
    case 'values':
      return encodeParts(values.values) ?? { kind: VALUE_KINDS.json, bytes: jsonBytes(values.values) }
  }
}

/** JSON writes half a surrogate pair as an escape, where UTF-8 would lose it. */
function jsonBytes(values: readonly SearchValue[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(values))
}

/** Beyond it a doubled difference would not be exact. */
const MAX_DELTA = 2 ** 52

/** Whole numbers as differences, the sign in the lowest bit. Null where one is not whole, or too far from the one before. */
function encodeDeltas(numbers: Float64Array): Uint8Array | null {
  const writer = new ByteWriter()
  let before = 0
  for (const number of numbers) {
    const delta = number - before
    if (!Number.isSafeInteger(number) || Math.abs(delta) >= MAX_DELTA) return null
    writer.varint(delta < 0 ? -2 * delta - 1 : 2 * delta)
    before = number
  }
  return writer.done()
}

function encodeFloats(numbers: Float64Array): Uint8Array {
  const bytes = new Uint8Array(8 * numbers.length)
  const view = new DataView(bytes.buffer)
  for (const [n, number] of numbers.entries()) view.setFloat64(8 * n, number)
  return bytes
}

/** What a reference to a part costs, in characters, when the two forms are compared. */
const REFERENCE_CHARS = 2
/** Parts must make it this much shorter, because they cost time to join. */
const WORTH_FACTOR = 1.5

/**
 * Values that are made of the same parts again and again, such as lists of modules: each part once, and each value as its parts. Null where
 * they are not.
 */
function encodeParts(values: readonly SearchValue[]): EncodedValues | null {
  const texts = values.filter((value) => typeof value === 'string')
  if (texts.length < values.length) return null
  const chars = texts.reduce((sum, text) => sum + text.length, 0)
  const ways = SEPARATORS.map((separator, n) => ({ n, ...splitAll(texts, separator) }))
  const best = ways.reduce((a, b) => (b.chars < a.chars ? b : a))
  if (best.chars * WORTH_FACTOR > chars) return null
  const writer = new ByteWriter()
  const parts = jsonBytes([...best.ids.keys()])
  writer.byte(best.n)
  writer.varint(parts.length)
  writer.bytes(parts)
  let next = 1
  for (const ids of best.texts) {
    writer.varint(ids.length)
    for (const id of ids) {
      writer.varint(next - id)
      if (id === next) next += 1
    }
  }
  return { kind: VALUE_KINDS.parts, bytes: writer.done() }
}

function splitAll(texts: readonly string[], separator: string) {
  const ids = new Map<string, number>()
  let chars = 0
  const split = texts.map((text) =>
    text.split(separator).map((part) => {
      const known = ids.get(part)
      chars += REFERENCE_CHARS + (known === undefined ? part.length : 0)
      if (known !== undefined) return known
      ids.set(part, ids.size + 1)
      return ids.size
    }),
  )
  return { ids, texts: split, chars }
}
