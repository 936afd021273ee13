import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { PartialOutcome } from '#shared/symbols/symbols-rpc.ts'
import { answerRead } from './reads.ts'
import { indexFile, readsRig, storeFile } from './testing/stored-files.ts'
import { SYM_ID, symKey, symText } from './testing/sym-texts.ts'

/**
 * Mutated bodies and addresses against the partial routes: 200 with an outcome for each module, or a named 4xx; never a 5xx but the 503 of a pending
 * index. 1,000 of each in `npm test`, 20,000 with MAYDAY_TEST_SIZE=full; MAYDAY_SEED repeats a run.
 */
const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const RUNS = MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const seed = Number(MAYDAY_SEED || 20_261_123)
const options = { numRuns: RUNS, seed, endOnFailure: true }
const counted = new Map<string, number>()
const count = (what: string) => counted.set(what, (counted.get(what) ?? 0) + 1)
const rig = readsRig()

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  for (const file of ['a', 'b']) {
    await storeFile(symKey(file), symText(file, 20))
    await indexFile(symKey(file))
  }
  await storeFile(symKey('bad'), `MODULE Linux x86_64 ${SYM_ID} bad\nnothing of a sym file\n`)
  await indexFile(symKey('bad'))
})
afterAll(() => {
  console.log(`partial fuzz, seed ${seed}, ${RUNS} runs each: ${JSON.stringify(Object.fromEntries(counted))}`)
})

const hexBelow = (max: bigint) => fc.bigInt({ min: 0n, max }).map((address) => address.toString(16))
const good = fc.oneof(hexBelow(0x2600n), hexBelow(2n ** 64n - 1n), fc.constantFrom('0', '0X1000', 'ffffffffffffffff'))
const odd = fc.oneof(
  hexBelow(2n ** 70n),
  fc.constantFrom('', '0x', '-1', ' 1', '1 ', '1e3', '𝟏', '１', '0x0x1', '1_0'),
  fc.string({ maxLength: 20 }),
)
const address = fc.oneof({ weight: 40, arbitrary: good }, { weight: 1, arbitrary: odd })
const file = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'bad') },
  { weight: 1, arbitrary: fc.constantFrom('none', '<unknown>', '../a', 'a/b', '\0', '', '.', '汉') },
  { weight: 1, arbitrary: fc.string() },
)
const id = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(SYM_ID, SYM_ID.toLowerCase()) },
  { weight: 1, arbitrary: fc.constantFrom('0'.repeat(33), 'AB', '', 'x') },
  { weight: 1, arbitrary: fc.string() },
)
const module = fc.record({ debug_file: file, debug_id: id, addresses: fc.array(address, { maxLength: 6 }) })
const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), module, fc.constantFrom(SYM_ID, [], {}, null))
const body = fc.oneof(
  { weight: 6, arbitrary: fc.array(module, { maxLength: 5 }).map((modules) => JSON.stringify({ modules })) },
  { weight: 2, arbitrary: fc.array(value, { maxLength: 4 }).map((modules) => JSON.stringify({ modules })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ debug_file: value, debug_id: value, addresses: value }, { requiredKeys: [] })
      .map((one) => JSON.stringify({ modules: [one] })),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
)
/** Bytes of the body that are flipped, or written over by earlier ones; most bodies have none. */
const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), bits: fc.integer({ min: 0, max: 255 }) })
const mutations = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
)

const NAMED_400 = ['malformed_json', 'bad_address', 'too_many_modules', 'too_many_addresses', 'no_address']

describe('mutated requests', () => {
  it(`${RUNS} bodies: 200 with an outcome for each module, or a named 400`, async () => {
    await fc.assert(
      fc.asyncProperty(body, mutations, async (text, changes) => {
        const bytes = new TextEncoder().encode(text)
        for (const { at, bits } of changes) {
          const place = Math.floor(at * bytes.length)
          if (bits === 255) bytes.copyWithin(place, Math.floor(place / 2))
          else if (place < bytes.length) bytes[place] = (bytes[place] ?? 0) ^ bits
        }
        const request = new Request('http://symbols.test/symbols/partial', { method: 'POST', body: bytes })
        const response = await answerRead(request, rig.deps)
        count(`POST ${response.status}`)
        if (response.status === 200) {
          const { modules } = await response.json<{ modules: PartialOutcome[] }>()
          expect(modules).toHaveLength(JSON.parse(new TextDecoder().decode(bytes)).modules.length)
          for (const outcome of modules) count(outcome.kind)
        } else {
          expect(response.status).toBe(400)
          expect(NAMED_400).toContain((await response.json<{ reason: string }>()).reason)
        }
      }),
      options,
    )
  }, 3_600_000)

  it(`${RUNS} addresses of a GET: 200, or a named 4xx`, async () => {
    await fc.assert(
      fc.asyncProperty(file, id, fc.array(address, { maxLength: 4 }), async (name, moduleId, addresses) => {
        const query = new URLSearchParams(addresses.map((one) => ['address', one]))
        const path = `/symbols/partial/${encodeURIComponent(name)}/${encodeURIComponent(moduleId)}`
        const response = await rig.get(`${path}?${query}`)
        count(`GET ${response.status}`)
        expect([200, 400, 404, 422]).toContain(response.status)
        if (response.status === 200) expect(await response.text()).toMatch(/^MODULE /)
        else expect((await response.json<{ error: string }>()).error).not.toBe('')
      }),
      options,
    )
  }, 3_600_000)
})
