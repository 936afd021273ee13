import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildSymbolIndex } from '#shared/symbols/index/build-index.ts'
import { openSymbolIndex } from '#shared/symbols/index/open-index.ts'
import type { IndexBuilt, SymText } from '#shared/symbols/index/symbol-index.ts'
import { bigSym, type KnownFunction } from '#shared/symbols/index/testing/big-sym.ts'
import { symbolAt } from '#shared/symbols/index/testing/compare.ts'
import { addressesOf, generatedCorpus } from '#shared/symbols/index/testing/corpora.ts'
import { keepingCache } from '#shared/symbols/index/testing/index-in-memory.ts'
import { Random } from '#shared/symbols/index/testing/random.ts'
import { parseWholeFile } from '#shared/symbols/index/testing/whole-file.ts'
import { type RangeSource, r2RangeSource } from '#shared/symbols/range-source.ts'

/**
 * The block index where it runs: builder and reader inside workerd, over real R2, from plain and gzipped sym files. Times are printed, not asserted. workerd tells a
 * Worker no CPU time, and its clock stands still while it computes and moves at each R2 operation: so the same reading is timed with and without the
 * builder behind it, and the difference is the builder's.
 */
const { MAYDAY_TEST_SIZE, MAYDAY_SEED } = z
  .object({ MAYDAY_TEST_SIZE: z.string().default(''), MAYDAY_SEED: z.string().default('') })
  .parse(env)
const IS_FULL = MAYDAY_TEST_SIZE === 'full'
const SEED = Number(MAYDAY_SEED || 20_261_123)
const BIG_BYTES = IS_FULL ? 100_000_000 : 12_000_000
const MAX_MS = 600_000
const SYM_KEY = 'block-index-test/x.sym'
const INDEX_KEY = `${SYM_KEY}index`

/** Moves workerd's clock. */
const now = async () => {
  await env.SYMBOLS.head('block-index-test/clock')
  return performance.now()
}

/** The sym file in the bucket, unzipped where it is gzipped. */
function storedText(isGzipped: boolean): SymText {
  return {
    async open() {
      const object = await env.SYMBOLS.get(SYM_KEY)
      if (object === null) throw new Error('no sym file')
      return isGzipped ? object.body.pipeThrough(new DecompressionStream('gzip')) : object.body
    },
  }
}

async function buildStored(isGzipped: boolean): Promise<IndexBuilt> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  const sink = { write: async (bytes: Uint8Array) => void parts.push(bytes.slice()) }
  const built = await buildSymbolIndex(storedText(isGzipped), sink, { sym_etag: 'etag' })
  await env.SYMBOLS.put(INDEX_KEY, new Blob(parts).stream().pipeThrough(fixedLength(parts)))
  return built
}

const fixedLength = (parts: readonly Uint8Array[]) =>
  new FixedLengthStream(parts.reduce((sum, { length }) => sum + length, 0))

/** The stored index, with its range reads counted. */
async function storedSource(): Promise<RangeSource & { reads: number; bytes: number }> {
  const source = await r2RangeSource(env.SYMBOLS, INDEX_KEY)
  if (source === null) throw new Error('no index')
  const counted = {
    ...{ size: source.size, reads: 0, bytes: 0 },
    async read(offset: number, length: number) {
      const part = await source.read(offset, length)
      counted.reads += 1
      counted.bytes += part.length
      return part
    },
  }
  return counted
}

async function openStored() {
  const source = await storedSource()
  const opened = await openSymbolIndex(source, keepingCache(), 'content')
  if (opened.kind !== 'open') throw new Error(`the index is ${opened.kind}`)
  return { index: opened.index, source }
}

