import { env } from 'cloudflare:workers'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  BODY_CHUNK_BYTES,
  MAX_ANNOTATION_BYTES,
  MAX_ANNOTATIONS,
  MAX_ANNOTATIONS_BYTES,
  MAX_ATTACHMENTS_BYTES,
  MAX_BOUNDARY_CHARS,
  MAX_DUMP_NAME_CHARS,
  MAX_DUMPS,
  MAX_FILE_NAME_CHARS,
  MAX_JSON_DEPTH,
  MAX_JSON_EXTRA_BYTES,
  MAX_JSON_VALUES,
  MAX_NOTE_CHARS,
  MAX_PART_HEADER_BYTES,
  MAX_PARTS,
  MAX_REPORT_BYTES_IN_FLIGHT,
  MAX_REPORT_INFLATED_BYTES,
  MAX_REPORT_WIRE_BYTES,
} from '#shared/limits.ts'
import {
  BOUNDARY,
  dump,
  extra,
  multipart,
  type PartToSend,
  part,
  text,
} from '../../test/conformance/collector/multipart-body.ts'
import { type Answer, answerResponse } from './answer.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { submit } from './submit.ts'
import { collectorWorld } from './testing/collector-world.ts'

/** Each limit of a crash report at limit − 1, limit and limit + 1 (DESIGN.md section 4; shared/limits.ts). */

const MIB = 1024 * 1024
const K = text('ProductName', 'WaterWolf')
const D = dump('upload_file_minidump', 'MDMP')
const AROUND = [-1, 0, 1] as const

function report(body: BodyInit, headers: Record<string, string> = {}): Request {
  const form = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
  return new Request('http://collector/submit', { method: 'POST', headers: { ...form, ...headers }, body })
}

async function answerTo(body: BodyInit, headers: Record<string, string> = {}): Promise<string> {
  return outcomeOf(await submit(report(body, headers), collectorWorld().deps))
}

/** What the client hears, the crash id left out. */
async function outcomeOf(answer: Answer): Promise<string> {
  const response = answerResponse(answer)
  return response.status === 200 ? answer.kind : `${response.status} ${await response.text()}`
}

/** The raw crash that a body becomes. */
async function stored(parts: readonly PartToSend[]) {
  const answer = await submit(report(multipart(parts)), collectorWorld().deps)
  if (answer.kind !== 'accepted') throw new Error(await outcomeOf(answer))
  const object = await env.CRASHES.get(`v1/raw_crash/20${answer.crashId.slice(-6)}/${answer.crashId}`)
  return JSON.parse((await object?.text()) ?? '')
}

/** A body of exactly `bytes`, most of them a dump's. */
function bodyOf(bytes: number): Uint8Array<ArrayBuffer> {
  const around = multipart([K, dump('upload_file_minidump', '')]).length
  return multipart([K, dump('upload_file_minidump', new Uint8Array(bytes - around))])
}

/** Bytes in chunks of 64 KiB without a length, and how many of them were taken. */
function chunked(bytes: Uint8Array) {
  const seen = { taken: 0 }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.taken >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(seen.taken, seen.taken + BODY_CHUNK_BYTES))
        seen.taken += BODY_CHUNK_BYTES
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, seen }
}

const repeated = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at))

beforeEach(async () => {
  for (;;) {
    const { objects } = await env.CRASHES.list()
    if (objects.length === 0) return
    await env.CRASHES.delete(objects.map(({ key }) => key))
  }
})

describe('the size of a report', () => {
  it('is at most 25 MiB on the wire', async () => {
    const heard: string[] = []
    for (const one of AROUND) heard.push(await answerTo(chunked(bodyOf(MAX_REPORT_WIRE_BYTES + one)).stream))
    expect(heard).toEqual(['accepted', 'accepted', '413 Discarded=body_too_large'])
  })

  it('is at most 50 MiB inflated', async () => {
    const heard: string[] = []
    for (const one of AROUND) {
      heard.push(await answerTo(gzipSync(bodyOf(MAX_REPORT_INFLATED_BYTES + one)), { 'Content-Encoding': 'gzip' }))
    }
    expect(heard).toEqual(['accepted', 'accepted', '413 Discarded=inflated_too_large'])
  })
})

