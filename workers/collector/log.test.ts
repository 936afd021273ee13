import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OUTCOMES } from '#shared/collector-outcomes.ts'
import { consoleLog } from '#shared/log.ts'
import type { Bucket } from '#shared/ports.ts'
import { MOZILLA } from '#shared/throttle/built-in-rulesets.ts'
import { BOUNDARY, dump, extra, multipart, part, text } from '../../test/conformance/collector/multipart-body.ts'
import { createApp } from './app.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { collectorWorld, ONE_LINE } from './testing/collector-world.ts'
import { emptyBucket, faultyBucket } from './testing/faulty-bucket.ts'

/** In every place of a report that a client fills. */
const CANARY = 'canary4711'

/** One report for each outcome; each carries the canary wherever it can. */
const annotations = (product: string, more: Readonly<Record<string, string>> = {}) =>
  Object.entries({ ProductName: product, Version: CANARY, [CANARY]: CANARY, Comments: CANARY, URL: CANARY, ...more })
const everywhere = (product: string, more: Readonly<Record<string, string>> = {}) => [
  extra(JSON.stringify({ [CANARY]: { [CANARY]: [CANARY] } })),
  ...annotations(product, more).map(([name, value]) => text(name, value)),
  part(`form-data; name="${CANARY}_dump"; filename="${CANARY}"`, CANARY, `application/x-${CANARY}`),
  dump('upload_file_minidump', `MDMP${CANARY.repeat(200)}`),
]
const headers = {
  'Content-Type': `multipart/form-data; boundary=${BOUNDARY}; charset=${CANARY}`,
  'User-Agent': CANARY,
  Authorization: `Bearer ${CANARY}`,
  Cookie: CANARY,
  Referer: `http://${CANARY}/`,
  'X-Forwarded-For': CANARY,
}

function collector(changes: { readonly bucket?: Bucket; readonly maxBytes?: number } = {}) {
  const { deps, settle } = collectorWorld({
    bucket: changes.bucket ?? env.CRASHES,
    queue: { send: () => Promise.reject(new Error('the queue is down')) },
    bytesInFlight: new BytesInFlight(changes.maxBytes ?? 2 ** 24),
    saveBudgetMs: 100,
    log: consoleLog,
  })
  const app = createApp({
    ...{ ...deps, ...ONE_LINE },
    book: () => {},
    rulesets: { current: async () => MOZILLA, problem: () => null },
    ...{ heartbeatChecks: [], version: 'test' },
  })
  const waiting: Promise<unknown>[] = []
  return async (body: BodyInit, more: Readonly<Record<string, string>> = {}) => {
    const request = new Request(`http://collector/submit?id=${CANARY}`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body,
    })
    await app.fetch(request, env, {
      waitUntil: (work: Promise<unknown>) => void waiting.push(work),
      passThroughOnException: () => {},
      props: {},
    })
    await Promise.all([...waiting, settle()])
  }
}

const printed: string[] = []

beforeEach(async () => {
  await emptyBucket()
  printed.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation((...args) => void printed.push(args.map(String).join(' ')))
})
afterEach(() => vi.restoreAllMocks())

describe('the log', () => {
  it('has one line of JSON for each submission, whatever its outcome, and nothing that a client sent', async () => {
    const submit = collector()
    const accepted = multipart(everywhere('MozillaVPN', { BuildID: '1', CrashTime: '1' }))
    await submit(accepted)
    await submit(accepted)
    await submit(multipart(everywhere(CANARY)))
    await submit(multipart(everywhere('b2g')))
    await submit(multipart([...everywhere('MozillaVPN'), dump('raw_crash', CANARY)]))
    await submit(CANARY)
    await submit(CANARY, { 'Content-Encoding': 'gzip' })
    await submit(multipart(everywhere('MozillaVPN', { uuid: CANARY })))
    await submit(CANARY, { 'Content-Length': String(2 ** 30) })
    await collector({ maxBytes: 100 })(accepted)
    const lines = printed.map((line) => JSON.parse(line))
    const ends = lines.filter(({ outcome }) => Object.hasOwn(OUTCOMES, outcome))
    expect(ends.map(({ outcome, reason = '' }) => `${outcome} ${reason}`.trim())).toEqual([
      'accepted',
      'resend',
      'rejected',
      'fake_accepted',
      'malformed invalid_dump_name',
      'malformed invalid_payload_structure',
      'malformed bad_gzip',
      'unauthorized_uuid',
      'refused body_too_large',
      'unavailable too_many_bytes_in_flight',
    ])
    expect([...new Set(ends.map(({ outcome }) => outcome))].sort()).toEqual(Object.keys(OUTCOMES).sort())
    for (const line of lines) expect(line).toMatchObject({ stage: 'collector' })
    expect(printed.join('\n')).not.toContain(CANARY)
  })

  it('says nothing that a client sent when storage and the queue fail either', async () => {
    await collector({ bucket: faultyBucket(() => 'before').bucket })(multipart(everywhere('MozillaVPN')))
    await collector()(multipart(everywhere('MozillaVPN')))
    const outcomes = printed.map((line) => JSON.parse(line).outcome)
    for (const outcome of ['save_failed', 'unavailable', 'publish_failed', 'accepted'])
      expect(outcomes).toContain(outcome)
    expect(printed.join('\n')).not.toContain(CANARY)
  })
})
