import { describe, expect, it } from 'vitest'
import { chartDays, dayOfStep, daySeries, daysBetween, trendOf, trendText } from './day-series.ts'

const at = (day: string) => Date.parse(`${day}T12:00:00Z`)

describe('dayOfStep', () => {
  it('reads each axis, and has no day for a build id that is none', () => {
    expect(dayOfStep('received', '2026-11-23T00:00:00+00:00')).toBe('2026-11-23')
    expect(dayOfStep('crashed', Date.UTC(2026, 10, 22) / 1_000)).toBe('2026-11-22')
    expect(dayOfStep('built', 20261101000000)).toBe('2026-11-01')
    for (const term of [0, 42_000_000, 20261301000000, 20260231000000]) expect(dayOfStep('built', term)).toBeNull()
    expect(dayOfStep('crashed', 1e300)).toBeNull()
  })
})

describe('daySeries', () => {
  it('fills days without reports, and counts what is of other days or of none', () => {
    const series = daySeries(
      'built',
      [
        { term: 20261120000000, count: 2, estimate: 20 },
        { term: 20261122000000, count: 1 },
        { term: 20200101000000, count: 3 },
        { term: 42, count: 4 },
      ],
      daysBetween(at('2026-11-20'), at('2026-11-22')),
    )
    expect(series.counts).toEqual([
      { day: '2026-11-20', stored: 2, estimate: 20 },
      { day: '2026-11-21', stored: 0, estimate: 0 },
      { day: '2026-11-22', stored: 1, estimate: 1 },
    ])
    expect(series.elsewhere).toBe(7)
  })
})

describe('chartDays', () => {
  it('begins the build axis at the oldest build of half a year, whatever the window', () => {
    const steps = [20201101000000, 20261119000000, 20261121000000, 20991231000000].map((term) => ({ term, count: 1 }))
    expect(chartDays('built', steps, at('2026-11-20'), at('2026-11-21'))).toEqual([
      '2026-11-19',
      '2026-11-20',
      '2026-11-21',
    ])
    expect(chartDays('built', [], at('2026-11-20'), at('2026-11-21'))).toEqual([])
    expect(chartDays('received', steps, at('2026-11-20'), at('2026-11-21'))).toEqual(['2026-11-20', '2026-11-21'])
  })
})

describe('trendOf', () => {
  const counts = (...estimates: readonly number[]) =>
    estimates.map((estimate, n) => ({ day: `2026-11-${String(10 + n)}`, stored: estimate, estimate }))

  it('leaves the running day out of both halves', () => {
    expect(trendOf(counts(10, 10, 15, 15, 900), '2026-11-14')).toEqual({ now: 30, before: 20, days: 2 })
    expect(trendOf(counts(10, 10, 15, 15, 0), '2026-11-14')).toEqual({ now: 30, before: 20, days: 2 })
  })

  it('says it in words', () => {
    expect(trendText({ now: 30, before: 20, days: 7 })).toBe('+50 % against the 7 days before')
    expect(trendText({ now: 10, before: 20, days: 1 })).toBe('−50 % against the day before')
    expect(trendText({ now: 5, before: 0, days: 7 })).toBe('none in the 7 days before')
    expect(trendText({ now: 0, before: 0, days: 0 })).toBe('no whole day to compare yet')
  })
})
