/**
 * Text as the peer's Python sees it. JavaScript's own trim() leaves \x1c-\x1f and \x85 and takes U+FEFF, its strings count UTF-16 units
 * and its sort compares them: each would give another signature than the peer's (specs/processor.md 2.9, port notes).
 */

const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const SPACE_RUN = new RegExp(`[${SPACE}]+`, 'g')
const IS_SPACE = new RegExp(`[${SPACE}]`)

/** White space off both ends. */
export function trim(text: string): string {
  return trimStart(trimEnd(text))
}

/** White space off the start. */
export function trimStart(text: string): string {
  let start = 0
  while (start < text.length && IS_SPACE.test(text.charAt(start))) start++
  return text.slice(start)
}

/** White space off the end; by hand, because a `\s+$` search is quadratic on 80 kB of inner spaces. */
export function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && IS_SPACE.test(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

/** Every run of white space as one space. */
export function joinSpaces(text: string): string {
  return text.replace(SPACE_RUN, ' ')
}

/** The first `count` code points, and whether there were more. */
export function firstCodePoints(text: string, count: number): { readonly text: string; readonly isCut: boolean } {
  if (text.length <= count) return { text, isCut: false }
  let units = 0
  for (let points = 0; points < count && units < text.length; points++) {
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1
  }
  return { text: text.slice(0, units), isCut: units < text.length }
}

/** What a value prints as in a signature: text as it is, all else as the peer's Python shows it (`None`, `True`, `['b', 1]`). */
export function printed(value: unknown): string {
  return typeof value === 'string' ? value : shown(value)
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string')
    return value.includes("'") && !value.includes('"') ? `"${value}"` : `'${value.replaceAll("'", "\\'")}'`
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, inner]) => `${shown(key)}: ${shown(inner)}`)
      .join(', ')}}`
  return String(value)
}

/** Python's truth of a JSON value: null, false, 0, "", [] and {} are false. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}
