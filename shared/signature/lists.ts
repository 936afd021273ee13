/**
 * The four signature lists, as data in the peer's file format: UTF-8, one pattern a line, empty lines and `#` comments skipped
 * (specs/processor.md 3). A folder of Socorro-format files loads as it is.
 */

/** File names of the lists; a list folder holds all four. */
export const LIST_FILES = {
  irrelevant: 'irrelevant_signature_re.txt',
  prefix: 'prefix_signature_re.txt',
  sentinels: 'signature_sentinels.txt',
  withLineNumbers: 'signatures_with_line_numbers_re.txt',
} as const
export type ListName = keyof typeof LIST_FILES
export const LIST_NAMES = [
  'irrelevant',
  'prefix',
  'sentinels',
  'withLineNumbers',
] as const satisfies readonly ListName[]

/** The text of the four files. */
export type SignatureListTexts = Readonly<Record<ListName, string>>

/** Patterns tried at the start of a normalised frame. An empty list matches nothing (the peer's empty list matches everything, a defect). */
export interface FramePattern {
  matches(frame: string): boolean
}

/** The lists, ready to sign with. */
export interface SignatureLists {
  readonly irrelevant: FramePattern
  readonly prefix: FramePattern
  readonly sentinels: readonly string[]
  readonly withLineNumbers: FramePattern
  /** Hex hash of the four lists' entries: stored with each signature, because lists change more often than code. */
  readonly hash: string
}

/** Lists that load, or the first line that does not. `line` counts from 1. */
export type ListsReading =
  | { readonly kind: 'read'; readonly lists: SignatureLists }
  | { readonly kind: 'bad_pattern'; readonly file: string; readonly line: number; readonly pattern: string }

/** Reads and compiles the lists. Every line must compile, sentinels too, although they are compared as text. */
export function readSignatureLists(texts: SignatureListTexts): ListsReading {
  const entries: Record<ListName, string[]> = { irrelevant: [], prefix: [], sentinels: [], withLineNumbers: [] }
  for (const name of LIST_NAMES) {
    for (const [index, rawLine] of texts[name].split('\n').entries()) {
      const pattern = rawLine.trim()
      if (pattern === '' || pattern.startsWith('#')) continue
      if (!compiles(pattern)) return { kind: 'bad_pattern', file: LIST_FILES[name], line: index + 1, pattern }
      entries[name].push(pattern)
    }
  }
  return {
    kind: 'read',
    lists: {
      irrelevant: framePattern(entries.irrelevant),
      prefix: framePattern(entries.prefix),
      sentinels: entries.sentinels,
      withLineNumbers: framePattern(entries.withLineNumbers),
      hash: fingerprint(
        JSON.stringify([entries.irrelevant, entries.prefix, entries.sentinels, entries.withLineNumbers]),
      ),
    },
  }
}

/** Run once as well, because the engine compiles at the first match. No `u` or `v` flag: patterns written for Python use a literal `{` and `\<`, which these refuse (specs/processor.md 3). */
function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern).test('')
    return true
  } catch {
    return false
  }
}

function framePattern(patterns: readonly string[]): FramePattern {
  if (patterns.length === 0) return { matches: () => false }
  const pattern = new RegExp(`^(?:${patterns.join('|')})`)
  return { matches: (frame) => pattern.test(frame) }
}

/** 64-bit FNV-1a, in hex: enough to tell lists apart, and synchronous, so that signing stays a pure function. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}
