/**
 * The GNU build id of an ELF file: its bytes as upper-case hex, mostly 20 of them (SHA-1), 8 or 16 from other
 * linkers.
 */
export type BuildId = string & { readonly __buildId: unique symbol }

/** debuginfod's own paths hold at most this many digits. */
const BUILD_ID = /^(?:[0-9A-F]{2}){2,64}$/

/** Reads a build id in either case; null for what is none. */
export function parseBuildId(text: string): BuildId | null {
  const upper = text.toUpperCase()
  return BUILD_ID.test(upper) ? (upper as BuildId) : null
}

/**
 * The debug id that Breakpad's tools make of a build id: its first 16 bytes as a GUID, whose first three fields are
 * little-endian, and age 0. A shorter one is filled with zeros.
 */
export function debugIdOf(buildId: BuildId): string {
  const bytes = buildId.padEnd(32, '0').match(/../g) ?? []
  const field = (from: number, to: number) => bytes.slice(from, to).reverse().join('')
  return `${field(0, 4)}${field(4, 6)}${field(6, 8)}${bytes.slice(8, 16).join('')}0`
}
