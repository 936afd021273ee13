import { beforeAll, describe, expect, it } from 'vitest'
import { openSymbolIndex } from './open-index.ts'
import type { SymbolAt } from './symbol-index.ts'
import { symbolAt } from './testing/compare.ts'
import { addressesOf, type Corpus, fixtureCorpora, GENERATED_KINDS, generatedCorpus } from './testing/corpora.ts'
import { buildInMemory, countedSource, forgettingCache, keepingCache, openInMemory } from './testing/index-in-memory.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import { buildSymbolAnswers, RUST_BUILD_DEADLINE_MS, rustVerdict } from './testing/rust-answers.ts'
import { smallFiles } from './testing/small-files.ts'
import { parseWholeFile } from './testing/whole-file.ts'

/**
 * What the index answers at an address is what breakpad-symbols answers from the whole file, and what the whole-file parser of these tests does. A file
 * that the crate refuses is corrupt at the same line. 20,000 addresses a file with MAYDAY_TEST_SIZE=full, else 1,000; MAYDAY_SEED repeats a run.
 */
const ADDRESSES = FULL_SIZE ? 20_000 : 1_000
const SCALE = FULL_SIZE ? 4 : 1
const MAX_MS = 600_000

beforeAll(() => {
  console.log(`seed ${SEED}`)
  buildSymbolAnswers()
}, RUST_BUILD_DEADLINE_MS)

async function agree(corpus: Corpus, count = ADDRESSES): Promise<void> {
  const random = new Random(SEED)
  const addresses = addressesOf(corpus, count, random)
  const theirs = rustVerdict(corpus.bytes, addresses)
  const { built, index } = await buildInMemory(corpus.bytes, random.pick([1, 7, 1_000, 65_536, 1_000_000]))
  expect(built.facts.index_bytes).toBe(index.length)
  const opened = await openInMemory(index)
  if (theirs.kind === 'refused') {
    // The crate counts the lines before the bad one.
    const corrupt = { kind: 'corrupt', line: theirs.line + 1 }
    expect(built).toMatchObject(corrupt)
    expect(opened).toMatchObject(corrupt)
    const appended = await buildInMemory(corpus.bytes, 65_536, 'etag-1', false)
    expect(await openInMemory(appended.index)).toMatchObject(corrupt)
    return
  }
  expect({ built: built.kind, opened: opened.kind }).toEqual({ built: 'indexed', opened: 'open' })
  if (opened.kind !== 'open') return
  expect(built.facts.text_bytes).toBe(corpus.bytes.length)
  expect(opened.index.sym_etag).toBe('etag-1')
  expect(opened.index.module).toMatchObject({ debug_id: theirs.module_id, debug_file: theirs.debug_file })
  const whole = parseWholeFile(corpus.bytes)
  const found = await opened.index.lookup(addresses)
  expect(found).toHaveLength(addresses.length)
  for (const [at, address] of addresses.entries()) {
    const answer = theirs.answers[at]
    if (answer === undefined || whole.kind === 'refused') throw new Error('the oracles disagree')
    const where = `${corpus.name} at ${address.toString(16)}`
    expect(found[at], where).toEqual(symbolAt(answer))
    expect(found[at], where).toEqual(symbolAt(whole.symbols.at(address)))
  }
}

const hasInlines = (symbol: SymbolAt | undefined) => symbol?.kind === 'function' && symbol.inlines.length > 0

describe('a lookup in the index answers as breakpad-symbols does from the whole file', () => {
  for (const corpus of fixtureCorpora()) it(`of the fixture ${corpus.name}`, () => agree(corpus), MAX_MS)
  for (const kind of GENERATED_KINDS)
    it(`of a generated file: ${kind}`, () => agree(generatedCorpus(kind, SEED, SCALE)), MAX_MS)
  for (const corpus of smallFiles()) it(`of ${corpus.name}`, () => agree(corpus, 200), MAX_MS)
})

describe('a lookup', () => {
  it(
    'of many addresses at once, one by one, in another order and without a cache answers the same',
    async () => {
      const corpus = generatedCorpus('out of order', SEED, 1)
      const random = new Random(SEED)
      const { index } = await buildInMemory(corpus.bytes)
      const addresses = addressesOf(corpus, 200, random)
      const [kept, forgotten] = await Promise.all([openInMemory(index), openInMemory(index, forgettingCache())])
      if (kept.kind !== 'open' || forgotten.kind !== 'open') throw new Error('not open')
      const together = await kept.index.lookup(addresses)
      expect(await forgotten.index.lookup(addresses)).toEqual(together)
      for (const [at, address] of random.shuffled([...addresses.entries()])) {
        expect(await forgotten.index.lookup([address])).toEqual([together[at]])
      }
      expect(await kept.index.lookup([])).toEqual([])
      const [first = 0n] = addresses
      expect(await kept.index.lookup([first, first, first])).toEqual([together[0], together[0], together[0]])
    },
    MAX_MS,
  )

  it(
    'takes two range reads with opening, and four at most where inline names lie apart or the file is in no order',
    async () => {
      const random = new Random(SEED)
      const inOrder = ['linux', 'm flags', 'huge function', 'late tables', 'overlapping']
      for (const kind of [...inOrder, 'windows', 'out of order', 'PUBLIC only']) {
        const corpus = generatedCorpus(kind, SEED, 2)
        const { index } = await buildInMemory(corpus.bytes)
        for (const address of addressesOf(corpus, 60, random)) {
          const source = countedSource(index)
          const opened = await openSymbolIndex(source, keepingCache(), 'content-1')
          if (opened.kind !== 'open') throw new Error('not open')
          const [symbol] = await opened.index.lookup([address])
          const most = inOrder.includes(kind) && !hasInlines(symbol) ? 2 : 4
          expect(source.reads, `${kind} at ${address.toString(16)}`).toBeLessThanOrEqual(most)
        }
      }
    },
    MAX_MS,
  )
})
