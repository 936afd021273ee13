import { describe, expect, it } from 'vitest'
import { BlockReads } from './block-reads.ts'
import { IndexFile, readTail, TAIL_BYTES } from './index-file.ts'
import { NameFinder } from './name-finder.ts'
import { NameStore } from './name-store.ts'
import { countedSource, keepingCache } from './testing/index-in-memory.ts'

const MIB = 1024 * 1024
const utf8 = new TextEncoder()

/** A store in a file, and what a reader of that file finds in it. */
function table(heldBytes = MIB) {
  const parts: Uint8Array[] = []
  const file = new IndexFile({ write: async (part) => void parts.push(part.slice()) }, 'etag')
  const store = new NameStore(file, heldBytes, heldBytes)
  const define = (id: number, name: string) => {
    const bytes = utf8.encode(name)
    store.define(id, bytes, 0, bytes.length)
  }
  const take = (id: number) => {
    const name = store.take(id)
    return name === null ? null : new TextDecoder().decode(name)
  }
  const finish = async () => {
    const directory = await store.finish()
    file.end(new Uint8Array(1))
    await file.drain()
    const bytes = new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer())
    const { seed } = readTail(bytes.subarray(-TAIL_BYTES), bytes.length)
    const source = countedSource(bytes)
    const reads = new BlockReads(source, keepingCache(), 'x', seed, { offset: 0, bytes: new Uint8Array(0) })
    const finder = new NameFinder(directory, reads)
    return { directory, source, names: async (...ids: number[]) => Object.fromEntries(await finder.names(ids)) }
  }
  return { store, define, take, finish }
}

describe('names while an index is built', () => {
  it('are taken in by blocks, and only what is left to the pages is written', async () => {
    const { store, define, take, finish } = table()
    for (let id = 0; id < 5_000; id++) define(id, `name ${id}`)
    expect([take(0), take(4_999), take(5_000)]).toEqual(['name 0', 'name 4999', null])
    store.leave(7)
    store.leave(4_000)
    const { directory, names } = await finish()
    expect(directory).toMatchObject({ layers: [[{ firstId: 7, lastId: 4_000 }]], changed: [] })
    expect(await names(7, 4_000, 8, 9_999)).toEqual({ 7: 'name 7', 4000: 'name 4000' })
  })

  it('hold as they are defined last, before and behind their use, in any order', async () => {
    const { store, define, take, finish } = table()
    define(3, 'three')
    define(1, 'one')
    define(3, 'three again')
    expect(take(3)).toBe('three again')
    store.leave(1)
    store.leave(2)
    define(3, 'three at last')
    define(2, 'two')
    define(1, 'one at last')
    const { directory, names } = await finish()
    expect(directory.changed).toEqual([3])
    expect(await names(1, 2, 3)).toEqual({ 1: 'one at last', 2: 'two', 3: 'three at last' })
  })

  it('go to the file at once when memory is full, and are found there, whatever their order', async () => {
    for (const order of [(at: number) => at, (at: number) => 19_999 - at, (at: number) => (at * 7_919) % 20_000]) {
      const { store, define, take, finish } = table(0)
      for (let at = 0; at < 20_000; at++) define(order(at), `a name that is not short ${order(at)}`)
      expect(take(5)).toBeNull()
      store.leave(5)
      const { names } = await finish()
      expect(await names(5, 12_345)).toEqual({
        5: 'a name that is not short 5',
        12345: 'a name that is not short 12345',
      })
    }
  })

  it('leave memory when no block takes them in any more', async () => {
    const { store, define, take, finish } = table()
    for (let id = 0; id < 2_000; id++) define(id, `name ${id}`)
    await store.release()
    define(5, 'five again')
    define(2_000, 'behind')
    expect([take(4), take(2_000)]).toEqual([null, null])
    const { names } = await finish()
    expect(await names(4, 5, 2_000)).toEqual({ 4: 'name 4', 5: 'five again', 2000: 'behind' })
  })

  it('with ids of 32 bits are found', async () => {
    const { store, define, finish } = table()
    define(4_294_967_295, 'last')
    define(2 ** 24, 'above what a set keeps')
    store.leave(4_294_967_295)
    const { names } = await finish()
    expect(await names(4_294_967_295, 2 ** 24)).toEqual({ 4294967295: 'last', 16777216: 'above what a set keeps' })
  })
})
