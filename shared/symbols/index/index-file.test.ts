import { describe, expect, it } from 'vitest'
import { IndexFile, inflateBlock, readTail, TAIL_BYTES } from './index-file.ts'
import { openSymbolIndex } from './open-index.ts'
import { buildInMemory, countedSource, keepingCache } from './testing/index-in-memory.ts'

const SYM = new TextEncoder().encode(
  `MODULE Linux x86_64 AB0 x\nFILE 0 a.c\n${Array.from({ length: 40 }, (_, at) => `FUNC ${(0x1000 + at * 16).toString(16)} 10 0 f${at}\n${(0x1000 + at * 16).toString(16)} 10 ${at + 1} 0\n`).join('')}`,
)

async function answer(index: Uint8Array): Promise<unknown> {
  const opened = await openSymbolIndex(countedSource(index), keepingCache(), 'x')
  if (opened.kind !== 'open') return opened.kind
  return opened.index.lookup([0x1008n, 0x1238n]).catch((thrown: Error) => thrown.name)
}

describe('the frame of an index', () => {
  it('a block comes back only from its own place in its own index', async () => {
    const parts: Uint8Array[] = []
    const file = new IndexFile({ write: async (part) => void parts.push(part) }, 'etag')
    const raw = new TextEncoder().encode('a block, a block, a block')
    const [one, two] = [file.put(raw), file.put(raw)]
    file.end(raw)
    await file.drain()
    const bytes = new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer())
    expect(bytes.length).toBe(file.bytes)
    const { seed } = readTail(bytes.subarray(-TAIL_BYTES), bytes.length)
    const first = bytes.subarray(one.offset, one.offset + one.length)
    expect(Uint8Array.from(inflateBlock(first, one.offset, seed))).toEqual(raw)
    expect(() => inflateBlock(first, two.offset, seed)).toThrow('checksum')
    expect(() => inflateBlock(first, one.offset, seed + 1)).toThrow('checksum')
    expect(() => inflateBlock(first.subarray(1), one.offset, seed)).toThrow('checksum')
    expect(() => inflateBlock(new Uint8Array(2), one.offset, seed)).toThrow('checksum')
  })

  it('any damaged byte is found out, and no answer is wrong', async () => {
    const { index } = await buildInMemory(SYM)
    const right = await answer(index)
    const seen = new Set<unknown>()
    for (let at = 0; at < index.length; at++) {
      for (const bit of [1, 0x80]) {
        const damaged = index.slice()
        damaged[at] = (damaged[at] ?? 0) ^ bit
        const found = await answer(damaged)
        if (typeof found === 'string') seen.add(found)
        else expect(found).toEqual(right)
      }
    }
    expect([...seen].sort()).toEqual(['DamagedIndex', 'damaged', 'other_version'])
  })

  it('what is cut, longer, or something else is damaged', async () => {
    const { index } = await buildInMemory(SYM)
    for (const cut of [0, 1, 39, 40, 100, index.length - 1]) expect(await answer(index.slice(0, cut))).toBe('damaged')
    expect(await answer(index.slice(1))).toBe('damaged')
    expect(await answer(Uint8Array.of(...index, 0))).toBe('damaged')
    expect(await answer(SYM)).toBe('damaged')
  })

  it('another version says which', async () => {
    const { index } = await buildInMemory(SYM)
    const newer = index.slice()
    new DataView(newer.buffer).setUint32(newer.length - 12, 7, true)
    expect(await openSymbolIndex(countedSource(newer), keepingCache(), 'x')).toEqual({
      kind: 'other_version',
      version: 7,
    })
  })
})
