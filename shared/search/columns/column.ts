import { MAX_CHUNK_DOCUMENTS } from '../../limits.ts'
import type { SearchValue } from '../search-rpc.ts'
import { packCrashIds } from './crash-id-bytes.ts'
import {
  CrashIdDictionary,
  type Dictionary,
  InstantDictionary,
  NumberDictionary,
  ValueDictionary,
} from './dictionary.ts'
import { microsOfAll } from './micros.ts'

/**
 * One field of one chunk in memory. The value of a row is `dictionary.valueAt(terms[ids[row]])`: `ids` are small numbers of the chunk
 * alone, a byte or two each, and `terms` gives them the ids of a dictionary that chunks may share. 0 is a missing value in both.
 */
export interface Column {
  readonly ids: Uint8Array | Uint16Array
  readonly terms: Uint32Array
  readonly dictionary: Dictionary
}

/** `terms` of a column whose dictionary is its own. */
export const OWN_TERMS = Uint32Array.from({ length: MAX_CHUNK_DOCUMENTS + 1 }, (_, n) => n)
/** `ids` of a column where every row has a value and no two the same, such as the crash id: the longest, cut to length without a copy. */
const OWN_IDS = Uint16Array.from({ length: MAX_CHUNK_DOCUMENTS }, (_, n) => n + 1)

export const ownIds = (rows: number): Uint16Array => OWN_IDS.subarray(0, rows)

/** What the ids of a column take; nothing where they are those that all such columns share. */
export const idBytes = (ids: Column['ids']): number => (ids.buffer === OWN_IDS.buffer ? 0 : ids.byteLength)

/** The dictionary id of a row's value; 0 where it has none, or where the chunk has no such column. */
export function termAt(column: Column | null, row: number): number {
  return column === null ? 0 : (column.terms[column.ids[row] ?? 0] ?? 0)
}

export function valueAt(column: Column | null, row: number): SearchValue | null {
  const term = termAt(column, row)
  return column === null || term === 0 ? null : column.dictionary.valueAt(term)
}

/** A column's values by their distinct ones, in the order in which they first come. */
export interface IndexedValues {
  readonly distinct: readonly SearchValue[]
  readonly ids: Uint16Array
}

export function indexValues(values: readonly (SearchValue | undefined)[]): IndexedValues {
  const ids = new Uint16Array(values.length)
  const known = new Map<SearchValue, number>()
  for (const [row, value] of values.entries()) {
    if (value === undefined) continue
    const id = known.get(value) ?? known.size + 1
    known.set(value, id)
    ids[row] = id
  }
  return { distinct: [...known.keys()], ids }
}

/** The distinct values in the form that fits them best. Every form gives them back exactly. */
export type DistinctValues =
  | { readonly kind: 'numbers'; readonly numbers: Float64Array }
  | { readonly kind: 'instants'; readonly micros: Float64Array }
  | { readonly kind: 'crash_ids'; readonly packed: Uint8Array }
  | { readonly kind: 'values'; readonly values: readonly SearchValue[] }

export function distinctValues(distinct: readonly SearchValue[]): DistinctValues {
  const numbers = distinct.filter((value) => typeof value === 'number')
  if (numbers.length === distinct.length) return { kind: 'numbers', numbers: Float64Array.from(numbers) }
  const texts = distinct.filter((value) => typeof value === 'string')
  if (texts.length < distinct.length) return { kind: 'values', values: distinct }
  const micros = microsOfAll(texts)
  if (micros !== null) return { kind: 'instants', micros }
  const packed = packCrashIds(texts)
  return packed === null ? { kind: 'values', values: distinct } : { kind: 'crash_ids', packed }
}

/** A column with a dictionary of its own: of documents that are not sealed. Null where no document has the field. */
export function columnOf(values: readonly (SearchValue | undefined)[]): Column | null {
  const { distinct, ids } = indexValues(values)
  if (distinct.length === 0) return null
  return { ids, terms: OWN_TERMS, dictionary: ownDictionary(distinctValues(distinct)) }
}

/** A dictionary of one chunk. */
export function ownDictionary(values: DistinctValues): Dictionary {
  switch (values.kind) {
    case 'numbers':
      return new NumberDictionary(values.numbers)
    case 'instants':
      return new InstantDictionary(values.micros)
    case 'crash_ids':
      return new CrashIdDictionary(values.packed)
    case 'values':
      return new ValueDictionary(values.values)
  }
}
