import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  MAX_OVERSIZE_INFLATED_BYTES,
  MAX_OVERSIZE_WIRE_BYTES,
  MAX_REPORT_BYTES_IN_FLIGHT,
  MAX_REPORT_INFLATED_BYTES,
  MAX_REPORT_WIRE_BYTES,
} from '#shared/limits.ts'
import { BOUNDARY, dump, join, multipart, text } from '../../test/conformance/collector/multipart-body.ts'
import { answerResponse } from './answer.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { submit } from './submit.ts'
import { collectorWorld } from './testing/collector-world.ts'

/** What becomes of a report that is too large (DESIGN.md section 4, `OVERSIZE=annotations`). */

const MIB = 1024 * 1024
const CHUNK = new Uint8Array(MIB)
const K = text('ProductName', 'WaterWolf')
const LATE = text('Comments', 'behind the dump')

/** A body of exactly `bytes`: annotations, a minidump, one more annotation; or without its end, and then silence. */
function bodyOf(bytes: number, { early = [K], late = [LATE], stalls = false } = {}): ReadableStream<Uint8Array> {
  const whole = new TextDecoder().decode(multipart([...early, dump('upload_file_minidump', '*'), ...late]))
  const [head = '', tail = ''] = whole.split('*')
  let left = bytes - whole.length + 1
  let sent: 'nothing' | 'head' | 'tail' = 'nothing'
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === 'nothing') {
        sent = 'head'
        controller.enqueue(join([head]))
      } else if (left > 0) {
        const chunk = CHUNK.slice(0, left)
        left -= chunk.length
        controller.enqueue(chunk)
      } else if (stalls) {
        return new Promise(() => {})
      } else if (sent === 'head') {
        sent = 'tail'
        controller.enqueue(join([tail]))
      } else controller.close()
      return undefined
    },
  })
}

async function send(
  body: ReadableStream<Uint8Array>,
  {
    gzip = false,
    oversize = 'annotations' as const,
    ...changes
  }: { gzip?: boolean; oversize?: 'refuse' | 'annotations'; bodyDeadlineMs?: number } = {},
) {
  const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)
  const headers = {
    'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
    ...(gzip && { 'Content-Encoding': 'gzip' }),
  }
  const request = new Request('http://collector/submit', {
    ...{ method: 'POST', headers },
    body: gzip ? body.pipeThrough(new CompressionStream('gzip')) : body,
  })
  const answer = await submit(request, collectorWorld({ bytesInFlight, oversize, ...changes }).deps)
  expect(bytesInFlight.held).toBe(0)
  const response = answerResponse(answer)
  const heard = response.status === 200 ? answer.kind : `${response.status} ${await response.text()}`
  if (answer.kind !== 'accepted') return { heard, peak: bytesInFlight.peak }
  const keys = (await env.CRASHES.list()).objects.map(({ key }) => key).filter((key) => key.endsWith(answer.crashId))
  const object = await env.CRASHES.get(`v1/raw_crash/20${answer.crashId.slice(-6)}/${answer.crashId}`)
  return { heard, peak: bytesInFlight.peak, keys, raw: JSON.parse((await object?.text()) ?? '') }
}

beforeEach(async () => {
  const { objects } = await env.CRASHES.list()
  if (objects.length > 0) await env.CRASHES.delete(objects.map(({ key }) => key))
})

describe('a report that is too large', () => {
  it.each([
    ['body_too_large', MAX_REPORT_WIRE_BYTES, false],
    ['inflated_too_large', MAX_REPORT_INFLATED_BYTES, true],
  ] as const)('keeps its annotations, those behind the dump too: %s', async (reason, limit, gzip) => {
    const fits = await send(bodyOf(limit), { gzip })
    expect([fits.heard, fits.keys?.length, fits.raw.metadata.oversize]).toEqual(['accepted', 2, undefined])
    const over = await send(bodyOf(limit + 1), { gzip })
    expect([over.heard, over.keys?.length]).toEqual(['accepted', 1])
    expect(over.raw).toMatchObject({ ProductName: 'WaterWolf', Comments: 'behind the dump' })
    expect(over.raw.metadata).toMatchObject({
      ...{ oversize: reason, dump_checksums: {} },
      collector_notes: [`${reason}: kept without its dumps`],
    })
    expect(over.peak).toBeLessThanOrEqual(limit)
    const refused = await send(bodyOf(limit + 1), { gzip, oversize: 'refuse' })
    expect(refused.heard).toBe(`413 Discarded=${reason}`)
  })

  it.each([
    ['body_too_large', MAX_OVERSIZE_WIRE_BYTES, false, 1],
    // One byte above the bound is the body's last one, behind all annotations: gunzip gives out what is before it.
    ['inflated_too_large', MAX_OVERSIZE_INFLATED_BYTES, true, 200],
  ] as const)('is read on to a bound, and keeps what it had by then: %s', async (reason, bound, gzip, over) => {
    const seen = []
    for (const one of [-1, 0, over]) {
      const { heard, raw, peak } = await send(bodyOf(bound + one), { gzip })
      expect(peak).toBeLessThanOrEqual(MAX_REPORT_INFLATED_BYTES)
      seen.push([heard, raw.ProductName, raw.Comments, raw.metadata.oversize])
    }
    expect(seen).toEqual([
      ['accepted', 'WaterWolf', 'behind the dump', reason],
      ['accepted', 'WaterWolf', 'behind the dump', reason],
      ['accepted', 'WaterWolf', undefined, reason],
    ])
  })

  it('is kept where it stops arriving behind its annotations', async () => {
    const { heard, raw } = await send(bodyOf(26 * MIB, { stalls: true }), { bodyDeadlineMs: 1_000 })
    expect([heard, raw.ProductName]).toEqual(['accepted', 'WaterWolf'])
  })

  it('is refused where it has no annotations, or its structure is broken', async () => {
    expect((await send(bodyOf(26 * MIB, { early: [], late: [] }))).heard).toBe('413 Discarded=body_too_large')
    const broken = bodyOf(26 * MIB, { late: [text('a', 'b'), { headers: ['no header'], body: '' }] })
    expect((await send(broken)).heard).toBe('413 Discarded=body_too_large')
  })

  it('above the platform’s own limit is refused before it is read', async () => {
    const request = new Request('http://collector/submit', {
      method: 'POST',
      headers: {
        'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
        'Content-Length': String(MAX_OVERSIZE_WIRE_BYTES + 1),
      },
      body: bodyOf(MIB),
    })
    const answer = await submit(request, collectorWorld({ oversize: 'annotations' }).deps)
    expect(answer).toEqual({ kind: 'refused', reason: 'body_too_large' })
  })
})
