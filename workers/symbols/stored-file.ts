import { withDeadline } from '#shared/deadline.ts'
import { isUnchanged, mayResume, readByteRange } from '#shared/http/byte-range.ts'
import { MAX_INFLATED_RANGE_BYTES, R2_DEADLINE_MS, SYMBOL_CACHE_SECONDS } from '#shared/limits.ts'
import { cutOut } from '#shared/symbols/cut-out.ts'
import { acceptsGzip } from './accept-encoding.ts'
import { DOWNLOAD_HEADERS } from './download-answer.ts'

/** The bucket as downloads use it. */
export type ReadBucket = Pick<R2Bucket, 'get' | 'head'>

/** How a file is sent, beyond what R2 knows of it. */
export interface SendOptions {
  /** Whether shared caches may keep the file. */
  readonly isPrivate: boolean
  /** The file is gzip data that its uploader made (`.dbg.gz`), and the client wants what is in it. */
  readonly isGzipFile?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** One form in which an object can be sent: as it is stored, or inflated. */
interface Form {
  readonly encoding: 'identity' | 'gzip' | 'inflated'
  readonly etag: string
  /** Null where only inflating it would tell. */
  readonly bytes: number | null
  readonly acceptsRanges: boolean
}

/**
 * Answers GET or HEAD for one stored object; null when it is not there. Throws when R2 fails. Gzip goes out as it is
 * stored to clients that take it, and inflated to the others; both forms have an ETag of their own. Ranges count in
 * the bytes of the form that is sent, so a client that asks for identity (browsers and curl do with a range) gets
 * ranges of the text. HEAD is 200 whenever the file is there, whatever the client has (specs/symbols.md 2.1).
 */
export async function sendStoredFile(
  request: Request,
  bucket: ReadBucket,
  objectKey: string,
  options: SendOptions,
): Promise<Response | null> {
  if (request.method === 'HEAD') {
    const head = await withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.head(objectKey))
    return head === null ? null : whole(head, null, formOf(request, head, options), options)
  }
  if (request.headers.has('Range')) return sendPart(request, bucket, objectKey, options)
  return sendWhole(request, bucket, objectKey, options)
}

async function sendWhole(request: Request, bucket: ReadBucket, objectKey: string, options: SendOptions) {
  const onlyIf = conditionsOf(request.headers)
  const object = await withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.get(objectKey, { onlyIf }))
  if (object === null) return null
  const form = formOf(request, object, options)
  const isSame = isUnchanged(request.headers, { etag: form.etag, modified: object.uploaded })
  if ('body' in object) {
    if (!isSame) return whole(object, object.body, form, options)
    await object.body.cancel()
  }
  if (isSame) return unchanged(object, form, options)
  // The client has the other form of the same object.
  const again = await withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.get(objectKey))
  return again === null ? null : whole(again, again.body, formOf(request, again, options), options)
}

/** What R2 itself can check, which knows the stored form alone: with it a copy that is still good costs no body. */
function conditionsOf(headers: Headers): Headers {
  const ifNoneMatch = headers.get('If-None-Match')
  const since = headers.get('If-Modified-Since')
  if (ifNoneMatch !== null) return new Headers({ 'If-None-Match': ifNoneMatch.replaceAll(INFLATED_ETAG, '$1"') })
  return new Headers(since === null || Number.isNaN(Date.parse(since)) ? {} : { 'If-Modified-Since': since })
}

const INFLATED_ETAG = /("[^"]*)-inflated"/g

