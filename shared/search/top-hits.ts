import { type CrashId, parseCrashId } from '../crash-id.ts'
import { MAX_SORT_CHARS } from '../limits.ts'
import type { Chunk } from './chunk.ts'
import { type Column, termAt, valueAt } from './columns/column.ts'
import { exactMicros } from './columns/micros.ts'
import { DATE_FIELD, UUID_FIELD } from './fields.ts'
import type { TopHit } from './partial-answer.ts'
import type { SearchQuery, SortKey } from './search-query.ts'
import type { SearchValue } from './search-rpc.ts'
import type { Selection } from './selection.ts'
import { compareValues } from './value-order.ts'

const NEWEST_FIRST: readonly SortKey[] = [
  { field: { name: DATE_FIELD, type: 'date', analysed: false, list: false }, descending: true },
]

/** The order of a query. Crashes that are equal in it come by crash id, so that pages never overlap. */
export function compareHits(sort: readonly SortKey[]): (a: TopHit, b: TopHit) => number {
  const order = sort.length === 0 ? NEWEST_FIRST : sort
  return (a, b) => {
    for (const [n, { descending }] of order.entries()) {
      const by = compareKeys(a.keys[n] ?? null, b.keys[n] ?? null, descending)
      if (by !== 0) return by
    }
    return compareValues(a.crash_id, b.crash_id)
  }
}

/** A missing value is last both ways. */
function compareKeys(a: SearchValue | null, b: SearchValue | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return descending ? compareValues(b, a) : compareValues(a, b)
}

/** The first hits of the chunks that go by, with memory for twice the page at most. */
export class TopHits {
  readonly #order: readonly SortKey[]
  readonly #limit: number
  readonly #compare: (a: TopHit, b: TopHit) => number
  #hits: TopHit[] = []
  /** The first key of the last hit that is surely among the first: what comes after it need not be looked at. */
  #last: { readonly key: SearchValue | null; readonly number: number } | null = null

  constructor({ sort, results_number, results_offset }: SearchQuery) {
    this.#order = sort.length === 0 ? NEWEST_FIRST : sort
    this.#limit = results_number === 0 ? 0 : results_offset + results_number
    this.#compare = compareHits(sort)
  }

  /** Whether the newest chunk should come first: it spares the work on most of the others. */
  get isNewestFirst(): boolean {
    const [first] = this.#order
    return first?.field.name !== DATE_FIELD || first.descending
  }

  add(chunk: Chunk, { rows, count }: Selection): void {
    const [firstKey] = this.#order
    if (this.#limit === 0 || firstKey === undefined || this.#isTooOld(chunk)) return
    const first = chunk.column(firstKey.field.name)
    // Most chunks have no hit of the page: their other columns are not read for it.
    let columns: readonly (Column | null)[] | null = null
    for (let n = 0; n < count; n++) {
      const row = rows[n] ?? 0
      if (this.#isTooLate(first, row)) continue
      columns ??= this.#order.map(({ field }) => chunk.column(field.name))
      const crash_id = crashIdAt(chunk.column(UUID_FIELD), row)
      this.#hits.push({ crash_id, keys: columns.map((column) => sortKey(column, row)) })
      // Twice the limit, then the better half: sorting now and again is cheaper than keeping the order.
      if (this.#hits.length >= 2 * this.#limit) this.#halve()
    }
  }

  first(): readonly TopHit[] {
    return this.#hits.toSorted(this.#compare).slice(0, this.#limit)
  }

  #halve(): void {
    this.#hits = this.#hits.sort(this.#compare).slice(0, this.#limit)
    const key = this.#hits.at(-1)?.keys[0] ?? null
    this.#last = { key, number: typeof key === 'number' ? key : exactMicros(String(key)) }
  }

  /** Whether all dates of a chunk come after the last hit, in the order of the newest first. */
  #isTooOld({ dates }: Chunk): boolean {
    const [first] = this.#order
    if (dates === null || this.#last === null || first?.field.name !== DATE_FIELD || !first.descending) return false
    return dates.to < this.#last.number
  }

  #isTooLate(column: Column | null, row: number): boolean {
    if (this.#last === null) return false
    const { key, number } = this.#last
    const descending = this.#order[0]?.descending ?? true
    const term = termAt(column, row)
    if (column === null || term === 0) return key !== null
    const own = column.dictionary.numberAt(term)
    if (!Number.isNaN(own) && !Number.isNaN(number)) return descending ? own < number : own > number
    return compareKeys(sortKey(column, row), key, descending) > 0
  }
}

function crashIdAt(crashIds: Column | null, row: number): CrashId {
  const crashId = parseCrashId(String(valueAt(crashIds, row)))
  if (crashId === null) throw new Error('a document has no crash id')
  return crashId
}

/** Thousands of sort keys travel from every shard. */
function sortKey(column: Column | null, row: number): SearchValue | null {
  const value = valueAt(column, row)
  return typeof value === 'string' ? value.slice(0, MAX_SORT_CHARS) : value
}
