import { LIST_SEPARATOR } from './fields.ts'

/**
 * Letters, digits and underscores; a dot or apostrophe between two letters, and a dot or comma between two digits, belong to the
 * word (the Unicode word rules, UAX 29, as far as crashes need them): `js::Run` is two words, `libxul.so` and `10.0.19041` are one.
 */
const WORD = /(?:[\p{L}\p{M}\p{N}_]|(?<=\p{L})[.'](?=\p{L})|(?<=\p{N})[.,](?=\p{N}))+/gu

/** The words of a text in lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(WORD) ?? []
}

/** The values of a list in lower case, each once: what a facet of it counts (specs/webapp.md 2.3). */
export function listParts(text: string): readonly string[] {
  return [...new Set(text.toLowerCase().split(LIST_SEPARATOR).filter(Boolean))]
}
