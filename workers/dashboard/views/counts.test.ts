import { describe, expect, it } from 'vitest'
import { estimateText, installsText, keptText, percentText, pointsText, samplingOf } from './counts.ts'

describe('numbers that say what they are', () => {
  it('says how many were kept: all, 1 in 10, or about 1 in so many of a mixture', () => {
    expect(keptText({ stored: 12, estimate: 12 })).toBeNull()
    expect(keptText({ stored: 12, estimate: 120 })).toBe('kept 1 in 10')
    expect(keptText({ stored: 12, estimate: 41 })).toBe('kept about 1 in 3.4')
    expect(keptText({ stored: 0, estimate: 0 })).toBeNull()
  })

  it('writes estimates, shares, differences and installs', () => {
    expect([12_345.6, 7.5, 7].map(estimateText)).toEqual(['≈ 12,346', '≈ 7.5', '≈ 7'])
    expect([0, 0.0004, 0.0123, 0.5, 1].map(percentText)).toEqual(['0 %', '<0.1 %', '1.2 %', '50 %', '100 %'])
    expect([0.012, -0.2, 0.0001].map(pointsText)).toEqual(['+1.2', '−20.0', '±0'])
    expect([0, 1_234].map(installsText)).toEqual(['–', '1,234'])
  })
})

describe('samplingOf', () => {
  it('names the rules that sampled, the one that weighs most first, and leaves out those that kept all', () => {
    const sampling = samplingOf({ stored: 111, estimate: 1_310 }, [
      { term: 'everything', count: 10, estimate: 10 },
      { term: 'half', count: 100, estimate: 200 },
      { term: 'rare', count: 1, estimate: 1_100 },
    ])
    expect(sampling.kind === 'sampled' && sampling.rules.map(({ rule }) => rule)).toEqual(['rare', 'half'])
  })

  it('says that reports do not name their rule, where they were processed before it was kept', () => {
    expect(samplingOf({ stored: 10, estimate: 100 }, [])).toMatchObject({
      kind: 'sampled',
      rules: [{ rule: null, stored: 10, estimate: 100 }],
    })
  })

  it('is nothing where all were kept', () => {
    expect(samplingOf({ stored: 10, estimate: 10 }, [{ term: 'a', count: 10, estimate: 10 }]).kind).toBe('all_kept')
  })
})
