import type { Upload } from '#shared/db/uploads.ts'
import { RETRY_AFTER_SECONDS } from '#shared/limits.ts'

/** The name under which uploads see the store; deployments have one. */
export const BUCKET_NAME = 'mayday-symbols'

/** `Vary: Auth-Token` where the header was sent: what one token is told is not for another. */
export function jsonFor(request: Request, body: unknown, status: number): Response {
  const vary = request.headers.has('Auth-Token') ? { Vary: 'Auth-Token' } : {}
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...vary } })
}

/** The peer's words (specs/symbols.md 1.1). */
export function methodNotAllowed(request: Request, allow: string): Response {
  const { pathname } = new URL(request.url)
  const body = { error: `Method Not Allowed (${request.method}): ${pathname}` }
  return Response.json(body, { status: 405, headers: { Allow: allow } })
}

/** The peer's shape (specs/symbols.md 2.1). */
export function pathNotFound(request: Request): Response {
  return Response.json({ error: 'Not Found', path: new URL(request.url).pathname }, { status: 404 })
}

/** Storage or the database failed; the same request may well be answered later. */
export function unavailable(retryAfterSeconds = RETRY_AFTER_SECONDS): Response {
  const body = { error: 'The symbol store is not available; try again later' }
  return Response.json(body, { status: 503, headers: { 'Retry-After': String(retryAfterSeconds) } })
}

/** An upload in the peer's shape (specs/symbols.md 1.2); `refused_keys` is ours, and only there where another product owns some. */
export function shownUpload(upload: Upload) {
  return {
    id: upload.id,
    size: upload.sizeBytes,
    filename: upload.filename,
    bucket: BUCKET_NAME,
    download_url: upload.downloadedFrom?.url ?? null,
    try_symbols: upload.trySymbols,
    redirect_urls: upload.downloadedFrom?.redirectUrls ?? [],
    completed_at: shownTime(upload.completedAtMs),
    created_at: shownTime(upload.createdAtMs),
    user: upload.email,
    skipped_keys: upload.skippedKeys,
    ...(upload.refusedKeys.length > 0 ? { refused_keys: upload.refusedKeys } : {}),
  }
}

/** An instant as the peer writes it: ISO 8601 in UTC; null stays null. */
export function shownTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
