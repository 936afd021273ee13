import { beforeAll, describe, expect, it } from 'vitest'
import type { PartialRecords, SymbolIndex } from './symbol-index.ts'
import { addressesOf, type Corpus, fixtureCorpora, GENERATED_KINDS, generatedCorpus } from './testing/corpora.ts'
import { indexOf } from './testing/index-in-memory.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import {
  buildSymbolAnswers,
  RUST_BUILD_DEADLINE_MS,
  type RustJob,
  rustVerdict,
  rustVerdicts,
} from './testing/rust-answers.ts'
import { smallFiles } from './testing/small-files.ts'
import { parseWholeFile } from './testing/whole-file.ts'

/**
 * The promise of partial symbol files: inside the ranges that `records` states, its text answers exactly as the whole file, for breakpad-symbols itself: functions,
 * lines, inlines, PUBLIC, parameter sizes, CFI and WIN records, and what unwinding with them gives. 500 requests a file with
 * MAYDAY_TEST_SIZE=full, else 30; MAYDAY_SEED repeats a run.
 */
const REQUESTS = FULL_SIZE ? 500 : 30
const ADDRESSES = FULL_SIZE ? 20_000 : 1_000
/** Addresses that are looked up in one partial text. */
const LOOKUPS = 120
const SCALE = FULL_SIZE ? 4 : 1
const MAX_MS = 900_000
const KB = 1024
/** Names of corpora with lines above 80 KB. */
const LONG_LINES = /^long lines$|… \(\d{5,}\)$/

beforeAll(() => {
  console.log(`seed ${SEED}`)
  buildSymbolAnswers()
}, RUST_BUILD_DEADLINE_MS)

const utf8 = new TextEncoder()
const covers = ({ ranges }: PartialRecords, address: bigint) =>
  ranges.some(({ start, end }) => start <= address && address < end)

/** The form that every answer has, whatever the file. */
function expectForm(partial: PartialRecords, asked: readonly bigint[], maxTextBytes: number, where: string): void {
  const { text, ranges, unanswered } = partial
  expect(utf8.encode(text).length, where).toBeLessThanOrEqual(maxTextBytes)
  expect(text, where).toMatch(/^MODULE [^\r]*\n$/s)
  expect(unanswered, where).toEqual([...new Set(asked)].filter((address) => unanswered.includes(address)))
  for (const address of asked) {
    expect(
      covers(partial, address) !== unanswered.includes(address),
      `${where}: ${address.toString(16)} is answered or told`,
    ).toBe(true)
  }
  for (const [at, { start, end }] of ranges.entries()) {
    expect(start < end && end <= 2n ** 64n, where).toBe(true)
    const next = ranges[at + 1]
    if (next !== undefined) expect(end <= next.start, `${where}: ranges are sorted and disjoint`).toBe(true)
  }
}

/** Those of the file's addresses that lie in the ranges, and the edges of the ranges. */
function addressesIn(
  partial: PartialRecords,
  addresses: readonly bigint[],
  asked: readonly bigint[],
  random: Random,
): bigint[] {
  const edges = partial.ranges.flatMap(({ start, end }) => [start, start + 1n, end - 1n, start + (end - start) / 2n])
  const inside = random.shuffled(addresses).slice(0, LOOKUPS * 40)
  const chosen = [...asked, ...random.shuffled(edges).slice(0, LOOKUPS), ...inside].filter((address) =>
    covers(partial, address),
  )
  return chosen.slice(0, LOOKUPS)
}

/** One address, some from all over the file, or some that lie side by side: records of one must not change what is said of its neighbours. */
function askedAddresses(ascending: readonly bigint[], random: Random): bigint[] {
  const count = random.chance(0.4) ? 1 : random.between(2, 8)
  if (random.chance(0.5)) return Array.from({ length: count }, () => random.pick(ascending))
  const from = random.below(ascending.length)
  return random.shuffled(ascending.slice(from, from + 3 * count)).slice(0, count)
}

async function keepsItsPromise(corpus: Corpus, requests = REQUESTS): Promise<void> {
  const random = new Random(SEED)
  const addresses = addressesOf(corpus, ADDRESSES, random)
  const ascending = addresses.toSorted((a, b) => (a < b ? -1 : 1))
  const whole = parseWholeFile(corpus.bytes)
  if (whole.kind === 'refused') return
  const index: SymbolIndex = await indexOf(corpus.bytes)
  const jobs: (RustJob & { readonly where: string })[] = []
  for (let request = 0; request < requests; request += 1) {
    const asked = askedAddresses(ascending, random)
    const maxTextBytes = random.chance(0.8) ? 256 * KB * asked.length : random.pick([1, 4, 16, 64]) * KB
    const partial = await index.records(asked, maxTextBytes)
    const where = `${corpus.name}, asked for ${asked.map((address) => address.toString(16))} in ${maxTextBytes}`
    expectForm(partial, asked, maxTextBytes, where)
    if (maxTextBytes === 256 * KB * asked.length) {
      // There is room: what is left out has lines so long that they fit into the crate's read buffer only alone.
      for (const address of partial.unanswered) {
        expect(
          (await index.records([address], 256 * KB)).unanswered,
          `${where}: ${address.toString(16)} alone`,
        ).toEqual([])
      }
      if (!LONG_LINES.test(corpus.name)) expect(partial.unanswered, where).toEqual([])
    }
    jobs.push({ bytes: utf8.encode(partial.text), addresses: addressesIn(partial, addresses, asked, random), where })
  }
  const all = jobs.flatMap((job) => job.addresses)
  const expected = rustVerdict(corpus.bytes, all)
  if (expected.kind === 'refused') throw new Error('the oracles disagree')
  const answers = expected.answers.values()
  for (const [at, verdict] of rustVerdicts(jobs).entries()) {
    const job = jobs[at]
    if (job === undefined) throw new Error('a verdict without a job')
    if (verdict.kind === 'refused')
      throw new Error(`${job.where}: the text is refused at line ${verdict.line}: ${verdict.reason}`)
    const { module_id, debug_file } = expected
    // A file may have no MODULE line, or one that leaves no room: the partial text has one all the same.
    if (module_id !== '' && module_id.length < 1_000)
      expect(verdict, job.where).toMatchObject({ module_id, debug_file })
    const partial = parseWholeFile(job.bytes)
    if (partial.kind === 'refused') throw new Error('the oracles disagree')
    for (const [number, address] of job.addresses.entries()) {
      const here = `${job.where}, at ${address.toString(16)}`
      expect(verdict.answers[number], here).toEqual(answers.next().value)
      expect(partial.symbols.at(address), here).toEqual(whole.symbols.at(address))
    }
  }
}

describe('inside its ranges, the text of records answers as the whole file', () => {
  for (const corpus of fixtureCorpora()) it(`of the fixture ${corpus.name}`, () => keepsItsPromise(corpus), MAX_MS)
  for (const kind of GENERATED_KINDS) {
    it(`of a generated file: ${kind}`, () => keepsItsPromise(generatedCorpus(kind, SEED, SCALE)), MAX_MS)
  }
  for (const corpus of smallFiles()) it(`of ${corpus.name}`, () => keepsItsPromise(corpus, 8), MAX_MS)
})
