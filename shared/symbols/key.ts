import { MAX_SYMBOL_NAME_CHARS } from '../limits.ts'

/**
 * A symbol file's key as text: `<debug file>/<DEBUG ID>/<file>`, such as `xul.pdb/44E4EC8C2F41492B9369D6B9A059577C2/xul.sym`.
 * The id is upper-case, so that an upload and a download meet whatever case they were written in.
 */
export type SymbolKey = string & { readonly __symbolKey: unique symbol }

/** Specs/symbols.md 1.2: what no name may hold. Umlauts are refused as the peer does, `汉` and spaces are fine. */
const REFUSED_CHARACTERS = /[\p{Cc}\p{Cs}\u00a0-\u00ff\\^`><{}[\]#%"'|/]/u
const HEX_ID = /^[0-9A-Fa-f]+$/
const DRIVE = /^[A-Za-z]:/
/** R2 keys end at 1,024 bytes; the prefix and the index's suffix need their room. */
const MAX_KEY_BYTES = 1_000
/** What the R2 key of a sym file's index has more than the file's own, whatever case its `.sym` is in. */
const INDEX_SUFFIX = 'index'
const INDEX_FILE = /\.symindex$/i

/**
 * Reads `<debug file>/<id>/<file>`, or null when it is no key: wrong shape, refused characters, a path trick, too long, or the name of an index, which
 * nobody uploads or downloads.
 */
export function parseSymbolKey(text: string): SymbolKey | null {
  const [debugFile, id, file, ...more] = text.split('/')
  if (debugFile === undefined || id === undefined || file === undefined || more.length > 0) return null
  if (!isName(debugFile) || !isName(file) || !HEX_ID.test(id) || id.length > MAX_SYMBOL_NAME_CHARS) return null
  if (INDEX_FILE.test(file)) return null
  const key = `${debugFile}/${id.toUpperCase()}/${file}`
  return new TextEncoder().encode(key).length <= MAX_KEY_BYTES ? (key as SymbolKey) : null
}

/**
 * A name is one segment of a path on every system that may unpack it: no dot segment, no drive, no trailing dot (Windows
 * drops it), also after compatibility mapping, where `．．` (full width) becomes `..`.
 */
function isName(segment: string): boolean {
  if (segment.length === 0 || segment.length > MAX_SYMBOL_NAME_CHARS) return false
  const forms = [segment, segment.normalize('NFKC')]
  return (
    !REFUSED_CHARACTERS.test(segment) &&
    forms.every((form) => !/[\\/]/.test(form) && !form.endsWith('.') && !DRIVE.test(form))
  )
}

/** The three segments of a key. */
export function symbolKeySegments(key: SymbolKey): {
  readonly debugFile: string
  readonly id: string
  readonly file: string
} {
  const [debugFile = '', id = '', file = ''] = key.split('/')
  return { debugFile, id, file }
}

/** Whether a file is text in Breakpad's form, which is stored compressed. */
export function isSymFile(key: SymbolKey): boolean {
  return key.toLowerCase().endsWith('.sym')
}

/** The R2 key of a symbol file; try uploads stand apart, so that no release crash ever reads them. */
export function symbolObjectKey(key: SymbolKey, trySymbols: boolean): string {
  return `${objectKeyPrefix(trySymbols)}${key}`
}

/** The R2 key of a sym file's block index, beside the file: `….sym` → `….symindex`. */
export function indexObjectKey(symObjectKey: string): string {
  return `${symObjectKey}${INDEX_SUFFIX}`
}

/** What the R2 keys of a store begin with. */
export function objectKeyPrefix(trySymbols: boolean): string {
  return trySymbols ? 'try/v1/' : 'v1/'
}

/** The debug id or code id in the R2 key of a symbol file. */
export function idOfObjectKey(objectKey: string): string {
  return objectKey.split('/').at(-2) ?? ''
}

/** The symbol file that lies under an R2 key, and in which store; null for a key of something else. */
export function parseSymbolObjectKey(
  objectKey: string,
): { readonly key: SymbolKey; readonly trySymbols: boolean } | null {
  const [, tryPrefix, text] = /^(try\/)?v1\/(.+)$/.exec(objectKey) ?? []
  const key = text === undefined ? null : parseSymbolKey(text)
  return key === null ? null : { key, trySymbols: tryPrefix !== undefined }
}

/** The R2 key of an uploaded zip that waits to be unpacked. */
export function stagedZipKey(uploadId: number): string {
  return `uploads/${uploadId}.zip`
}

/** The R2 key of a file that arrived in parts and waits to be checked. */
export function stagedFileKey(sessionId: string): string {
  return `uploads/parts/${sessionId}`
}

/** What a member of a symbols zip is (specs/symbols.md 1.2). */
export type MemberName =
  | { readonly kind: 'symbol'; readonly key: SymbolKey }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unrecognized' }

/** Reads a member's name. Ignored: folders, `.DS_Store` and other tools' `*.symindex` anywhere, and `*-symbols.txt` at the top or under a well-formed key. */
export function readMemberName(name: string): MemberName {
  if (name.endsWith('/') || /(?:^|\/)\.DS_Store$/.test(name) || INDEX_FILE.test(name)) return { kind: 'ignored' }
  const isListing = name.endsWith('-symbols.txt')
  if (isListing && !name.includes('/') && isName(name)) return { kind: 'ignored' }
  const key = parseSymbolKey(name)
  if (key === null) return { kind: 'unrecognized' }
  return isListing ? { kind: 'ignored' } : { kind: 'symbol', key }
}