describe('the block index inside workerd', () => {
  it.each(['linux', 'windows', 'out of order', 'late tables', '64-bit addresses'])(
    'answers as the whole file: %s',
    async (kind) => {
      const corpus = generatedCorpus(kind, SEED, 1)
      const whole = parseWholeFile(corpus.bytes)
      if (whole.kind === 'refused') throw new Error('refused')
      await env.SYMBOLS.put(SYM_KEY, corpus.bytes)
      expect(await buildStored(false)).toMatchObject({ kind: 'indexed' })
      const { index } = await openStored()
      const addresses = addressesOf(corpus, 500, new Random(SEED))
      expect(await index.lookup(addresses)).toEqual(addresses.map((address) => symbolAt(whole.symbols.at(address))))
      const asked = addresses.slice(0, 4)
      const { text } = await index.records(asked, 1_000_000)
      const partial = parseWholeFile(new TextEncoder().encode(text))
      if (partial.kind === 'refused') throw new Error('the partial text is refused')
      expect(asked.map((address) => partial.symbols.at(address))).toEqual(
        asked.map((address) => whole.symbols.at(address)),
      )
    },
  )

  it('says where a corrupt file is corrupt', async () => {
    await env.SYMBOLS.put(SYM_KEY, generatedCorpus('old INLINE form', SEED, 1).bytes)
    const built = await buildStored(false)
    expect(built).toMatchObject({ kind: 'corrupt' })
    expect(await openSymbolIndex(await storedSource(), keepingCache(), 'content')).toMatchObject({
      ...{ kind: 'corrupt', line: built.kind === 'corrupt' ? built.line : 0 },
    })
  })
})

describe('a big file', () => {
  const known: KnownFunction[] = []
  let isGzipped = false

  beforeAll(async () => {
    const chunks = bigSym({ bytes: BIG_BYTES, seed: SEED, originShare: 0.3, isLocal: true }, (func) => known.push(func))
    const text = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        const { done, value } = chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(value.slice())
      },
    })
    // R2 takes a stream only with its length: gzipped it is small enough to be held.
    const zipped = await new Response(text.pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
    await env.SYMBOLS.put(SYM_KEY, zipped)
    isGzipped = true
  }, MAX_MS)

  it(
    'is built from gzip, and every function is found',
    async () => {
      const readAt = await now()
      await (await storedText(isGzipped).open()).pipeTo(new WritableStream())
      const builtAt = await now()
      const built = await buildStored(isGzipped)
      const [reading, building] = [builtAt - readAt, (await now()) - builtAt]
      if (built.kind !== 'indexed') throw new Error(built.reason)
      const { text_bytes, index_bytes, passes } = built.facts
      const cpu = building - reading
      console.log(
        `workerd: ${(text_bytes / 1e6).toFixed(1)} MB of text built in ${building} ms, of which R2 and gunzip ${reading} ms: ${cpu} ms of CPU, ` +
          `${(text_bytes / 1e3 / cpu).toFixed(1)} MB/s; index ${(index_bytes / 1e6).toFixed(1)} MB, passes ${passes}`,
      )
      const random = new Random(SEED)
      const { index } = await openStored()
      const sample = random.shuffled(known).slice(0, 300)
      const found = await index.lookup(sample.map(({ address, size }) => BigInt(address + random.below(size))))
      expect(found).toEqual(
        sample.map(({ name, address, size }) =>
          expect.objectContaining({ kind: 'function', name, address: BigInt(address), size: BigInt(size) }),
        ),
      )
    },
    MAX_MS,
  )

  it(
    'answers cold in few reads, and warm without any',
    async () => {
      const random = new Random(SEED + 1)
      const clockAt = await now()
      const clockMs = (await now()) - clockAt
      for (const count of [1, 50, 200]) {
        const asked = random
          .shuffled(known)
          .slice(0, count)
          .map(({ address }) => BigInt(address))
        const startedAt = await now()
        const { index, source } = await openStored()
        await index.lookup(asked)
        const cold = (await now()) - startedAt - clockMs
        const { reads, bytes } = source
        const warmAt = await now()
        await index.lookup(asked)
        const warm = (await now()) - warmAt - clockMs
        console.log(
          `workerd: ${count} functions cold ${cold.toFixed(0)} ms (${reads} reads, ${(bytes / 1e3).toFixed(0)} KB), warm ${warm.toFixed(0)} ms`,
        )
        expect(source.reads).toBe(reads)
        if (count === 1) expect(reads).toBeLessThanOrEqual(4)
      }
    },
    MAX_MS,
  )
})
