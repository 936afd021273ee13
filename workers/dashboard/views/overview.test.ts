import { describe, expect, it } from 'vitest'
import { productOverviews } from './overview.ts'

const NOW_MS = Date.parse('2026-11-23T12:00:00Z')
const steps = (days: Readonly<Record<number, number>>) => ({
  histogram_date: Object.entries(days)
    .map(([back, count]) => ({
      term: `${new Date(NOW_MS - Number(back) * 86_400_000).toISOString().slice(0, 10)}T00:00:00+00:00`,
      count,
      estimate: 10 * count,
    }))
    .sort((a, b) => (a.term < b.term ? -1 : 1)),
})
const product = (facets: object) => ({ product: [{ term: 'WaterWolf', count: 1, facets: { ...facets } }] })
const signature = (term: string, days: Readonly<Record<number, number>>) => ({
  term,
  count: Object.values(days).reduce((sum, count) => sum + count, 0),
  facets: steps(days),
})
const of = (signatures: readonly ReturnType<typeof signature>[], known: Parameters<typeof productOverviews>[2] = []) =>
  productOverviews(product(steps({ 0: 5, 3: 20, 10: 10 })), product({ signature: signatures }), known, NOW_MS)[0]

describe('productOverviews', () => {
  it('counts seven whole days and today, and compares whole days only', () => {
    const overview = of([])
    expect(overview?.counted).toEqual({ stored: 25, estimate: 250 })
    expect(overview?.trend).toEqual({ now: 200, before: 100, days: 7 })
    expect(overview?.values).toHaveLength(15)
  })

  it('names what rose more than chance would, not what rose today or by a little', () => {
    const overview = of([
      signature('risen', { 2: 60, 9: 10 }),
      signature('today only', { 0: 500, 9: 10 }),
      signature('a little', { 2: 12, 9: 10 }),
      signature('fallen', { 2: 1, 9: 100 }),
    ])
    expect(overview?.movers).toEqual([
      { signature: 'risen', now: { stored: 60, estimate: 600 }, before: { stored: 10, estimate: 100 } },
    ])
  })

  it('calls new what the books say was first seen this week, and what they do not know but was not there before', () => {
    const firstAt = (name: string, back: number) => ({
      signature: name,
      firstAtMs: { value: NOW_MS - back * 86_400_000, inheritedFrom: null },
      firstBuild: null,
      state: null,
    })
    const overview = of(
      [
        signature('old, back again', { 1: 5 }),
        signature('new by the books', { 1: 4 }),
        signature('unknown', { 0: 3 }),
        signature('known before', { 1: 2, 12: 1 }),
      ],
      [firstAt('old, back again', 90), firstAt('new by the books', 2)],
    )
    expect(overview?.newSignatures.map((one) => one.signature)).toEqual(['new by the books', 'unknown'])
  })
})
