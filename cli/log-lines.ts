/** A piece of a log, byte for byte: a line with its end, or a part of a line that is too long to be looked at. */
export type LogPiece =
  | { readonly kind: 'line'; readonly bytes: Buffer }
  | { readonly kind: 'part'; readonly bytes: Buffer }

const NEWLINE = 0x0a

/**
 * The pieces of a stream of bytes, those of one chunk at a time; joined they are the stream. A line that is still unended after `maxLineBytes` passes in parts, so
 * that no log can fill the memory, and a line is handed on with the chunk that ends it, so that nobody waits for a name.
 */
export async function* logPieces(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<readonly LogPiece[], void, void> {
  let held: Buffer[] = []
  let heldBytes = 0
  let isPassing = false
  const take = (bytes: Buffer, isEnd: boolean): readonly LogPiece[] => {
    if (isPassing || heldBytes + bytes.length > maxLineBytes) {
      const parts = [...held, bytes].map((part): LogPiece => ({ kind: 'part', bytes: part }))
      held = []
      heldBytes = 0
      isPassing = !isEnd
      return parts
    }
    held.push(bytes)
    heldBytes += bytes.length
    if (!isEnd) return []
    const line = Buffer.concat(held)
    held = []
    heldBytes = 0
    return [{ kind: 'line', bytes: line }]
  }
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const pieces: LogPiece[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      pieces.push(...take(bytes.subarray(start, end + 1), true))
      start = end + 1
    }
    if (start < bytes.length) pieces.push(...take(bytes.subarray(start), false))
    if (pieces.length > 0) yield pieces
  }
  if (heldBytes > 0) yield [{ kind: 'line', bytes: Buffer.concat(held) }]
}
