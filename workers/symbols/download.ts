import type { Clock } from '#shared/clock.ts'
import type { SymbolFileRepository } from '#shared/db/symbol-files.ts'
import { withDeadline } from '#shared/deadline.ts'
import { R2_DEADLINE_MS } from '#shared/limits.ts'
import { parseSymbolKey, type SymbolKey, symbolKeySegments, symbolObjectKey } from '#shared/symbols/key.ts'
import type { Misses } from '#shared/symbols/missing.ts'
import { type CodeLookups, findModuleOfCode } from './code-lookup.ts'
import { debugTime, moved, notFound } from './download-answer.ts'
import { type FileKind, findFileOfId } from './file-of-id.ts'
import { type ReadBucket, sendStoredFile } from './stored-file.ts'

export interface DownloadDeps {
  readonly bucket: ReadBucket
  readonly files: SymbolFileRepository
  readonly lookups: CodeLookups
  readonly misses: Misses
  readonly clock: Clock
  /** SYMBOL_ACCESS: whether shared caches must not keep what is sent. */
  readonly isPrivate: boolean
  /** SYMBOL_DOWNLOAD_URL: where the bucket's files are public; '' for a bucket that is not. */
  readonly bucketUrl: string
}

/** A request for one symbol file. */
export interface DownloadPath {
  readonly key: SymbolKey
  /** `/try/…`, which asks as `?try` does: regular symbols first, then try symbols. */
  readonly tryPrefix: '' | '/try'
}

/**
 * A `file.ptr` would name another server's share, and 33 zeros are the id of a module without one: asking is
 * pointless.
 */
const IGNORED_FILE = 'file.ptr'
const IGNORED_ID = '0'.repeat(33)
/**
 * 32 digits of a GUID or build id, then the age. A shorter id is asked for as a code id too (specs/symbols.md 2.1,
 * rule 4).
 */
const MIN_DEBUG_ID_CHARS = 33

/** Reads `/<debug file>/<id>/<file>` and `/try/…`; null for every other path. Ids count in any case. */
export function parseDownloadPath(pathname: string): DownloadPath | null {
  const key = keyOfPath(pathname)
  if (key !== null) return { key, tryPrefix: '' }
  const tryKey = pathname.startsWith('/try/') ? keyOfPath(pathname.slice('/try'.length)) : null
  return tryKey === null ? null : { key: tryKey, tryPrefix: '/try' }
}

/** Segments are decoded one by one: an encoded `/` makes a fourth and is no key. */
function keyOfPath(pathname: string): SymbolKey | null {
  try {
    return parseSymbolKey(pathname.slice(1).split('/').map(decodeURIComponent).join('/'))
  } catch {
    return null
  }
}

/**
 * Answers GET and HEAD for one symbol file (specs/symbols.md 2.1): the file streamed as it is stored, else a redirect
 * to the module of a code id, else 404, which counts as a missing symbol. Any stored file downloads, `.pdb` and
 * `.dll` too, which the peer ignores. `basePath` is what stands before the path in the client's URL (a download
 * token), for redirects. Throws when R2 or D1 fails.
 */
export async function downloadSymbol(
  request: Request,
  path: DownloadPath,
  deps: DownloadDeps,
  basePath = '',
): Promise<Response> {
  const startedAtMs = deps.clock()
  // The clock of a Worker stands still between two answers of other systems: asking storage counts as 1 ms at least.
  const elapsed = () => debugTime(request, Math.max(1, deps.clock() - startedAtMs))
  const { id, file } = symbolKeySegments(path.key)
  if (file === IGNORED_FILE || id === IGNORED_ID)
    return notFound('Symbol Not Found (and ignored)', debugTime(request, 0))

  const { searchParams, search } = new URL(request.url)
  const alsoTry = path.tryPrefix !== '' || searchParams.has('try')
  const found =
    (await sendByKey(request, path.key, alsoTry, deps)) ?? (await sendUnified(request, path.key, alsoTry, deps))
  if (found !== null) return withHeaders(found, elapsed())

  const refresh = searchParams.has('_refresh')
  const target = await targetOfCodeId(path.key, alsoTry, refresh, deps)
  if (target !== null) return moved(`${basePath}${path.tryPrefix}${target}${search}`, elapsed())

  deps.misses.note(path.key)
  return notFound('Symbol Not Found', elapsed())
}

async function sendByKey(request: Request, key: SymbolKey, alsoTry: boolean, deps: DownloadDeps) {
  for (const trySymbols of alsoTry ? [false, true] : [false]) {
    const objectKey = symbolObjectKey(key, trySymbols)
    const sent = redirectsToBucket(request, deps)
      ? await moveToBucket(objectKey, deps)
      : await sendStoredFile(request, deps.bucket, objectKey, deps)
    if (sent !== null) return sent
  }
  return null
}

/** As the peer does it, where the operator made the bucket public. HEAD stays 200. */
function redirectsToBucket(request: Request, deps: DownloadDeps): boolean {
  return deps.bucketUrl !== '' && !deps.isPrivate && request.method === 'GET'
}

async function moveToBucket(objectKey: string, { bucket, bucketUrl }: DownloadDeps): Promise<Response | null> {
  const head = await withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.head(objectKey))
  return head === null ? null : moved(`${bucketUrl}/${objectKey.split('/').map(encodeURIComponent).join('/')}`)
}

/** Symbolicator's unified layout: `/<first 2 digits of the id>/<the others>/<kind>`. */
const UNIFIED_KINDS: Readonly<Record<string, FileKind>> = {
  breakpad: 'breakpad',
  debuginfo: 'debuginfo',
  executable: 'executable',
}

async function sendUnified(request: Request, key: SymbolKey, alsoTry: boolean, deps: DownloadDeps) {
  const { debugFile: first, id: others, file } = symbolKeySegments(key)
  const kind = Object.hasOwn(UNIFIED_KINDS, file) ? UNIFIED_KINDS[file] : undefined
  if (kind === undefined || !/^[0-9a-f]{2}$/i.test(first)) return null
  const found = await findFileOfId(deps, `${first}${others}`, kind, alsoTry)
  if (found === null) return null
  return sendStoredFile(request, deps.bucket, found.objectKey, {
    isPrivate: deps.isPrivate,
    isGzipFile: found.isGzipFile,
  })
}

/**
 * Where the sym file of a code file and code id is: the path of the module's debug file and debug id. The leaf stays
 * as it was asked for, as at the peer. Always a redirect and never the bytes: minidump-stackwalk reads the module's
 * debug id off the Location.
 */
async function targetOfCodeId(key: SymbolKey, alsoTry: boolean, refresh: boolean, deps: DownloadDeps) {
  const { debugFile: codeFile, id: codeId, file } = symbolKeySegments(key)
  if (!file.endsWith('.sym') || codeId.length >= MIN_DEBUG_ID_CHARS) return null
  const module = await findModuleOfCode(deps, { codeFile, codeId, alsoTry, refresh })
  // A file that is booked under the very name and id that were not found would lead back here.
  if (module === null || (module.debugFile === codeFile && module.debugId === codeId)) return null
  return `/${[module.debugFile, module.debugId, file].map(encodeURIComponent).join('/')}`
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}
