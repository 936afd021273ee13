import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DamagedGzip, plainText, streamOf } from './sym-text.ts'

const TEXT = 'MODULE Linux x86_64 AB a\nFUNC 0 1 0 f\n'.repeat(100)
const ZIPPED = gzipSync(TEXT)

async function* chunksOf(bytes: Uint8Array, size: number, fails = false) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  if (fails) throw new Error('R2 is down')
}

async function read(chunks: AsyncGenerator<Uint8Array, void, void>): Promise<string> {
  return new Response(streamOf(plainText(chunks))).text()
}

describe('the text of a stored sym file', () => {
  it.each([1, 2, 3, 7, 100_000])('is the same, plain or gzip, in chunks of %d bytes', async (size) => {
    expect(await read(chunksOf(new TextEncoder().encode(TEXT), size))).toBe(TEXT)
    expect(await read(chunksOf(ZIPPED, size))).toBe(TEXT)
  })

  it('may be empty or shorter than a magic number', async () => {
    expect(await read(chunksOf(new Uint8Array(0), 1))).toBe('')
    expect(await read(chunksOf(new TextEncoder().encode('M'), 1))).toBe('M')
  })

  it('of cut or damaged gzip is damaged; of a source that fails the failure', async () => {
    const drain = async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const _ of plainText(chunks));
    }
    const middle = Math.floor(ZIPPED.length / 2)
    await expect(drain(chunksOf(ZIPPED.subarray(0, middle), 10))).rejects.toBeInstanceOf(DamagedGzip)
    await expect(drain(chunksOf(ZIPPED.subarray(0, 2), 10))).rejects.toBeInstanceOf(DamagedGzip)
    await expect(drain(chunksOf(ZIPPED.with(middle, (ZIPPED[middle] ?? 0) ^ 255), 10))).rejects.toBeInstanceOf(
      DamagedGzip,
    )
    await expect(drain(chunksOf(ZIPPED.subarray(0, middle), 10, true))).rejects.toThrow('R2 is down')
  })

  it('is asked for no further than its reader reads, and let go of when that stops', async () => {
    let given = 0
    let isClosed = false
    async function* endless() {
      try {
        for (;;) {
          given++
          yield new TextEncoder().encode('FUNC 0 1 0 f\n')
        }
      } finally {
        isClosed = true
      }
    }
    const reader = streamOf(plainText(endless())).getReader()
    await reader.read()
    expect(given).toBe(1)
    await reader.cancel()
    expect(isClosed).toBe(true)
  })
})
