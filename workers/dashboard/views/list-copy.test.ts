import { describe, expect, it } from 'vitest'
import { jsonList, markdownList } from './list-copy.ts'

const LIST = {
  caption: 'Top | crashers',
  columns: ['rank', 'signature'],
  rows: [
    [1, 'a|b\n<img src=x> [x](javascript:1)'],
    [2, null],
  ],
}

describe('a list elsewhere', () => {
  it('is a Markdown table in which texts of strangers stay texts, each in its cell', () => {
    expect(markdownList(LIST).split('\n')).toEqual([
      'Top \\| crashers',
      '',
      '| rank | signature |',
      '| --- | --- |',
      '| 1 | a\\|b \\<img src=x\\> \\[x\\](javascript:1) |',
      '| 2 |  |',
      '',
    ])
  })

  it('is JSON with a key for each column', () => {
    expect(JSON.parse(jsonList(LIST)).rows).toEqual([
      { rank: 1, signature: 'a|b\n<img src=x> [x](javascript:1)' },
      { rank: 2, signature: null },
    ])
  })
})
