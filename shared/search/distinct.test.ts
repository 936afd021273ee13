import { describe, expect, it } from 'vitest'
import { hashOf, mergeDistinct, partialDistinct } from './distinct.ts'

const hashes = (from: number, to: number) =>
  Float64Array.from({ length: to - from }, (_, n) => hashOf(`value ${from + n}`))
const PLENTY = 10_000_000

describe('a hash', () => {
  it('is a whole number below 2^53, the same for the same value, and others for others', () => {
    const values = [0, 1, -1, 0.5, 2 ** 40, true, false, '', 'a', 'b', 'ab', 'ba', '0', '1', 'true', '💥']
    const all = values.map(hashOf)
    expect(new Set(all).size).toBe(values.length)
    expect(all.every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true)
    expect(values.map(hashOf)).toEqual(all)
  })

  it('has no double among 200,000 texts and as many times', () => {
    const seen = new Set<number>()
    for (let n = 0; n < 200_000; n++) seen.add(hashOf(`value ${n}`)).add(hashOf(1_770_000_000 + n))
    expect(seen.size).toBe(400_000)
  })

  it('is spread evenly, high and low', () => {
    const counts = Array.from({ length: 32 }, () => 0)
    for (let n = 0; n < 32_000; n++) {
      const hash = hashOf(n)
      for (const slot of [Math.floor(hash / 2 ** 49), 16 + (hash % 16)]) counts[slot] = (counts[slot] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(1_800)
    expect(Math.max(...counts)).toBeLessThan(2_200)
  })
})

describe('different values of several shards', () => {
  it('are counted exactly where all are there', () => {
    const parts = [hashes(0, 3_000), hashes(2_000, 5_000), hashes(0, 0)].map((part) => partialDistinct(part, PLENTY))
    expect(mergeDistinct(parts)).toEqual({ value: 5_000, isExact: true })
    expect(mergeDistinct([])).toEqual({ value: 0, isExact: true })
  })

  it('are estimated within five percent where a shard had too many to send', () => {
    const parts = [partialDistinct(hashes(0, 60_000), 8 * 4_000), partialDistinct(hashes(50_000, 100_000), PLENTY)]
    expect(parts.map(({ is_cut, hashes }) => [is_cut, hashes.length])).toEqual([
      [true, 4_000],
      [false, 50_000],
    ])
    const { value, isExact } = mergeDistinct(parts)
    expect(isExact).toBe(false)
    expect(Math.abs(value - 100_000)).toBeLessThan(5_000)
  })
})
