import { env } from 'cloudflare:workers'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { MALFORMED_REASONS } from '#shared/collector-outcomes.ts'
import { clientBodies } from '../../test/conformance/collector/client-bodies.ts'
import { BOUNDARY, dump, extra, join, multipart, part, text } from '../../test/conformance/collector/multipart-body.ts'
import { answerResponse } from './answer.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import { submit } from './submit.ts'
import { collectorWorld } from './testing/collector-world.ts'
import { memoryBucket } from './testing/memory-bucket.ts'

/**
 * Mutated reports: each gets a named answer, the same however its bytes are cut; what is accepted is stored whole, and what is not leaves nothing; nothing stays
 * held. 1,000 in `npm test`, 20,000 with MAYDAY_TEST_SIZE=full; MAYDAY_SEED repeats a run.
 */
const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const RUNS = MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const seed = Number(MAYDAY_SEED || 20_261_123)
const counted = new Map<string, number>()
afterAll(() => {
  const sorted = Object.fromEntries([...counted].sort(([, left], [, right]) => right - left))
  console.log(`collector fuzz, seed ${seed}, ${RUNS} runs: ${JSON.stringify(sorted)}`)
})

type Bytes = Uint8Array<ArrayBuffer>
type Headers = Readonly<Record<string, string>>
interface Sample {
  readonly plain: Bytes
  readonly headers: Headers
  readonly gzip: boolean
}

const FORM: Headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
const RICH = multipart([
  text('ProductName', 'WaterWolf'),
  extra('{"Version":"1.0","x":[1,{"y":null}],"n":NaN}'),
  dump('upload_file_minidump', join(['MDMP', new Uint8Array([0, 255, 13, 10, 45, 45])])),
  dump('upload_file_minidump_gpu', 'x'),
  dump('dump', 'y'),
  text('Comments', 'é', 'text/plain; charset=utf-8'),
  part('form-data; name=Foo', 'z\r\n'),
])
const samples: readonly Sample[] = [
  { plain: RICH, headers: FORM, gzip: false },
  { plain: RICH, headers: FORM, gzip: true },
  ...clientBodies.map(({ body, headers: { 'Content-Encoding': encoding, ...headers } }) =>
    encoding === 'gzip'
      ? { plain: new Uint8Array(gunzipSync(body)), headers, gzip: true }
      : { plain: body, headers, gzip: false },
  ),
]

/** What a report is made of: put where it does not belong, it gets further than a random byte. */
const TOKENS = [
  `\r\n--${BOUNDARY}\r\n`,
  `--${BOUNDARY}--`,
  '\r\n\r\n',
  '\r\n',
  '\n',
  '--',
  ...['Content-Disposition: form-data; name="uuid"', 'name="raw_crash"', 'filename="x"', 'name=""', "name*=utf-8''%ff"],
  ...[
    'Content-Type: application/json',
    'Content-Type: text/plain; charset=utf-16',
    'Content-Transfer-Encoding: base64',
  ],
  ...['{', '}', '[]', '"', '\\', 'NaN', 'null', '"__proto__":', '\ud800', '\0', '%00', '\x1f\x8b\x08'],
].map((token) => join([token]))

type Mutation = (bytes: Bytes) => Bytes
/** Anywhere in a body, each place as often: with a bias to the begin many bodies would be empty. */
const share = fc.noBias(fc.nat(9_999)).map((part) => part / 10_000)
const at = (bytes: Bytes, where: number) => Math.floor(where * bytes.length)
const insert = (bytes: Bytes, where: number, what: Uint8Array) =>
  join([bytes.subarray(0, at(bytes, where)), what, bytes.subarray(at(bytes, where))])
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(share, fc.nat(255)).map(
    ([where, value]): Mutation =>
      (bytes) =>
        bytes.map((byte, index) => (index === at(bytes, where) ? value : byte)),
  ),
  fc.tuple(share, fc.nat(40)).map(
    ([where, count]): Mutation =>
      (bytes) =>
        join([bytes.subarray(0, at(bytes, where)), bytes.subarray(at(bytes, where) + count)]),
  ),
  fc.tuple(share, share).map(
    ([from, to]): Mutation =>
      (bytes) =>
        insert(bytes, to, bytes.subarray(at(bytes, from), at(bytes, from) + 200)),
  ),
  fc.tuple(share, fc.constantFrom(...TOKENS)).map(
    ([where, token]): Mutation =>
      (bytes) =>
        insert(bytes, where, token),
  ),
  fc.tuple(share, fc.uint8Array({ maxLength: 30 })).map(
    ([where, random]): Mutation =>
      (bytes) =>
        insert(bytes, where, random),
  ),
  share.map(
    (where): Mutation =>
      (bytes) =>
        bytes.slice(0, at(bytes, where)),
  ),
)
/** Most bodies are hit once or twice: more, and all end as the same broken structure. */
const mutations = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Mutation[]>([]) },
  { weight: 6, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
)
const oddHeaders: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Headers>(
      ...[
        '',
        'text/plain',
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary="',
        `multipart/mixed; boundary=${'b'.repeat(71)}`,
      ].map((type) => ({ 'Content-Type': type })),
      { 'Content-Encoding': 'gzip' },
      { 'Content-Encoding': 'br' },
      { Authorization: 'Bearer secret' },
      { 'User-Agent': 'Crashpad/1' },
    ),
  },
)

