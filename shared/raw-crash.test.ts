import { describe, expect, it } from 'vitest'
import { type CrashId, parseCrashId } from './crash-id.ts'
import { type Annotations, parseRawCrash, type RawCrash, rawCrashJson, submittedTimestamp } from './raw-crash.ts'

function crashId(): CrashId {
  const id = parseCrashId('00112233-4455-4677-8899-aabbc0261123')
  if (id === null) throw new Error('not a crash id')
  return id
}

const annotations = (json: string): Annotations => Object.assign(Object.create(null), JSON.parse(json))

function rawCrash(changes: Partial<RawCrash> = {}): RawCrash {
  return {
    annotations: annotations('{"Version":"1.0","ProductName":"WaterWolf"}'),
    uuid: crashId(),
    submitted_timestamp: '2026-11-23T01:02:03.456000+00:00',
    metadata: {
      collector_notes: ['a note'],
      dump_checksums: { upload_file_minidump: 'ab' },
      payload: 'multipart',
      payload_compressed: '0',
      payload_size: 10,
      throttle_rule: 'accept_everything',
      user_agent: 'None',
    },
    ...changes,
  }
}

const parse = (text: string) => {
  const parsing = parseRawCrash(text, crashId())
  if (parsing.kind !== 'parsed') throw new Error(parsing.reason)
  return parsing.rawCrash
}

describe('the stored raw crash', () => {
  it('is flat JSON with sorted keys, in ASCII', () => {
    const text = rawCrashJson(rawCrash({ annotations: annotations('{"b":"é\\ud83d\\ude00","a":1}') }))
    expect(text).toBe(
      '{"a":1,"b":"\\u00e9\\ud83d\\ude00","metadata":{"collector_notes":["a note"],"dump_checksums":{"upload_file_minidump":"ab"},' +
        '"payload":"multipart","payload_compressed":"0","payload_size":10,"throttle_rule":"accept_everything","user_agent":"None"},' +
        '"submitted_timestamp":"2026-11-23T01:02:03.456000+00:00","uuid":"00112233-4455-4677-8899-aabbc0261123","version":2}',
    )
  })

  it('reads as it was written, whatever the names', () => {
    const odd = rawCrash({ annotations: annotations('{"__proto__":{"a":null},"constructor":"c"}') })
    const read = parse(rawCrashJson(odd))
    expect(read).toEqual(odd)
    expect(Object.entries(read.annotations).sort()).toEqual([
      ['__proto__', { a: null }],
      ['constructor', 'c'],
    ])
    expect(read.annotations.toString).toBeUndefined()
  })

  it('keeps the collector’s own fields before annotations of the same name', () => {
    const text = rawCrashJson(
      rawCrash({
        annotations: annotations('{"uuid":"mine","metadata":"m","version":"9","submitted_timestamp":"s","zzz":"z"}'),
      }),
    )
    expect(JSON.parse(text)).toMatchObject({ uuid: crashId(), version: 2, metadata: { payload_size: 10 }, zzz: 'z' })
    expect(parse(text).annotations).toEqual(annotations('{"zzz":"z"}'))
  })

  it('reads what older collectors wrote', () => {
    const old = parse(
      '{"ProductName":"Firefox","legacy_processing":0,"dump_checksums":{"upload_file_minidump":"00"},"collector_notes":["n"],"uuid":"x"}',
    )
    expect(old.annotations).toMatchObject({ ProductName: 'Firefox', legacy_processing: 0 })
    expect(old.metadata).toMatchObject({ collector_notes: ['n'], dump_checksums: { upload_file_minidump: '00' } })
    expect([old.uuid, old.submitted_timestamp]).toEqual([crashId(), '2026-11-23T00:00:00+00:00'])
  })

  it('takes metadata of wrong types as absent', () => {
    const { metadata } = parse(
      '{"metadata":{"collector_notes":"n","dump_checksums":["a"],"payload_size":"10","payload":1}}',
    )
    expect(metadata.collector_notes).toEqual([])
    expect([metadata.dump_checksums, metadata.payload_size, metadata.payload]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(parse('{"metadata":null}').metadata.collector_notes).toEqual([])
  })

  it('says what cannot be read', () => {
    expect(parseRawCrash('{', crashId())).toEqual({ kind: 'unreadable', reason: 'not_json' })
    expect(parseRawCrash('[1]', crashId())).toEqual({ kind: 'unreadable', reason: 'not_an_object' })
  })
})

describe('the time of submission', () => {
  it('has microseconds, and none when zero, as the peer writes it', () => {
    expect(submittedTimestamp(Date.UTC(2026, 1, 28, 23, 59, 59, 7))).toBe('2026-02-28T23:59:59.007000+00:00')
    expect(submittedTimestamp(Date.UTC(2028, 1, 29))).toBe('2028-02-29T00:00:00+00:00')
  })
})
