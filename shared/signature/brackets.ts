/** Brackets in function names. All scans are one pass: an 82 kB symbol or 41,000 nested `<` cost milliseconds (specs/processor.md 2.5). */

/**
 * Rewrites every outermost slice from `open` to its `close`: `rewrite(before, inside)`, where `before` is the text since the previous slice and
 * `inside` the slice with its delimiters. A slice that never closes runs to the end; a `close` outside a slice is ordinary text.
 */
export function replaceSlices(
  text: string,
  open: string,
  close: string,
  rewrite: (before: string, inside: string) => string,
): string {
  const parts: string[] = []
  let depth = 0
  let sliceStart = 0
  let sliceEnd = 0
  const emit = (end: number) => {
    const before = text.slice(sliceEnd, sliceStart)
    parts.push(before, rewrite(before, text.slice(sliceStart, end)))
    sliceEnd = end
  }
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === open) {
      if (depth === 0) sliceStart = at
      depth++
    } else if (character === close && depth > 0) {
      depth--
      if (depth === 0) emit(at + 1)
    }
  }
  if (depth > 0) emit(text.length)
  parts.push(text.slice(sliceEnd))
  return parts.join('')
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']', '<': '>', '`': "'" }
const CLOSING = new Set(Object.values(CLOSERS))

/** Splits on single spaces outside of brackets. A closer that does not match the innermost opener is text. */
function splitOutsideBrackets(text: string): readonly string[] {
  const tokens: string[] = []
  const expected: string[] = []
  let tokenStart = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    const closer = CLOSERS[character]
    if (closer !== undefined) expected.push(closer)
    else if (CLOSING.has(character) && expected.at(-1) === character) expected.pop()
    else if (character === ' ' && expected.length === 0) {
      tokens.push(text.slice(tokenStart, at))
      tokenStart = at + 1
    }
  }
  if (tokenStart < text.length) tokens.push(text.slice(tokenStart))
  return tokens
}

/**
 * The name and its arguments without `static`, `virtual` and the return type: `static unsigned int pr_root(void *)` → `pr_root(void *)`.
 * Arguments after a space and `[clone …]` belong to the name. Null for the empty text, which the peer refuses.
 */
export function dropPrefixAndReturnType(text: string): string | null {
  const tokens = splitOutsideBrackets(text)
  if (tokens.length === 0) return null
  let first = tokens.length - 1
  while (first > 0 && /^(?:\(|\[clone)/.test(tokens[first] ?? '')) first--
  return tokens.slice(first).join(' ')
}
