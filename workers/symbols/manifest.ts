import { z } from 'zod'
import { MAX_MANIFEST_FILES, MAX_SYMBOL_FILE_BYTES } from '#shared/limits.ts'
import type { DeclaredFile } from '#shared/symbols/declared-content.ts'
import { readMemberName, type SymbolKey } from '#shared/symbols/key.ts'
import { deniedSnippet } from '#shared/symbols/zip.ts'

/** The files of a v2 upload, as its JSON names them (specs/symbols.md 1.5). Further properties are let be. */
const manifestSchema = z.object({
  files: z.array(z.object({ key: z.string(), size: z.number().int().nonnegative(), md5_hash: z.string() })),
  /** Ours: asks for try symbols, as the field `try` of a zip upload does. */
  try_symbols: z.boolean().optional(),
})

/** What a file of a manifest is; an error's text is for its uploader, the first two are the peer's. */
export type ManifestFile =
  | { readonly kind: 'declared'; readonly key: string; readonly file: DeclaredFile }
  | { readonly kind: 'error'; readonly key: string; readonly text: string }

export type Manifest =
  | { readonly kind: 'manifest'; readonly files: readonly ManifestFile[]; readonly trySymbols: boolean }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too_many_files' }

const MD5 = /^[0-9a-f]{32}$/

/** Reads a manifest. One bad file does not spoil the others; one key with two contents does: both get an error. */
export function readManifest(text: string): Manifest {
  const parsed = manifestSchema.safeParse(parseJson(text))
  if (!parsed.success) return { kind: 'malformed' }
  const { files, try_symbols: trySymbols = false } = parsed.data
  if (files.length > MAX_MANIFEST_FILES) return { kind: 'too_many_files' }
  const read = files.map(readFile)
  const contents = new Map<SymbolKey, Set<string>>()
  for (const entry of read) {
    if (entry.kind === 'error') continue
    const { key, sizeBytes, md5 } = entry.file
    contents.set(key, (contents.get(key) ?? new Set()).add(`${sizeBytes} ${md5}`))
  }
  const judged = read.map((entry): ManifestFile => {
    const isOne = entry.kind === 'error' || contents.get(entry.file.key)?.size === 1
    return isOne ? entry : { kind: 'error', key: entry.key, text: 'the key is named twice with different content' }
  })
  return { kind: 'manifest', files: judged, trySymbols }
}

function readFile({ key, size, md5_hash: md5 }: z.infer<typeof manifestSchema>['files'][number]): ManifestFile {
  const name = readMemberName(key)
  if (name.kind !== 'symbol' || deniedSnippet(key) !== undefined) return { kind: 'error', key, text: 'invalid key' }
  if (!MD5.test(md5)) return { kind: 'error', key, text: 'invalid MD5 hex digest' }
  if (size > MAX_SYMBOL_FILE_BYTES) {
    return { kind: 'error', key, text: `a file has at most ${MAX_SYMBOL_FILE_BYTES} bytes` }
  }
  return { kind: 'declared', key, file: { key: name.key, sizeBytes: size, md5 } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
