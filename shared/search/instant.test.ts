import { describe, expect, it } from 'vitest'
import { instantMs, instantOf, parseInstant } from './instant.ts'

describe('an instant', () => {
  it.each([
    ['2026-11-23', '2026-11-23T00:00:00.000000+00:00'],
    ['2026-11-23T02:51', '2026-11-23T02:51:00.000000+00:00'],
    ['2026-11-23 02:51:07', '2026-11-23T02:51:07.000000+00:00'],
    ['2026-11-23T02:51:07.5Z', '2026-11-23T02:51:07.500000+00:00'],
    ['2026-11-23T02:51:07.123456+00:00', '2026-11-23T02:51:07.123456+00:00'],
    ['2026-11-23T02:51:07.123456789Z', '2026-11-23T02:51:07.123456+00:00'],
    ['2026-11-23T00:30:00+01:00', '2026-11-22T23:30:00.000000+00:00'],
    ['2026-11-23T00:30:00 01:00', '2026-11-22T23:30:00.000000+00:00'],
    ['2026-11-22T23:30:00-0130', '2026-11-23T01:00:00.000000+00:00'],
    ['2024-02-29', '2024-02-29T00:00:00.000000+00:00'],
    ['0001-01-01', '0001-01-01T00:00:00.000000+00:00'],
  ])('is read from %s in UTC', (text, instant) => {
    expect(parseInstant(text)).toBe(instant)
  })

  it.each([
    '',
    '2026',
    '2026-11',
    '2026-02-29',
    '2026-13-01',
    '2026-11-23T24:00:00',
    '2026-11-23T25:00',
    '20261123',
    'now',
    '2026-11-23T00:00:00+24:00',
    '2026-11-23\n',
    '1e3',
  ])('is not read from %j', (text) => {
    expect(parseInstant(text)).toBeNull()
  })

  it('orders as text as it does in time, before and after 1970', () => {
    const times = [Date.parse('1969-12-31T23:59:59.001Z'), -1, 0, 999, 1000, Date.parse('2026-11-23T02:51:00.120Z')]
    const instants = times.map(instantOf)
    expect(instants.toSorted()).toEqual(instants)
    expect(instants.map(instantMs)).toEqual(times)
  })
})
