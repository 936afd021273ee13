import type { Clock } from '#shared/clock.ts'
import { withDeadline } from '#shared/deadline.ts'
import { DOWNLOAD_CSP } from '#shared/http/security-headers.ts'
import { R2_DEADLINE_MS, SYMBOL_CACHE_SECONDS } from '#shared/limits.ts'
import { parseSymbolKey, type SymbolKey, symbolKeySegments, symbolObjectKey } from '#shared/symbols/key.ts'

export interface DownloadDeps {
  readonly bucket: Pick<R2Bucket, 'get' | 'head'>
  readonly clock: Clock
}

/** A request for one symbol file. */
export interface DownloadPath {
  readonly key: SymbolKey
  /** `/try/…`: the try store only. */
  readonly tryOnly: boolean
}

/** The peer's CORS headers: the Firefox Profiler and other pages read symbols (specs/symbols.md 2.1). */
const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET',
  'Access-Control-Allow-Headers':
    'accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, x-csrftoken, x-requested-with',
}
/** Symbol files are strangers' bytes: a browser that opens one runs nothing of it. */
const SAFETY_HEADERS = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': DOWNLOAD_CSP }
/** A `file.ptr` would name another server's share, and 33 zeros are the id of a module without one: asking is pointless. */
const IGNORED_FILE = 'file.ptr'
const IGNORED_ID = '0'.repeat(33)

/** Reads `/<debug file>/<id>/<file>` and `/try/…`; null for every other path. Ids count in any case. */
export function parseDownloadPath(pathname: string): DownloadPath | null {
  const key = keyOfPath(pathname)
  if (key !== null) return { key, tryOnly: false }
  const tryKey = pathname.startsWith('/try/') ? keyOfPath(pathname.slice('/try'.length)) : null
  return tryKey === null ? null : { key: tryKey, tryOnly: true }
}

/** Segments are decoded one by one: an encoded `/` makes a fourth and is no key. */
function keyOfPath(pathname: string): SymbolKey | null {
  try {
    return parseSymbolKey(pathname.slice(1).split('/').map(decodeURIComponent).join('/'))
  } catch {
    return null
  }
}

/** Answers GET and HEAD for one symbol file, streamed as it is stored. */
export async function downloadSymbol(request: Request, path: DownloadPath, deps: DownloadDeps): Promise<Response> {
  const startedAtMs = deps.clock()
  const { id, file } = symbolKeySegments(path.key)
  if (file === IGNORED_FILE || id === IGNORED_ID) return notFound(request, 'Symbol Not Found (and ignored)', 0)
  const object = await findSymbol(request, path, deps.bucket)
  // The clock of a Worker stands still between two answers of other systems: a question to storage counts as 1 ms at least.
  const elapsedMs = Math.max(1, deps.clock() - startedAtMs)
  return object === null ? notFound(request, 'Symbol Not Found', elapsedMs) : found(request, object, elapsedMs)
}

/** The stored file; without a body where the client's copy is still good. `?try` looks in both stores, regular first. */
async function findSymbol(request: Request, path: DownloadPath, bucket: DownloadDeps['bucket']) {
  const alsoTry = new URL(request.url).searchParams.has('try')
  const stores = path.tryOnly ? [true] : alsoTry ? [false, true] : [false]
  for (const trySymbols of stores) {
    const key = symbolObjectKey(path.key, trySymbols)
    const asked = request.method === 'HEAD' ? bucket.head(key) : bucket.get(key, { onlyIf: conditions(request) })
    const object = await withDeadline('R2 symbol', R2_DEADLINE_MS, asked)
    if (object !== null) return object
  }
  return null
}

/** Only the condition that a cache revalidates with. */
function conditions(request: Request): Headers {
  const ifNoneMatch = request.headers.get('If-None-Match')
  return new Headers(ifNoneMatch === null ? {} : { 'If-None-Match': ifNoneMatch.replace(INFLATED_ETAG, '"$1"') })
}

/** The ETag of the inflated form of a stored gzip: weak, because its bytes are not the stored ones. */
const INFLATED_ETAG = /W\/"([^"]*)-inflated"/g

function found(request: Request, object: R2Object | R2ObjectBody, elapsedMs: number): Response {
  const isGzip = object.httpMetadata?.contentEncoding === 'gzip'
  const asStored = !isGzip || acceptsGzip(request.headers)
  const headers = new Headers({
    ...CORS_HEADERS,
    ...SAFETY_HEADERS,
    ...debugTime(request, elapsedMs),
    'Content-Type': object.httpMetadata?.contentType ?? 'application/octet-stream',
    'Cache-Control': `public, max-age=${SYMBOL_CACHE_SECONDS}, no-transform`,
    ETag: asStored ? object.httpEtag : `W/"${object.etag}-inflated"`,
    'Last-Modified': object.uploaded.toUTCString(),
    ...(isGzip ? { Vary: 'Accept-Encoding' } : {}),
    ...(isGzip && asStored ? { 'Content-Encoding': 'gzip' } : {}),
  })
  if (request.method !== 'HEAD' && !('body' in object)) return new Response(null, { status: 304, headers })
  if (asStored) headers.set('Content-Length', String(object.size))
  if (!('body' in object)) return new Response(null, { headers, encodeBody: 'manual' })
  const body = asStored ? object.body : object.body.pipeThrough(new DecompressionStream('gzip'))
  return new Response(body, { headers, encodeBody: 'manual' })
}

function notFound(request: Request, text: string, elapsedMs: number): Response {
  return new Response(text, {
    status: 404,
    headers: {
      ...CORS_HEADERS,
      ...SAFETY_HEADERS,
      ...debugTime(request, elapsedMs),
      'Content-Type': 'text/plain; charset=utf-8',
      // The file may be uploaded the next minute: a miss is asked anew.
      'Cache-Control': 'no-cache',
    },
  })
}

/** Seconds that the search took, for clients that ask with `Debug`. */
function debugTime(request: Request, elapsedMs: number): Record<string, string> {
  const isWanted = ['1', 'true', 'yes'].includes((request.headers.get('Debug') ?? '').toLowerCase())
  return isWanted ? { 'Debug-Time': String(elapsedMs / 1_000) } : {}
}

/** Whether a client says that it takes gzip. One that says nothing gets the plain bytes: curl would show them as they come. */
function acceptsGzip(headers: Headers): boolean {
  const codings = (headers.get('Accept-Encoding') ?? '').split(',').map((coding) => coding.trim().toLowerCase())
  const quality = (name: string) => {
    const coding = codings.find((text) => text === name || text.startsWith(`${name};`))
    return coding === undefined ? null : Number(/;\s*q=([0-9.]+)/.exec(coding)?.[1] ?? 1)
  }
  return (quality('gzip') ?? quality('*') ?? 0) > 0
}
