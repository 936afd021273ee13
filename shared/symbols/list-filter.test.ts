import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LIST_FILTER_CHARS } from '../limits.ts'
import { type Bound, readKeyFilter, readSizeFilter, readTextFilter, readTimeFilter } from './list-filter.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 15, 30)
const DAY_MS = 86_400_000
const compare = (operator: '<' | '<=' | '=' | '>=' | '>', value: number): Bound => ({
  kind: 'compare',
  operator,
  value,
})
const UNITS = { '': 1, b: 1, B: 1, k: 1024, kb: 1024, M: 1024 ** 2, mb: 1024 ** 2, g: 1024 ** 3, GB: 1024 ** 3 }

describe('the filter of sizes', () => {
  it('reads every operator with every unit, as many as are joined', () => {
    const part = fc.record({
      operator: fc.constantFrom('<', '<=', '=', '>=', '>', ''),
      number: fc.nat(1_000_000),
      unit: fc.constantFrom('', 'b', 'B', 'k', 'kb', 'M', 'mb', 'g', 'GB') as fc.Arbitrary<keyof typeof UNITS>,
      space: fc.constantFrom('', ' '),
    })
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(({ operator, number, unit, space }) => `${space}${operator}${space}${number}${unit}`)
        const filter = parts.map(({ operator, number, unit }) =>
          compare(operator === '' ? '=' : (operator as '<'), number * UNITS[unit]),
        )
        expect(readSizeFilter(text.join(','))).toEqual({ kind: 'filter', filter })
      }),
    )
  })

  it.each([
    ['>1mb,<2g', [compare('>', 1_048_576), compare('<', 2_147_483_648)]],
    ['1.5k', [compare('=', 1536)]],
    ['>0.1b', [compare('>', 0)]],
    ['', []],
    [' , ', []],
  ])('reads %j', (text, filter) => {
    expect(readSizeFilter(text)).toEqual({ kind: 'filter', filter })
  })

  it.each([
    'big',
    '>',
    '1tb',
    '-1',
    '>>1',
    '!1',
    '1e9',
    '0x10',
    '1 or 1=1',
    "1'",
    '999999999999999g',
    '1;drop table uploads',
  ])('says what it wants instead of %j', (text) => {
    expect(readSizeFilter(text)).toEqual({ kind: 'bad', text: expect.stringContaining('>1mb') })
  })
})

describe('the filter of times', () => {
  const midnightMs = Date.UTC(2026, 10, 23)
  it.each([
    ['>=2026-11-01', [compare('>=', Date.UTC(2026, 10, 1))]],
    ['2026-11-01', [compare('>=', Date.UTC(2026, 10, 1)), compare('<', Date.UTC(2026, 10, 2))]],
    ['>=2026-11-01,<2026-12-01', [compare('>=', Date.UTC(2026, 10, 1)), compare('<', Date.UTC(2026, 11, 1))]],
    ['>2026-11-01T10:20:30Z', [compare('>', Date.UTC(2026, 10, 1, 10, 20, 30))]],
    ['<=2026-11-01T10:20', [compare('<=', Date.UTC(2026, 10, 1, 10, 20))]],
    ['>2026-11-01T10:20:30.250+00:00', [compare('>', Date.UTC(2026, 10, 1, 10, 20, 30, 250))]],
    ['today', [compare('>=', midnightMs), compare('<', midnightMs + DAY_MS)]],
    ['Yesterday', [compare('>=', midnightMs - DAY_MS), compare('<', midnightMs)]],
    ['>=yesterday', [compare('>=', midnightMs - DAY_MS)]],
    ['null', [{ kind: 'missing' }]],
    ['incomplete', [{ kind: 'missing' }]],
    ['', []],
  ] satisfies [string, Bound[]][])('reads %j', (text, filter) => {
    expect(readTimeFilter(text, NOW_MS)).toEqual({ kind: 'filter', filter })
  })

  it.each([
    '2026-02-30',
    '2026-13-01',
    '2026-11-01T25:00',
    'tomorrow',
    '>null',
    '1700000000',
    '2026',
    "'2026-11-01'",
    '>=',
    '2026-11-01 or 1=1',
  ])('says what it wants instead of %j', (text) => {
    expect(readTimeFilter(text, NOW_MS)).toEqual({ kind: 'bad', text: expect.stringContaining('yesterday') })
  })

  it('takes every day of the calendar for the 24 hours that it has', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2199-12-31'), noInvalidDate: true }),
        (date) => {
          const day = date.toISOString().slice(0, 10)
          const fromMs = Date.parse(`${day}T00:00:00Z`)
          const filter = [compare('>=', fromMs), compare('<', fromMs + DAY_MS)]
          expect(readTimeFilter(day, NOW_MS)).toEqual({ kind: 'filter', filter })
        },
      ),
    )
  })
})

describe('the filters of texts', () => {
  it('read a part, or with ! none of it', () => {
    expect(readTextFilter('@example.com')).toEqual({ kind: 'filter', filter: [{ text: '@example.com', not: false }] })
    expect(readTextFilter('! bot@')).toEqual({ kind: 'filter', filter: [{ text: 'bot@', not: true }] })
    for (const nothing of ['', ' ', '!']) expect(readTextFilter(nothing)).toEqual({ kind: 'filter', filter: [] })
  })

  it('read parts of a key that must all be there', () => {
    const filter = ['xul', '.sym'].map((text) => ({ text, not: false }))
    expect(readKeyFilter(' xul , .sym,')).toEqual({ kind: 'filter', filter })
    expect(readKeyFilter('a,'.repeat(11))).toMatchObject({ kind: 'bad' })
  })

  it('any text has an answer, and a long one is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        for (const read of [
          readTextFilter,
          readKeyFilter,
          readSizeFilter,
          (some: string) => readTimeFilter(some, NOW_MS),
        ]) {
          expect(['filter', 'bad']).toContain(read(text).kind)
          if (text.length > MAX_LIST_FILTER_CHARS) expect(read(text).kind).toBe('bad')
        }
      }),
    )
  })
})
