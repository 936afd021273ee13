import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type MadeEntry, makeZip } from '#shared/symbols/testing/make-zip.ts'
import { emptyStore, ID, lastUpload, setUpUploader, storedKeys, sym, upload, utf8 } from './testing/upload-client.ts'
import { md5, V2Client } from './testing/upload-v2-client.ts'

/**
 * Mutated zips and manifests against the whole Worker: a named 4xx and nothing visible, or 201 and everything whole; never a 5xx. 1,000 of each in
 * `npm test`, 20,000 with MAYDAY_TEST_SIZE=full; MAYDAY_SEED repeats a run.
 */
const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const RUNS = MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const seed = Number(MAYDAY_SEED || 20_261_123)
const options = { numRuns: RUNS, seed, endOnFailure: true }
const counted = new Map<string, number>()
const count = (what: string) => counted.set(what, (counted.get(what) ?? 0) + 1)

let token: string
beforeAll(async () => {
  token = await setUpUploader()
})
beforeEach(emptyStore)
afterAll(() => {
  console.log(`upload fuzz, seed ${seed}, ${RUNS} runs each: ${JSON.stringify(Object.fromEntries(counted))}`)
})

const entry: fc.Arbitrary<MadeEntry> = fc
  .record({
    name: fc.oneof(
      {
        weight: 5,
        arbitrary: fc.constantFrom('a/1/a.sym', 'b/AB/b.sym', 'c/ff/c.pd_', 'x y/0/x y.sym', 'build-symbols.txt'),
      },
      { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
    ),
    data: fc.oneof(fc.constant(sym('a')), fc.uint8Array({ maxLength: 200 })),
    stored: fc.boolean(),
    dataDescriptor: fc.boolean(),
    zip64: fc.boolean(),
    lie: fc.oneof(
      { weight: 6, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.oneof(
          fc.record({ declaredBytes: fc.integer({ min: 0, max: 2 ** 32 - 2 }) }),
          fc.record({ declaredCrc32: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
          fc.record({ method: fc.integer({ min: 0, max: 99 }) }),
          fc.record({ compressed: fc.uint8Array({ maxLength: 40 }) }),
          fc.record({ pointsAt: fc.integer({ min: 0, max: 3 }) }),
        ),
      },
    ),
  })
  .map(({ lie, ...made }) => ({ ...made, ...lie }))

const zipOf = (entries: readonly MadeEntry[]): Uint8Array => makeZip(entries)

/** A change of the bytes: flipped, cut, doubled or overwritten. */
type Mutation = (zip: Uint8Array) => Uint8Array
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constant<Mutation>((zip) => zip),
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 255 })).map(
    ([share, bits]): Mutation =>
      (zip) => {
        const at = Math.min(zip.length - 1, Math.floor(share * zip.length))
        return zip.length === 0 ? zip : zip.with(at, (zip[at] ?? 0) ^ bits)
      },
  ),
  fc.double({ min: 0, max: 1, noNaN: true }).map(
    (share): Mutation =>
      (zip) =>
        zip.slice(0, Math.floor(share * zip.length)),
  ),
  fc.double({ min: 0, max: 1, noNaN: true }).map(
    (share): Mutation =>
      (zip) =>
        zip.slice(Math.floor(share * zip.length)),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map(
    (bytes): Mutation =>
      (zip) => {
        const changed = zip.slice()
        changed.set(bytes.subarray(0, zip.length), Math.max(0, Math.floor(zip.length / 2) - bytes.length))
        return changed
      },
  ),
)

describe('mutated uploads', () => {
  it(`${RUNS} zips: 201 and whole, or a named 400 and nothing visible`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 4 }),
        fc.array(mutation, { maxLength: 2 }),
        async (entries, mutations) => {
          const zip = mutations.reduce((bytes, mutate) => mutate(bytes), zipOf(entries))
          const { status, body } = await upload(token, zip)
          count(`zip ${status}`)
          if (status === 400) {
            expect(body.error).not.toBe('')
            expect(await storedKeys()).toEqual([])
            expect(await lastUpload()).toMatchObject({ completed_at: null, failed_reason: body.error })
          } else {
            expect(status).toBe(201)
            // A zip that says it is large waits for the indexer, and nothing of it is visible until then.
            const isQueued = body.upload.completed_at === null
            if (isQueued) count('zip queued')
            expect((await storedKeys()).every((key) => key.startsWith('uploads/') === isQueued)).toBe(true)
            await emptyStore()
          }
        },
      ),
      options,
    )
  }, 3_600_000)

  it(`${RUNS} manifests: 201 with an action for each file, or a named 400`, async () => {
    const client = new V2Client(token)
    const good = { key: `a/${ID}/a.sym`, size: 3, md5_hash: md5(utf8('abc')) }
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(good.key, good.md5_hash, 3, -1, 2 ** 60))
    const file = fc.oneof(
      { weight: 3, arbitrary: fc.constant(good) },
      { weight: 1, arbitrary: fc.string().map((key) => ({ ...good, key })) },
      { weight: 1, arbitrary: fc.record({ key: value, size: value, md5_hash: value }, { requiredKeys: [] }) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
    )
    const manifest = fc.oneof(
      { weight: 8, arbitrary: fc.array(file, { maxLength: 5 }).map((files) => JSON.stringify({ files })) },
      { weight: 1, arbitrary: fc.json() },
      { weight: 1, arbitrary: fc.string() },
    )
    await fc.assert(
      fc.asyncProperty(manifest, async (text) => {
        const { status, body } = await client.send('POST', '/upload/v2/', text)
        count(`manifest ${status}`)
        if (status === 201) expect(body.files).toHaveLength(JSON.parse(text).files.length)
        else expect([status, body.error]).toEqual([400, 'malformed JSON request body'])
      }),
      options,
    )
    expect(await storedKeys()).toEqual([])
  }, 3_600_000)
})
