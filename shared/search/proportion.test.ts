import { describe, expect, it } from 'vitest'
import { chanceOfAtLeast, differenceInterval, wilsonInterval } from './proportion.ts'

describe('wilsonInterval', () => {
  it('is Wilson’s: 10 of 100, none of 20, all of 20', () => {
    const tenth = wilsonInterval({ count: 10, of: 100 })
    expect(tenth.low).toBeCloseTo(0.0552, 4)
    expect(tenth.high).toBeCloseTo(0.1744, 4)
    const none = wilsonInterval({ count: 0, of: 20 })
    expect(none.low).toBe(0)
    expect(none.high).toBeCloseTo(0.1611, 4)
    expect(wilsonInterval({ count: 20, of: 20 }).high).toBe(1)
    expect(wilsonInterval({ count: 0, of: 0 })).toEqual({ low: 0, high: 1 })
  })
})

describe('differenceInterval', () => {
  it('is Newcombe’s method 10 on his own examples: 56/70 − 48/80, 9/10 − 3/10, 5/56 − 0/29', () => {
    const rows = [
      [56, 70, 48, 80, 0.0524, 0.3339],
      [9, 10, 3, 10, 0.1705, 0.809],
      [5, 56, 0, 29, -0.0381, 0.1926],
    ] as const
    for (const [a, ofA, b, ofB, low, high] of rows) {
      const interval = differenceInterval({ count: a, of: ofA }, { count: b, of: ofB })
      expect(interval.low).toBeCloseTo(low, 3)
      expect(interval.high).toBeCloseTo(high, 3)
    }
  })
})

describe('an interval computed by hand', () => {
  it('is that of 40 of 40 against 20 of 40: z² = 3.8415', () => {
    // 40 of 40: from n/(n+z²) = 40/43.8415 to 1. 20 of 40: 0.5 ± 1.96 √(0.25/40 + z²/6400) / (1 + z²/40) = 0.5 ± 0.16222/1.09604.
    expect(wilsonInterval({ count: 40, of: 40 }).low).toBeCloseTo(0.91238, 5)
    expect(wilsonInterval({ count: 20, of: 40 }).low).toBeCloseTo(0.352, 4)
    expect(wilsonInterval({ count: 20, of: 40 }).high).toBeCloseTo(0.648, 4)
    // 0.5 − √(0.08762² + 0.14801²) to 0.5 + √(0² + 0.14801²).
    const interval = differenceInterval({ count: 40, of: 40 }, { count: 20, of: 40 })
    expect(interval.low).toBeCloseTo(0.328, 4)
    expect(interval.high).toBeCloseTo(0.648, 4)
  })

  it('is the whole range of what two empty groups can be', () => {
    expect(differenceInterval({ count: 0, of: 0 }, { count: 0, of: 0 })).toEqual({ low: -1, high: 1 })
  })
})

describe('chanceOfAtLeast', () => {
  it('is Fisher’s: the lady’s tea, and what cannot be', () => {
    expect(chanceOfAtLeast(4, 4, 4, 8)).toBeCloseTo(1 / 70, 10)
    expect(chanceOfAtLeast(3, 4, 4, 8)).toBeCloseTo(17 / 70, 10)
    expect(chanceOfAtLeast(0, 4, 4, 8)).toBe(1)
    expect(chanceOfAtLeast(5, 4, 4, 8)).toBe(0)
  })

  it('sums to one over what there is, for large groups too', () => {
    const chance = (count: number) => chanceOfAtLeast(count, 2_000, 30_000, 100_000)
    expect(chance(600)).toBeGreaterThan(0.49)
    expect(chance(600)).toBeLessThan(0.52)
    // 4.9 standard deviations of 20.3 reports.
    expect(chance(700)).toBeGreaterThan(1e-7)
    expect(chance(700)).toBeLessThan(1e-6)
    expect(chance(500)).toBeCloseTo(1, 6)
  })
})
