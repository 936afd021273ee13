import { beforeAll, describe, expect, it } from 'vitest'
import type { RangeSource } from '../range-source.ts'
import { openSymbolIndex } from './open-index.ts'
import type { SymbolAt } from './symbol-index.ts'
import { symbolAt } from './testing/compare.ts'
import { addressesOf, generatedCorpus } from './testing/corpora.ts'
import { buildInMemory, countedSource, keepingCache } from './testing/index-in-memory.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import { parseWholeFile } from './testing/whole-file.ts'

/**
 * Broken index bytes, of any kind: opening says so, or a read throws DamagedIndex, or the answers are right. Never a wrong answer, never another error, never
 * more reads or memory than the index has bytes for. Every byte of three indexes with MAYDAY_TEST_SIZE=full, else every twentieth.
 */
const STEP = FULL_SIZE ? 1 : 20
const MAX_MS = 1_800_000
/** A hostile index may not make a reader read more than the whole file a few times over. */
const MAX_READS = 400

interface Subject {
  readonly kind: string
  readonly index: Uint8Array
  readonly addresses: readonly bigint[]
  readonly expected: readonly SymbolAt[]
  /** Of the first address, as the whole index says them. */
  readonly records: string
}

let subjects: Subject[] = []

beforeAll(async () => {
  console.log(`seed ${SEED}`)
  subjects = await Promise.all(
    ['windows', 'out of order', 'late tables'].map(async (kind) => {
      const corpus = generatedCorpus(kind, SEED, kind === 'windows' ? 1 : 0.05)
      const whole = parseWholeFile(corpus.bytes)
      if (whole.kind === 'refused') throw new Error(`${kind} is refused`)
      const addresses = addressesOf(corpus, 12, new Random(SEED))
      const { index } = await buildInMemory(corpus.bytes)
      const expected = addresses.map((address) => symbolAt(whole.symbols.at(address)))
      const opened = await openSymbolIndex(countedSource(index), keepingCache(), 'whole')
      if (opened.kind !== 'open') throw new Error(`${kind} does not open`)
      const { text } = await opened.index.records(addresses.slice(0, 1), 500_000)
      return { kind, index, addresses, expected, records: text }
    }),
  )
})

type Outcome = 'answered' | 'damaged' | 'DamagedIndex' | 'other_version' | 'corrupt'

/** What a reader of these bytes sees; fails on a wrong answer and on an error of another name. */
async function outcome(
  { addresses, expected, records }: Subject,
  source: RangeSource,
  where: string,
): Promise<Outcome> {
  try {
    const opened = await openSymbolIndex(source, keepingCache(), 'broken')
    if (opened.kind !== 'open') return opened.kind
    expect(await opened.index.lookup(addresses), where).toEqual(expected)
    const partial = await opened.index.records(addresses.slice(0, 1), 500_000)
    expect(partial.text, where).toBe(records)
    return 'answered'
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'DamagedIndex') return 'DamagedIndex'
    throw thrown instanceof Error ? Object.assign(thrown, { message: `${where}: ${thrown.message}` }) : thrown
  }
}

