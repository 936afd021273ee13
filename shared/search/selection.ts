import { type Chunk, isDead } from './chunk.ts'
import { type Column, termAt } from './columns/column.ts'
import { microsOf } from './columns/micros.ts'
import type { DateWindow } from './date-window.ts'
import { DATE_FIELD } from './fields.ts'
import type { PatternWork } from './pattern.ts'
import { compileFilters } from './predicate.ts'
import type { SearchQuery } from './search-query.ts'

/** The rows of a chunk that a query finds, ascending: the first `count` of `rows`, which the next chunk overwrites. */
export interface Selection {
  readonly rows: Uint16Array
  readonly count: number
}

/** The window and the filters of a query, as one question to a chunk. */
export function compileSelection(
  query: Pick<SearchQuery, 'date' | 'filters'>,
  work: PatternWork,
): (chunk: Chunk) => Selection {
  const filters = compileFilters(query.filters, work)
  const window = compileWindow(query.date)
  let rows = new Uint16Array(0)
  return (chunk) => {
    if (rows.length < chunk.rows) rows = new Uint16Array(chunk.rows)
    const place = window.placeOf(chunk.dates)
    if (place === 'outside') return { rows, count: 0 }
    let count = 0
    for (let row = 0; row < chunk.rows; row++) if (!isDead(chunk.dead, row)) rows[count++] = row
    if (place === 'across') count = window.select(chunk.column(DATE_FIELD), rows, count)
    for (const { field, filter } of filters) {
      if (count === 0) break
      count = filter.select(chunk.column(field), rows, count)
    }
    return { rows, count }
  }
}

function compileWindow({ from, to }: DateWindow) {
  const [fromMicros, toMicros] = [microsOf(from.at), microsOf(to.at)]
  const isAfter = (micros: number) => micros > fromMicros || (from.inclusive && micros === fromMicros)
  const isBefore = (micros: number) => micros < toMicros || (to.inclusive && micros === toMicros)
  /** Instants compare as text too. */
  const holdsText = (text: string) =>
    (text > from.at || (from.inclusive && text === from.at)) && (text < to.at || (to.inclusive && text === to.at))
  return {
    placeOf(dates: Chunk['dates']): 'inside' | 'outside' | 'across' {
      if (dates === null) return 'across'
      if (!isAfter(dates.to) || !isBefore(dates.from)) return 'outside'
      return isAfter(dates.from) && isBefore(dates.to) ? 'inside' : 'across'
    },
    select(column: Column | null, rows: Uint16Array, count: number): number {
      if (column === null) return 0
      const { dictionary } = column
      let kept = 0
      for (let n = 0; n < count; n++) {
        const row = rows[n] ?? 0
        const term = termAt(column, row)
        if (term === 0) continue
        const micros = dictionary.numberAt(term)
        const holds = Number.isNaN(micros)
          ? holdsText(String(dictionary.valueAt(term)))
          : isAfter(micros) && isBefore(micros)
        if (holds) rows[kept++] = row
      }
      return kept
    },
  }
}
