import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MAX_SIGNATURE_LIST_BYTES } from '#shared/limits.ts'
import { DEFAULT_LIST_TEXTS, defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { LIST_FILES, LIST_NAMES, readSignatureLists, type SignatureLists } from '#shared/signature/lists.ts'
import { errorCode } from './error-code.ts'

/** Names the built-in lists where a folder is asked for. No folder needs the name: `./default` is one too. */
export const BUILT_IN = 'default'

export type FolderReading =
  | { readonly kind: 'read'; readonly lists: SignatureLists }
  | { readonly kind: 'bad'; readonly message: string }

/** Reads a folder of lists in Socorro's format, or the built-in ones for `default`. All four files must be there. */
export function readListFolder(folder: string): FolderReading {
  if (folder === BUILT_IN) return { kind: 'read', lists: defaultSignatureLists() }
  const texts = { irrelevant: '', prefix: '', sentinels: '', withLineNumbers: '' }
  for (const name of LIST_NAMES) {
    const file = path.join(folder, LIST_FILES[name])
    try {
      texts[name] = readFileSync(file, 'utf8')
    } catch (thrown) {
      return {
        kind: 'bad',
        message: `Cannot read ${file} (${errorCode(thrown)}). A folder of lists holds ${Object.values(LIST_FILES).join(', ')}.`,
      }
    }
    if (texts[name].length > MAX_SIGNATURE_LIST_BYTES)
      return { kind: 'bad', message: `${file} has more than ${MAX_SIGNATURE_LIST_BYTES} bytes.` }
  }
  const reading = readSignatureLists(texts)
  if (reading.kind === 'read') return reading
  const file = path.join(folder, reading.file)
  return { kind: 'bad', message: `${file}:${reading.line} does not compile: ${reading.pattern}` }
}

/** Writes the built-in lists as four files into a folder that is new or empty. Null, or why not. */
export function writeListFolder(folder: string): string | null {
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) return `${folder} is not empty; nothing was written.`
    for (const name of LIST_NAMES)
      writeFileSync(path.join(folder, LIST_FILES[name]), `${DEFAULT_LIST_TEXTS[name].trim()}\n`)
    return null
  } catch (thrown) {
    return `Cannot write to ${folder} (${errorCode(thrown)}).`
  }
}
