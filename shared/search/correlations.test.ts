import { describe, expect, it } from 'vitest'
import { drawsFrom } from '../testing/draws.ts'
import { type CountedReports, comparedFields, correlations } from './correlations.ts'
import { BUILT_IN_FIELDS } from './fields.ts'

type Report = Readonly<Record<string, string>>

function counted(reports: readonly Report[], terms = 1_000): CountedReports {
  const fields = new Map<string, Map<string, number>>()
  for (const report of reports) {
    for (const [field, value] of Object.entries(report)) {
      const counts = fields.get(field) ?? new Map<string, number>()
      fields.set(field, counts.set(value, (counts.get(value) ?? 0) + 1))
    }
  }
  const facets = [...fields].map(([field, counts]) => [
    field,
    [...counts]
      .map(([term, count]) => ({ term, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, terms),
  ])
  return { total: reports.length, facets: Object.fromEntries(facets) }
}

/** Forty attributes of two to forty values, most of them skewed, and none has to do with another. */
function uniformReports(count: number, draw: () => number): readonly Report[] {
  return Array.from({ length: count }, () =>
    Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`field_${n}`, `value ${Math.floor((2 + n) ** draw()) - 1}`]),
    ),
  )
}

describe('correlations', () => {
  it('ranks a planted attribute first, with its shares and an interval that holds the true difference', () => {
    const draw = drawsFrom(7)
    const plant = (reports: readonly Report[], chance: number) =>
      reports.map((report) => ({ ...report, adapter_vendor_id: draw() < chance ? '0x1002' : '0x8086' }))
    const signature = plant(uniformReports(300, draw), 0.8)
    const others = plant(uniformReports(5_000, draw), 0.1)
    const result = correlations(counted(signature), counted([...signature, ...others]))
    if (result.kind !== 'correlations') throw new Error(result.kind)
    expect(result.found.map(({ field, term }) => [field, term])).toEqual([['adapter_vendor_id', '0x1002']])
    const [first] = result.found
    expect(first?.inSignature.of).toBe(300)
    expect(first?.inOthers.of).toBe(5_000)
    expect(first?.interval.low).toBeGreaterThan(0.55)
    expect(first?.interval.high).toBeLessThan(0.85)
    expect(first?.difference).toBeCloseTo(0.7, 1)
  })

  it('shows nothing in 100 populations in which nothing is correlated, small or large', () => {
    let shown = 0
    for (let seed = 1; seed <= 100; seed++) {
      const draw = drawsFrom(seed * 7_919)
      const all = uniformReports(40 + Math.floor(draw() * 400), draw)
      const signature = all.slice(0, Math.max(20, Math.floor(all.length * (0.05 + draw() * 0.45))))
      const result = correlations(counted(signature), counted(all))
      if (result.kind !== 'correlations') continue
      expect(result.compared).toBeGreaterThan(20)
      shown += result.found.length
    }
    // One run in a hundred may; these do not.
    expect(shown).toBeLessThanOrEqual(1)
  })

  it('orders by the lower end of the interval, not by the share: 62 % against 40 % comes after 60 % against 20 %', () => {
    const result = correlations(
      { total: 1_000, facets: { b: [{ term: 1, count: 620 }], a: [{ term: 1, count: 600 }] } },
      { total: 1_300, facets: { b: [{ term: 1, count: 740 }], a: [{ term: 1, count: 660 }] } },
    )
    expect(result.kind === 'correlations' && result.found.map(({ field }) => field)).toEqual(['a', 'b'])
  })

  it('puts what is surer before what differs more: 40 of 40 against half comes before 31 of 40 against a quarter', () => {
    const result = correlations(
      { total: 40, facets: { more: [{ term: 1, count: 31 }], surer: [{ term: 1, count: 40 }] } },
      { total: 80, facets: { more: [{ term: 1, count: 41 }], surer: [{ term: 1, count: 60 }] } },
    )
    if (result.kind !== 'correlations') throw new Error(result.kind)
    expect(result.found.map(({ field }) => field)).toEqual(['surer', 'more'])
    const [surer, more] = result.found
    expect(more?.difference).toBeGreaterThan(surer?.difference ?? 1)
    expect(surer?.interval.low).toBeGreaterThan(more?.interval.low ?? 1)
  })

  it('takes a value that the group was not asked for as the most that it can be', () => {
    const signature = { total: 100, facets: { addons: [{ term: 'rare@example.com:1', count: 90 }] } }
    const group = {
      total: 1_100,
      facets: {
        addons: [
          { term: 'common@example.com:1', count: 900 },
          { term: 'other@example.com:1', count: 140 },
        ],
      },
    }
    const result = correlations(signature, group)
    if (result.kind !== 'correlations') throw new Error(result.kind)
    expect(result.found[0]?.inOthers).toEqual({ count: 50, of: 1_000 })
    expect(result.found[0]?.othersAtMost).toBe(true)
  })

  it('says that there are too few reports, of the signature or of the others', () => {
    const of = (total: number) => ({ total, facets: {} })
    expect(correlations(of(19), of(1_000))).toEqual({ kind: 'too_few', where: 'signature', count: 19, needed: 20 })
    expect(correlations(of(30), of(31))).toEqual({ kind: 'too_few', where: 'others', count: 1, needed: 20 })
    expect(correlations(of(20), of(40))).toMatchObject({ kind: 'correlations', found: [] })
  })

  it('does not show a difference that is sure but small', () => {
    const result = correlations(
      { total: 100_000, facets: { cpu_arch: [{ term: 'x86', count: 33_000 }] } },
      { total: 1_100_000, facets: { cpu_arch: [{ term: 'x86', count: 333_000 }] } },
    )
    expect(result).toMatchObject({ kind: 'correlations', found: [], compared: 1 })
  })
})

describe('comparedFields', () => {
  it('are public fields that exist, and none that makes a signature', () => {
    const names = comparedFields(BUILT_IN_FIELDS).map(({ name }) => name)
    expect(names.length).toBeGreaterThan(35)
    for (const name of ['reason', 'address', 'signature', 'proto_signature', 'url', 'user_comments']) {
      expect(names).not.toContain(name)
    }
  })
})
