import { DOWNLOAD_CSP } from '#shared/http/security-headers.ts'

/**
 * On every answer to a download, refusals too: the Firefox Profiler and other pages read symbols (specs/symbols.md
 * 2.1). OPTIONS is 405 as at the peer: a GET with the headers that pages send needs no preflight.
 */
const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET',
  'Access-Control-Allow-Headers':
    'accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, x-csrftoken, x-requested-with',
  'Access-Control-Expose-Headers': 'Content-Encoding, Content-Range, Debug-Time, ETag',
}
/** Symbol files are strangers' bytes: a browser that opens one runs nothing of it. A path may hold a download token. */
const SAFETY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': DOWNLOAD_CSP,
  'Referrer-Policy': 'no-referrer',
}
/** The answer may be another one the next minute: the file is uploaded, a newer module has the code id. */
const ASK_ANEW = { 'Cache-Control': 'no-cache' }

/** What every answer of the read side carries. */
export const DOWNLOAD_HEADERS: Readonly<Record<string, string>> = { ...CORS_HEADERS, ...SAFETY_HEADERS }

/** `Debug-Time`: the seconds that the search took, for clients that ask with `Debug`. */
export function debugTime(request: Request, elapsedMs: number): Readonly<Record<string, string>> {
  const isWanted = ['1', 'true', 'yes'].includes((request.headers.get('Debug') ?? '').toLowerCase())
  return isWanted ? { 'Debug-Time': String(elapsedMs / 1_000) } : {}
}

/** 404 with a line of text, as debuggers' logs show it. */
export function notFound(text: string, headers: Readonly<Record<string, string>> = {}): Response {
  const contentType = { 'Content-Type': 'text/plain; charset=utf-8' }
  return new Response(text, { status: 404, headers: { ...DOWNLOAD_HEADERS, ...ASK_ANEW, ...contentType, ...headers } })
}

/** 302, which only answers where to ask. */
export function moved(location: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, {
    status: 302,
    headers: { ...DOWNLOAD_HEADERS, ...ASK_ANEW, Location: location, ...headers },
  })
}

/** A JSON refusal in the peer's shape. */
export function refused(
  status: 400 | 403 | 404 | 405 | 408 | 413 | 422 | 503,
  body: Readonly<Record<string, string | number>>,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(body, { status, headers: { ...DOWNLOAD_HEADERS, 'Cache-Control': 'no-store', ...headers } })
}
