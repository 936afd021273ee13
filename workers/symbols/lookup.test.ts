import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { INDEX_END_MIN_BYTES, MAX_INDEX_CACHE_BYTES, MAX_RPC_BYTES } from '#shared/limits.ts'
import { countedBucket } from '#shared/symbols/counted-bucket.ts'
import { DecodedBlocks } from '#shared/symbols/index/block-cache.ts'
import type { SymbolKey } from '#shared/symbols/key.ts'
import type { LookupOutcome } from '#shared/symbols/symbols-rpc.ts'
import { IndexRequests } from './index-requests.ts'
import { lookupModules } from './lookup.ts'
import type { PartialDeps } from './partial-routes.ts'
import { SymbolIndexes } from './symbol-indexes.ts'
import { indexFile, indexReadsRig, storeFile } from './testing/stored-files.ts'
import { addressIn, SYM_ID, shortName, symKey, symText } from './testing/sym-texts.ts'

const module = (file: string) => ({ debug_file: file, debug_id: SYM_ID.toLowerCase() })
const objectKeyOf = (file: string) => `v1/${symKey(file)}`

async function emptyBucket(): Promise<void> {
  for (const { key } of (await env.SYMBOLS.list()).objects) await env.SYMBOLS.delete(key)
}

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
})
beforeEach(emptyBucket)

/** An isolate, and what its requests asked of R2. */
function isolate(change: Partial<PartialDeps> = {}) {
  const missed: SymbolKey[] = []
  const rig = indexReadsRig((key) => missed.push(key), change)
  return {
    ...rig,
    missed,
    /** One request of one module: its outcome, and how often R2 was asked. */
    async ask(file: string, addresses: readonly bigint[], alsoTry = false) {
      const counted = countedBucket(env.SYMBOLS)
      const [outcome] = await lookupModules([{ ...module(file), addresses }], alsoTry, {
        ...rig.deps,
        bucket: change.bucket ?? counted.bucket,
      })
      if (outcome === undefined) throw new Error('no outcome')
      return { outcome, operations: counted.operations.classB, writes: counted.operations.classA }
    },
  }
}

function names(outcome: LookupOutcome): readonly (string | null)[] {
  if (outcome.kind !== 'found') throw new Error(outcome.kind)
  return outcome.symbols.map((symbol) => (symbol.kind === 'none' ? null : shortName(symbol.name)))
}

