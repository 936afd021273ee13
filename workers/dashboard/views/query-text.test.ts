import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_FIELDS } from '#shared/search/fields.ts'
import { parseQueryText, queryText } from './query-text.ts'

const read = (text: string) => {
  const parsed = parseQueryText(text, BUILT_IN_FIELDS)
  return parsed.kind === 'query' ? parsed.filters : parsed.message
}

describe('parseQueryText', () => {
  it('reads fields, operators, negation, quotes and words', () => {
    expect(read('product:WaterWolf signature~js uptime<60 -version:1.0 "two words" word')).toEqual([
      ['product', 'WaterWolf'],
      ['signature', '~js'],
      ['uptime', '<60'],
      ['version', '!1.0'],
      ['signature', '~two words'],
      ['signature', '~word'],
    ])
    expect(read('signature="OOM | small" date>=2026-11-01 -moz_crash_reason:__null__')).toEqual([
      ['signature', '=OOM | small'],
      ['date', '>=2026-11-01'],
      ['moz_crash_reason', '!__null__'],
    ])
  })

  it('takes product=WaterWolf as people mean it, and a value that begins like an operator as it is written', () => {
    expect(read('product=WaterWolf')).toEqual([['product', 'WaterWolf']])
    expect(read('product:"=WaterWolf"')).toEqual([['product', '=WaterWolf']])
  })

  it('says where a quote does not end', () => {
    expect(read('product:WaterWolf signature="OOM')).toBe(
      'the query cannot be read at character 29: a quote that does not end',
    )
    expect(read('"x')).toMatch(/at character 1:/)
  })
})

describe('queryText', () => {
  const operators = ['', '=', '~', '^', '$', '@', '>', '<', '>=', '<=', '!', '!=', '!~', '__null__', '!__null__']
  const names = fc.constantFrom('product', 'signature', 'uptime', 'date', 'version', 'no_such_field', 'reason')
  const value = fc
    .tuple(fc.constantFrom(...operators), fc.string({ unit: 'binary', maxLength: 12 }))
    .map(([operator, rest]) => operator + rest)

  it('round-trips: any filters give a text that is read back as the same filters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 5 }), (filters) => {
        const text = queryText(new URLSearchParams(filters), BUILT_IN_FIELDS)
        expect(new URLSearchParams(read(text) as [string, string][]).toString()).toBe(
          new URLSearchParams(filters).toString(),
        )
      }),
      { numRuns: 2_000 },
    )
  })

  it('never throws, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => void read(text)),
      { numRuns: 2_000 },
    )
  })

  it('leaves controls out and quotes only what needs it', () => {
    const params = new URLSearchParams('product=WaterWolf&signature==OOM | small&_facets=version&uptime=<60')
    expect(queryText(params, BUILT_IN_FIELDS)).toBe('product:WaterWolf signature="OOM | small" uptime<60')
  })
})
