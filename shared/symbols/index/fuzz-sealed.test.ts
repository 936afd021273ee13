import { beforeAll, describe, expect, it } from 'vitest'
import { openSymbolIndex } from './open-index.ts'
import { addressesOf, generatedCorpus } from './testing/corpora.ts'
import { buildInMemory, countedSource, keepingCache } from './testing/index-in-memory.ts'
import { FULL_SIZE, Random, SEED } from './testing/random.ts'
import { blockNames, sealedAgain, sealedUpper } from './testing/sealed-index.ts'
import { type Directory, KINDS, type UpperIndex } from './upper-index.ts'

/**
 * Index bytes that lie with the right checksums: counts, lengths, offsets and texts changed inside of blocks and of the upper index, and sealed again. An answer may be
 * wrong then, for nobody can tell; but a reader ends, with DamagedIndex or an answer of the right form, in bounded time and memory. 10,000 lies with
 * MAYDAY_TEST_SIZE=full, else 1,000; MAYDAY_SEED repeats a run.
 */
const RUNS = FULL_SIZE ? 10_000 : 1_000
const MAX_MS = 1_800_000
const MAX_READS = 400

let indexes: { readonly kind: string; readonly index: Uint8Array; readonly addresses: readonly bigint[] }[] = []

beforeAll(async () => {
  console.log(`seed ${SEED}`)
  indexes = await Promise.all(
    ['windows', 'out of order', 'late tables', 'PUBLIC only', 'huge function', '64-bit addresses'].map(async (kind) => {
      const corpus = generatedCorpus(kind, SEED, 0.2)
      const { index } = await buildInMemory(corpus.bytes)
      return { kind, index, addresses: addressesOf(corpus, 16, new Random(SEED)) }
    }),
  )
})

async function outcome(index: Uint8Array, addresses: readonly bigint[], where: string): Promise<string> {
  const source = countedSource(index)
  try {
    const opened = await openSymbolIndex(source, keepingCache(), 'lying')
    if (opened.kind !== 'open') return opened.kind
    const found = await opened.index.lookup(addresses)
    expect(found, where).toHaveLength(addresses.length)
    const { text } = await opened.index.records(addresses.slice(0, 4), 300_000)
    expect(text.length, where).toBeLessThanOrEqual(300_000)
    return 'answered'
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'DamagedIndex') return 'DamagedIndex'
    throw thrown instanceof Error ? Object.assign(thrown, { message: `${where}: ${thrown.message}` }) : thrown
  } finally {
    expect(source.reads, where).toBeLessThan(MAX_READS)
  }
}

const LIES: Readonly<Record<string, (raw: Uint8Array, random: Random) => Uint8Array>> = {
  'bytes changed': (raw, random) => {
    const bytes = Uint8Array.from(raw)
    for (let count = 1 + random.below(3); count > 0; count -= 1) {
      bytes[random.below(bytes.length)] = random.chance(0.5) ? random.pick([0, 1, 0x7f, 0x80, 0xff]) : random.below(256)
    }
    return bytes
  },
  'a number made huge': (raw, random) => {
    const bytes = Uint8Array.from(raw)
    const from = random.below(bytes.length)
    bytes.fill(random.chance(0.5) ? 0xff : 0x80, from, Math.min(bytes.length, from + random.between(1, 12)))
    return bytes
  },
  'bytes put in or cut out': (raw, random) => {
    const at = random.below(raw.length)
    const put = random.chance(0.5) ? Array.from({ length: random.between(1, 9) }, () => random.below(256)) : []
    return Uint8Array.from([
      ...raw.subarray(0, at),
      ...put,
      ...raw.subarray(at + (put.length > 0 ? 0 : random.between(1, 40))),
    ])
  },
  'nothing left, or zeros without end': (raw, random) => {
    if (random.chance(0.1)) return new Uint8Array(0)
    const zeros = new Uint8Array(raw.length + (random.chance(0.02) ? 20_000_000 : 100_000))
    zeros.set(raw.subarray(0, random.below(raw.length)))
    return zeros
  },
}

