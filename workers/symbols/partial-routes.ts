import { isUnchanged } from '#shared/http/byte-range.ts'
import {
  MAX_PARTIAL_BODY_BYTES,
  MAX_PARTIAL_BYTES,
  MAX_PARTIAL_BYTES_AN_ADDRESS,
  PARTIAL_RETRY_AFTER_SECONDS,
  SYMBOL_CACHE_SECONDS,
} from '#shared/limits.ts'
import type { SymbolIndex } from '#shared/symbols/index/symbol-index.ts'
import { partialEtag, partialText } from '#shared/symbols/partial-answer.ts'
import { readModules } from '#shared/symbols/partial-request.ts'
import type { NoSymbols, PartialOutcome } from '#shared/symbols/symbols-rpc.ts'
import { acceptsGzip } from './accept-encoding.ts'
import { Connections } from './connections.ts'
import { DOWNLOAD_HEADERS, refused } from './download-answer.ts'
import { partialModules } from './partial.ts'
import { type PartialPath, type PartialRefused, readAddresses } from './partial-request.ts'
import type { PartialLease, PartialRoom } from './partial-room.ts'
import { type IndexReadDeps, newReadCost, readModuleIndex } from './symbol-indexes.ts'
import { readAtMost, UploadBody, UploadBodyError } from './upload-body.ts'

export interface PartialDeps extends IndexReadDeps {
  /** The isolate's. */
  readonly room: PartialRoom
  /** SYMBOL_ACCESS: whether shared caches must not keep what is sent. */
  readonly isPrivate: boolean
}

/** A page may post JSON, and read what is said of the text. */
const PARTIAL_HEADERS = {
  ...DOWNLOAD_HEADERS,
  'Access-Control-Allow-Methods': 'GET, HEAD, POST',
  'Access-Control-Expose-Headers': 'Content-Encoding, ETag, Retry-After, Symbol-Ranges, Symbol-Unanswered',
}

/** What a browser asks before a page posts JSON. It says nothing of any symbols, so it needs no token. */
export function answerPreflight(): Response {
  const maxAge = { 'Access-Control-Max-Age': '86400', Allow: 'GET, HEAD, POST, OPTIONS' }
  return new Response(null, { status: 204, headers: { ...PARTIAL_HEADERS, ...maxAge } })
}

/**
 * Answers GET and HEAD for the records around addresses of one module as a sym file, and POST for those of many as JSON (docs/howto/partial-symbols.md). Try
 * symbols count as for downloads: under `/try`, and with `?try`. Throws when R2 fails.
 */
export async function answerPartial(request: Request, path: PartialPath, deps: PartialDeps): Promise<Response> {
  const url = new URL(request.url)
  const alsoTry = path.alsoTry || url.searchParams.has('try')
  const allow = path.kind === 'module' ? ['GET', 'HEAD'] : ['POST']
  if (!allow.includes(request.method)) {
    const error = `Method Not Allowed (${request.method}): ${url.pathname}`
    return refused(405, { error }, { ...PARTIAL_HEADERS, Allow: allow.join(', ') })
  }
  const lease = deps.room.lease()
  try {
    const answer =
      path.kind === 'module'
        ? await answerModule(request, path, alsoTry, lease, deps)
        : await answerModules(request, alsoTry, lease, deps)
    if (answer.kind === 'answered') return answer.response
    lease.end()
    return answer.kind === 'refused' ? refusedPartial(answer) : noRoom()
  } catch (thrown) {
    lease.end()
    throw thrown
  }
}

/** `no_room`: other answers fill this isolate. An answered response ends the lease when its body was read. */
type PartialAnswer =
  | { readonly kind: 'answered'; readonly response: Response }
  | PartialRefused
  | { readonly kind: 'no_room' }

async function answerModule(
  request: Request,
  { debugFile, debugId }: Extract<PartialPath, { kind: 'module' }>,
  alsoTry: boolean,
  lease: PartialLease,
  deps: PartialDeps,
): Promise<PartialAnswer> {
  const asked = readAddresses(new URL(request.url).searchParams)
  if (asked.kind === 'refused') return asked
  const wanted = Math.min(MAX_PARTIAL_BYTES, asked.addresses.length * MAX_PARTIAL_BYTES_AN_ADDRESS)
  if (lease.grow(wanted) < wanted) return { kind: 'no_room' }
  const isGzip = acceptsGzip(request)
  const httpEtag = (etag: string) => `"${etag}${isGzip ? '-gzip' : ''}"`
  const module = { debug_file: debugFile, debug_id: debugId }
  const work = async (index: SymbolIndex) => {
    const etag = httpEtag(partialEtag(index))
    const isSame = request.headers.has('If-None-Match') && isUnchanged(request.headers, { etag, modified: NEVER })
    return { etag, text: isSame ? null : await partialText(index, asked.addresses, wanted) }
  }
  const read = await readModuleIndex(module, alsoTry, new Connections(), newReadCost(), deps, work)
  if (read.kind !== 'found') {
    lease.end()
    return { kind: 'answered', response: noSymbols(read) }
  }
  const { etag, text } = read.value
  const headers = {
    ...PARTIAL_HEADERS,
    'Cache-Control': `${deps.isPrivate ? 'private' : 'public'}, max-age=${SYMBOL_CACHE_SECONDS}, no-transform`,
    ETag: etag,
    Vary: 'Accept-Encoding',
  }
  if (text === null) {
    lease.end()
    return { kind: 'answered', response: new Response(null, { status: 304, headers }) }
  }
  const said = {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Symbol-Ranges': text.ranges.map(([start, end]) => `${start}-${end}`).join(', '),
    ...(text.unanswered.length > 0 ? { 'Symbol-Unanswered': text.unanswered.join(', ') } : {}),
  }
  const bytes = new TextEncoder().encode(text.sym)
  lease.giveBack(Math.max(0, wanted - bytes.length))
  return { kind: 'answered', response: sent(request, [bytes], said, isGzip, lease) }
}

