import { MAX_QUERY_DAYS } from '../limits.ts'
import { type BadParameter, badParameter } from './bad-parameter.ts'
import { DATE_FIELD } from './fields.ts'
import { type Instant, instantMs, instantOf, parseInstant } from './instant.ts'

/** One end of the time that a query asks about. */
export interface DateBound {
  readonly at: Instant
  readonly inclusive: boolean
}

/** The time that a query asks about. Every query has one; it says which shards are asked. */
export interface DateWindow {
  readonly kind: 'window'
  readonly from: DateBound
  readonly to: DateBound
}

const DAY_MS = 86_400_000
/** What a query without a lower bound looks back (specs/webapp.md 2.3). */
const DEFAULT_DAYS = 7

const OPPOSITE = { '>': '<=', '>=': '<', '<': '>=', '<=': '>' } as const
type Operator = keyof typeof OPPOSITE

/**
 * The window of the `date` values: the tightest of several bounds on a side, up to now, seven days back. A range of more than
 * MAX_QUERY_DAYS, a value without an operator and a date in no known form are bad.
 */
export function parseDateWindow(texts: readonly string[], nowMs: number): DateWindow | BadParameter {
  let from: DateBound | null = null
  let to: DateBound | null = null
  for (const text of texts) {
    const [, not, sign, value = ''] = /^(!?)(>=|<=|>|<)(.*)$/s.exec(text) ?? []
    if (!isOperator(sign)) return badParameter(DATE_FIELD, 'date must have a prefix operator, one of > >= < <=')
    const at = parseInstant(value)
    if (at === null) return badParameter(DATE_FIELD, 'not a date of the form YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS')
    const operator = not === '!' ? OPPOSITE[sign] : sign
    const bound = { at, inclusive: operator.endsWith('=') }
    if (operator.startsWith('>')) from = from === null || isTighter(bound, from, 1) ? bound : from
    else to = to === null || isTighter(bound, to, -1) ? bound : to
  }
  to ??= { at: instantOf(nowMs), inclusive: true }
  from ??= { at: instantOf(instantMs(to.at) - DEFAULT_DAYS * DAY_MS), inclusive: true }
  const days = (instantMs(to.at) - instantMs(from.at)) / DAY_MS
  if (days > MAX_QUERY_DAYS) {
    return badParameter(DATE_FIELD, `a range of ${Math.ceil(days)} days, the longest is ${MAX_QUERY_DAYS} days`)
  }
  return { kind: 'window', from, to }
}

function isOperator(sign: string | undefined): sign is Operator {
  return sign !== undefined && Object.hasOwn(OPPOSITE, sign)
}

/** `side` is 1 for lower bounds, where the later is tighter, and -1 for upper bounds. At one instant the exclusive bound is. */
function isTighter(bound: DateBound, than: DateBound, side: 1 | -1): boolean {
  if (bound.at === than.at) return !bound.inclusive
  return bound.at > than.at === (side === 1)
}
