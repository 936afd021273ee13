import { beforeAll, describe, expect, it } from 'vitest'
import { symbolAt } from './testing/compare.ts'
import { addressesOf, GENERATED_KINDS, generatedCorpus } from './testing/corpora.ts'
import { buildInMemory, openInMemory } from './testing/index-in-memory.ts'
import { MUTATIONS, mutated } from './testing/mutations.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import { buildSymbolAnswers, RUST_BUILD_DEADLINE_MS, type RustJob, rustVerdicts } from './testing/rust-answers.ts'
import { parseWholeFile } from './testing/whole-file.ts'

/**
 * Broken sym files: the index says what breakpad-symbols says, that is either corrupt at the same line, or the same answer at every address, from the index and
 * from the partial text of its records. 10,000 files of each mutation with MAYDAY_TEST_SIZE=full, else 500; MAYDAY_SEED repeats a run.
 */
const RUNS = FULL_SIZE ? 10_000 : 500
const ADDRESSES = 24
/** Rust is asked in batches: one process a file would be the slowest part. */
const BATCH = 250
const MAX_MS = 1_800_000

beforeAll(() => {
  console.log(`seed ${SEED}`)
  buildSymbolAnswers()
}, RUST_BUILD_DEADLINE_MS)

/** A tenth of what the differential tests read: many broken files rather than large ones. */
const bases = GENERATED_KINDS.filter((kind) => !['long lines', 'huge function', 'old INLINE form'].includes(kind)).map(
  (kind) => generatedCorpus(kind, SEED, 0.04).bytes,
)

interface Case extends RustJob {
  readonly where: string
}

async function agree(cases: readonly Case[]): Promise<{ readonly refused: number; readonly answered: number }> {
  const partials: (Case & { readonly whole: number; readonly inside: readonly number[] })[] = []
  const verdicts = rustVerdicts(cases)
  let refused = 0
  for (const [at, { bytes, addresses, where }] of cases.entries()) {
    const verdict = verdicts[at]
    const whole = parseWholeFile(bytes)
    const { built, index } = await buildInMemory(bytes, 1_000)
    const opened = await openInMemory(index)
    if (verdict?.kind !== 'parsed') {
      expect(whole, where).toMatchObject({ kind: 'refused', line: verdict?.line })
      expect(built, where).toMatchObject({ kind: 'corrupt', line: (verdict?.line ?? 0) + 1 })
      expect(opened, where).toMatchObject({ kind: 'corrupt', line: (verdict?.line ?? 0) + 1 })
      refused += 1
      continue
    }
    expect([built.kind, opened.kind, whole.kind], where).toEqual(['indexed', 'open', 'parsed'])
    if (opened.kind !== 'open') continue
    expect(await opened.index.lookup(addresses), where).toEqual(verdict.answers.map(symbolAt))
    const asked = addresses.slice(0, 2)
    const { text, ranges, unanswered } = await opened.index.records(asked, 500_000)
    expect(unanswered, where).toEqual([])
    const covered = (address: bigint) => ranges.some(({ start, end }) => start <= address && address < end)
    expect(asked.every(covered), where).toBe(true)
    const inside = [...addresses.keys()].filter((number) => covered(addresses[number] ?? 0n))
    const found = inside.map((number) => addresses[number] ?? 0n)
    partials.push({ bytes: new TextEncoder().encode(text), addresses: found, where, whole: at, inside })
  }
  for (const [at, verdict] of rustVerdicts(partials).entries()) {
    const { where, whole, inside } = partials[at] ?? { where: '', whole: 0, inside: [] }
    const ofWhole = verdicts[whole]
    if (verdict.kind !== 'parsed' || ofWhole?.kind !== 'parsed')
      throw new Error(`${where}: the partial text is refused`)
    expect(verdict.answers, `partial, ${where}`).toEqual(inside.map((number) => ofWhole.answers[number]))
  }
  return { refused, answered: cases.length - refused }
}

describe('a broken sym file has the verdict and the answers of breakpad-symbols', () => {
  for (const kind of Object.keys(MUTATIONS)) {
    it(
      `${kind}`,
      async () => {
        const counts = { refused: 0, answered: 0 }
        for (let run = 0; run < RUNS; run += BATCH) {
          const cases = Array.from({ length: Math.min(BATCH, RUNS - run) }, (_, number): Case => {
            const random = new Random(SEED + 1_000_003 * (run + number))
            const bytes = mutated(kind, random.pick(bases), random.pick(bases), random)
            const addresses = addressesOf({ name: kind, bytes }, ADDRESSES, random)
            return { bytes, addresses, where: `${kind}, run ${run + number}` }
          })
          const { refused, answered } = await agree(cases)
          counts.refused += refused
          counts.answered += answered
        }
        console.log(`${kind}: ${counts.refused} refused, ${counts.answered} answered`)
        // Both outcomes are there, or the mutation proves nothing.
        expect(Math.min(counts.refused, counts.answered)).toBeGreaterThan(RUNS / 50)
      },
      MAX_MS,
    )
  }
})