async function outcomes(
  cases: Iterable<readonly [subject: Subject, bytes: Uint8Array, where: string]>,
): Promise<Map<Outcome, number>> {
  const counts = new Map<Outcome, number>()
  for (const [subject, bytes, where] of cases) {
    const source = countedSource(bytes)
    const seen = await outcome(subject, source, `${subject.kind}, ${where}`)
    expect(source.reads, where).toBeLessThan(MAX_READS)
    counts.set(seen, (counts.get(seen) ?? 0) + 1)
  }
  return counts
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

describe('broken index bytes give a named outcome or the right answer', () => {
  it(
    'a byte flipped anywhere',
    async () => {
      const random = new Random(SEED)
      const flips = function* () {
        for (const subject of subjects) {
          for (let at = random.below(STEP); at < subject.index.length; at += STEP) {
            const flipped =
              (subject.index[at] ?? 0) ^ (random.chance(0.5) ? 1 << random.below(8) : random.between(1, 255))
            yield [subject, changed(subject.index, at, flipped), `byte ${at} of ${subject.index.length}`] as const
          }
        }
      }
      const counts = await outcomes(flips())
      console.log('flipped:', Object.fromEntries(counts))
      expect([...counts.keys()].some((kind) => kind === 'damaged' || kind === 'DamagedIndex')).toBe(true)
    },
    MAX_MS,
  )

  it(
    'cut at any length, from the end and from the front',
    async () => {
      const random = new Random(SEED + 1)
      const cuts = function* () {
        for (const subject of subjects) {
          for (let at = random.below(STEP); at < subject.index.length; at += STEP) {
            yield [subject, subject.index.slice(0, at), `cut to ${at}`] as const
            yield [subject, subject.index.slice(at + 1), `without the first ${at + 1}`] as const
          }
          yield [subject, new Uint8Array(0), 'nothing'] as const
        }
      }
      const counts = await outcomes(cuts())
      console.log('cut:', Object.fromEntries(counts))
      expect(counts.get('other_version') ?? 0).toBe(0)
    },
    MAX_MS,
  )

  it(
    'spliced: parts of it moved, doubled, zeroed, or of another index',
    async () => {
      const random = new Random(SEED + 2)
      const splices = function* () {
        for (let run = 0; run < (FULL_SIZE ? 10_000 : 500); run += 1) {
          const subject = random.pick(subjects)
          const other = random.pick(subjects).index
          const bytes = subject.index.slice()
          const length = 1 + random.below(random.chance(0.5) ? 64 : bytes.length)
          const [from, to] = [random.below(bytes.length), random.below(bytes.length)]
          const put = random.chance(0.2)
            ? new Uint8Array(length)
            : random.pick([other, bytes]).slice(from, from + length)
          bytes.set(put.subarray(0, bytes.length - to), to)
          yield [subject, bytes, `splice ${run}`] as const
        }
      }
      console.log('spliced:', Object.fromEntries(await outcomes(splices())))
    },
    MAX_MS,
  )

  it(
    'bytes in front, bytes behind, another index behind, no index at all',
    async () => {
      const random = new Random(SEED + 3)
      const [first, second] = subjects
      if (first === undefined || second === undefined) throw new Error('no subjects')
      const noise = (length: number) => Uint8Array.from({ length }, () => random.below(256))
      const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
      const cases = [
        ...[1, 16, 4_096].flatMap((length) => [joined(noise(length), first.index), joined(first.index, noise(length))]),
        ...[joined(second.index, first.index), noise(40), noise(50_000), new Uint8Array(100_000)],
        new TextEncoder().encode('MODULE Linux x86_64 0 x\n'.repeat(2_000)),
      ]
      const counts = await outcomes(cases.map((bytes, number) => [first, bytes, `case ${number}`] as const))
      console.log('joined:', Object.fromEntries(counts))
      // Another index behind is another index whole: its end decides. The wrong offsets must be seen, not followed.
      expect((counts.get('damaged') ?? 0) + (counts.get('DamagedIndex') ?? 0)).toBeGreaterThan(4)
    },
    MAX_MS,
  )

  it(
    'a source that gives less than it was asked for, or nothing',
    async () => {
      const [subject] = subjects
      if (subject === undefined) throw new Error('no subjects')
      for (const keeps of [0, 1, 0.5]) {
        for (const shortAt of [1, 2, 3, 4, 5]) {
          const whole = countedSource(subject.index)
          const short: RangeSource = {
            size: whole.size,
            async read(offset, length) {
              const bytes = await whole.read(offset, length)
              return whole.reads < shortAt
                ? bytes
                : bytes.slice(0, keeps === 1 ? bytes.length - 1 : bytes.length * keeps)
            },
          }
          expect(await outcome(subject, short, `short at read ${shortAt}`)).toMatch(/^(damaged|DamagedIndex|answered)$/)
        }
      }
    },
    MAX_MS,
  )

  it(
    'what a source throws comes out as it is, and the next try reads anew',
    async () => {
      // Larger than what opening reads.
      const subject = subjects.find(({ index }) => index.length > 50_000)
      if (subject === undefined) throw new Error('no subjects')
      const whole = countedSource(subject.index)
      let failing = false
      const flaky: RangeSource = {
        size: whole.size,
        read: (offset, length) => (failing ? Promise.reject(new Error('R2 is down')) : whole.read(offset, length)),
      }
      const opened = await openSymbolIndex(flaky, keepingCache(), 'flaky')
      if (opened.kind !== 'open') throw new Error('not open')
      failing = true
      await expect(openSymbolIndex(flaky, keepingCache(), 'flaky too')).rejects.toThrow('R2 is down')
      const failed = await Promise.allSettled(subject.addresses.map((address) => opened.index.lookup([address])))
      expect(failed.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
      failing = false
      expect(await opened.index.lookup(subject.addresses)).toEqual(subject.expected)
    },
    MAX_MS,
  )
})
