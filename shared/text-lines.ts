/** One line of a text: without its end, counted from 1. `too_long` lines are skipped unread, so that one cannot fill the memory. */
export type TextLine =
  | { readonly kind: 'line'; readonly number: number; readonly text: string }
  | { readonly kind: 'too_long'; readonly number: number }

const NEWLINE = 0x0a
const MAX_WASTED_CHUNKS = 1_024

/**
 * The lines of a stream of UTF-8, as NDJSON means them: only `\n` ends a line (JSON text may hold U+2028, at which Node's readline divides), white space around
 * a line and empty lines do not count. Holds one line at a time, at most `maxLineBytes`.
 */
export async function* textLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<TextLine, void, void> {
  const decoder = new TextDecoder()
  let held: Uint8Array[] = []
  let heldBytes = 0
  let number = 1

  const hold = (bytes: Uint8Array) => {
    heldBytes += bytes.length
    if (heldBytes > maxLineBytes) held = []
    else if (bytes.length > 0) held.push(bytes)
    // A client that sends single bytes would otherwise cost a view a byte.
    if (held.length > MAX_WASTED_CHUNKS) held = [joined(held)]
  }
  const ended = (): TextLine | null => {
    const line: TextLine =
      heldBytes > maxLineBytes
        ? { kind: 'too_long', number }
        : { kind: 'line', number, text: decoder.decode(joined(held)).trim() }
    held = []
    heldBytes = 0
    number += 1
    return line.kind === 'line' && line.text === '' ? null : line
  }

  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      hold(chunk.subarray(start, end))
      start = end + 1
      const line = ended()
      if (line !== null) yield line
    }
    hold(chunk.subarray(start))
  }
  const last = ended()
  if (last !== null) yield last
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
