import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { SEARCH_FIELDS } from './fields.ts'
import { parseSearchQuery } from './query.ts'

const NOW_MS = Date.parse('2026-11-18T12:00:00Z')
const parse = (search: string) => parseSearchQuery(new URLSearchParams(search), ANONYMOUS, NOW_MS)

describe('a SuperSearch query', () => {
  it('has the defaults of the peer', () => {
    expect(parse('')).toEqual({
      kind: 'query',
      query: {
        date: {
          kind: 'window',
          from: { at: '2026-11-11T12:00:00.000000+00:00', inclusive: true },
          to: { at: '2026-11-18T12:00:00.000000+00:00', inclusive: true },
        },
        filters: [],
        columns: ['uuid', 'date', 'signature', 'product', 'version'],
        facets: ['signature'],
        facets_size: 50,
        sort: [],
        results_number: 100,
        results_offset: 0,
      },
      warnings: [],
    })
  })

  it('names the parameter in the words that clients know, and says what to do', () => {
    expect(parse('_results_number=-1')).toEqual({
      kind: 'bad',
      param: '_results_number',
      message: "Bad value for parameter(s) '_results_number': must be a whole number from 0 to 1000",
    })
    expect(parse('date=2016-01-01')).toMatchObject({
      message: expect.stringContaining('date must have a prefix operator'),
    })
  })

  it.each([
    ['exactly 365 days', '2025-11-18T12:00:00', 'query'],
    ['a microsecond of the day over', '2025-11-18T11:59:59', 'bad'],
  ])('takes a range of %s: %s', (_, from, kind) => {
    expect(parse(`date=>=${from}&date=<2026-11-18T12:00:00`).kind).toBe(kind)
  })

  it('gives protected and unknown fields the same answer', () => {
    const [secret, unknown] = ['url', 'nope'].map((name) =>
      JSON.stringify(parse(`${name}=~x&_facets=${name}&_sort=${name}`)).replaceAll(name, 'FIELD'),
    )
    expect(secret).toBe(unknown)
  })

  it('never names a protected field to somebody without view_pii, whatever is asked', () => {
    const secrets = SEARCH_FIELDS.filter(({ permission }) => permission === 'protected').map(({ name }) => name)
    const param = fc.tuple(
      fc.constantFrom('_columns', '_facets', '_sort', ...SEARCH_FIELDS.map(({ name }) => name)),
      fc.constantFrom(...['', '-', '!', '~', '=', '>'].flatMap((sign) => [...secrets, '5'].map((name) => sign + name))),
    )
    fc.assert(
      fc.property(fc.array(param, { maxLength: 6 }), (params) => {
        const parsed = parseSearchQuery(new URLSearchParams(params), ANONYMOUS, NOW_MS)
        if (parsed.kind === 'bad') return
        const { filters, columns, facets, sort } = parsed.query
        const used = [...columns, ...facets, ...[...filters, ...sort].map(({ field }) => field)]
        expect(used.filter((field) => secrets.includes(field))).toEqual([])
      }),
    )
  })

  it('answers any parameters with a query or a bad parameter, and never throws', () => {
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom('date', '_sort', '_columns', ...SEARCH_FIELDS.map((field) => field.name)),
    )
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('>=2026-11-18', '!<0', '!', '>', '>=NaN'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (params) => {
        expect(['query', 'bad']).toContain(parseSearchQuery(new URLSearchParams(params), ANONYMOUS, NOW_MS).kind)
      }),
    )
  })
})
