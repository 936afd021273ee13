import { describe, expect, it } from 'vitest'
import { asFlag, asList, asNumber, asRecord, asText, parseJson, shownText } from './json-value.ts'

describe('values of unknown type', () => {
  it('reads any value as a record, a list, a number, a flag or a text without throwing', () => {
    for (const value of [undefined, null, true, 0, Number.NaN, '', 'x', [], [1], {}, { a: 1 }, { toString: 1 }]) {
      expect(asRecord(value)).toBeTypeOf('object')
      expect(Array.isArray(asList(value))).toBe(true)
      expect(asNumber(value) === null || Number.isFinite(asNumber(value))).toBe(true)
      expect(typeof asFlag(value)).toBe('boolean')
      expect(asText(value) === null || typeof asText(value) === 'string').toBe(true)
    }
    expect(asNumber('12')).toBe(12)
    expect(asText({ a: [1] })).toBe('{"a":[1]}')
    expect(asText('  ')).toBeNull()
    expect(parseJson('{"a"')).toBeNull()
  })
})

describe('shownText', () => {
  it('spells out characters that would turn the text around or hide in it', () => {
    expect(shownText('a\u202egpj.exe\u2066\u200b\u0000\u0007\ud800\u{e0041}')).toBe(
      'a\\u202egpj.exe\\u2066\\u200b\\u0000\\u0007\\ud800\\u{e0041}',
    )
  })

  it('keeps letters of every script, emoji, tabs and newlines', () => {
    const text = 'naïve שלום 日本 🚑\tx\ny'
    expect(shownText(text)).toBe(text)
  })

  it('cuts at 4,000 characters and says how many there were', () => {
    expect(shownText('x'.repeat(4_000))).toBe('x'.repeat(4_000))
    expect(shownText('x'.repeat(100_000))).toBe(`${'x'.repeat(4_000)}… (cut: 100,000 characters)`)
  })
})
