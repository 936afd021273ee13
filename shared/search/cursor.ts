import type { DateWindow } from './date-window.ts'
import { DATE_FIELD } from './fields.ts'
import { type Instant, parseInstant } from './instant.ts'
import type { SearchQuery } from './search-query.ts'
import type { SearchAnswer } from './search-rpc.ts'

/**
 * Paging beyond the 10,000th result, which the peer has not: `_cursor=` with nothing after it starts, every answer has a `cursor` to
 * ask with for the next page, and null ends. It narrows the window to where the last page ended and skips what that page
 * had of the last instant, so a page costs the same however far on. Only in order of date (either way), which is why the sort may name
 * nothing else; `total` and facets are of what is left. A crash that comes, or goes, at the very instant of a page's end may be
 * given twice or not at all.
 */
export interface Cursor {
  /** When the first page was asked: the default ends of the window stay where they were. */
  readonly askedAtMs: number
  readonly after: Instant | null
  /** Hits at `after` that earlier pages had. */
  readonly skip: number
}

const CURSOR = /^(\d{1,15})\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\.(\d{1,5})$/

/** The cursor of a text, blank for the first page, or null for a text that we never gave. */
export function parseCursor(text: string, nowMs: number): Cursor | null {
  if (text === '') return { askedAtMs: nowMs, after: null, skip: 0 }
  const [, askedAt, at = '', skip] = CURSOR.exec(text) ?? []
  const after = parseInstant(at)
  return after === null ? null : { askedAtMs: Number(askedAt), after, skip: Number(skip) }
}

/** The part of a window that is left for a cursor's page. A cursor never widens it. */
export function windowAfter(window: DateWindow, { after }: Cursor, order: CursorOrder): DateWindow {
  if (after === null) return window
  const bound = { at: after, inclusive: true }
  if (order === 'descending') return after < window.to.at ? { ...window, to: bound } : window
  return after > window.from.at ? { ...window, from: bound } : window
}

/** Where the next page is. `cut`: the hits are so large that their dates were cut, and nobody knows. */
export type NextPage =
  | { readonly kind: 'after'; readonly cursor: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'cut' }

/** The page after this one. `query` is the one that gave the answer, the date among its columns. */
export function nextPage(cursor: Cursor, query: SearchQuery, { hits, total }: SearchAnswer): NextPage {
  if (hits.length === 0 || query.results_offset + hits.length >= total) return { kind: 'end' }
  const dates = hits.map((hit) => String(hit[DATE_FIELD]))
  const last = parseInstant(dates.at(-1) ?? '')
  if (last === null || last !== dates.at(-1)) return { kind: 'cut' }
  const atLast = dates.filter((date) => date === last).length
  const skip = last === cursor.after ? cursor.skip + atLast : atLast
  return { kind: 'after', cursor: `${cursor.askedAtMs}.${last.replace('+00:00', 'Z')}.${skip}` }
}

export type CursorOrder = 'descending' | 'ascending'

/** Whether hits come in the order that a cursor needs, and which way. */
export function cursorOrder(sort: SearchQuery['sort']): CursorOrder | null {
  const [key, second] = sort
  if (key === undefined) return 'descending'
  if (second !== undefined || key.field.name !== DATE_FIELD) return null
  return key.descending ? 'descending' : 'ascending'
}
