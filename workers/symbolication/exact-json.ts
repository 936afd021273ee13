/** What became of JSON text that a stranger wrote. */
export type ExactJson =
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too_many_values' }

/** Longest literal that is read as an integer: 2^64 has 20 digits. */
const MAX_INTEGER_CHARS = 40
const INTEGER = /^-?\d+$/
/** Above it a number's digits are looked at one by one. */
const SAFE_DIGITS = 15

/** What a text holds, before it is parsed. */
export interface JsonShape {
  readonly depth: number
  /** Values, closely: one for each bracket and comma outside of strings. */
  readonly values: number
  /** Whether `JSON.parse` alone would lose something: a number above 2^53, or one with a fraction or exponent, which is no integer. */
  readonly hasInexactNumbers: boolean
}

/** Reads brackets, commas and numbers of JSON text, without making anything of them: `[[],[],…` of 8 MiB would be 100 MB of objects. */
export function shapeOfJson(text: string): JsonShape {
  let depth = 0
  let deepest = 0
  let values = 1
  let digits = 0
  let hasInexactNumbers = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char >= ZERO && char <= NINE) {
      digits++
      if (digits > SAFE_DIGITS) hasInexactNumbers = true
      continue
    }
    if (digits > 0 && (char === DOT || char === EXPONENT || char === CAPITAL_EXPONENT)) hasInexactNumbers = true
    digits = 0
    if (char === QUOTE) at = endOfString(text, at)
    else if (char === COMMA) values++
    else if (char === OPEN_LIST || char === OPEN_OBJECT) {
      values++
      deepest = Math.max(deepest, ++depth)
    } else if (char === CLOSE_LIST || char === CLOSE_OBJECT) depth--
  }
  return { depth: deepest, values, hasInexactNumbers }
}

/** Where the string that begins here ends, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === BACKSLASH) at++
    else if (char === QUOTE) return at
  }
  return text.length
}

const [ZERO, NINE, DOT, COMMA] = [0x30, 0x39, 0x2e, 0x2c]
const [EXPONENT, CAPITAL_EXPONENT] = [0x65, 0x45]
const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Parses JSON whose integers stay exact: one that a number cannot hold is a bigint, and what is no integer literal (`1.0`, `1e3`) is NaN,
 * because the peer tells them apart (specs/symbols.md 3.1). Module offsets reach 2^64 - 1.
 */
export function parseExactJson(text: string, shape: JsonShape, maxDepth: number, maxValues: number): ExactJson {
  if (shape.depth > maxDepth) return { kind: 'malformed' }
  if (shape.values > maxValues) return { kind: 'too_many_values' }
  try {
    // The reviver costs five times the parsing, and real requests do without.
    const value: unknown = shape.hasInexactNumbers ? JSON.parse(text, exactNumber) : JSON.parse(text)
    return { kind: 'parsed', value }
  } catch {
    return { kind: 'malformed' }
  }
}

/** A reviver: V8 hands it the literal of each number. */
function exactNumber(_key: string, value: unknown, context?: { readonly source: string }): unknown {
  if (typeof value !== 'number' || context === undefined) return value
  const { source } = context
  if (!INTEGER.test(source)) return Number.NaN
  if (Number.isSafeInteger(value)) return value
  return source.length > MAX_INTEGER_CHARS ? Number.NaN : BigInt(source)
}
