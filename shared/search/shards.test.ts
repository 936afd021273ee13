import { describe, expect, it } from 'vitest'
import { crashIdSchema } from '../crash-id.ts'
import { instantOf } from './instant.ts'
import { weekOfCrash, weekOfInstant, weeksBetween } from './shards.ts'

const crashOf = (day: string) => crashIdSchema.parse(`00000000-0000-4000-8000-000000${day}`)
const at = (text: string) => instantOf(Date.parse(text))

describe('the shard of a crash', () => {
  it.each([
    ['261116', '2026W47'],
    ['261122', '2026W47'],
    ['261123', '2026W48'],
    ['210103', '2020W53'],
    ['210104', '2021W01'],
    ['241230', '2025W01'],
    ['270101', '2026W53'],
    ['280101', '2027W52'],
  ])('of the day %s is the ISO week %s', (day, week) => {
    expect(weekOfCrash(crashOf(day))).toBe(week)
  })

  it('exists for days that are not in the calendar, which a crash id may hold', () => {
    expect(weekOfCrash(crashOf('260631'))).toBe(weekOfCrash(crashOf('260701')))
    expect(weekOfCrash(crashOf('999999'))).toMatch(/^\d{4}W\d{2}$/)
  })
})

describe('the weeks of a window', () => {
  it('are those it touches, oldest first, across a new year', () => {
    expect(weeksBetween(at('2020-12-27T23:59:59.999Z'), at('2021-01-04T00:00:00Z'))).toEqual([
      '2020W52',
      '2020W53',
      '2021W01',
    ])
  })

  it('is one for a single instant and none for a window that ends before it begins', () => {
    const noon = at('2026-11-18T12:00:00Z')
    expect(weeksBetween(noon, noon)).toEqual([weekOfInstant(noon)])
    expect(weeksBetween(noon, at('2026-11-01T00:00:00Z'))).toEqual([])
  })

  it('are all different in the longest query', () => {
    const weeks = weeksBetween(at('2025-11-18T12:00:00Z'), at('2026-11-18T12:00:00Z'))
    expect(new Set(weeks).size).toBe(weeks.length)
    expect(weeks.length).toBe(53)
  })
})