/** A number that is a little off, or far off. */
function off(value: number, random: Random): number {
  return random.pick([
    0,
    1,
    value + 1,
    value - 1,
    value * 2,
    -value - 1,
    2 ** 31,
    2 ** 40,
    Number.MAX_SAFE_INTEGER,
    random.below(2 ** 20),
  ])
}

/** One list of a directory with an entry that lies. */
function lyingDirectory(directory: Directory, random: Random): Directory {
  const { places, starts, late } = directory
  const at = random.below(Math.max(1, places.length))
  const place = places[at]
  const record = late[random.below(Math.max(1, late.length))]
  switch (random.below(5)) {
    case 0:
      return place === undefined
        ? directory
        : { ...directory, places: places.with(at, { ...place, offset: off(place.offset, random) }) }
    case 1:
      return place === undefined
        ? directory
        : { ...directory, places: places.with(at, { ...place, length: Math.abs(off(place.length, random)) }) }
    case 2:
      return { ...directory, starts: random.shuffled(starts) }
    case 3:
      return { ...directory, starts: starts.slice(1), places: places.slice(0, -1), latePlaces: places }
    default:
      return record === undefined
        ? { ...directory, starts: [], places: [] }
        : {
            ...directory,
            late: [
              ...late,
              { ...record, block: off(record.block, random), index: Math.abs(off(record.index, random)) },
            ],
          }
  }
}

describe('an upper index that lies', () => {
  it(
    'in its fields: named errors or answers',
    async () => {
      const counts: Record<string, number> = {}
      for (let run = 0; run < RUNS / 4; run += 1) {
        const random = new Random(SEED + 104_729 * run)
        const { kind, index, addresses } = random.pick(indexes)
        const lied = random.pick(KINDS)
        const change = (upper: UpperIndex): UpperIndex => ({
          ...upper,
          directories: { ...upper.directories, [lied]: lyingDirectory(upper.directories[lied], random) },
          publicRanges: random.chance(0.2)
            ? [
                [5, 5_000_000],
                [0, 100],
              ]
            : upper.publicRanges,
          files: random.chance(0.2) ? upper.origins : upper.files,
        })
        const seen = await outcome(sealedUpper(index, change), addresses, `fields ${run}, ${kind}, ${lied}`)
        counts[seen] = (counts[seen] ?? 0) + 1
      }
      console.log(`fields: ${JSON.stringify(counts)}`)
    },
    MAX_MS,
  )

  it(
    'of more blocks than the index has room for: seen before they are unpacked',
    async () => {
      const [first] = indexes
      if (first === undefined) throw new Error('no index')
      const many = 3_000_000
      const change = (upper: UpperIndex): UpperIndex => ({
        ...upper,
        directories: {
          ...upper.directories,
          functions: {
            ...upper.directories.functions,
            starts: Array.from({ length: many }, (_, at) => at),
            places: Array.from({ length: many }, () => ({ offset: 16, length: 10 })),
          },
        },
      })
      const lying = sealedUpper(first.index, change)
      expect(lying.length).toBeLessThan(first.index.length + 100_000)
      expect(await outcome(lying, first.addresses, 'many blocks')).toBe('damaged')
    },
    MAX_MS,
  )
})

describe('an index that lies with the right checksums ends with a name or an answer', () => {
  for (const [lie, change] of Object.entries(LIES)) {
    it(
      lie,
      async () => {
        const counts: Record<string, number> = {}
        for (let run = 0; run < RUNS / 4; run += 1) {
          const random = new Random(SEED + 7_919 * run)
          const { kind, index, addresses } = random.pick(indexes)
          // As often the upper index as all blocks together.
          const names = blockNames(index)
          const name = random.chance(0.4) ? ({ kind: 'upper' } as const) : random.pick(names)
          const lying = sealedAgain(index, name, (raw) => change(raw, random))
          const seen = await outcome(lying, addresses, `${lie} ${run}, ${kind}, block ${JSON.stringify(name)}`)
          counts[seen] = (counts[seen] ?? 0) + 1
        }
        console.log(`${lie}: ${JSON.stringify(counts)}`)
      },
      MAX_MS,
    )
  }
})
