import { NumberTable } from './number-table.ts'
import type { PartialDistinct } from './partial-answer.ts'
import type { SearchValue } from './search-rpc.ts'

const HASH_BYTES = 8
const HASHES = 2 ** 53

/** Spreads every bit of a 32-bit number over all others. */
function mixed(bits: number): number {
  let hash = bits ^ (bits >>> 16)
  hash = Math.imul(hash, 0x7feb352d)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x846ca68b)
  return hash ^ (hash >>> 16)
}

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/**
 * A whole number below 2^53 for a value, the same in every shard. Two of a million values are given the same one in one of 20,000 cases.
 */
export function hashOf(value: SearchValue): number {
  let [a, b] = [0x9e3779b9, 0x85ebca6b]
  if (typeof value === 'string') {
    for (let n = 0; n < value.length; n++) {
      const code = value.charCodeAt(n)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ code, 0x5bd1e995)
      b ^= b >>> 13
    }
    a ^= value.length
  } else {
    float[0] = Number(value)
    a = mixed(a ^ (words[0] ?? 0))
    b = mixed(b ^ (words[1] ?? 0)) ^ (typeof value === 'boolean' ? 1 : 0)
  }
  const high = mixed(a ^ mixed(b)) >>> 0
  const low = mixed(b + 0x632be5ab + mixed(a)) >>> 0
  return (high >>> 11) * 0x1_0000_0000 + low
}

/** As many of the different values as fit; the lowest hashes where they do not, which are a fair sample. */
export function partialDistinct(hashes: Float64Array, maxBytes: number): PartialDistinct {
  const most = Math.max(1, Math.floor(maxBytes / HASH_BYTES))
  if (hashes.length <= most) return { kind: 'distinct', hashes, is_cut: false }
  return { kind: 'distinct', hashes: hashes.slice().sort().slice(0, most), is_cut: true }
}

/** How many different values the shards have together. Exact unless one of them was cut. */
export function mergeDistinct(parts: readonly PartialDistinct[]): {
  readonly value: number
  readonly isExact: boolean
} {
  // Above the highest hash of a part that was cut nothing is known of it.
  const known = Math.min(HASHES, ...parts.filter(({ is_cut }) => is_cut).map(({ hashes }) => hashes.at(-1) ?? 0))
  const isExact = known === HASHES
  const table = new NumberTable()
  for (const { hashes } of parts) for (const hash of hashes) if (isExact || hash < known) table.add(hash)
  return { value: isExact ? table.size : Math.round(table.size * (HASHES / known)), isExact }
}
