/**
 * An unsigned 64-bit address: a number up to 2^53 - 1, a bigint above, where numbers lose bits (kernel modules, vsyscall). JavaScript compares the two
 * exactly; sums go through the functions here, so that only files with such addresses pay for them.
 */
export type Address = number | bigint

/** The highest address. */
export const MAX_ADDRESS = 0xffff_ffff_ffff_ffffn

/** The one form that a value has as an address. */
export function addressOf(value: bigint): Address {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value
}

/** `address + bytes`, exact. */
export function plus(address: Address, bytes: Address): Address {
  if (typeof address === 'number' && typeof bytes === 'number') {
    const sum = address + bytes
    if (Number.isSafeInteger(sum)) return sum
  }
  return addressOf(BigInt(address) + BigInt(bytes))
}

/** `address - other`, exact; it may be negative. */
export function minus(address: Address, other: Address): Address {
  if (typeof address === 'number' && typeof other === 'number') return address - other
  return addressOf(BigInt(address) - BigInt(other))
}

/** The last address of a record, or null where breakpad-symbols sees none: an empty record, or one whose `address + size` leaves 64 bits. */
export function lastAddress(start: Address, size: number): Address | null {
  if (size === 0) return null
  const end = plus(start, size)
  return end > MAX_ADDRESS ? null : minus(end, 1)
}

/** In hex without `0x`, as sym files write it. */
export function hex(address: Address): string {
  return address.toString(16)
}
