import type { Dictionary } from './columns/dictionary.ts'
import type { HistogramInterval } from './search-query.ts'
import type { SearchValue } from './search-rpc.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * The start of the step that a value lies in: milliseconds since the epoch for dates (UTC; weeks begin on Monday), a multiple of the
 * width for numbers. None for a value that is neither.
 */
export function histogramTerms(interval: HistogramInterval): (dictionary: Dictionary, id: number) => readonly number[] {
  if (typeof interval === 'number') {
    return (dictionary, id) => {
      const number = dictionary.numberAt(id)
      return Number.isNaN(number) ? [] : [Math.floor(number / interval) * interval]
    }
  }
  const startOf = stepStart(interval)
  return (dictionary, id) => {
    const ms = dateMs(dictionary, id)
    return Number.isNaN(ms) ? [] : [startOf(ms)]
  }
}

/** Dates beyond the year 2255 are texts in their dictionary. */
function dateMs(dictionary: Dictionary, id: number): number {
  const micros = dictionary.numberAt(id)
  return Number.isNaN(micros) ? Date.parse(String(dictionary.valueAt(id))) : Math.floor(micros / 1_000)
}

/** A term of a histogram as it is shown: crashstats-tools shortens midnights of exactly this form (specs/webapp.md 2.3). */
export function shownStep(term: SearchValue, interval: HistogramInterval): SearchValue {
  return typeof interval === 'number' ? term : `${new Date(Number(term)).toISOString().slice(0, -5)}+00:00`
}

function stepStart(interval: Exclude<HistogramInterval, number>): (ms: number) => number {
  const floorTo = (stepMs: number) => (ms: number) => Math.floor(ms / stepMs) * stepMs
  switch (interval) {
    case 'minute':
      return floorTo(MINUTE_MS)
    case 'hour':
      return floorTo(60 * MINUTE_MS)
    case 'day':
      return floorTo(DAY_MS)
    case 'week':
      // The epoch is a Thursday: four days later is the first Monday.
      return (ms) => floorTo(7 * DAY_MS)(ms - 4 * DAY_MS) + 4 * DAY_MS
    case 'month':
      return byMonths(1)
    case 'quarter':
      return byMonths(3)
    case 'year':
      return byMonths(12)
  }
}

/** The first of the first month of so many. Worked out once a day that occurs: a Date costs more than the rest of the count. */
function byMonths(months: number): (ms: number) => number {
  const starts = new Map<number, number>()
  return (ms) => {
    const day = Math.floor(ms / DAY_MS)
    const known = starts.get(day)
    if (known !== undefined) return known
    const date = new Date(ms)
    const start = Date.UTC(date.getUTCFullYear(), Math.floor(date.getUTCMonth() / months) * months)
    starts.set(day, start)
    return start
  }
}
