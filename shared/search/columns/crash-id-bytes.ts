/** Bytes of an identifier in the form of a crash id. */
export const CRASH_ID_BYTES = 16

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A nibble by the code of its hex digit. */
const NIBBLES = new Uint8Array(128)
for (const [nibble, digit] of [...'0123456789abcdef'].entries()) NIBBLES[digit.charCodeAt(0)] = nibble
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Packs an identifier such as a crash id; null for a text of another form. */
export function crashIdBytes(text: string): Uint8Array | null {
  if (!FORM.test(text)) return null
  const bytes = new Uint8Array(CRASH_ID_BYTES)
  let at = 0
  for (let n = 0; n < CRASH_ID_BYTES; n++) {
    if (text.charCodeAt(at) === 45) at += 1
    const high = NIBBLES[text.charCodeAt(at)] ?? 0
    bytes[n] = high * 16 + (NIBBLES[text.charCodeAt(at + 1)] ?? 0)
    at += 2
  }
  return bytes
}

/** The text of the identifier that begins at a byte. */
export function crashIdText(bytes: Uint8Array, start: number): string {
  let text = ''
  for (let n = 0; n < CRASH_ID_BYTES; n++) {
    if (n === 4 || n === 6 || n === 8 || n === 10) text += '-'
    text += HEX[bytes[start + n] ?? 0]
  }
  return text
}

/** All of them packed one after the other, or null if one has another form. */
export function packCrashIds(texts: readonly string[]): Uint8Array | null {
  const packed = new Uint8Array(texts.length * CRASH_ID_BYTES)
  for (const [n, text] of texts.entries()) {
    const bytes = crashIdBytes(text)
    if (bytes === null) return null
    packed.set(bytes, n * CRASH_ID_BYTES)
  }
  return packed
}
