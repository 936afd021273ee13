import { beforeAll, describe, expect, it } from 'vitest'
import { addressesOf, type Corpus, fixtureCorpora, GENERATED_KINDS, generatedCorpus } from './testing/corpora.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import { buildSymbolAnswers, RUST_BUILD_DEADLINE_MS, rustVerdict } from './testing/rust-answers.ts'
import { smallFiles } from './testing/small-files.ts'
import { parseWholeFile } from './testing/whole-file.ts'

/**
 * The oracle itself: the whole-file parser of these tests answers what breakpad-symbols does, so a difference between it and the index is
 * the index's. 20,000 addresses a file with MAYDAY_TEST_SIZE=full, else 1,000; MAYDAY_SEED repeats a run.
 */
const ADDRESSES = FULL_SIZE ? 20_000 : 1_000
const SCALE = FULL_SIZE ? 4 : 1

beforeAll(() => {
  console.log(`seed ${SEED}`)
  buildSymbolAnswers()
}, RUST_BUILD_DEADLINE_MS)

function agree(corpus: Corpus, count = ADDRESSES) {
  const addresses = addressesOf(corpus, count, new Random(SEED))
  const theirs = rustVerdict(corpus.bytes, addresses)
  const ours = parseWholeFile(corpus.bytes)
  if (ours.kind === 'refused' || theirs.kind === 'refused') {
    expect({ kind: ours.kind, line: ours.kind === 'refused' ? ours.line : null }).toEqual({
      kind: theirs.kind,
      line: theirs.kind === 'refused' ? theirs.line : null,
    })
    return 0
  }
  for (const [at, address] of addresses.entries()) {
    const { walk: _, ...answer } = theirs.answers[at] ?? { walk: '' }
    expect(ours.symbols.at(address), `${corpus.name} at ${address.toString(16)}`).toEqual(answer)
  }
  return addresses.length
}

describe('the whole-file parser answers as breakpad-symbols', () => {
  for (const corpus of fixtureCorpora()) it(`from the fixture ${corpus.name}`, () => void agree(corpus))
  for (const kind of GENERATED_KINDS)
    it(`from a generated file: ${kind}`, () => void agree(generatedCorpus(kind, SEED, SCALE)))
  for (const corpus of smallFiles()) it(`from ${corpus.name}`, () => void agree(corpus, 200))
})
