import { type Address, MAX_ADDRESS, plus } from './address.ts'

/** PUBLICs whose ranges the upper index names: three bytes each. */
export const MAX_PUBLIC_RANGES = 20_000

interface Range {
  readonly start: Address
  readonly end: Address
}

/**
 * Where PUBLICs count: outside of functions, from the address of each to the next one, and not behind a FUNC that starts at or after it (specs/stackwalker.md
 * section 4, pitfall 7). With this a reader knows from the upper index alone whether an address is a PUBLIC's, and needs one block instead of two.
 * `publics` and `functions` ascend; functions do not overlap.
 */
export function publicRanges(publics: readonly Address[], functions: Iterable<Range>): (readonly [Address, Address])[] {
  const ranges: (readonly [Address, Address])[] = []
  const walk = functions[Symbol.iterator]()
  let before: Range | null = null
  let next = walk.next()
  for (const [index, address] of publics.entries()) {
    while (!next.done && next.value.start <= address) {
      before = next.value
      next = walk.next()
    }
    if (before !== null && before.start === address) continue
    const start = before !== null && before.end >= address ? plus(before.end, 1) : address
    const nextPublic = publics[index + 1] ?? MAX_ADDRESS + 1n
    const nextFunction = next.done ? MAX_ADDRESS + 1n : next.value.start
    const end = nextPublic < nextFunction ? nextPublic : nextFunction
    if (start < end) ranges.push([start, end])
  }
  return ranges
}
