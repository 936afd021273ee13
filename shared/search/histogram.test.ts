import { describe, expect, it } from 'vitest'
import { InstantDictionary, NumberDictionary, ValueDictionary } from './columns/dictionary.ts'
import { microsOf } from './columns/micros.ts'
import { histogramTerms, shownStep } from './histogram.ts'
import type { HistogramInterval } from './search-query.ts'

const stepsOf = (interval: HistogramInterval, ...dates: string[]) => {
  const dictionary = new InstantDictionary(Float64Array.from(dates, microsOf))
  const terms = histogramTerms(interval)
  return dates.flatMap((_, n) => terms(dictionary, n + 1)).map((term) => shownStep(term, interval))
}

describe('a step of a histogram of dates', () => {
  it.each<[HistogramInterval, string]>([
    ['minute', '2026-11-18T23:59:00+00:00'],
    ['hour', '2026-11-18T23:00:00+00:00'],
    ['day', '2026-11-18T00:00:00+00:00'],
    ['week', '2026-11-16T00:00:00+00:00'],
    ['month', '2026-11-01T00:00:00+00:00'],
    ['quarter', '2026-10-01T00:00:00+00:00'],
    ['year', '2026-01-01T00:00:00+00:00'],
  ])('by %s begins at %s', (interval, start) => {
    expect(stepsOf(interval, '2026-11-18T23:59:59.999999+00:00', `${start.slice(0, 19)}.000000+00:00`)).toEqual([
      start,
      start,
    ])
  })

  it('begins on a Monday, before the epoch too', () => {
    expect(stepsOf('week', '2026-11-15T23:59:59.999999+00:00', '1969-12-31T00:00:00.000000+00:00')).toEqual([
      '2026-11-09T00:00:00+00:00',
      '1969-12-29T00:00:00+00:00',
    ])
  })

  it('is found for dates that microseconds cannot hold', () => {
    const dictionary = new ValueDictionary(['9999-12-31T23:59:59.999999+00:00', 'no date'])
    const terms = histogramTerms('day')
    expect(terms(dictionary, 1).map((term) => shownStep(term, 'day'))).toEqual(['9999-12-31T00:00:00+00:00'])
    expect(terms(dictionary, 2)).toEqual([])
  })
})

describe('a step of a histogram of numbers', () => {
  it('is the multiple of the width below', () => {
    const numbers = new NumberDictionary(Float64Array.of(0, 9, 10, -1, 10.5))
    const terms = histogramTerms(10)
    expect([1, 2, 3, 4, 5].flatMap((id) => terms(numbers, id))).toEqual([0, 0, 10, -10, 10])
    expect(histogramTerms(0.5)(numbers, 5)).toEqual([10.5])
  })
})
