import { describe, expect, it } from 'vitest'
import { compileFilters, wordsOf } from './predicate.ts'

describe('words', () => {
  it.each([
    ['js::break_your_browser', ['js', 'break_your_browser']],
    ['OOM | small', ['oom', 'small']],
    ['libxul.so 10.0.19041', ['libxul.so', '10.0.19041']],
    ["isn't 1,000 a.1", ["isn't", '1,000', 'a', '1']],
    ['Ünïcode 崩溃 💥', ['ünïcode', '崩溃']],
    ['::', []],
  ])('of %j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  it('are found in linear time in a hostile text', () => {
    const started = performance.now()
    expect(wordsOf(`${'a.'.repeat(50_000)}!`).length).toBe(1)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('filters', () => {
  it('hold a distinct value once, and a missing one apart from every text', () => {
    const passes = compileFilters([
      { field: 'signature', any: [{ operator: 'is', values: ['undefined'], not: false }], all: [] },
    ])
    expect([{}, { signature: 'undefined' }, {}, { signature: 'undefined' }].map(passes)).toEqual([
      false,
      true,
      false,
      true,
    ])
  })

  it('never find a value on the prototype', () => {
    const passes = compileFilters([{ field: 'constructor', any: [{ operator: 'is_missing', not: false }], all: [] }])
    expect(passes({})).toBe(true)
  })

  it('compare a number with no text', () => {
    const passes = compileFilters([
      {
        field: 'uptime',
        any: [{ operator: 'contains', value: '5', not: false }],
        all: [{ operator: 'above', value: 1, not: false }],
      },
    ])
    expect([{ uptime: 5 }, { uptime: '5' }].map(passes)).toEqual([false, false])
  })
})