describe('the structure of a report', () => {
  const MALFORMED = '400 Discarded=malformed_invalid_payload_structure'

  it('has at most 2,000 parts', async () => {
    const heard: string[] = []
    for (const one of AROUND) heard.push(await answerTo(multipart(repeated(MAX_PARTS + one, () => K))))
    expect(heard).toEqual(['accepted', 'accepted', MALFORMED])
  })

  it('has at most 8 KiB of headers a part', async () => {
    const name = (bytes: number) =>
      `form-data; name="${'n'.repeat(bytes - 'Content-Disposition: form-data; name=""'.length)}"`
    const heard: string[] = []
    for (const one of AROUND) heard.push(await answerTo(multipart([K, part(name(MAX_PART_HEADER_BYTES + one), 'v')])))
    expect(heard).toEqual(['accepted', 'accepted', MALFORMED])
  })

  it('has a boundary of at most 70 characters', async () => {
    const heard: string[] = []
    for (const one of AROUND) {
      const boundary = 'b'.repeat(MAX_BOUNDARY_CHARS + one)
      heard.push(
        await answerTo(multipart([K], boundary), { 'Content-Type': `multipart/form-data; boundary=${boundary}` }),
      )
    }
    expect(heard).toEqual(['accepted', 'accepted', MALFORMED])
  })
})

describe('annotations', () => {
  it.each([
    ['a text part', (value: string) => text('a', value)],
    ['a JSON string', (value: string) => extra(JSON.stringify({ a: value }))],
  ])('are cut at 1 MiB with a note: %s', async (_what, partOf) => {
    const seen = []
    for (const one of AROUND) {
      const { a, metadata } = await stored([partOf('x'.repeat(MAX_ANNOTATION_BYTES + one))])
      seen.push([a.length, metadata.collector_notes])
    }
    expect(seen).toEqual([
      [MIB - 1, []],
      [MIB, []],
      [MIB, [`annotation a cut to ${MIB} bytes`]],
    ])
    const umlauts = await stored([partOf(`x${'é'.repeat(MIB / 2)}`)])
    expect([umlauts.a, umlauts.metadata.collector_notes.length]).toEqual([`x${'é'.repeat(MIB / 2 - 1)}`, 1])
  })

  it('that are JSON but no text are dropped above 1 MiB with a note, because half of a list is another list', async () => {
    const seen = []
    for (const one of AROUND) {
      // The name counts too, and a list of one string has four characters around it.
      const { a, metadata } = await stored([K, extra(JSON.stringify({ a: ['x'.repeat(MIB - 5 + one)], b: 1 }))])
      seen.push([a?.[0].length, metadata.collector_notes.slice(0, -1)])
    }
    expect(seen).toEqual([
      [MIB - 6, []],
      [MIB - 5, []],
      [undefined, [`annotation a dropped: over ${MIB} bytes`]],
    ])
  })

  it('are kept up to the 1,000th, with a note of how many were not', async () => {
    const seen = []
    for (const one of [...AROUND, 3]) {
      const raw = await stored(repeated(MAX_ANNOTATIONS + one, (at) => text(`a${at}`, 'v')))
      seen.push([Object.keys(raw).filter((name) => /^a\d/.test(name)).length, raw.metadata.collector_notes])
    }
    expect(seen).toEqual([
      [999, []],
      [1_000, []],
      [1_000, ['1 annotations dropped: more than 1000']],
      [1_000, ['3 annotations dropped: more than 1000']],
    ])
  })

  it('are kept up to 4 MiB together', async () => {
    const seen = []
    for (const one of AROUND) {
      const last = MAX_ANNOTATIONS_BYTES - 3 * (MIB + 1) - 1 + one
      const raw = await stored([
        ...['a', 'b', 'c'].map((name) => text(name, 'x'.repeat(MIB))),
        text('d', 'x'.repeat(last - 10)),
        text('e', 'x'.repeat(9)),
      ])
      seen.push([raw.d.length - last, raw.e?.length, raw.metadata.collector_notes])
    }
    expect(seen).toEqual([
      [-10, 9, []],
      [-10, 9, []],
      [-10, undefined, [`annotation e dropped: annotations over ${4 * MIB} bytes together`]],
    ])
  })
})

