import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gunzip } from './gunzip.ts'

const PLAIN = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) >> 3)
const MEMBER = new Uint8Array(gzipSync(PLAIN))

const joined = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
const sameBytes = (left: Uint8Array, right: Uint8Array) =>
  left.length === right.length && left.every((byte, at) => byte === right[at])

async function* chunksOf(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function outcome(bytes: Uint8Array, chunkBytes = 1000, cap = 1e9): Promise<string> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of gunzip(chunksOf(bytes, chunkBytes), cap)) pieces.push(piece.slice())
  } catch (thrown) {
    return thrown instanceof Error && 'reason' in thrown ? String(thrown.reason) : String(thrown)
  }
  return sameBytes(joined(...pieces), PLAIN) ? 'same' : 'different'
}

/** A member with every optional header field: extra, name, comment and header checksum. */
const FULL_HEADER = joined(
  [0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3],
  [3, 0, 9, 9, 9],
  [65, 0],
  [66, 66, 0],
  [1, 2],
)

describe('gunzip', () => {
  it.each([
    ['a member', MEMBER, 'same'],
    ['a member with all optional header fields', joined(FULL_HEADER, MEMBER.subarray(10)), 'same'],
    ['bytes after the member', joined(MEMBER, [1, 2, 3]), 'same'],
    ['zeros after the member', joined(MEMBER, new Uint8Array(10)), 'same'],
    ['a second member, which is not read', joined(MEMBER, MEMBER), 'same'],
    ['a member cut inside its data', MEMBER.subarray(0, 100), 'bad_gzip'],
    ['a member cut inside its trailer', MEMBER.subarray(0, -4), 'bad_gzip'],
    ['a wrong checksum', MEMBER.map((byte, at) => (at === MEMBER.length - 6 ? byte ^ 1 : byte)), 'bad_gzip'],
    ['a wrong length', MEMBER.map((byte, at) => (at === MEMBER.length - 1 ? byte ^ 1 : byte)), 'bad_gzip'],
    ['plain text', new TextEncoder().encode('--b\r\nContent-Disposition: form-data'), 'bad_gzip'],
    ['nothing', new Uint8Array(0), 'bad_gzip'],
    ['reserved flags', MEMBER.map((byte, at) => (at === 3 ? 0x20 : byte)), 'bad_gzip'],
  ])('reads %s as expected in chunks of any size', async (_, bytes, expected) => {
    for (const size of [1, 7, 1000, 1e6]) expect(await outcome(bytes, size)).toBe(expected)
  })

  it('stops a bomb within a chunk of the cap', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(50_000_000)))
    let held = 0
    await expect(async () => {
      for await (const piece of gunzip(chunksOf(bomb, 65_536), 1_000_000)) held += piece.length
    }).rejects.toThrow('inflated_too_large')
    expect(held).toBeLessThanOrEqual(1_000_000)
  })

  it('takes exactly the cap and no byte more', async () => {
    expect(await outcome(MEMBER, 1000, PLAIN.length)).toBe('same')
    expect(await outcome(MEMBER, 1000, PLAIN.length - 1)).toBe('inflated_too_large')
  })

  it('passes on an error of the source', async () => {
    const broken = async function* () {
      yield MEMBER.subarray(0, 50)
      throw new RangeError('the client went away')
    }
    await expect(async () => {
      for await (const _ of gunzip(broken(), 1e9));
    }).rejects.toThrow('the client went away')
  })

  it('never hangs or throws anything else on damaged members', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(MEMBER.length - 1),
        fc.nat(255),
        fc.integer({ min: 1, max: 5000 }),
        async (at, value, size) => {
          const damaged = MEMBER.slice()
          damaged[at] = value
          expect(['same', 'bad_gzip']).toContain(await outcome(damaged, size))
        },
      ),
      { numRuns: 100 },
    )
  })
})
