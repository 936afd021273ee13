import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { symbolicationRig } from './testing/symbolication-rig.ts'

/**
 * Mutated bodies against the whole Worker: 200, 400 or 413, each with what it promises, never a 5xx; and nothing stays held. 1,000 in `npm test`, 20,000
 * with MAYDAY_TEST_SIZE=full; MAYDAY_SEED repeats a run.
 */
const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const RUNS = MAYDAY_TEST_SIZE === 'full' ? 20_000 : 1_000
const seed = Number(MAYDAY_SEED || 20_261_123)
const counted = new Map<string, number>()
afterAll(() => {
  console.log(`symbolication fuzz, seed ${seed}, ${RUNS} runs: ${JSON.stringify(Object.fromEntries(counted))}`)
})

const ID = 'ABCDEF0123456789ABCDEF01234567890'
const rig = symbolicationRig()
rig.symbols.add(`MODULE Linux x86_64 ${ID} a.so\nFILE 0 a.cc\nFUNC 1000 1000 0 f\n1000 1000 7 0\nPUBLIC 3000 0 p\n`)
rig.symbols.answer('pending.so', ID, { kind: 'indexing', retry_after_seconds: 1 })
rig.symbols.answer('corrupt.so', ID, { kind: 'corrupt', line: 1, reason: 'x' })

const odd = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    '-1',
    '-0',
    '1.0',
    '1e400',
    '18446744073709551616',
    '""',
    '[]',
    '{}',
    '{"__proto__":1}',
    '"\\ud800"',
    '"a.so\\n"',
  ),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
)
const name = fc.constantFrom('"a.so"', '"pending.so"', '"corrupt.so"', '"gone.so"', '""', '"{x} <y>.z"')
/** Mostly as it should be: one oddity in many places already makes most bodies odd. */
const sometimes = (value: fc.Arbitrary<string>, weight = 60) =>
  fc.oneof({ weight, arbitrary: value }, { weight: 1, arbitrary: odd })
const list = (item: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc.array(item, { minLength, maxLength }).map((items) => `[${items.join(',')}]`)
const pairOf = (first: fc.Arbitrary<string>, second: fc.Arbitrary<string>) =>
  fc.tuple(first, second).map((pair) => `[${pair.join(',')}]`)
const module = pairOf(sometimes(name), sometimes(fc.constantFrom(`"${ID}"`, '"ab"', '""')))
const index = fc.oneof(
  { weight: 80, arbitrary: fc.constantFrom('-1', '0') },
  { weight: 1, arbitrary: fc.constant('3') },
)
const offset = fc.oneof(
  { weight: 40, arbitrary: fc.bigInt(-1n, 0x4000n).map(String) },
  { weight: 10, arbitrary: fc.bigInt(0n, 2n ** 64n - 1n).map(String) },
  { weight: 1, arbitrary: fc.bigInt(-2n, 2n ** 65n).map(String) },
)
const objectText = (parts: Readonly<Record<string, string>>) =>
  `{${Object.entries(parts)
    .map(([key, value]) => `"${key}":${value}`)
    .join(',')}}`
const stacks = sometimes(list(sometimes(list(sometimes(pairOf(sometimes(index), sometimes(offset))), 0, 4)), 1, 3))
const memoryMap = sometimes(list(sometimes(module), 1, 3))
const job = fc.oneof(
  { weight: 30, arbitrary: fc.record({ stacks, memoryMap }).map(objectText) },
  { weight: 1, arbitrary: fc.record({ stacks }).map(objectText) },
  { weight: 1, arbitrary: fc.record({ memoryMap }).map(objectText) },
)
const traces = fc
  .record({ modules: sometimes(list(odd, 0, 3)), threads: sometimes(list(odd, 0, 3)), crash_thread: odd })
  .map(objectText)
const body = fc.oneof(
  { weight: 4, arbitrary: job },
  fc.array(job, { maxLength: 12 }).map((jobs) => `{"jobs":[${jobs.join(',')}]}`),
  fc
    .tuple(odd, sometimes(traces))
    .map(([value, stack]) => `{"document_id":"a","oom_size":${value},"hang":${value},"stack_traces":${stack}}`),
  odd.map((jobs) => `{"jobs":${jobs}}`),
  odd,
)

type Mutation = (bytes: Uint8Array) => Uint8Array
const share = fc.double({ min: 0, max: 1, noNaN: true })
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(share, fc.integer({ min: 1, max: 255 })).map(
    ([where, bits]): Mutation =>
      (bytes) => {
        const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length))
        return bytes.length === 0 ? bytes : bytes.with(at, (bytes[at] ?? 0) ^ bits)
      },
  ),
  share.map(
    (where): Mutation =>
      (bytes) =>
        bytes.slice(0, Math.floor(where * bytes.length)),
  ),
  share.map(
    (where): Mutation =>
      (bytes) =>
        bytes.slice(Math.floor(where * bytes.length)),
  ),
  fc.tuple(share, share).map(
    ([from, to]): Mutation =>
      (bytes) => {
        const [a, b] = [Math.floor(from * bytes.length), Math.floor(to * bytes.length)]
        return new Uint8Array([...bytes.slice(0, b), ...bytes.slice(a)])
      },
  ),
)

describe('mutated bodies', () => {
  it(`${RUNS}: 200, 400 or 413`, async () => {
    const request = fc.record({
      path: fc.constantFrom('/symbolicate/v5', '/symbolicate/v5', '/symbolicate/v4', '/crash-ping'),
      text: body,
      mutations: fc.oneof(
        { weight: 2, arbitrary: fc.constant<Mutation[]>([]) },
        { weight: 1, arbitrary: fc.array(mutation, { maxLength: 3 }) },
      ),
      headers: fc.constantFrom<Record<string, string>>(
        {},
        {},
        {},
        { 'Content-Encoding': 'gzip' },
        { 'Content-Type': 'application/x-ndjson' },
        { Debug: '1' },
      ),
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ path, text, mutations, headers }) => {
        const bytes = mutations.reduce(
          (mutated, mutate) => mutate(mutated),
          new TextEncoder().encode(text) as Uint8Array,
        )
        const response = await rig.fetch(path, { method: 'POST', body: bytes, headers })
        const answer = new TextDecoder().decode(await response.arrayBuffer())
        counted.set(`${path} ${response.status}`, (counted.get(`${path} ${response.status}`) ?? 0) + 1)
        expect([200, 400, 413]).toContain(response.status)
        for (const line of answer.trimEnd().split('\n')) {
          const value = JSON.parse(line)
          if (response.status === 200) expect(value).not.toHaveProperty('title')
          else expect(value).toEqual({ title: expect.stringMatching(/./) })
        }
        expect(rig.budget.heldBytes).toBe(0)
      }),
      { numRuns: RUNS, seed, endOnFailure: true },
    )
    expect(counted.get('/symbolicate/v5 200')).toBeGreaterThan(0)
  }, 600_000)
})
