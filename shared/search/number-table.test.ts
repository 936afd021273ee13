import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NumberTable } from './number-table.ts'

describe('a table of numbers', () => {
  it('numbers them as a Map does', () => {
    const number = fc.oneof(
      fc.integer({ min: -20, max: 20 }),
      fc.integer({ min: -20, max: 20 }).map((n) => n / 8),
      fc.integer({ min: 0, max: 50 }).map((n) => n * 2 ** 26 + (n % 3)),
      fc.maxSafeInteger(),
    )
    fc.assert(
      fc.property(fc.array(number, { maxLength: 400 }), (numbers) => {
        const table = new NumberTable()
        const places = new Map<number, number>()
        for (const n of numbers) {
          const place = places.get(n) ?? places.size
          places.set(n, place)
          expect(table.add(n)).toBe(place)
        }
        expect([...table.keys]).toEqual([...places.keys()].map((key) => key + 0))
        expect(table.size).toBe(places.size)
      }),
    )
  })

  it('holds a hundred thousand pairs', () => {
    const table = new NumberTable()
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 100_000; n++) expect(table.add((n % 300) * 2 ** 26 + n)).toBe(n)
    }
  })

  it('takes no new number beyond its size, but knows those that it has', () => {
    const table = new NumberTable()
    expect([table.add(1, 2), table.add(2, 2), table.add(3, 2), table.add(2, 2), table.add(4, 0)]).toEqual([
      0, 1, -1, 1, -1,
    ])
    expect([...table.keys]).toEqual([1, 2])
  })
})
