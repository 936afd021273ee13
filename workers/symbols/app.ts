import { Hono } from 'hono'
import type { Upload } from '#shared/db/uploads.ts'
import { checkHeartbeat, type HeartbeatCheck, heartbeatResponse } from '#shared/http/heartbeat.ts'
import { RETRY_AFTER_SECONDS } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'
import { type DownloadDeps, downloadSymbol, parseDownloadPath } from './download.ts'
import { receiveUpload, type UploadAnswer, type UploadDeps } from './upload.ts'

export interface AppDeps {
  readonly upload: UploadDeps
  readonly download: DownloadDeps
  readonly heartbeat: readonly HeartbeatCheck[]
}

/** The name under which uploads see the store; deployments have one. */
const BUCKET_NAME = 'mayday-symbols'

/** The routes of the symbols Worker. */
export function symbolsApp(deps: AppDeps) {
  const app = new Hono()
  app.get('/__heartbeat__', async () => heartbeatResponse(await checkHeartbeat(deps.heartbeat)))
  app.get('/__lbheartbeat__', (context) => context.body(null, 200))

  app.all('/upload/', async ({ req }) => {
    if (req.method !== 'POST') return methodNotAllowed(req.raw, 'POST')
    return uploadResponse(req.raw, await receiveUpload(req.raw, deps.upload))
  })

  app.all('*', async ({ req }) => {
    const path = parseDownloadPath(new URL(req.url).pathname)
    if (path === null) return pathNotFound(req.raw)
    if (req.method !== 'GET' && req.method !== 'HEAD') return methodNotAllowed(req.raw, 'GET, HEAD')
    return downloadSymbol(req.raw, path, deps.download)
  })

  // Only storage or a database that fails comes here: what a client sent is answered above.
  app.onError((thrown, { req }) => {
    deps.upload.log('symbols', 'unavailable', { path: req.path, error: errorText(thrown) })
    return unavailable()
  })
  return app
}

function uploadResponse(request: Request, answer: UploadAnswer): Response {
  switch (answer.kind) {
    case 'accepted':
      return jsonFor(request, { upload: shownUpload(answer.upload) }, 201)
    case 'refused':
      return jsonFor(request, { error: answer.text }, answer.status)
    case 'unavailable':
      return unavailable()
  }
}

/** The peer's shape (specs/symbols.md 1.2). */
function shownUpload(upload: Upload) {
  return {
    id: upload.id,
    size: upload.sizeBytes,
    filename: upload.filename,
    bucket: BUCKET_NAME,
    download_url: null,
    try_symbols: upload.trySymbols,
    redirect_urls: [],
    completed_at: upload.completedAtMs === null ? null : new Date(upload.completedAtMs).toISOString(),
    created_at: new Date(upload.createdAtMs).toISOString(),
    user: upload.email,
    skipped_keys: upload.skippedKeys,
  }
}

/** `Vary: Auth-Token` where the header was sent: what one token is told is not for another. */
function jsonFor(request: Request, body: unknown, status: number): Response {
  const vary = request.headers.has('Auth-Token') ? { Vary: 'Auth-Token' } : {}
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...vary } })
}

function methodNotAllowed(request: Request, allow: string): Response {
  const { pathname } = new URL(request.url)
  const body = { error: `Method Not Allowed (${request.method}): ${pathname}` }
  return Response.json(body, { status: 405, headers: { Allow: allow } })
}

function pathNotFound(request: Request): Response {
  return Response.json({ error: 'Not Found', path: new URL(request.url).pathname }, { status: 404 })
}

function unavailable(): Response {
  const body = { error: 'The symbol store is not available; try again later' }
  return Response.json(body, { status: 503, headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } })
}
