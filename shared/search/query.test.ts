import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { BUILT_IN_FIELDS, type FieldCatalog } from './fields.ts'
import { parseSearchQuery } from './query.ts'
import { fieldsIn, searchParams } from './testing/generated.ts'

const RUNS = process.env.MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const seed = Number(process.env.MAYDAY_SEED ?? 20_261_123)
const NOW_MS = Date.parse('2026-11-18T12:00:00Z')
const DEFAULTS = ['uuid', 'product', 'version']
const parse = (search: string) => parseSearchQuery(new URLSearchParams(search), ANONYMOUS, NOW_MS)
const queryOf = (search: string) => {
  const parsed = parse(search)
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  return parsed.query
}

describe('a SuperSearch query', () => {
  it('has the defaults of the peer', () => {
    const signature = { name: 'signature', type: 'str', analysed: true, list: false }
    expect(parse('')).toMatchObject({
      kind: 'query',
      query: {
        date: {
          kind: 'window',
          from: { at: '2026-11-11T12:00:00.000000+00:00', inclusive: true },
          to: { at: '2026-11-18T12:00:00.000000+00:00', inclusive: true },
        },
        filters: [],
        columns: ['uuid', 'date', 'signature', 'product', 'version'].map((name) => ({ name })),
        aggregations: [{ kind: 'terms', key: 'signature', field: signature }],
        facets_size: 50,
        sort: [],
        results_number: 100,
        results_offset: 0,
        estimate: false,
      },
      warnings: [],
      returnsQuery: false,
      cursor: null,
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
    expect(parse('signature=@(a{100}){100}')).toMatchObject({
      param: 'query',
      message: expect.stringMatching(/signature is too complex: make it shorter/),
    })
  })

  it.each([
    ['exactly 365 days', '2025-11-18T12:00:00', 'query'],
    ['a microsecond of the day over', '2025-11-18T11:59:59', 'bad'],
  ])('takes a range of %s: %s', (_, from, kind) => {
    expect(parse(`date=>=${from}&date=<2026-11-18T12:00:00`).kind).toBe(kind)
  })

  it('carries of a field what an engine must know, and nothing of who may see it', () => {
    expect(queryOf('product=a').filters[0]?.field).toEqual({
      name: 'product',
      type: 'enum',
      analysed: false,
      list: false,
    })
  })

  it('makes one condition of many values without an operator, or with =', () => {
    const signatures = Array.from({ length: 300 }, (_, n) => `signature==s${n}`).join('&')
    expect(queryOf(signatures).filters).toMatchObject([{ any: [{ operator: 'is', not: false }], all: [] }])
    expect(parse(Array.from({ length: 201 }, (_, n) => `signature=~s${n}`).join('&'))).toMatchObject({
      kind: 'bad',
      param: 'signature',
    })
    const [some, more] = ['signature', 'reason'].map((name) =>
      Array.from({ length: 101 }, (_, n) => `${name}=!=s${n}`).join('&'),
    )
    expect(parse(String(some)).kind).toBe('query')
    expect(parse(`${some}&${more}`)).toMatchObject({ kind: 'bad', param: 'reason' })
    expect(parse(Array.from({ length: 10_001 }, (_, n) => `uuid=${n}`).join('&'))).toMatchObject({
      kind: 'bad',
      param: 'uuid',
    })
  })

  it('refuses operators that a field of the deployment does not take', () => {
    const [signature] = BUILT_IN_FIELDS.fields.filter(({ name }) => name === 'signature')
    if (signature === undefined) throw new Error('no signature')
    const only = (...operators: (typeof signature.operators)[number][]): FieldCatalog => {
      const field = { ...signature, operators }
      return { fields: [field], find: (name) => (['signature', 'date', ...DEFAULTS].includes(name) ? field : null) }
    }
    const kinds = (catalog: FieldCatalog) =>
      ['a', '!a', '=a', '~a', '!~a', '@a', '__null__'].map(
        (value) =>
          parseSearchQuery(new URLSearchParams({ signature: value }), ANONYMOUS, NOW_MS, catalog).kind === 'query',
      )
    expect(kinds(only('', '='))).toEqual([true, true, true, false, false, false, true])
    expect(kinds(only('~', '__null__'))).toEqual([false, false, false, true, true, false, true])
    expect(parseSearchQuery(new URLSearchParams({ signature: '~a' }), ANONYMOUS, NOW_MS, only('', '='))).toMatchObject({
      message: expect.stringContaining('signature does not take the operator ~, only: none ='),
    })
  })

  it('takes every field at once as facet and column, and has an end', () => {
    const names = BUILT_IN_FIELDS.fields.filter(({ permission }) => permission === 'public').map(({ name }) => name)
    const all = names.map((name) => `_facets=${name}&_columns=${name}&_facets=_cardinality.${name}`).join('&')
    expect(queryOf(all).aggregations).toHaveLength(2 * names.length)
    const more = names.flatMap((a) => names.map((b) => `_aggs.${a}=${b}`)).join('&')
    expect(parse(more)).toMatchObject({ kind: 'bad', param: '_facets' })
  })

  it('gives protected and unknown fields the same answer', () => {
    const [secret, unknown] = ['url', 'nope'].map((name) =>
      JSON.stringify(
        parse(`${name}=~x&_facets=${name}&_sort=${name}&_aggs.${name}=product&_aggs.product=_cardinality.${name}`),
      ).replaceAll(name, 'FIELD'),
    )
    expect(secret).toBe(unknown)
  })

  it('never names a protected field to somebody without view_pii, whatever is asked', () => {
    const secrets = BUILT_IN_FIELDS.fields
      .filter(({ permission }) => permission === 'protected')
      .map(({ name }) => name)
    fc.assert(
      fc.property(searchParams(BUILT_IN_FIELDS), (params) => {
        const parsed = parseSearchQuery(new URLSearchParams(params), ANONYMOUS, NOW_MS)
        if (parsed.kind === 'bad') return
        expect(fieldsIn(parsed.query).filter((name) => secrets.includes(name))).toEqual([])
      }),
      { numRuns: RUNS, seed },
    )
  })

  it('answers any parameters with a query or a bad parameter, and never throws', () => {
    const name = fc.oneof(
      fc.string(),
      fc.string().map((text) => `_aggs.${text}`),
      fc.constantFrom(
        'date',
        '_sort',
        '_columns',
        '_cursor',
        '_facets',
        '_histogram.date',
        '_aggs.product',
        'signature',
      ),
    )
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'@ab()[]{}|*+?.\\"<>~&#^-$1,') }).map((text) => `@${text}`),
      fc.constantFrom('>=2026-11-18', '!<0', '!', '>', '>=NaN', '_cardinality.', '_histogram.__proto__', 'constructor'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (params) => {
        expect(['query', 'bad']).toContain(parseSearchQuery(new URLSearchParams(params), ANONYMOUS, NOW_MS).kind)
      }),
      { numRuns: RUNS, seed },
    )
  })
})
