import { describe, expect, it } from 'vitest'
import { agoText, durationText, timeMs } from './duration.ts'

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [59, '59 s'],
    [61, '1 min 1 s (61 s)'],
    [3_600, '1 h (3,600 s)'],
    [93_784, '1 d 2 h (93,784 s)'],
  ])('says %i seconds', (seconds, text) => {
    expect(durationText(seconds)).toBe(text)
  })
})

describe('agoText', () => {
  it.each([
    [0, '0 s ago'],
    [-1_000, '0 s ago'],
    [125_000, '2 min ago'],
    [7_200_000, '2 h ago'],
    [200_000_000, '2 d ago'],
  ])('says %i ms', (ms, text) => {
    expect(agoText(1_000_000_000_000 - ms, 1_000_000_000_000)).toBe(text)
  })
})

describe('timeMs', () => {
  it('reads ISO text with and without an offset, microseconds, and epoch seconds', () => {
    const expected = Date.UTC(2026, 10, 23, 2, 51, 0)
    expect(timeMs('2026-11-23T02:51:00+00:00')).toBe(expected)
    expect(timeMs('2026-11-23 02:51:00')).toBe(expected)
    expect(timeMs('2026-11-23T03:51:00.123456+01:00')).toBe(expected + 123)
    expect(timeMs(expected / 1000)).toBe(expected)
    expect(timeMs(String(expected / 1000))).toBe(expected)
  })

  it.each([null, undefined, '', 'yesterday', {}, Number.NaN, 1e300, '2026-99-99T00:00:00Z'])(
    'knows no time in %j',
    (value) => {
      expect(timeMs(value)).toBeNull()
    },
  )
})