const apply = (bytes: Bytes, all: readonly Mutation[]) => all.reduce((mutated, mutate) => mutate(mutated), bytes)

function chunked(bytes: Bytes, sizes: readonly number[]): ReadableStream<Uint8Array> {
  let done = 0
  let turn = 0
  return new ReadableStream({
    pull(controller) {
      if (done >= bytes.length) return controller.close()
      const size = sizes[turn++ % sizes.length] ?? 1
      controller.enqueue(bytes.slice(done, done + size))
      done += size
    },
  })
}

const NAMED = new RegExp(
  `^(200 CrashID=bp-[0-9a-f-]{36}\\n|200 [0-9a-f-]{36}|400 Discarded=malformed_(${Object.keys(MALFORMED_REASONS).join('|')})|401 Discarded=unauthorized_uuid|413 Discarded=(body|inflated)_too_large)$`,
)

/** Sends a report, and looks at what is stored and held after it. */
async function send(body: BodyInit, headers: Headers): Promise<string> {
  const { bucket, objects } = memoryBucket()
  const bytesInFlight = new BytesInFlight(60 * 2 ** 20)
  const { deps, settle } = collectorWorld({ bucket, bytesInFlight })
  const answer = await submit(new Request('http://collector/submit', { method: 'POST', headers, body }), deps)
  await settle()
  const response = answerResponse(answer)
  const heard = `${response.status} ${await response.text()}`
  expect(heard).toMatch(NAMED)
  expect(bytesInFlight.held).toBe(0)
  if (answer.kind !== 'accepted') {
    expect(objects.size).toBe(0)
    return heard
  }
  const rawKey = `v1/raw_crash/20${answer.crashId.slice(-6)}/${answer.crashId}`
  const { metadata, ...raw } = JSON.parse(new TextDecoder().decode(objects.get(rawKey)))
  expect([raw.uuid, raw.version]).toEqual([answer.crashId, 2])
  const stored = [...objects]
    .filter(([key]) => key !== rawKey)
    .map(([, bytes]) => createHash('sha256').update(bytes).digest('hex'))
  expect(stored.sort()).toEqual(Object.values(metadata.dump_checksums).sort())
  return heard.replace(answer.crashId, '<id>')
}

describe('any bytes', () => {
  it(`${RUNS} mutated reports get a named answer, the same in chunks`, async () => {
    const report = fc.record({
      sample: fc.constantFrom(...samples),
      inside: mutations,
      outside: fc.oneof({ weight: 4, arbitrary: fc.constant<Mutation[]>([]) }, { weight: 1, arbitrary: mutations }),
      headers: oddHeaders,
      sizes: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(report, async ({ sample, inside, outside, headers: odd, sizes }) => {
        const plain = apply(sample.plain, inside)
        const bytes = apply(sample.gzip ? new Uint8Array(gzipSync(plain)) : plain, outside)
        const headers = { ...sample.headers, ...(sample.gzip && { 'Content-Encoding': 'gzip' }), ...odd }
        const heard = await send(bytes, headers)
        expect(await send(chunked(bytes, sizes), headers)).toBe(heard)
        counted.set(heard.trim(), (counted.get(heard.trim()) ?? 0) + 1)
      }),
      { numRuns: RUNS, seed },
    )
  }, 3_600_000)

  it(`${RUNS / 4} random byte strings get a named answer`, async () => {
    const type = fc.constantFrom(
      FORM,
      FORM,
      { ...FORM, 'Content-Encoding': 'gzip' },
      { 'Content-Type': 'multipart/mixed; boundary=-' },
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((random) => new Uint8Array(random)),
      fc.array(fc.constantFrom(...TOKENS), { maxLength: 30 }).map(join),
    )
    await fc.assert(
      fc.asyncProperty(bytes, type, async (body, headers) => void (await send(body, headers))),
      { numRuns: RUNS / 4, seed },
    )
  }, 3_600_000)
})
