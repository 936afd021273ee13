import { createHash } from 'node:crypto'
import type { SymbolKey } from './key.ts'

/** The peer's width (specs/symbols.md 1.7). */
const CONTENT_HASH_CHARS = 30

/** Tells uploads of the same files, whatever their order: the MD5 over sorted `name:size` lines, as the peer makes it. */
export function contentHash(files: readonly { readonly key: SymbolKey; readonly sizeBytes: number }[]): string {
  const lines = files.map(({ key, sizeBytes }) => `${key}:${sizeBytes}`).toSorted()
  return createHash('md5')
    .update(new TextEncoder().encode(lines.join('\n')))
    .digest('hex')
    .slice(0, CONTENT_HASH_CHARS)
}
