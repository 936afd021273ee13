/** The text of a body that ended within its limit. */
export type CappedText = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'too_large' }

/** Reads a stream as UTF-8 up to `maxBytes`; a longer one is cancelled at the first byte too many. */
export async function cappedText(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<CappedText> {
  if (body === null) return { kind: 'text', text: '' }
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let bytes = 0
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { kind: 'text', text: text + decoder.decode() }
    bytes += value.byteLength
    if (bytes > maxBytes) {
      await reader.cancel()
      return { kind: 'too_large' }
    }
    text += decoder.decode(value, { stream: true })
  }
}
