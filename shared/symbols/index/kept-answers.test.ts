import { describe, expect, it } from 'vitest'
import { DecodedBlocks } from './block-cache.ts'
import { answersOf } from './kept-answers.ts'
import { openSymbolIndex } from './open-index.ts'
import type { SymbolAt, SymbolIndex } from './symbol-index.ts'
import { bigSym, type KnownFunction } from './testing/big-sym.ts'
import { buildInMemory, type CountedSource, countedSource, forgettingCache } from './testing/index-in-memory.ts'

const MB = 1_000_000

/** A file of 6 MB whose names lie in pages, as its index. */
async function indexed(): Promise<{ readonly index: Uint8Array; readonly functions: readonly KnownFunction[] }> {
  const functions: KnownFunction[] = []
  const options = { bytes: 6 * MB, seed: 7, originShare: 0.07, isLocal: false }
  const chunks = [...bigSym(options, (known) => functions.push(known))]
  const { index } = await buildInMemory(
    new Uint8Array(await new Blob(chunks.map((chunk) => chunk.slice())).arrayBuffer()),
  )
  return { index, functions }
}

async function opened(source: CountedSource, cache = new DecodedBlocks(64 * MB)): Promise<SymbolIndex> {
  const read = await openSymbolIndex(source, cache, 'content-1')
  if (read.kind !== 'open') throw new Error(read.kind)
  return read.index
}

const middle = ({ address, size }: KnownFunction) => BigInt(address + Math.floor(size / 2))

describe('addresses of one request', () => {
  it('are read together: far fewer reads than one by one, and the answers are the same', async () => {
    const { index, functions } = await indexed()
    const every = Math.floor(functions.length / 200)
    const addresses = functions.filter((_, at) => at % every === 0).map(middle)
    const together = countedSource(index)
    const found = await (await opened(together)).lookup(addresses)
    const oneByOne: SymbolAt[] = []
    const apart = countedSource(index)
    const reopened = await openSymbolIndex(apart, forgettingCache(), 'content-1')
    if (reopened.kind !== 'open') throw new Error(reopened.kind)
    for (const address of addresses) oneByOne.push(...(await reopened.index.lookup([address])))
    expect(found).toEqual(oneByOne)
    expect(found.map((symbol) => symbol.kind !== 'none' && symbol.name)).toEqual(
      functions.filter((_, at) => at % every === 0).map(({ name }) => name),
    )
    // One read to open, one for each 512 KiB of blocks, and as many for the pages of their names.
    const most = 1 + 2 * Math.ceil(index.length / (512 * 1024) + 1)
    expect(together.reads).toBeLessThanOrEqual(most)
    expect(together.bytes).toBeLessThanOrEqual(2 * index.length)
    expect(apart.reads).toBeGreaterThan(200)
  })

  it('that were answered before are read from nothing, in any order, and beside new ones', async () => {
    const { index, functions } = await indexed()
    const source = countedSource(index)
    const cache = new DecodedBlocks(64 * MB)
    const addresses = functions.slice(0, 100).map(middle)
    const found = await (await opened(source, cache)).lookup(addresses)
    const { reads } = source
    expect(await (await opened(source, cache)).lookup(addresses.toReversed())).toEqual(found.toReversed())
    expect(source.reads).toBe(reads)
    const [last] = functions.slice(-1).map(middle)
    const [first = 0n] = addresses
    const mixed = await (await opened(source, cache)).lookup([first, last ?? 0n, first])
    expect(mixed[1]).toMatchObject({ kind: 'function', name: functions.at(-1)?.name })
    expect([mixed[0], mixed[2]]).toEqual([found[0], found[0]])
    expect(source.reads).toBeGreaterThan(reads)
  })

  it('of four requests that ask for their own 100 frames stay answered under a budget that their blocks outgrow', async () => {
    const { index, functions } = await indexed()
    const every = Math.floor(functions.length / 400)
    const chosen = functions.filter((_, at) => at % every === 0).map(middle)
    const sets = [0, 1, 2, 3].map((set) => chosen.filter((_, at) => at % 4 === set))
    const source = countedSource(index)
    const budget = 6 * MB
    const everything = new DecodedBlocks(64 * MB)
    for (const set of sets) await (await opened(source, everything)).lookup(set)
    expect(everything.bytes).toBeGreaterThan(budget)
    const cache = new DecodedBlocks(budget)
    for (const set of sets) await (await opened(source, cache)).lookup(set)
    expect(cache.bytes).toBeLessThanOrEqual(budget)
    // An answer with seven inlined calls is as large as a small block.
    const held = sets.flat().filter((address) => cache.held(`content-1/at/${address}`) !== null)
    expect(held.length).toBeGreaterThan(0.9 * sets.flat().length)
  })
})

describe('answers', () => {
  const name = (address: bigint): SymbolAt => ({ kind: 'public', name: `at ${address}`, address })

  it('are found once for all addresses of a call, and not kept where that failed', async () => {
    const asked: (readonly bigint[])[] = []
    let isDown = true
    const lookup = answersOf(new DecodedBlocks(MB), 'x', async (addresses) => {
      asked.push(addresses)
      if (isDown) throw new Error('R2 is away')
      return addresses.map(name)
    })
    await expect(lookup([1n, 2n])).rejects.toThrow('R2 is away')
    isDown = false
    expect(await lookup([1n, 2n, 1n])).toEqual([name(1n), name(2n), name(1n)])
    expect(await lookup([2n, 3n])).toEqual([name(2n), name(3n)])
    expect(asked).toEqual([[1n, 2n], [1n, 2n], [3n]])
    expect(await lookup([])).toEqual([])
  })

  it('of another content are others', async () => {
    const cache = new DecodedBlocks(MB)
    expect(await answersOf(cache, 'old', async (all) => all.map(name))([1n])).toEqual([name(1n)])
    expect(await answersOf(cache, 'new', async (all) => all.map(() => name(7n)))([1n])).toEqual([name(7n)])
  })
})
