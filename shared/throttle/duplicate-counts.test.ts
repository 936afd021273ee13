import { describe, expect, it } from 'vitest'
import { DUPLICATES_DAYS_KEPT } from '../limits.ts'
import {
  addDays,
  countExempt,
  countReport,
  type DuplicateCounts,
  type KeepRule,
  NO_DUPLICATES,
  noteSignature,
} from './duplicate-counts.ts'

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 23, 12)

/** Counts reports at these times; answers their weights, 0 for a dropped one. */
function weights(rule: KeepRule, timesMs: readonly number[], draw = 0, before: DuplicateCounts = NO_DUPLICATES) {
  let counts = before
  const kept = timesMs.map((nowMs) => {
    const counted = countReport(counts, rule, nowMs, () => draw)
    counts = counted.counts
    return counted.verdict.kind === 'keep' ? counted.verdict.weight : 0
  })
  return { kept, counts }
}

const times = (count: number, fromMs = NOW) => Array<number>(count).fill(fromMs)
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

describe('keep-N', () => {
  const rule = { keep_first: 2, then_one_in: 3 }

  it('keeps the first of an hour, then one in so many with that weight', () => {
    expect(weights(rule, times(11)).kept).toEqual([1, 1, 3, 0, 0, 3, 0, 0, 3, 0, 0])
    expect(weights(rule, times(11), 99.9).kept).toEqual([1, 1, 0, 0, 3, 0, 0, 3, 0, 0, 3])
  })

  it('begins anew with each hour, also after a clock that goes back', () => {
    const over = [...times(3), ...times(3, NOW + HOUR_MS), ...times(2, NOW + HOUR_MS - 1)]
    expect(weights(rule, over).kept).toEqual([1, 1, 3, 1, 1, 3, 0, 0])
  })

  it.each([
    [{ keep_first: 1, then_one_in: 1 }, 1],
    [{ keep_first: 10, then_one_in: 1 }, 1],
    [{ keep_first: 1_000, then_one_in: 5 }, 1],
  ])('with %j keeps every one of 100 as itself', (all, weight) => {
    expect(weights(all, times(100)).kept).toEqual(Array(100).fill(weight))
  })

  it('misses the sent count by less than one run an hour, wherever the draw falls, and by nothing on average', () => {
    const rule = { keep_first: 10, then_one_in: 20 }
    for (const sent of [11, 29, 30, 31, 1_500]) {
      const totals = Array.from({ length: 20 }, (_, place) => sum(weights(rule, times(sent), place * 5).kept))
      for (const total of totals) expect(Math.abs(total - sent)).toBeLessThan(20)
      expect(sum(totals) / 20).toBeCloseTo(sent, 9)
    }
  })

  it('goes on where the rule changes within an hour', () => {
    const { counts } = weights({ keep_first: 1, then_one_in: 1_000 }, times(5), 99)
    expect(weights({ keep_first: 1, then_one_in: 2 }, times(4), 0, counts).kept).toEqual([0, 2, 0, 2])
  })

  it('does not count an exempt report among the first', () => {
    const exempt = countExempt(countExempt(NO_DUPLICATES, NOW), NOW)
    const { kept, counts } = weights(rule, times(3), 50, exempt)
    expect(kept).toEqual([1, 1, 0])
    expect(counts.days).toEqual({ '20261123': { sent: 5, kept: 4 } })
  })
})

describe('counts by day', () => {
  it('are kept for the last 28 days that had any', () => {
    const days = Array.from({ length: 40 }, (_, day) => NOW + day * 24 * HOUR_MS)
    const { counts } = weights({ keep_first: 1, then_one_in: 1 }, days)
    expect(Object.keys(counts.days)).toHaveLength(DUPLICATES_DAYS_KEPT)
    expect(Object.keys(counts.days).sort()[0]).toBe('20261205')
    expect(counts.lastMs).toBe(days.at(-1))
  })

  it('add up over continents', () => {
    const first = { '20261123': { sent: 5, kept: 2 }, '20261121': { sent: 1, kept: 1 } }
    expect(addDays([first, { '20261123': { sent: 10, kept: 3 } }])).toEqual([
      ['20261121', { sent: 1, kept: 1 }],
      ['20261123', { sent: 15, kept: 5 }],
    ])
  })
})

describe('a second signature', () => {
  const one = noteSignature(NO_DUPLICATES, 'one', 'lists')

  it('makes the fingerprint mixed, and then all are kept as they are', () => {
    const mixed = noteSignature(one, 'two', 'lists')
    expect([one.mixed, mixed.mixed]).toEqual([false, true])
    expect(weights({ keep_first: 1, then_one_in: 100 }, times(5), 50, mixed).kept).toEqual([1, 1, 1, 1, 1])
    expect(noteSignature(mixed, 'one', 'lists').mixed).toBe(true)
  })

  it('is none where it is the first again, or where other lists made it', () => {
    expect(noteSignature(one, 'one', 'lists')).toBe(one)
    const renamed = noteSignature(one, 'two', 'other lists')
    expect([renamed.mixed, renamed.signature]).toEqual([false, { hash: 'two', lists: 'other lists' }])
  })
})