describe('a JSON part', () => {
  it('has at most 8 MiB', async () => {
    const heard: string[] = []
    for (const one of AROUND)
      heard.push(await answerTo(multipart([extra(`{"a":"${'x'.repeat(MAX_JSON_EXTRA_BYTES - 8 + one)}"}`)])))
    expect(heard).toEqual(['accepted', 'accepted', '413 Discarded=body_too_large'])
  })

  it('nests at most 64 deep', async () => {
    const heard: string[] = []
    for (const one of AROUND) {
      const arrays = MAX_JSON_DEPTH - 1 + one
      heard.push(await answerTo(multipart([extra(`{"a":${'['.repeat(arrays)}${']'.repeat(arrays)}}`)])))
    }
    expect(heard).toEqual(['accepted', 'accepted', '400 Discarded=malformed_invalid_json'])
  })

  it('has at most 100,000 values, and brackets in its texts are none', async () => {
    const heard: string[] = []
    for (const one of AROUND) {
      // The object and the list are values too, and the first of a list has no comma.
      heard.push(await answerTo(multipart([extra(`{"a":[${'1,'.repeat(MAX_JSON_VALUES - 3 + one)}1]}`)])))
    }
    expect(heard).toEqual(['accepted', 'accepted', '400 Discarded=malformed_invalid_json'])
    expect(await answerTo(multipart([extra(`{"a":"${'[{,'.repeat(MAX_JSON_VALUES)}"}`)]))).toBe('accepted')
  })
})

describe('dumps and attachments', () => {
  it('are at most 50, the minidumps first', async () => {
    const seen = []
    for (const one of AROUND) {
      const attachments = repeated(MAX_DUMPS - 2 + one, (at) => dump(`log_${at}`, 'v'))
      const { metadata } = await stored([K, ...attachments, dump('upload_file_minidump_gpu', 'v'), D])
      const names = Object.keys(metadata.dump_checksums)
      seen.push([names.length, names.filter((name) => name.startsWith('upload_')), metadata.collector_notes])
    }
    const minidumps = ['upload_file_minidump', 'upload_file_minidump_gpu']
    expect(seen).toEqual([
      [49, minidumps, []],
      [50, minidumps, []],
      [50, minidumps, ['1 dumps dropped: more than 50']],
    ])
  })

  it('keep the minidump where attachments have more than 20 MiB together', async () => {
    const seen = []
    for (const one of AROUND) {
      const large = new Uint8Array(MAX_ATTACHMENTS_BYTES - 5 + one)
      const { metadata } = await stored([K, dump('small', '12345'), dump('large', large), D, dump('late', '')])
      seen.push([Object.keys(metadata.dump_checksums), metadata.attachments, metadata.collector_notes])
    }
    const all = [
      ['large', 'late', 'small', 'upload_file_minidump'],
      { large: 'large.dmp', late: 'late.dmp', small: 'small.dmp' },
      [],
    ]
    const note = `attachment large dropped: attachments over ${20 * MIB} bytes together`
    expect(seen).toEqual([
      all,
      all,
      [['late', 'small', 'upload_file_minidump'], { late: 'late.dmp', small: 'small.dmp' }, [note]],
    ])
  })

  it('have names of at most 30 characters, and file names of at most 255', async () => {
    for (const one of AROUND) {
      const name = 'n'.repeat(MAX_DUMP_NAME_CHARS + one)
      const fileName = 'f'.repeat(MAX_FILE_NAME_CHARS + one)
      const { metadata } = await stored([
        K,
        part(`form-data; name="${name}"; filename="/tmp/${fileName}"`, 'v', 'application/octet-stream'),
      ])
      expect(metadata.attachments).toEqual({ [name.slice(0, 30)]: fileName.slice(0, 255) })
    }
  })

  it('have notes of at most 300 characters', async () => {
    const seen = []
    for (const one of AROUND) {
      const name = 'n'.repeat(MAX_NOTE_CHARS - 'unknown content type:  a/b'.length + one)
      const { metadata } = await stored([K, dump(name, 'v', 'a/b')])
      seen.push([metadata.collector_notes[0].length, metadata.collector_notes[0].endsWith('…')])
    }
    expect(seen).toEqual([
      [299, false],
      [300, false],
      [301, true],
    ])
  })
})

