import { describe, expect, it } from 'vitest'
import { BlockReads } from './block-reads.ts'
import { IndexFile, readTail, TAIL_BYTES } from './index-file.ts'
import { countedSource, keepingCache } from './testing/index-in-memory.ts'

class Raw {
  static readonly kind = 'raw'
  readonly bytes: number
  readonly text: string

  constructor(raw: Uint8Array) {
    this.bytes = raw.length
    this.text = new TextDecoder().decode(raw)
  }
}

const none = { offset: 0, bytes: new Uint8Array(0) }

async function file(count: number, blockBytes: number) {
  const parts: Uint8Array[] = []
  const out = new IndexFile({ write: async (part) => void parts.push(part.slice()) }, 'etag')
  // Random bytes do not compress, so the blocks have about this size.
  const places = Array.from({ length: count }, () => out.put(crypto.getRandomValues(new Uint8Array(blockBytes))))
  out.end(new Uint8Array(1))
  await out.drain()
  const bytes = new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer())
  const { seed } = readTail(bytes.subarray(-TAIL_BYTES), bytes.length)
  return { bytes, places, seed }
}

describe('reads of blocks', () => {
  it('that lie near each other are one read', async () => {
    const { bytes, places, seed } = await file(40, 1_000)
    const source = countedSource(bytes)
    const reads = new BlockReads(source, keepingCache(), 'x', seed, { offset: 0, bytes: new Uint8Array(0) })
    await Promise.all([places[3], places[5], places[30]].map((place) => place && reads.get(place, Raw)))
    expect(source.reads).toBe(1)
    expect(source.bytes).toBeLessThan(29_000)
  })

  it('that lie far apart are a read each, six at a time', async () => {
    const { bytes, places, seed } = await file(60, 20_000)
    let [under, most] = [0, 0]
    const source = {
      size: bytes.length,
      async read(offset: number, length: number) {
        most = Math.max(most, ++under)
        await new Promise((resolve) => setTimeout(resolve, 1))
        under--
        return bytes.slice(offset, offset + length)
      },
    }
    const reads = new BlockReads(source, keepingCache(), 'x', seed, { offset: 0, bytes: new Uint8Array(0) })
    const wanted = places.filter((_, at) => at % 2 === 0)
    const found = await Promise.all(wanted.map((place) => reads.get(place, Raw)))
    expect(found).toHaveLength(30)
    expect(most).toBe(6)
  })

  it('that are many come in few reads, none longer than 512 KiB, with what lies between', async () => {
    const { bytes, places, seed } = await file(560, 20_000)
    const source = countedSource(bytes)
    let longest = 0
    const measured = {
      size: source.size,
      async read(offset: number, length: number) {
        longest = Math.max(longest, length)
        return source.read(offset, length)
      },
    }
    const reads = new BlockReads(measured, keepingCache(), 'x', seed, { offset: 0, bytes: new Uint8Array(0) })
    const wanted = places.filter((_, at) => at % 4 === 0)
    const found = await Promise.all(wanted.map((place) => reads.get(place, Raw)))
    const alone = await Promise.all(
      wanted.map((place) => new BlockReads(countedSource(bytes), keepingCache(), 'x', seed, none).get(place, Raw)),
    )
    expect(found.map(({ text }) => text)).toEqual(alone.map(({ text }) => text))
    expect(source.reads).toBeLessThanOrEqual(Math.ceil(bytes.length / (512 * 1024 - 100_000)))
    expect(source.bytes).toBeLessThanOrEqual(bytes.length)
    expect(longest).toBeLessThanOrEqual(512 * 1024)
  })

  it('of what came with the opening read are none', async () => {
    const { bytes, places, seed } = await file(3, 500)
    const source = countedSource(bytes)
    const reads = new BlockReads(source, keepingCache(), 'x', seed, { offset: 0, bytes })
    await Promise.all(places.map((place) => reads.get(place, Raw)))
    expect(source.reads).toBe(0)
  })

  it('fail as the source fails, and as the checksum fails', async () => {
    const { bytes, places, seed } = await file(2, 500)
    const [first = { offset: 0, length: 0 }, second = first] = places
    const failing = { size: bytes.length, read: () => Promise.reject(new Error('R2 is away')) }
    await expect(new BlockReads(failing, keepingCache(), 'x', seed, none).get(first, Raw)).rejects.toThrow('R2 is away')
    const reads = new BlockReads(countedSource(bytes), keepingCache(), 'x', seed, none)
    await expect(reads.get({ offset: first.offset, length: second.length - 1 }, Raw)).rejects.toThrow('checksum')
    await expect(reads.get({ offset: bytes.length, length: 10 }, Raw)).rejects.toThrow('outside')
  })
})
