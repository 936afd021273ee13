import { describe, expect, it } from 'vitest'
import { parseExactJson, shapeOfJson } from './exact-json.ts'

const parse = (text: string, maxDepth = 64, maxValues = 1_000) =>
  parseExactJson(text, shapeOfJson(text), maxDepth, maxValues)
const value = (text: string) => {
  const parsed = parse(text)
  return parsed.kind === 'parsed' ? parsed.value : parsed.kind
}

describe('numbers', () => {
  it.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['18446744073709551615', 18_446_744_073_709_551_615n],
    ['18446744073709551616', 18_446_744_073_709_551_616n],
    ['-1', -1],
    ['0', 0],
  ])('%s is exact', (text, expected) => {
    expect(value(`[${text}]`)).toEqual([expected])
  })

  it.each(['1.0', '1.5', '1e3', '1E3', '-2.0', '1e999', `1${'0'.repeat(60)}`])('%s is no integer', (text) => {
    expect(value(`{"a":${text}}`)).toEqual({ a: Number.NaN })
  })

  it('numbers in strings are text', () => {
    expect(value('["1.0","99999999999999999999","a\\"1.0",1]')).toEqual(['1.0', '99999999999999999999', 'a"1.0', 1])
  })
})

describe('the shape of a text', () => {
  it('says whether plain parsing would do: names with digits and dots do not count', () => {
    expect(shapeOfJson('[["lib.so.6","4E4EC8C2F41492B9369D6B9A059577C2"],[0,123456789012345],true,false]')).toEqual({
      depth: 2,
      values: 9,
      hasInexactNumbers: false,
    })
    for (const text of ['[1.0]', '[1e1]', '[1E1]', '[1234567890123456]']) {
      expect([text, shapeOfJson(text).hasInexactNumbers]).toEqual([text, true])
    }
  })

  it('bounds depth and values before anything is made of them', () => {
    expect(parse('[[1]]', 2).kind).toBe('parsed')
    expect(parse('[[[1]]]', 2)).toEqual({ kind: 'malformed' })
    expect(parse('['.repeat(1_000_000)).kind).toBe('malformed')
    expect(parse('[0,0,0]', 64, 4).kind).toBe('parsed')
    expect(parse('[0,0,0]', 64, 3)).toEqual({ kind: 'too_many_values' })
  })

  it.each(['', '{', '"', '"\\', '[1', 'nul', '[1,]', '\u0000', 'NaN', '[Infinity]'])('%j is malformed', (text) => {
    expect(parse(text)).toEqual({ kind: 'malformed' })
  })
})
