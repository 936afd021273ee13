import { describe, expect, it } from 'vitest'
import { readSignatureLists, type SignatureLists, type SignatureListTexts } from './lists.ts'

const EMPTY: SignatureListTexts = { irrelevant: '', prefix: '', sentinels: '', withLineNumbers: '' }

function read(texts: Partial<SignatureListTexts>): SignatureLists {
  const reading = readSignatureLists({ ...EMPTY, ...texts })
  if (reading.kind !== 'read') throw new Error(reading.pattern)
  return reading.lists
}

describe('readSignatureLists', () => {
  it('skips comments and empty lines and trims the others, with any line end', () => {
    const lists = read({ prefix: '# abc\r\n\n  foo \r\nbar' })
    expect(lists.prefix.matches('foobar')).toBe(true)
    expect(lists.prefix.matches('bar')).toBe(true)
    expect(lists.prefix.matches('abc')).toBe(false)
  })

  it('matches at the start only', () => {
    expect(read({ prefix: 'b|c' }).prefix.matches('ab')).toBe(false)
  })

  it('lets an empty list match nothing', () => {
    expect(read({}).irrelevant.matches('anything')).toBe(false)
    expect(read({}).irrelevant.matches('')).toBe(false)
  })

  it('names the file and line of a pattern that does not compile', () => {
    expect(readSignatureLists({ ...EMPTY, sentinels: 'fine\n\nwr(ong' })).toEqual({
      kind: 'bad_pattern',
      file: 'signature_sentinels.txt',
      line: 3,
      pattern: 'wr(ong',
    })
  })

  it('has one hash for the same entries and another for others', () => {
    expect(read({ prefix: 'a\nb' }).hash).toBe(read({ prefix: '# comment\na\n\nb\n' }).hash)
    expect(read({ prefix: 'a\nb' }).hash).not.toBe(read({ irrelevant: 'a\nb' }).hash)
    expect(read({ prefix: 'a\nb' }).hash).toMatch(/^[0-9a-f]{16}$/)
  })
})
