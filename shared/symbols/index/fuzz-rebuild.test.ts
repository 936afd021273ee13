import { describe, expect, it } from 'vitest'
import type { RangeSource } from '../range-source.ts'
import { openSymbolIndex } from './open-index.ts'
import type { BlockCache, SymbolAt } from './symbol-index.ts'
import { symbolAt } from './testing/compare.ts'
import { addressesOf, generatedCorpus } from './testing/corpora.ts'
import { buildInMemory, countedSource, forgettingCache, keepingCache } from './testing/index-in-memory.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import { parseWholeFile } from './testing/whole-file.ts'

/**
 * A sym file is replaced and its index rebuilt while a reader is in between its reads. Two files of the same module with different functions at the same
 * addresses: an answer is of one of them, whole, or there is none. 2,000 schedules with MAYDAY_TEST_SIZE=full, else 500; MAYDAY_SEED repeats a run.
 */
const SCHEDULES = FULL_SIZE ? 2_000 : 500
const MAX_MS = 600_000

interface Version {
  readonly etag: string
  readonly index: Uint8Array
  readonly expected: readonly SymbolAt[]
}

class Changed extends Error {
  override readonly name = 'Changed'
}

/** The object in the bucket: whoever reads with the etag of an older version is refused, as R2 does with `onlyIf`. */
class Store {
  readonly #versions: readonly Version[]
  #now = 0
  #readsUntilChange = Number.POSITIVE_INFINITY

  constructor(versions: readonly Version[]) {
    this.#versions = versions
  }

  get now(): Version {
    const version = this.#versions[this.#now % this.#versions.length]
    if (version === undefined) throw new Error('no versions')
    return version
  }

  changeAfter(reads: number): void {
    this.#readsUntilChange = reads
  }

  source(isConditional: boolean): RangeSource {
    const { etag, index } = this.now
    const read = async (offset: number, length: number) => {
      if (this.#readsUntilChange-- <= 0) {
        this.#now += 1
        this.#readsUntilChange = Number.POSITIVE_INFINITY
      }
      if (isConditional && this.now.etag !== etag) throw new Changed(etag)
      return countedSource(this.now.index).read(offset, length)
    }
    return { size: index.length, read }
  }
}

async function versions(addresses: readonly bigint[]): Promise<Version[]> {
  return Promise.all(
    [1, 2, 3].map(async (number) => {
      const { bytes } = generatedCorpus('linux', SEED + 1_000 * number, 0.5)
      const whole = parseWholeFile(bytes)
      if (whole.kind === 'refused') throw new Error('refused')
      const { index } = await buildInMemory(bytes, 65_536, `sym-${number}`)
      return {
        etag: `index-${number}`,
        index,
        expected: addresses.map((address) => symbolAt(whole.symbols.at(address))),
      }
    }),
  )
}

/** One reader, which starts again when the index changes under it. Answers null when its reads failed. */
async function read(store: Store, cache: BlockCache, addresses: readonly bigint[], isConditional: boolean) {
  const { etag } = store.now
  try {
    const opened = await openSymbolIndex(store.source(isConditional), cache, etag)
    return opened.kind === 'open' ? await opened.index.lookup(addresses) : null
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === 'Changed' || thrown.name === 'DamagedIndex')) return null
    throw thrown
  }
}

describe('an index that is rebuilt between two reads of a reader', () => {
  const run = async (isConditional: boolean) => {
    const random = new Random(SEED)
    const addresses = addressesOf(generatedCorpus('linux', SEED + 1_000, 0.5), 300, random)
    const all = await versions(addresses)
    expect(all[0]?.expected).not.toEqual(all[1]?.expected)
    const store = new Store(all)
    // Readers of one isolate share their cache: blocks of a version must never serve another.
    const shared = keepingCache()
    const counts = { right: 0, none: 0 }
    for (let schedule = 0; schedule < SCHEDULES; schedule += 1) {
      const asked = Array.from({ length: random.between(1, 5) }, () => random.below(addresses.length))
      store.changeAfter(random.chance(0.7) ? random.below(6) : 1_000)
      const cache = random.chance(0.5) ? shared : random.chance(0.5) ? keepingCache() : forgettingCache()
      const found = await read(
        store,
        cache,
        asked.map((number) => addresses[number] ?? 0n),
        isConditional,
      )
      if (found === null) {
        counts.none += 1
        continue
      }
      counts.right += 1
      const right = all.map(({ expected }) => asked.map((number) => expected[number]))
      expect(right, `schedule ${schedule}`).toContainEqual(found)
    }
    console.log(`seed ${SEED}, ${isConditional ? 'conditional' : 'unconditional'} reads: ${JSON.stringify(counts)}`)
    expect(counts.right).toBeGreaterThan(SCHEDULES / 10)
    expect(counts.none).toBeGreaterThan(SCHEDULES / 50)
  }

  it('never gives a wrong answer: its reads are refused and it starts again', () => run(true), MAX_MS)

  it(
    'never gives a wrong answer even where reads are not conditional: checksums are of the blocks that the upper index means',
    () => run(false),
    MAX_MS,
  )
})