describe('a lookup', () => {
  it('of a large file asks R2 for the file’s head and two ranges when cold, and for a head and one range when warm', async () => {
    await storeFile(symKey('big'), symText('big', 30_000))
    const built = await indexFile(symKey('big'))
    expect(built).toMatchObject({ kind: 'indexed', isNew: true })
    expect(built.kind === 'indexed' && built.indexBytes).toBeGreaterThan(4 * INDEX_END_MIN_BYTES)
    const { ask } = isolate()
    const cold = await ask('big', [addressIn(12_345)])
    expect(names(cold.outcome)).toEqual(['one_12345'])
    expect(cold.outcome).toMatchObject({ cost: { range_reads: 2 } })
    expect(cold.operations).toBe(3)
    const warm = await ask('big', [addressIn(77)])
    expect(names(warm.outcome)).toEqual(['one_77'])
    expect(warm.operations).toBeLessThanOrEqual(2)
    const held = await ask('big', [addressIn(77), addressIn(12_345)])
    expect([names(held.outcome), held.operations, held.writes]).toEqual([['one_77', 'one_12345'], 1, 0])
    expect(held.outcome).toMatchObject({ cost: { range_reads: 0, read_bytes: 0 } })
  })

  it('answers in the order asked, with lines, and nothing for what is no address', async () => {
    await storeFile(symKey('a'), symText('a', 100))
    await indexFile(symKey('a'))
    const { outcome } = await isolate().ask('a', [addressIn(7), 0n, -1n, 2n ** 64n, addressIn(3), addressIn(7)])
    expect(names(outcome)).toEqual(['one_7', null, null, null, 'one_3', 'one_7'])
    expect(outcome.kind === 'found' && outcome.symbols[0]).toMatchObject({ file: 'main.c', line: 9, size: 256n })
    expect(outcome.kind === 'found' && outcome.module.debug_file).toBe('a')
  })

  it('finds regular symbols before try ones, and try ones only where they are asked for', async () => {
    await storeFile(symKey('t'), symText('t', 2, 'try'), { trySymbols: true })
    await indexFile(symKey('t'), true)
    const { ask, missed } = isolate()
    expect((await ask('t', [addressIn(0)])).outcome).toEqual({ kind: 'missing' })
    expect(missed).toEqual([symKey('t')])
    expect(names((await ask('t', [addressIn(0)], true)).outcome)).toEqual(['try_0'])
    await storeFile(symKey('t'), symText('t', 2, 'regular'))
    await indexFile(symKey('t'))
    expect(names((await ask('t', [addressIn(0)], true)).outcome)).toEqual(['regular_0'])
    expect(missed).toHaveLength(1)
  })

  it('of many modules keeps the order, and a name that no file can have is missing and no miss', async () => {
    for (const file of ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']) {
      await storeFile(symKey(file), symText(file, 3, file))
      await indexFile(symKey(file))
    }
    const { deps, missed } = isolate()
    const files = ['m3', '<unknown>', 'm0', '', 'm7', 'm6', 'm5', 'm4', 'm2', 'm1', 'other']
    const requests = files.map((file) => ({ ...module(file), addresses: [addressIn(1)] }))
    const found = (await lookupModules(requests, false, deps)).map((outcome) =>
      outcome.kind === 'found' ? names(outcome)[0] : outcome.kind,
    )
    const expected = ['m3_1', 'missing', 'm0_1', 'missing', 'm7_1', 'm6_1', 'm5_1', 'm4_1', 'm2_1', 'm1_1', 'missing']
    expect(found).toEqual(expected)
    expect(missed).toEqual([symKey('other')])
  })

  it('of more than an answer holds gives the first symbols, and the rest when asked again', async () => {
    const name = 'x'.repeat(50_000)
    await storeFile(symKey('long'), `MODULE Linux x86_64 ${SYM_ID} long\nFUNC 1000 100 0 ${name}\n`)
    await indexFile(symKey('long'))
    const { ask } = isolate()
    const addresses = Array.from({ length: 300 }, () => 0x1000n)
    let asked = 0
    let answers = 0
    while (asked < addresses.length) {
      const { outcome } = await ask('long', addresses.slice(asked))
      if (outcome.kind !== 'found') throw new Error(outcome.kind)
      expect(outcome.symbols.length).toBeGreaterThan(0)
      expect(outcome.symbols.length * name.length).toBeLessThanOrEqual(MAX_RPC_BYTES)
      asked += outcome.symbols.length
      answers++
    }
    expect([asked, answers]).toEqual([300, 4])
  })

  it('of many modules holds no more than one answer may, and each module gets on', async () => {
    const name = 'x'.repeat(50_000)
    const files = Array.from({ length: 8 }, (_, at) => `long${at}`)
    for (const file of files) {
      await storeFile(symKey(file), `MODULE Linux x86_64 ${SYM_ID} ${file}\nFUNC 1000 100 0 ${name}\n`)
      await indexFile(symKey(file))
    }
    const { deps } = isolate()
    const addresses = Array.from({ length: 60 }, () => 0x1000n)
    const requests = files.map((file) => ({ ...module(file), addresses }))
    const outcomes = await lookupModules(requests, false, deps)
    const given = outcomes.map((outcome) => names(outcome).length)
    const symbols = given.reduce((sum, count) => sum + count, 0)
    expect(symbols).toBeGreaterThan(0)
    // A name may travel with two bytes a character.
    expect(2 * symbols * name.length).toBeLessThanOrEqual(MAX_RPC_BYTES)
  })

  it('of 200 addresses all over a file reads a few ranges; asked again in any order it costs the HEAD alone', async () => {
    await storeFile(symKey('spread'), symText('spread', 20_000))
    const built = await indexFile(symKey('spread'))
    const indexBytes = built.kind === 'indexed' ? built.indexBytes : 0
    const asked = Array.from({ length: 200 }, (_, at) => at * 99)
    const expected = asked.map((at) => `one_${at}`)
    const { ask } = isolate()
    const { outcome } = await ask('spread', asked.map(addressIn))
    expect(names(outcome)).toEqual(expected)
    if (outcome.kind !== 'found') return
    // The end, and for each of the two steps a read for every 512 KiB.
    expect(outcome.cost.range_reads).toBeLessThanOrEqual(1 + 2 * Math.ceil(indexBytes / (512 * 1024) + 1))
    expect(outcome.cost.read_bytes).toBeLessThanOrEqual(2 * indexBytes + INDEX_END_MIN_BYTES)
    const again = await ask('spread', asked.toReversed().map(addressIn))
    expect([names(again.outcome), again.operations]).toEqual([expected.toReversed(), 1])
  })

  it('reads a block once, however many addresses and modules of one request need it', async () => {
    await storeFile(symKey('once'), symText('once', 20_000))
    await indexFile(symKey('once'))
    const counted = countedBucket(env.SYMBOLS)
    const { deps } = isolate()
    const addresses = Array.from({ length: 40 }, (_, at) => addressIn(at))
    await lookupModules([{ ...module('once'), addresses }], false, { ...deps, bucket: counted.bucket })
    expect(counted.operations.classB).toBe(3)
  })
})

