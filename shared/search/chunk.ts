import { type Column, columnOf, termAt } from './columns/column.ts'
import { DATE_FIELD, UUID_FIELD } from './fields.ts'
import type { SearchDocument, SearchValue } from './search-rpc.ts'

/** Some documents of a shard as a query sees them: columns, whether they lie sealed in storage or were just indexed. */
export interface Chunk {
  readonly rows: number
  /** One bit a row, the lowest first: rows whose document was removed or indexed again. Null: none. */
  readonly dead: Uint8Array | null
  /** The first and the last date, in microseconds, where they are known: a chunk outside of a query's window is not read. */
  readonly dates: { readonly from: number; readonly to: number } | null
  /** Null where no document has the field. */
  column(field: string): Column | null
}

/** What of a document is in columns. */
export type DocumentValues = Pick<SearchDocument, 'crash_id' | 'values'>

/** A chunk of documents that are in memory. Each column is made when it is first asked for. */
export function chunkOf(documents: readonly DocumentValues[]): Chunk {
  const columns = new Map<string, Column | null>()
  return {
    rows: documents.length,
    dead: null,
    dates: null,
    column(field) {
      const known = columns.get(field)
      if (known !== undefined) return known
      const column = columnOf(documents.map((document) => documentValue(document, field)))
      columns.set(field, column)
      return column
    },
  }
}

/** A document's value. Its crash id is always there; no other name finds anything that is not its own, `__proto__` among them. */
export function documentValue({ crash_id, values }: DocumentValues, field: string): SearchValue | undefined {
  if (field === UUID_FIELD) return crash_id
  return Object.hasOwn(values, field) ? values[field] : undefined
}

export function isDead(dead: Uint8Array | null, row: number): boolean {
  return dead !== null && ((dead[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
}

/** A copy with one more row marked. */
export function markDead(dead: Uint8Array | null, row: number, rows: number): Uint8Array {
  const marked = new Uint8Array(Math.ceil(rows / 8))
  if (dead !== null) marked.set(dead)
  marked[row >> 3] = (marked[row >> 3] ?? 0) | (1 << (row & 7))
  return marked
}

/** The dates of documents that are to be sealed; null where one has none, or none that microseconds hold. */
export function dateRange(chunk: Chunk): Chunk['dates'] {
  const column = chunk.column(DATE_FIELD)
  if (column === null) return null
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (let row = 0; row < chunk.rows; row++) {
    const micros = column.dictionary.numberAt(termAt(column, row))
    if (Number.isNaN(micros)) return null
    from = Math.min(from, micros)
    to = Math.max(to, micros)
  }
  return { from, to }
}
