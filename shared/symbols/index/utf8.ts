const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/** The text of bytes that were UTF-8 when the index was built. A byte order mark is a character like any other, as it is in Rust. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