describe('a sym file without an index', () => {
  it('is being indexed, the indexer is asked for it once a minute, and found when that is done', async () => {
    let nowMs = 0
    const { ask, sent } = isolate({ requests: new IndexRequests(() => nowMs) })
    await env.SYMBOLS.put(objectKeyOf('migrated'), symText('migrated', 3))
    const pending = { kind: 'indexing', retry_after_seconds: 5 }
    for (let n = 0; n < 3; n++) expect((await ask('migrated', [addressIn(1)])).outcome).toEqual(pending)
    expect(sent).toEqual([objectKeyOf('migrated')])
    nowMs = 60_000
    await ask('migrated', [addressIn(1)])
    expect(sent).toHaveLength(2)
    await indexFile(symKey('migrated'))
    expect(names((await ask('migrated', [addressIn(1)])).outcome)).toEqual(['one_1'])
  })

  it('is being indexed too when the message could not be sent, and the next request sends it', async () => {
    await storeFile(symKey('unsent'), symText('unsent', 3))
    let isDown = true
    const sent: string[] = []
    const send = async ({ object_key }: { object_key: string }) => {
      if (isDown) throw new Error('queue is down')
      sent.push(object_key)
    }
    const { ask } = isolate({ queue: { send } })
    expect((await ask('unsent', [1n])).outcome.kind).toBe('indexing')
    isDown = false
    expect((await ask('unsent', [1n])).outcome.kind).toBe('indexing')
    expect(sent).toEqual([objectKeyOf('unsent')])
  })

  it('of another format, of another content, or that is no index: all are built anew', async () => {
    await storeFile(symKey('other'), symText('other', 3))
    await indexFile(symKey('other'))
    const index = await env.SYMBOLS.get(`${objectKeyOf('other')}index`)
    const bytes = new Uint8Array((await index?.arrayBuffer()) ?? new ArrayBuffer(0))
    const { customMetadata = {} } = index ?? {}
    const wrong: readonly [Uint8Array, Record<string, string>][] = [
      [bytes, { ...customMetadata, index_version: '0' }],
      [bytes, { ...customMetadata, index_version: '999' }],
      [bytes, { ...customMetadata, sym_etag: 'another' }],
      [bytes, {}],
      [bytes.slice(0, -3), customMetadata],
      [new TextEncoder().encode('no index'), customMetadata],
      [new Uint8Array(0), customMetadata],
    ]
    for (const [stored, metadata] of wrong) {
      const { ask, sent } = isolate()
      await env.SYMBOLS.put(`${objectKeyOf('other')}index`, stored, { customMetadata: metadata })
      expect((await ask('other', [addressIn(1)])).outcome.kind).toBe('indexing')
      expect(sent).toEqual([objectKeyOf('other')])
      expect(await indexFile(symKey('other'))).toMatchObject({ kind: 'indexed', isNew: true })
      expect(names((await ask('other', [addressIn(1)])).outcome)).toEqual(['one_1'])
    }
  })

  it('whose index lies and is damaged in its middle gets a new one', async () => {
    await storeFile(symKey('rot'), symText('rot', 30_000))
    await indexFile(symKey('rot'))
    const index = await env.SYMBOLS.get(`${objectKeyOf('rot')}index`)
    const bytes = new Uint8Array((await index?.arrayBuffer()) ?? new ArrayBuffer(0))
    for (let at = 0; at < bytes.length - INDEX_END_MIN_BYTES; at += 100) bytes[at] = (bytes[at] ?? 0) ^ 0xff
    await env.SYMBOLS.put(`${objectKeyOf('rot')}index`, bytes, { customMetadata: index?.customMetadata ?? {} })
    const { ask, sent, logged } = isolate()
    expect((await ask('rot', [addressIn(20)])).outcome.kind).toBe('indexing')
    expect([sent, logged]).toEqual([[objectKeyOf('rot')], ['index_damaged', 'index_requested']])
    expect(await indexFile(symKey('rot'))).toMatchObject({ isNew: true })
    expect(names((await ask('rot', [addressIn(20)])).outcome)).toEqual(['one_20'])
  })

  it('that an isolate knew is found at once in its new content, when that is indexed', async () => {
    await storeFile(symKey('known'), symText('known', 3))
    await indexFile(symKey('known'))
    const { ask } = isolate()
    expect(names((await ask('known', [addressIn(1)])).outcome)).toEqual(['one_1'])
    await storeFile(symKey('known'), symText('known', 3, 'two'))
    await indexFile(symKey('known'))
    expect(names((await ask('known', [addressIn(1)])).outcome)).toEqual(['two_1'])
  })

  it('that breakpad-symbols refuses is corrupt, with the line, and no more asked for', async () => {
    await storeFile(symKey('bad'), `${symText('bad', 2)}FUNC what is this\n`)
    expect(await indexFile(symKey('bad'))).toMatchObject({ kind: 'corrupt', line: 37 })
    const { ask, sent } = isolate()
    expect((await ask('bad', [1n])).outcome).toMatchObject({ kind: 'corrupt', line: 37 })
    expect((await ask('bad', [1n])).operations).toBe(1)
    expect(sent).toEqual([])
    await storeFile(symKey('bad'), symText('bad', 2))
    expect((await ask('bad', [1n])).outcome.kind).toBe('indexing')
  })
})

