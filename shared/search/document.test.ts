import { describe, expect, it } from 'vitest'
import { MAX_INDEXED_CHARS, MAX_INDEXED_LIST_CHARS } from '../limits.ts'
import { searchDocument } from './document.ts'

const uuid = '00000000-0000-4000-8000-000000261118'
const valuesOf = (processedCrash: object) => searchDocument({ uuid, ...processedCrash }, 1).values

describe('the search document of a processed crash', () => {
  it('has the values of known fields under their public names and nothing else', () => {
    const document = searchDocument(
      {
        uuid,
        date_processed: '2026-11-18T09:00:00.123456+00:00',
        signature: 'js::Run',
        build: '20261118000000',
        os_name: 'Linux',
        json_dump: { system_info: { cpu_count: 8 }, secret: 1 },
        startup_crash: 0,
        unlisted: 'x',
      },
      7,
    )
    expect(document).toEqual({
      crash_id: uuid,
      started_at_ms: 7,
      values: {
        uuid,
        date: '2026-11-18T09:00:00.123456+00:00',
        signature: 'js::Run',
        build_id: 20261118000000,
        platform: 'Linux',
        cpu_count: 8,
        startup_crash: false,
      },
    })
  })

  it.each([undefined, null, 'soon', 5])('has the day of its crash id for the date %j', (date_processed) => {
    expect(valuesOf({ date_processed }).date).toBe('2026-11-18T00:00:00.000000+00:00')
  })

  it('refuses a crash without a crash id: the processor has a bug', () => {
    expect(() => searchDocument({ signature: 'a' }, 1)).toThrow()
  })

  it('drops numbers that are none and keeps mistaken texts findable', () => {
    expect(
      valuesOf({
        uptime: '12',
        cpu_count: 1,
        json_dump: 'x',
        build: 'abc',
        uptime_ts: '1.5',
        signature: ['a'],
        version: 5,
      }),
    ).toMatchObject({ uptime: 12, uptime_ts: 1.5, signature: 'BAD DATA', version: 'BAD DATA' })
    const dropped = valuesOf({ uptime: 1.5, build: 2 ** 53, uptime_ts: Number.NaN, json_dump: { system_info: null } })
    expect(Object.keys(dropped).toSorted()).toEqual(['date', 'uuid'])
    expect(Object.keys(valuesOf({ uptime: '', build: ' ', uptime_ts: 'Infinity' })).toSorted()).toEqual([
      'date',
      'uuid',
    ])
  })

  it.each([[MAX_INDEXED_CHARS - 1], [MAX_INDEXED_CHARS], [MAX_INDEXED_CHARS + 1], [82_000]])(
    'keeps %i characters up to the limit',
    (chars) => {
      const signature = valuesOf({ signature: 'x'.repeat(chars) }).signature
      expect(signature).toBe('x'.repeat(Math.min(chars, MAX_INDEXED_CHARS)))
    },
  )

  it('never cuts an emoji in two', () => {
    const text = `${'x'.repeat(MAX_INDEXED_CHARS - 1)}💥💥`
    expect(valuesOf({ signature: text }).signature).toBe('x'.repeat(MAX_INDEXED_CHARS - 1))
    const fits = `${'x'.repeat(MAX_INDEXED_CHARS - 2)}💥💥`
    expect(valuesOf({ signature: fits }).signature).toBe(`${'x'.repeat(MAX_INDEXED_CHARS - 2)}💥`)
  })

  it('cuts a list between two of its values', () => {
    const value = 'x'.repeat(99)
    const fits = Array.from({ length: MAX_INDEXED_LIST_CHARS / 100 }, () => value).join(';')
    expect(valuesOf({ missing_symbols: fits }).missing_symbols).toBe(fits)
    expect(valuesOf({ missing_symbols: `${fits};${value}` }).missing_symbols).toBe(fits)
    expect(valuesOf({ missing_symbols: `${fits};` }).missing_symbols).toBe(`${fits};`)
  })

  it('reads own properties only', () => {
    expect(Object.keys(valuesOf(JSON.parse('{"__proto__": {"signature": "inherited"}}'))).toSorted()).toEqual([
      'date',
      'uuid',
    ])
    expect(valuesOf(Object.create({ signature: 'inherited' })).signature).toBeUndefined()
  })
})
