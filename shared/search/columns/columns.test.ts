import { deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_CHUNK_DOCUMENTS } from '../../limits.ts'
import type { SearchValue } from '../search-rpc.ts'
import { type Column, columnOf, OWN_TERMS, ownDictionary, valueAt } from './column.ts'
import { decodeColumn } from './decode.ts'
import { encodeColumn } from './encode.ts'

type Values = readonly (SearchValue | undefined)[]

const seen = (column: Column | null, rows: number) => Array.from({ length: rows }, (_, row) => valueAt(column, row))
const asNull = (values: Values) => values.map((value) => value ?? null)

/** The values as they come back from storage. */
function stored(values: Values): readonly (SearchValue | null)[] {
  const blob = encodeColumn(values)
  if (blob === null) return seen(null, values.length)
  const { values: distinct, ids } = decodeColumn(blob)
  return seen({ ids, terms: OWN_TERMS, dictionary: ownDictionary(distinct) }, values.length)
}

const CRASH_ID = '5a6b1e0c-9c1f-4f57-8e53-0f2f60261118'
const range = (length: number) => Array.from({ length }, (_, n) => n)

describe('a column', () => {
  it.each<[string, Values]>([
    ['of nothing', [undefined, undefined]],
    ['of one value', ['a', 'a', undefined, 'a']],
    ['of texts', ['a', undefined, 'b', 'a', '', ' ']],
    ['of hostile texts', ['a\0b', 'a\ud83d', '💥', '"\\', '__proto__', 'é'.repeat(10_000)]],
    ['of bools', [true, undefined, false, true]],
    ['of whole numbers', [5, -3, 0, undefined, 2 ** 53 - 1, -(2 ** 53) + 1, 20_261_118_000_000]],
    ['of fractions', [0.1, 1e-300, -2.5, 3, 1e300]],
    ['of several types', [5, '5', true, undefined, 'true', 0.5]],
    ['of dates', ['2026-11-18T11:00:00.123456+00:00', undefined, '1969-12-31T23:59:59.999999+00:00']],
    [
      'of dates that microseconds cannot hold',
      ['9999-12-31T23:59:59.999999+00:00', '0001-01-01T00:00:00.000000+00:00'],
    ],
    ['of dates from before and after', ['1800-01-01T00:00:00.000001+00:00', '2250-01-01T00:00:00.000001+00:00']],
    ['of what only looks like dates', ['2026-02-31T11:00:00.000000+00:00', '2026-11-18T25:00:00.000000+00:00']],
    ['of crash ids', [CRASH_ID, undefined, CRASH_ID.replace('5', '0')]],
    ['of what only looks like crash ids', [CRASH_ID.toUpperCase(), CRASH_ID]],
    ['of lists', ['a;b;c', 'a;b', 'c;a', 'a;;b', ';', 'a;b;c;']],
    [
      'of long lists that have parts in common',
      range(200).map((n) =>
        range(40)
          .map((k) => `module${(n + k) % 60}`)
          .join(';'),
      ),
    ],
    [
      'of frames',
      range(200).map((n) =>
        range(9)
          .map((k) => `mozilla::Function${(n * k) % 40}`)
          .join(' | '),
      ),
    ],
    ['of 254 values', [...range(254), 0, undefined, 253]],
    ['of 255 values', [...range(255), 0, undefined, 254]],
    ['of 256 values', [...range(256), 0, undefined, 255].map((n) => n && `text ${n}`)],
    ['of a full chunk of different values', range(MAX_CHUNK_DOCUMENTS).map((n) => `t${(n * 7) % MAX_CHUNK_DOCUMENTS}`)],
  ])('%s comes back as it was', (_, values) => {
    expect(stored(values)).toEqual(asNull(values))
    expect(seen(columnOf(values), values.length)).toEqual(asNull(values))
  })

  it('of anything at all comes back as it was', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a', 'b;a', 'a | b'),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.uuid(),
      fc.date({ noInvalidDate: true }).map((date) => `${date.toISOString().slice(0, -1)}000+00:00`),
    )
    fc.assert(
      fc.property(fc.array(fc.option(value, { nil: undefined }), { maxLength: 600 }), (values) => {
        expect(stored(values)).toEqual(asNull(values))
      }),
      { numRuns: 300 },
    )
  })

  it('takes no space for what repeats, or is in order', () => {
    const bytesOf = (values: Values) => encodeColumn(values)?.length ?? 0
    const chunk = range(MAX_CHUNK_DOCUMENTS)
    expect(bytesOf(chunk.map(() => 'the same'))).toBeLessThan(60)
    expect(bytesOf(chunk.map((n) => n * 10))).toBeLessThan(150)
    const lists = chunk.map((n) =>
      range(30)
        .map((k) => `module${(n * k) % 500}.dll/1.${k}`)
        .join(';'),
    )
    expect(bytesOf(lists) * 2).toBeLessThan(deflateRawSync(new TextEncoder().encode(lists.join('\n'))).length)
  })

  it('of a later format is refused, not guessed at', () => {
    const blob = encodeColumn(['a'])
    if (blob === null) throw new Error('no column')
    const bytes = inflateRawSync(blob)
    bytes[0] = 2
    expect(() => decodeColumn(deflateRawSync(bytes))).toThrow('format 2')
  })
})
