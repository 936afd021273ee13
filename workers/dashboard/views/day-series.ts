import { MAX_CHART_DAYS } from '#shared/limits.ts'
import type { FacetTerm, SearchValue } from '#shared/search/search-rpc.ts'
import type { Counted } from './counts.ts'

/** Crashes by the day. A day is `YYYY-MM-DD` in UTC. */

export const DAY_MS = 86_400_000

/** What a chart's days are of. */
export const AXES = ['received', 'crashed', 'built'] as const
export type Axis = (typeof AXES)[number]

/** What each axis is called, and how search counts by it. Build ids that are no dates have no day. */
export const AXIS: Readonly<Record<Axis, { label: string; field: string; interval: string | null }>> = {
  received: { label: 'received (UTC)', field: 'date', interval: null },
  crashed: { label: 'crash time (client’s clock, UTC)', field: 'crash_time', interval: '86400' },
  built: { label: 'build date', field: 'build_id', interval: '1000000' },
}

/** How far the build axis looks back: older builds are counted as such. */
const MAX_BUILD_AGE_DAYS = 180

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** The start of the running day. */
export function todayMs(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS) * DAY_MS
}

/** Every day from one to another, both inclusive; the last MAX_CHART_DAYS of them. */
export function daysBetween(fromMs: number, toMs: number): readonly string[] {
  const last = todayMs(toMs)
  const first = Math.max(todayMs(fromMs), last - (MAX_CHART_DAYS - 1) * DAY_MS)
  return first > last ? [] : Array.from({ length: (last - first) / DAY_MS + 1 }, (_, n) => dayOf(first + n * DAY_MS))
}

/** The day that a step of a histogram stands for; null for a number that is none, such as a build id `42`. */
export function dayOfStep(axis: Axis, term: SearchValue): string | null {
  switch (axis) {
    case 'received':
      return dayInCalendar(Date.parse(String(term)))
    case 'crashed':
      return dayInCalendar(Number(term) * 1_000)
    case 'built': {
      const [, year, month, day] = /^(20\d\d)(\d\d)(\d\d)000000$/.exec(String(term)) ?? []
      const ms = Date.parse(`${year}-${month}-${day}T00:00:00Z`)
      // The 31st of a shorter month would be another day.
      return Number.isNaN(ms) || !dayOf(ms).endsWith(`${month}-${day}`) ? null : dayOf(ms)
    }
  }
}

function dayInCalendar(ms: number): string | null {
  return Number.isFinite(ms) && Math.abs(ms) < 8e15 ? dayOf(ms) : null
}

export interface DayCount extends Counted {
  readonly day: string
}

/** A count for each day, zero where nothing was counted, and the reports that are of none of these days. */
export interface DaySeries {
  readonly counts: readonly DayCount[]
  readonly elsewhere: number
}

export function daySeries(axis: Axis, steps: readonly FacetTerm[], days: readonly string[]): DaySeries {
  const byDay = new Map<string | null, Counted>()
  for (const { term, count, estimate = count } of steps) {
    const day = dayOfStep(axis, term)
    const known = byDay.get(day) ?? { stored: 0, estimate: 0 }
    byDay.set(day, { stored: known.stored + count, estimate: known.estimate + estimate })
  }
  const counts = days.map((day) => ({ day, ...(byDay.get(day) ?? { stored: 0, estimate: 0 }) }))
  const all = [...byDay.values()].reduce((sum, { stored }) => sum + stored, 0)
  return { counts, elsewhere: all - counts.reduce((sum, { stored }) => sum + stored, 0) }
}

/** The days of a chart: those of the window, or from the first build that is shown to the window's end. */
export function chartDays(axis: Axis, steps: readonly FacetTerm[], fromMs: number, toMs: number): readonly string[] {
  if (axis !== 'built') return daysBetween(fromMs, toMs)
  const oldestMs = todayMs(toMs) - MAX_BUILD_AGE_DAYS * DAY_MS
  const first = steps
    .map(({ term }) => dayOfStep(axis, term))
    .filter((day) => day !== null && day >= dayOf(oldestMs) && day <= dayOf(toMs))
    .sort()[0]
  return first === undefined || first === null ? [] : daysBetween(Date.parse(`${first}T00:00:00Z`), toMs)
}

/** A trend: the last whole days against as many before, by estimate. The running day is in neither. */
export interface Trend {
  readonly now: number
  readonly before: number
  readonly days: number
}

export function trendOf(counts: readonly DayCount[], today: string): Trend {
  const whole = counts.filter(({ day }) => day < today)
  const days = Math.floor(whole.length / 2)
  const sum = (some: readonly DayCount[]) => some.reduce((total, { estimate }) => total + estimate, 0)
  return {
    now: days === 0 ? 0 : sum(whole.slice(-days)),
    before: days === 0 ? 0 : sum(whole.slice(-2 * days, -days)),
    days,
  }
}

/** A trend in words: `+40 % against the 7 days before`. */
export function trendText({ now, before, days }: Trend): string {
  const against = `against the ${days === 1 ? 'day' : `${days} days`} before`
  if (days === 0) return 'no whole day to compare yet'
  if (before === 0) return now === 0 ? `none in ${2 * days} whole days` : `none in the ${days} days before`
  const percent = Math.round((100 * (now - before)) / before)
  return percent === 0
    ? `as many as in the ${days} days before`
    : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} % ${against}`
}
