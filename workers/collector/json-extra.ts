import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from '#shared/limits.ts'
import { isJsonObject, type JsonValue } from '#shared/raw-crash.ts'

/** Crash annotations of a JSON `extra` part, in their order, with the types in which they were sent. */
export type JsonExtra =
  | {
      readonly kind: 'annotations'
      readonly entries: readonly (readonly [string, JsonValue])[]
      readonly notes: readonly string[]
    }
  | { readonly kind: 'malformed'; readonly reason: 'invalid_json' | 'invalid_json_value' }

/** Numbers that Python's JSON writes and reads, and that are none in JSON. */
const NOT_JSON_NUMBERS = ['NaN', 'Infinity', '-Infinity']

/**
 * Parses a JSON `extra` part (specs/collector.md 1.2). A byte order mark is accepted, bad UTF-8 is not. Too deep or too many values are
 * `invalid_json`: the peer answers 500 at 5,000 nested arrays (4.3, P1). `NaN` is stored as null with a note: the peer
 * stores it bare, which no JSON reader takes (P8), and a crash report is worth more than one number.
 */
export function parseJsonExtra(bytes: Uint8Array): JsonExtra {
  const text = decodeUtf8(bytes)
  if (text === null) return { kind: 'malformed', reason: 'invalid_json' }
  const shape = scanJson(text)
  if (shape.depth > MAX_JSON_DEPTH || shape.values > MAX_JSON_VALUES)
    return { kind: 'malformed', reason: 'invalid_json' }
  const value = parse(shape.cleaned)
  if (value === undefined) return { kind: 'malformed', reason: 'invalid_json' }
  if (!isJsonObject(value)) return { kind: 'malformed', reason: 'invalid_json_value' }
  const notes = shape.cleaned === text ? [] : ['NaN or Infinity in json-encoded extra stored as null']
  return { kind: 'annotations', entries: Object.entries(value), notes }
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return null
  }
}

function parse(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** Walks the text once, outside of strings: how deep it nests, about how many values it has, and bare NaN replaced by null. */
function scanJson(text: string): { readonly depth: number; readonly values: number; readonly cleaned: string } {
  let depth = 0
  let deepest = 0
  let values = 1
  let cleaned = ''
  let copied = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charAt(at)) {
      case '"':
        at = endOfString(text, at)
        break
      case '[':
      case '{':
        values++
        deepest = Math.max(deepest, ++depth)
        break
      case ']':
      case '}':
        depth--
        break
      case ',':
        values++
        break
      case 'N':
      case 'I':
      case '-': {
        const word = NOT_JSON_NUMBERS.find((candidate) => text.startsWith(candidate, at))
        if (word === undefined) break
        cleaned += `${text.slice(copied, at)}null`
        copied = at + word.length
        at = copied - 1
        break
      }
    }
  }
  return { depth: deepest, values, cleaned: copied === 0 ? text : cleaned + text.slice(copied) }
}

/** The index of a string's closing quote, or of the text's end. */
function endOfString(text: string, opening: number): number {
  for (let at = opening + 1; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (char === '"') return at
  }
  return text.length
}