describe('memory', () => {
  it('holds a report once: at most its dumps and annotations, and nothing after the answer', async () => {
    const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)
    const body = multipart([K, dump('upload_file_minidump', new Uint8Array(24 * MIB))])
    expect((await submit(report(body), collectorWorld({ bytesInFlight }).deps)).kind).toBe('accepted')
    expect(bytesInFlight.peak).toBe(24 * MIB + 'ProductNameWaterWolf'.length)
    expect(bytesInFlight.held).toBe(0)
  })

  it('never holds more than the wire cap, nor takes more than a chunk above it', async () => {
    const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)
    const { stream, seen } = chunked(bodyOf(40 * MIB))
    const answer = await submit(report(stream), collectorWorld({ bytesInFlight }).deps)
    expect(await outcomeOf(answer)).toBe('413 Discarded=body_too_large')
    expect(bytesInFlight.peak).toBeLessThanOrEqual(MAX_REPORT_WIRE_BYTES)
    expect(seen.taken).toBeLessThanOrEqual(MAX_REPORT_WIRE_BYTES + 2 * BODY_CHUNK_BYTES)
    expect(bytesInFlight.held).toBe(0)
  })

  it('never holds more than the inflated cap of a gzip bomb', async () => {
    const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)
    const bomb = gzipSync(multipart([K, dump('upload_file_minidump', new Uint8Array(100 * MIB))]))
    const answer = await submit(report(bomb, { 'Content-Encoding': 'gzip' }), collectorWorld({ bytesInFlight }).deps)
    expect(await outcomeOf(answer)).toBe('413 Discarded=inflated_too_large')
    expect(bytesInFlight.peak).toBeLessThanOrEqual(MAX_REPORT_INFLATED_BYTES)
    expect(bytesInFlight.held).toBe(0)
  })

  it('of repeated parts holds the last one, and of attachments that are left out nothing', async () => {
    const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)
    const again = dump('upload_file_minidump', new Uint8Array(2 * MIB))
    const body = multipart([
      K,
      ...repeated(4, () => again),
      text('a', 'x'.repeat(MIB)),
      text('a', 'y'),
      dump('log', new Uint8Array(10 * MIB)),
    ])
    expect((await submit(report(body), collectorWorld({ bytesInFlight }).deps)).kind).toBe('accepted')
    expect(bytesInFlight.peak).toBeLessThanOrEqual(2 * MIB + 10 * MIB + 1_000)
  })

  it('is at most 60 MiB an isolate: what does not fit beside the others comes back later, and hears no Discarded line', async () => {
    const body = multipart([K, dump('upload_file_minidump', new Uint8Array(MIB))])
    const needed = MIB + 'ProductNameWaterWolf'.length
    const seen = []
    for (const one of AROUND) {
      const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)
      const others = bytesInFlight.hold()
      expect(others.add(MAX_REPORT_BYTES_IN_FLIGHT - needed + one)).toBe(true)
      const { deps } = collectorWorld({ bytesInFlight })
      const response = answerResponse(await submit(report(body), deps))
      seen.push([response.status, response.headers.get('Retry-After'), (await response.text()).slice(0, 7)])
      others.release()
      expect((await submit(report(multipart([K])), deps)).kind).toBe('accepted')
      expect(bytesInFlight.held).toBe(0)
    }
    expect(seen).toEqual([
      [200, null, 'CrashID'],
      [200, null, 'CrashID'],
      [503, '60', ''],
    ])
  })
})
