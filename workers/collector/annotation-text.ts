import { MAX_ANNOTATION_BYTES } from '#shared/limits.ts'
import type { Hold } from './bytes-in-flight.ts'
import { HeldBytes } from './held-bytes.ts'

/** Latin-1 under the names that clients and Python use. The Web's `latin1` is windows-1252, which differs in 32 bytes. */
const LATIN_1: ReadonlySet<string> = new Set(['latin-1', 'latin_1', 'latin1', 'iso-8859-1', 'iso8859-1', 'l1'])
const ASCII: ReadonlySet<string> = new Set(['ascii', 'us-ascii'])

/** What the client's charset means if it says none. */
export const DEFAULT_CHARSET = 'utf-8'

/** The bytes of a text part, kept up to the cap of one annotation; the rest is only counted. */
export class AnnotationBytes {
  readonly #kept: HeldBytes
  #cut = false

  constructor(hold: Hold) {
    this.#kept = new HeldBytes(hold)
  }

  append(chunk: Uint8Array): void {
    const room = MAX_ANNOTATION_BYTES - this.#kept.length
    this.#kept.append(chunk.subarray(0, room))
    this.#cut ||= chunk.length > room
  }

  /** Forgets the bytes; {@link cut} stays. */
  drop(): void {
    this.#kept.drop()
  }

  /** Whether the value was longer than the cap. */
  get cut(): boolean {
    return this.#cut
  }

  /** The text, or null where the bytes are not of the charset or the charset is unknown (specs/collector.md 1.2). */
  text(charset: string): string | null {
    return decode(this.#kept.joined(), charset.toLowerCase(), this.#cut)
  }
}

/** Cuts a text to the cap of one annotation, in UTF-8 bytes, not through a character. */
export function cutAnnotation(text: string): { readonly text: string; readonly cut: boolean } {
  // A UTF-16 unit is at most three bytes, so most texts need no count.
  if (text.length * 3 <= MAX_ANNOTATION_BYTES) return { text, cut: false }
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= MAX_ANNOTATION_BYTES) return { text, cut: false }
  return { text: decode(bytes.subarray(0, MAX_ANNOTATION_BYTES), DEFAULT_CHARSET, true) ?? '', cut: true }
}

/** Decodes strictly. With `cut`, a character whose end was cut off is left out. */
function decode(bytes: Uint8Array, charset: string, cut: boolean): string | null {
  if (LATIN_1.has(charset)) return latin1(bytes)
  if (ASCII.has(charset)) return bytes.some((byte) => byte > 127) ? null : latin1(bytes)
  try {
    return new TextDecoder(charset.replace('_', '-'), { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut })
  } catch {
    return null
  }
}

/** Every byte is the code point of the same number. In pieces, because a call takes only so many arguments. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}