/** The range has to be read against the size first; an object that changes in between is sent whole. */
async function sendPart(request: Request, bucket: ReadBucket, objectKey: string, options: SendOptions) {
  const head = await withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.head(objectKey))
  if (head === null) return null
  const form = formOf(request, head, options)
  const validators = { etag: form.etag, modified: head.uploaded }
  if (isUnchanged(request.headers, validators)) return unchanged(head, form, options)
  const isWanted = form.acceptsRanges && form.bytes !== null && mayResume(request.headers, validators)
  if (!isWanted) return sendWhole(request, bucket, objectKey, options)
  const range = readByteRange(request.headers.get('Range'), form.bytes)
  switch (range.kind) {
    case 'whole':
      return sendWhole(request, bucket, objectKey, options)
    case 'unsatisfiable': {
      const headers = { ...DOWNLOAD_HEADERS, ...options.headers, 'Content-Range': `bytes */${form.bytes}` }
      return new Response(null, { status: 416, headers })
    }
    case 'part': {
      const isInflated = form.encoding === 'inflated'
      const onlyIf = { etagMatches: head.etag }
      const wanted = isInflated ? { onlyIf } : { onlyIf, range: { offset: range.offset, length: range.length } }
      const object = await withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.get(objectKey, wanted))
      if (object === null || !('body' in object)) return sendWhole(request, bucket, objectKey, options)
      const headers = headersOf(object, form, options)
      headers.set('Content-Range', `bytes ${range.offset}-${range.offset + range.length - 1}/${form.bytes}`)
      headers.set('Content-Length', String(range.length))
      const part = isInflated ? cutOut(inflate(object.body), range.offset, range.length) : object.body
      const body = part.pipeThrough(new FixedLengthStream(range.length))
      return new Response(body, { status: 206, headers, encodeBody: 'manual' })
    }
  }
}

function formOf(request: Request, object: R2Object, options: SendOptions): Form {
  const isGzip = options.isGzipFile === true || object.httpMetadata?.contentEncoding === 'gzip'
  if (!isGzip) return { encoding: 'identity', etag: object.httpEtag, bytes: object.size, acceptsRanges: true }
  if (acceptsGzip(request)) {
    return { encoding: 'gzip', etag: object.httpEtag, bytes: object.size, acceptsRanges: true }
  }
  const original = options.isGzipFile === true ? undefined : object.customMetadata?.original_size
  const bytes = original === undefined || !/^\d{1,15}$/.test(original) ? null : Number(original)
  return {
    encoding: 'inflated',
    etag: `"${object.etag}-inflated"`,
    bytes,
    acceptsRanges: bytes !== null && bytes <= MAX_INFLATED_RANGE_BYTES,
  }
}

function whole(object: R2Object, body: ReadableStream | null, form: Form, options: SendOptions): Response {
  const headers = headersOf(object, form, options)
  if (form.encoding !== 'inflated') headers.set('Content-Length', String(object.size))
  const sent = body !== null && form.encoding === 'inflated' ? inflate(body) : body
  return new Response(sent, { headers, encodeBody: 'manual' })
}

function unchanged(object: R2Object, form: Form, options: SendOptions): Response {
  return new Response(null, { status: 304, headers: headersOf(object, form, options) })
}

/** `no-transform`: a cache that recompresses a CAB or undoes a gzip breaks debuggers (bug 1827506). */
function headersOf(object: R2Object, form: Form, { isPrivate, headers }: SendOptions): Headers {
  const contentType = object.httpMetadata?.contentType ?? 'application/octet-stream'
  return new Headers({
    ...DOWNLOAD_HEADERS,
    'Content-Type': contentType,
    'Cache-Control': `${isPrivate ? 'private' : 'public'}, max-age=${SYMBOL_CACHE_SECONDS}, no-transform`,
    ETag: form.etag,
    'Last-Modified': object.uploaded.toUTCString(),
    'Accept-Ranges': form.acceptsRanges ? 'bytes' : 'none',
    ...(form.encoding === 'identity' ? {} : { Vary: 'Accept-Encoding' }),
    ...(form.encoding === 'gzip' ? { 'Content-Encoding': 'gzip' } : {}),
    ...headers,
  })
}

function inflate(body: ReadableStream): ReadableStream<Uint8Array> {
  return body.pipeThrough(new DecompressionStream('gzip'))
}
