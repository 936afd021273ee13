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
  let rewritten = ''
  let sliceEnd = 0
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, sliceEnd)) {
    const before = start === sliceEnd ? '' : text.slice(sliceEnd, start)
    sliceEnd = endOfSlice(text, start, open.charCodeAt(0), close.charCodeAt(0))
    rewritten += before + rewrite(before, text.slice(start, sliceEnd))
  }
  return rewritten + text.slice(sliceEnd)
}

/** Where the slice that opens at `start` ends, after its closing delimiter. */
function endOfSlice(text: string, start: number, open: number, close: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === open) depth++
    else if (character === close) {
      depth--
      if (depth === 0) return at + 1
    }
  }
  return text.length
}

const SPACE = 0x20
/** Closers by the character code of their opener, 0 for all else. */
const CLOSERS = new Uint8Array(128)
/** 1 for the character code of a closer. */
const CLOSING = new Uint8Array(128)
for (const pair of ['()', '{}', '[]', '<>', "`'"]) {
  CLOSERS[pair.charCodeAt(0)] = pair.charCodeAt(1)
  CLOSING[pair.charCodeAt(1)] = 1
}

/**
 * The name and its arguments without `static`, `virtual` and the return type: `static unsigned int pr_root(void *)` → `pr_root(void *)`.
 * Only a space outside of brackets divides; a closer that does not match the innermost opener is text. Arguments after a space and `[clone …]`
 * belong to the name. Null for the empty text, which the peer refuses.
 */
export function dropPrefixAndReturnType(text: string): string | null {
  if (text === '') return null
  const expected = new Uint8Array(text.length)
  let depth = 0
  let nameStart = 0
  let end = text.length
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === SPACE) {
      if (depth > 0) continue
      const next = at + 1
      if (next === text.length) end = at
      else if (!text.startsWith('(', next) && !text.startsWith('[clone', next)) nameStart = next
    } else if (character < 128) {
      const closer = CLOSERS[character] ?? 0
      if (closer > 0) expected[depth++] = closer
      else if (depth > 0 && CLOSING[character] === 1 && expected[depth - 1] === character) depth--
    }
  }
  return text.slice(nameStart, end)
}
