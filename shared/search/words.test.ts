import { describe, expect, it } from 'vitest'
import { listParts, wordsOf } from './words.ts'

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

  it('are found in a hostile text', () => {
    expect(wordsOf(`${'a.'.repeat(50_000)}!`).length).toBe(1)
  })

  it('of a list are its values, each once, in lower case', () => {
    expect(listParts('Xul.dll/1;b;;xul.dll/1;')).toEqual(['xul.dll/1', 'b'])
    expect(listParts(';')).toEqual([])
  })
})