/** Partial answers have no date of their own; If-Modified-Since says nothing of them. */
const NEVER = new Date(0)

async function answerModules(
  request: Request,
  alsoTry: boolean,
  lease: PartialLease,
  deps: PartialDeps,
): Promise<PartialAnswer> {
  const body = new UploadBody(request.body)
  const text = await readText(body)
  const asked = text.kind === 'refused' ? text : readModules(text.text)
  if (asked.kind === 'refused') {
    await body.drain()
    return asked
  }
  if (deps.room.freeBytes < MAX_PARTIAL_BYTES_AN_ADDRESS) return { kind: 'no_room' }
  const outcomes = await partialModules(asked.modules, alsoTry, lease, deps)
  const bytes = jsonChunks(outcomes)
  logModules(outcomes, bytes, deps)
  const headers = { ...PARTIAL_HEADERS, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  return { kind: 'answered', response: sent(request, bytes, headers, acceptsGzip(request), lease) }
}

async function readText(body: UploadBody): Promise<{ readonly kind: 'text'; readonly text: string } | PartialRefused> {
  try {
    const read = await readAtMost(body, MAX_PARTIAL_BODY_BYTES)
    if (read.kind === 'read') return { kind: 'text', text: new TextDecoder().decode(read.bytes) }
    const text = `The body has at most ${MAX_PARTIAL_BODY_BYTES} bytes; split the request`
    return { kind: 'refused', reason: 'body_too_large', text }
  } catch (thrown) {
    if (!(thrown instanceof UploadBodyError)) throw thrown
    return { kind: 'refused', reason: thrown.reason, text: 'The body did not arrive whole; send it again' }
  }
}

/** `{"modules":[…]}`, one module's text at a time: the whole answer is never one string. */
function jsonChunks(outcomes: readonly PartialOutcome[]): readonly Uint8Array[] {
  const encoder = new TextEncoder()
  const between = (at: number) => (at === 0 ? '{"modules":[' : ',')
  const modules = outcomes.map((outcome, at) => encoder.encode(`${between(at)}${JSON.stringify(outcome)}`))
  return [...modules, encoder.encode(modules.length === 0 ? '{"modules":[]}' : ']}')]
}

function logModules(outcomes: readonly PartialOutcome[], chunks: readonly Uint8Array[], { log }: PartialDeps): void {
  const found = outcomes.filter((outcome) => outcome.kind === 'found')
  log('symbols', 'partial', {
    modules: outcomes.length,
    found: found.length,
    indexing: outcomes.filter(({ kind }) => kind === 'indexing').length,
    unanswered: found.reduce((sum, { unanswered }) => sum + unanswered.length, 0),
    bytes: chunks.reduce((sum, { length }) => sum + length, 0),
  })
}

/** The answer, whose lease ends when its last byte was taken, or nobody wants it any more. */
function sent(
  request: Request,
  chunks: readonly Uint8Array[],
  headers: Readonly<Record<string, string>>,
  isGzip: boolean,
  lease: PartialLease,
): Response {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const coding = isGzip ? { 'Content-Encoding': 'gzip' } : { 'Content-Length': String(length) }
  const init = { headers: { ...headers, Vary: 'Accept-Encoding', ...coding }, encodeBody: 'manual' as const }
  if (request.method === 'HEAD') {
    lease.end()
    return new Response(null, init)
  }
  const waiting = [...chunks]
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = waiting.shift()
      if (next !== undefined) return controller.enqueue(next)
      lease.end()
      controller.close()
    },
    cancel: () => lease.end(),
  })
  const coded = isGzip ? new CompressionStream('gzip') : new FixedLengthStream(length)
  return new Response(body.pipeThrough(coded), init)
}

function refusedPartial({ reason, text }: PartialRefused): Response {
  const status = reason === 'body_too_large' ? 413 : reason === 'body_idle' ? 408 : 400
  return refused(status, { error: text, reason }, PARTIAL_HEADERS)
}

function noRoom(): Response {
  const headers = { ...PARTIAL_HEADERS, 'Retry-After': String(PARTIAL_RETRY_AFTER_SECONDS) }
  return refused(503, { error: 'Too much is asked at once; ask again', reason: 'no_room' }, headers)
}

/** Why a module has no answer, as a status. */
function noSymbols(why: NoSymbols): Response {
  switch (why.kind) {
    case 'missing':
      return refused(404, { error: 'Symbol Not Found', reason: why.kind }, { ...PARTIAL_HEADERS, ...ASK_ANEW })
    case 'indexing': {
      const headers = { ...PARTIAL_HEADERS, 'Retry-After': String(why.retry_after_seconds) }
      return refused(503, { error: 'The index of this sym file is being built; ask again', reason: why.kind }, headers)
    }
    case 'corrupt': {
      const error = `This sym file is corrupt at line ${why.line}: ${why.reason}`
      return refused(422, { error, reason: why.kind, line: why.line }, { ...PARTIAL_HEADERS, ...ASK_ANEW })
    }
  }
}

const ASK_ANEW = { 'Cache-Control': 'no-cache' }
