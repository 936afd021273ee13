import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffSignatures, type ResignedCrash } from './diff.ts'

const crashes = (...moves: string[]): ResignedCrash[] =>
  moves.map((move, at) => {
    const [before = '', after = ''] = move.split('>')
    return { crash: `c${at + 1}`, before, after }
  })

describe('diffSignatures', () => {
  it('counts what stays', () => {
    expect(diffSignatures(crashes('a>a', 'a>a', 'b>b'))).toEqual({
      crashes: 3,
      changed: 0,
      unchanged: { signatures: 2, crashes: 3 },
      merged: [],
      split: [],
      renamed: [],
    })
  })

  it('calls a signature that becomes another one renamed', () => {
    expect(diffSignatures(crashes('a>x', 'a>x', 'b>b'))).toMatchObject({
      crashes: 3,
      changed: 2,
      unchanged: { signatures: 1, crashes: 1 },
      renamed: [{ from: 'a', to: 'x', crashes: 2, examples: ['c1', 'c2'] }],
    })
  })

  it('calls signatures that become one merged, the one that keeps its name among them', () => {
    const { merged, renamed, unchanged, changed } = diffSignatures(crashes('a>b', 'b>b', 'b>b'))
    expect(merged).toEqual([
      {
        to: 'b',
        crashes: 3,
        from: [
          { signature: 'b', crashes: 2, examples: ['c2', 'c3'] },
          { signature: 'a', crashes: 1, examples: ['c1'] },
        ],
      },
    ])
    expect([renamed, unchanged.crashes, changed]).toEqual([[], 0, 1])
  })

  it('calls a signature that becomes several split, most crashes first', () => {
    const { split, merged } = diffSignatures(crashes('a>x', 'a>a', 'a>a', 'a>a', 'a>a'))
    expect(split).toEqual([
      {
        from: 'a',
        crashes: 5,
        to: [
          { signature: 'a', crashes: 4, examples: ['c2', 'c3', 'c4'] },
          { signature: 'x', crashes: 1, examples: ['c1'] },
        ],
      },
    ])
    expect(merged).toEqual([])
  })

  it('shows a signature of which a part moves into another in both lists', () => {
    const { split, merged } = diffSignatures(crashes('a>a', 'a>b', 'b>b'))
    expect(split.map(({ from }) => from)).toEqual(['a'])
    expect(merged.map(({ to }) => to)).toEqual(['b'])
  })

  it('leaves no crash out and changes nothing for the same signatures', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'constructor', '__proto__', '')
    fc.assert(
      fc.property(fc.array(fc.record({ crash: fc.string(), before: name, after: name })), (resigned) => {
        const diff = diffSignatures(resigned)
        expect(diff.crashes).toBe(resigned.length)
        expect(diff.changed).toBe(resigned.filter(({ before, after }) => before !== after).length)
        for (const { before, after } of resigned) {
          const isShown =
            diff.split.some(({ from }) => from === before) ||
            diff.merged.some(({ to }) => to === after) ||
            diff.renamed.some(({ from }) => from === before)
          if (before !== after) expect(isShown).toBe(true)
        }
        const same = diffSignatures(resigned.map((crash) => ({ ...crash, after: crash.before })))
        expect(same).toMatchObject({ changed: 0, merged: [], split: [], renamed: [] })
        expect(same.unchanged.crashes).toBe(resigned.length)
      }),
    )
  })
})