describe('a sym file that is replaced while it is read', () => {
  /** What may happen between two operations of one lookup, and what the next one may answer. */
  const happenings: readonly { what: string; next: readonly string[]; happen: (file: string) => Promise<unknown> }[] = [
    {
      what: 'replaced',
      next: ['indexing'],
      happen: (file) => storeFile(symKey(file), symText(file, 9_000, 'two')),
    },
    {
      what: 'replaced and indexed',
      next: ['two_3'],
      async happen(file) {
        await storeFile(symKey(file), symText(file, 9_000, 'two'))
        await indexFile(symKey(file))
      },
    },
    {
      what: 'replaced by a smaller one and indexed',
      next: ['two_3'],
      async happen(file) {
        await storeFile(symKey(file), symText(file, 10, 'two'))
        await indexFile(symKey(file))
      },
    },
    { what: 'deleted', next: ['missing'], happen: (file) => env.SYMBOLS.delete(objectKeyOf(file)) },
    {
      what: 'without its index',
      next: ['indexing', 'one_3'],
      happen: (file) => env.SYMBOLS.delete(`${objectKeyOf(file)}index`),
    },
  ]
  const cases = happenings.flatMap((happening) =>
    [0, 1, 2, 3, 4].flatMap((before) => ['cold', 'warm'].map((state) => ({ ...happening, before, state }))),
  )

  it.each(cases)('$what before operation $before of a $state lookup: all old, all new, or no answer', async (row) => {
    const file = 'torn'
    await storeFile(symKey(file), symText(file, 9_000, 'one'))
    await indexFile(symKey(file))
    let operations = Number.POSITIVE_INFINITY
    const bucket = new Proxy(env.SYMBOLS, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          if (operations++ === row.before) await row.happen(file)
          return Reflect.apply(method, target, args)
        }
      },
    })
    const { ask } = isolate({ bucket })
    const asked = [3, 2_000, 5_000, 8_000]
    if (row.state === 'warm') await ask(file, [addressIn(1)])
    operations = 0
    const { outcome } = await ask(file, asked.map(addressIn))
    const right = [
      asked.map((at) => `one_${at}`),
      asked.map((at) => `two_${at}`),
      asked.map((at) => (at < 10 ? `two_${at}` : null)),
    ]
    if (outcome.kind === 'found') expect(right).toContainEqual(names(outcome))
    else expect(['indexing', 'missing']).toContain(outcome.kind)
    const happened = operations > row.before
    operations = Number.POSITIVE_INFINITY
    // The next request sees what is there now. An index that is gone but held is as good as there.
    const { outcome: now } = await ask(file, [addressIn(3)])
    const expected = happened ? row.next : ['one_3']
    expect(expected).toContain(now.kind === 'found' ? names(now)[0] : now.kind)
  })

  it('again and again is being indexed, in a bounded number of tries', async () => {
    let version = 0
    const renew = async () => {
      await storeFile(symKey('busy'), symText('busy', 4_000, `v${version++}`))
      await indexFile(symKey('busy'))
    }
    await renew()
    let operations = 0
    const bucket = new Proxy(env.SYMBOLS, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          operations++
          const answer: unknown = await Reflect.apply(method, target, args)
          if (name === 'get') await renew()
          return answer
        }
      },
    })
    const { outcome } = await isolate({ bucket }).ask('busy', [3, 1_500, 3_000].map(addressIn))
    expect(outcome.kind).toBe('indexing')
    expect(operations).toBeLessThan(20)
  })
})

describe('the blocks of an isolate', () => {
  it('stay under their budget', async () => {
    const blocks = new DecodedBlocks(MAX_INDEX_CACHE_BYTES / 16)
    const { ask } = isolate({ indexes: new SymbolIndexes(blocks) })
    await storeFile(symKey('wide'), symText('wide', 20_000))
    await indexFile(symKey('wide'))
    for (let at = 0; at < 20_000; at += 200) {
      expect(names((await ask('wide', [addressIn(at)])).outcome)).toEqual([`one_${at}`])
      expect(blocks.bytes).toBeLessThanOrEqual(MAX_INDEX_CACHE_BYTES / 16)
    }
    expect(blocks.bytes).toBeGreaterThan(0)
  })
})
