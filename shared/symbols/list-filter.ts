import { MAX_KEY_TERMS, MAX_LIST_FILTER_CHARS } from '../limits.ts'

/** What a number of a row (bytes, or epoch milliseconds) must satisfy; `missing` is a time that has not come. */
export type Bound =
  | { readonly kind: 'compare'; readonly operator: '<' | '<=' | '=' | '>=' | '>'; readonly value: number }
  | { readonly kind: 'missing' }

/** A part of a text that must be there, or must not. Case does not count. */
export interface TextPart {
  readonly text: string
  readonly not: boolean
}

/** A filter that was read, or why it cannot be. */
export type FilterRead<Filter> =
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'bad'; readonly text: string }

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
}
const SIZE = /^(<=|>=|<|>|=)?\s*(\d{1,15}(?:\.\d{1,6})?)\s*(gb|mb|kb|g|m|k|b)?$/i
const OPERATED = /^(<=|>=|<|>|=)?\s*(.*)$/s
const DATE = /^\d{4}-\d\d-\d\d$/
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|\+00:00)?$/
const SECOND_MS = 1_000
const DAY_MS = 86_400_000

/**
 * Reads `>1mb,<2g` (specs/symbols.md 4): each must hold, no operator means `=`, units count by 1,024 and a broken number of them is rounded
 * down to bytes. An empty text filters nothing.
 */
export function readSizeFilter(text: string): FilterRead<readonly Bound[]> {
  return readBounds(
    text,
    (part) => {
      const [, operator = '=', number = '', unit = ''] = SIZE.exec(part) ?? []
      if (number === '' || !isOperator(operator)) return null
      const bytes = Math.floor(Number(number) * (UNIT_BYTES[unit.toLowerCase()] ?? 1))
      return Number.isSafeInteger(bytes) ? [{ kind: 'compare', operator, value: bytes }] : null
    },
    'a size such as >1mb or <=2g',
  )
}

/**
 * Reads `>=2026-01-01,<2026-02-01` (specs/symbols.md 4), each of which must hold. A day is its first instant where it is compared, and all of it
 * with `=` or no operator; `today` and `yesterday` are days in UTC; `null` and `incomplete` are what has not come.
 */
export function readTimeFilter(text: string, nowMs: number): FilterRead<readonly Bound[]> {
  return readBounds(text, (part) => readTime(part, nowMs), 'a date such as >=2026-01-31, today, yesterday or null')
}

function readTime(part: string, nowMs: number): readonly Bound[] | null {
  const [, operator = '=', value = ''] = OPERATED.exec(part) ?? []
  if (!isOperator(operator)) return null
  const word = value.trim().toLowerCase()
  if (word === 'null' || word === 'incomplete') return operator === '=' ? [{ kind: 'missing' }] : null
  const span = spanOf(word, value.trim(), nowMs)
  if (span === null) return null
  if (operator !== '=') return [{ kind: 'compare', operator, value: span.fromMs }]
  return [
    { kind: 'compare', operator: '>=', value: span.fromMs },
    { kind: 'compare', operator: '<', value: span.fromMs + span.lengthMs },
  ]
}

/** The time that a word or a date names: a day, or a second. */
function spanOf(word: string, value: string, nowMs: number) {
  const todayMs = nowMs - (nowMs % DAY_MS)
  if (word === 'today') return { fromMs: todayMs, lengthMs: DAY_MS }
  if (word === 'yesterday') return { fromMs: todayMs - DAY_MS, lengthMs: DAY_MS }
  const isDay = DATE.test(value)
  if (!isDay && !DATE_TIME.test(value)) return null
  const fromMs = Date.parse(isDay ? `${value}T00:00:00Z` : `${value.replace(/(?:Z|\+00:00)$/, '')}Z`)
  // The calendar decides: Date.parse takes 30 February for 2 March.
  if (!Number.isFinite(fromMs) || !new Date(fromMs).toISOString().startsWith(value.slice(0, 10))) return null
  return { fromMs, lengthMs: isDay ? DAY_MS : SECOND_MS }
}

/** Reads `mozilla.com` or `!mozilla.com`: a part of the text, or none of it. An empty text filters nothing. */
export function readTextFilter(text: string): FilterRead<readonly TextPart[]> {
  if (text.length > MAX_LIST_FILTER_CHARS) return tooLong()
  const not = text.startsWith('!')
  const part = (not ? text.slice(1) : text).trim()
  return { kind: 'filter', filter: part === '' ? [] : [{ text: part, not }] }
}

/** Reads `xul,sym`: parts that must all be there. */
export function readKeyFilter(text: string): FilterRead<readonly TextPart[]> {
  if (text.length > MAX_LIST_FILTER_CHARS) return tooLong()
  const parts = text.split(',').map((part) => part.trim())
  const filter = parts.filter((part) => part !== '').map((part) => ({ text: part, not: false }))
  if (filter.length > MAX_KEY_TERMS) return { kind: 'bad', text: `at most ${MAX_KEY_TERMS} parts` }
  return { kind: 'filter', filter }
}

function readBounds(
  text: string,
  read: (part: string) => readonly Bound[] | null,
  wanted: string,
): FilterRead<readonly Bound[]> {
  if (text.length > MAX_LIST_FILTER_CHARS) return tooLong()
  const bounds: Bound[] = []
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue
    const found = read(part)
    if (found === null) return { kind: 'bad', text: `must be ${wanted}; several are joined by commas` }
    bounds.push(...found)
  }
  return { kind: 'filter', filter: bounds }
}

function isOperator(text: string): text is Extract<Bound, { kind: 'compare' }>['operator'] {
  return ['<', '<=', '=', '>=', '>'].includes(text)
}

function tooLong(): { readonly kind: 'bad'; readonly text: string } {
  return { kind: 'bad', text: `at most ${MAX_LIST_FILTER_CHARS} characters` }
}
