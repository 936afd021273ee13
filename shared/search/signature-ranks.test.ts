import { describe, expect, it } from 'vitest'
import { rankSignatures } from './signature-ranks.ts'

const of = (...terms: readonly (readonly [string, number, number])[]) => ({
  terms: terms.map(([term, count, estimate]) => ({ term, count, estimate })),
  totalEstimate: terms.reduce((sum, [, , estimate]) => sum + estimate, 0),
})

describe('rankSignatures', () => {
  it('ranks by estimate: what was kept 1 in 10 outranks more stored reports', () => {
    const ranked = rankSignatures(of(['all kept', 500, 500], ['sampled', 100, 1_000]), of(), of())
    expect(ranked.map(({ signature, rank, stored, estimate }) => [signature, rank, stored, estimate])).toEqual([
      ['sampled', 1, 100, 1_000],
      ['all kept', 2, 500, 500],
    ])
    expect(ranked[0]?.share).toBeCloseTo(2 / 3)
  })

  it('compares whole days with whole days, whatever the running day did', () => {
    const shown = of(['today only', 90, 90], ['risen', 60, 60], ['steady', 50, 50])
    const whole = of(['risen', 60, 60], ['steady', 40, 40])
    const previous = of(['steady', 90, 90], ['risen', 10, 10])
    const changes = new Map(rankSignatures(shown, whole, previous).map((row) => [row.signature, row.change]))
    expect(changes.get('today only')).toBeNull()
    const risen = changes.get('risen')
    expect(risen?.kind === 'moved' && [risen.ranks, Math.round(100 * risen.share)]).toEqual([1, 50])
    const steady = changes.get('steady')
    expect(steady?.kind === 'moved' && [steady.ranks, Math.round(100 * steady.share)]).toEqual([-1, -50])
  })

  it('says that a signature is new to the window before, and nothing of one that was there only then', () => {
    const rows = rankSignatures(of(['new', 1, 1], ['gone', 1, 1]), of(['new', 1, 1]), of(['gone', 9, 9]))
    expect(rows.map(({ signature, change }) => [signature, change])).toEqual([
      ['gone', null],
      ['new', { kind: 'new' }],
    ])
  })
})
