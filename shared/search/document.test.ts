import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAnnotations } from '../annotations/annotations-document.ts'
import { annotationRegistry } from '../annotations/registry.ts'
import { MAX_DOCUMENT_BYTES, MAX_INDEXED_CHARS, MAX_INDEXED_LIST_CHARS, MAX_INDEXED_TEXT_BYTES } from '../limits.ts'
import { cutTextBytes, searchDocument } from './document.ts'
import { BUILT_IN_FIELDS } from './fields.ts'

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
        BuildID: '20261118000000',
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
    ).toMatchObject({ uptime: 12, uptime_ts: 1.5, signature: 'BAD DATA', version: 'BAD DATA', BuildID: 'abc' })
    const dropped = valuesOf({ uptime: 1.5, uptime_ts: Number.NaN, json_dump: { system_info: null } })
    expect(Object.keys(dropped).toSorted()).toEqual(['date', 'uuid'])
    expect(Object.keys(valuesOf({ uptime: '', uptime_ts: 'Infinity' })).toSorted()).toEqual(['date', 'uuid'])
  })

  it.each([
    ['20261118093000', 20261118093000],
    ['0', 0],
    [String(2 ** 53 - 1), 2 ** 53 - 1],
    [String(2 ** 53), undefined],
    ['-5', -5],
    ['0x10', undefined],
    ['1e3', undefined],
    ['5.0', undefined],
    ['a1b2c3', undefined],
    [' ', undefined],
  ])('keeps the build %j as text, and as the number %j', (build, number) => {
    const { build_id, BuildID } = valuesOf({ build })
    expect([build_id, BuildID]).toEqual([number, build])
  })

  it.each([
    [true, true],
    [1, true],
    ['1', true],
    ['true', true],
    [false, false],
    ['True', false],
    ['yes', false],
    [2, false],
    [[], false],
  ])('takes %j for the boolean %j, as the peer does', (value, expected) => {
    expect(valuesOf({ safe_mode: value }).safe_mode).toBe(expected)
  })

  it('has no boolean where the crash has none', () => {
    expect(valuesOf({ safe_mode: null })).not.toHaveProperty('safe_mode')
  })

  it.each([[MAX_INDEXED_CHARS - 1], [MAX_INDEXED_CHARS], [MAX_INDEXED_CHARS + 1], [82_000]])(
    'keeps %i characters of a whole value up to the limit',
    (chars) => {
      expect(valuesOf({ version: 'x'.repeat(chars) }).version).toBe('x'.repeat(Math.min(chars, MAX_INDEXED_CHARS)))
    },
  )

  it.each([[MAX_INDEXED_TEXT_BYTES - 1], [MAX_INDEXED_TEXT_BYTES], [MAX_INDEXED_TEXT_BYTES + 1], [82_000]])(
    'keeps %i bytes of an analysed text up to the limit',
    (bytes) => {
      const kept = Math.min(bytes, MAX_INDEXED_TEXT_BYTES)
      expect(valuesOf({ signature: 'x'.repeat(bytes) }).signature).toBe('x'.repeat(kept))
    },
  )

  it('never cuts a character in two', () => {
    const chars = 'x'.repeat(MAX_INDEXED_CHARS - 1)
    expect(valuesOf({ version: `${chars}💥💥` }).version).toBe(chars)
    const bytes = 'x'.repeat(MAX_INDEXED_TEXT_BYTES - 3)
    expect(valuesOf({ signature: `${bytes}💥` }).signature).toBe(bytes)
    expect(valuesOf({ signature: `${bytes}é💥` }).signature).toBe(`${bytes}é`)
    expect(valuesOf({ signature: `${bytes}€💥` }).signature).toBe(`${bytes}€`)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, maxBytes) => {
        const cut = cutTextBytes(text, maxBytes)
        expect(text.startsWith(cut)).toBe(true)
        expect(cut).not.toMatch(/[\ud800-\udbff]$/)
        const [next = ''] = text.slice(cut.length)
        expect(new TextEncoder().encode(cut).byteLength).toBeLessThanOrEqual(maxBytes)
        if (next !== '') expect(new TextEncoder().encode(cut + next).byteLength).toBeGreaterThan(maxBytes)
      }),
    )
  })

  it('joins an array to a list, each item one item', () => {
    expect(valuesOf({ addons: ['a@b:1.0', 'c;d', 5] }).addons).toBe('a@b:1.0;c,d;BAD DATA')
    expect(valuesOf({ addons: [] }).addons).toBe('')
    expect(valuesOf({ addons: {} }).addons).toBe('BAD DATA')
    const noted = { collector_metadata: { collector_notes: ['one', 'two'] } }
    expect(valuesOf(noted).collector_notes).toBe('one;two')
  })

  it('has the measures of a memory report, and what the collector said of sampling', () => {
    const memory_measures = { explicit: 7, heap_unclassified: -3 }
    const fingerprint = '0123456789abcdef0123456789abcdef'
    expect(valuesOf({ memory_measures, sample_weight: 10, fingerprint })).toMatchObject({
      memory_explicit: 7,
      memory_heap_unclassified: -3,
      sample_weight: 10,
      fingerprint,
    })
  })

  it('fits a row of the index, whatever a report holds, and its first fields stay whole', () => {
    const keys = BUILT_IN_FIELDS.fields.filter(({ name }) => name !== 'uuid' && name !== 'date')
    const full = (text: string) => valuesOf(Object.fromEntries(keys.map(({ source }) => [source, text])))
    for (const text of ['\0'.repeat(82_000), '💥'.repeat(40_000), 'x'.repeat(82_000)]) {
      const values = full(text)
      expect(new TextEncoder().encode(JSON.stringify(values)).byteLength).toBeLessThanOrEqual(
        MAX_DOCUMENT_BYTES + 10_000,
      )
      expect(values.signature).toBe(cutTextBytes(text, MAX_INDEXED_TEXT_BYTES))
    }
  })

  it('has the fields of a deployment’s annotations', () => {
    const parsed = parseAnnotations(
      JSON.stringify({
        version: 1,
        annotations: [
          { name: 'RenderBackend', type: 'string', description: 'x', permission: 'protected' },
          { name: 'FrameMs', type: 'number', description: 'x', permission: 'protected' },
          { name: 'Scene', type: 'object', description: 'x', permission: 'protected' },
        ],
      }),
    )
    if (parsed.kind !== 'parsed') throw new Error(JSON.stringify(parsed))
    const { fields } = annotationRegistry(parsed.document)
    const crash = { uuid, render_backend: 'vulkan', frame_ms: 1.5, scene: { a: 1 } }
    expect(searchDocument(crash, 1, fields).values).toMatchObject({ render_backend: 'vulkan', frame_ms: 1.5 })
    expect(Object.keys(searchDocument(crash, 1, fields).values)).not.toContain('scene')
    expect(Object.keys(searchDocument(crash, 1).values).toSorted()).toEqual(['date', 'uuid'])
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
