/** What became of JSON text that a stranger wrote. */
export type JsonParsing = { readonly kind: 'parsed'; readonly value: unknown } | { readonly kind: 'malformed' }

/**
 * Parses JSON that nests at most `maxDepth` deep. A deeper value could be parsed but not written again: `JSON.stringify` and every
 * function that walks a value call themselves once a level, and 1 MiB of `[` are a million levels.
 */
export function parseJsonUpTo(maxDepth: number, text: string): JsonParsing {
  if (depthOf(text) > maxDepth) return { kind: 'malformed' }
  try {
    return { kind: 'parsed', value: JSON.parse(text) }
  } catch {
    return { kind: 'malformed' }
  }
}

/** How deep brackets nest outside of strings. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (inString) {
      if (char === BACKSLASH) at++
      else if (char === QUOTE) inString = false
    } else if (char === QUOTE) inString = true
    else if (char === OPEN_LIST || char === OPEN_OBJECT) deepest = Math.max(deepest, ++depth)
    else if (char === CLOSE_LIST || char === CLOSE_OBJECT) depth--
  }
  return deepest
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]
