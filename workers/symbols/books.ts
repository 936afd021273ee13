import { Hono } from 'hono'
import { methodNotAllowed, pathNotFound } from './answer.ts'
import { listMissingSymbols, type MissingSymbolsDeps, missingSymbolsCsv } from './missing-symbols.ts'
import { showStats } from './stats.ts'
import { parseSyminfoPath, showSyminfo } from './syminfo.ts'
import { listUploadFiles, listUploads, showUpload, showUploadFile, type UploadsApiDeps } from './uploads-api.ts'

export type BooksDeps = UploadsApiDeps & MissingSymbolsDeps

/** `read`: whoever may download symbols may ask. `token`: the answer itself asks for a token with its permissions. */
type Access = 'read' | 'token'
type Answer = (request: Request, id: number) => Response | Promise<Response>

/**
 * The API of the books, under `/api` (specs/symbols.md 4). A slash at the end is as good as none; all of it is read only. `requireReadAccess`
 * answers the refusal of a request that may not read symbols here.
 */
export function booksApi(deps: BooksDeps, requireReadAccess: (request: Request) => Promise<Response | null>) {
  const app = new Hono()
  const routes: readonly (readonly [path: string, access: Access, answer: Answer])[] = [
    ['/uploads', 'token', (request) => listUploads(request, deps)],
    ['/uploads/upload/:id{[0-9]{1,15}}', 'token', (request, id) => showUpload(request, id, deps)],
    ['/uploads/files', 'token', (request) => listUploadFiles(request, deps)],
    ['/uploads/files/file/:id{[0-9]{1,15}}', 'token', (request, id) => showUploadFile(request, id, deps)],
    ['/uploads/missing-symbols', 'read', (request) => listMissingSymbols(request, deps)],
    ['/uploads/missing-symbols.csv', 'read', (request) => missingSymbolsCsv(request, deps)],
    ['/stats', 'token', (request) => showStats(request, deps)],
    ['/syminfo/:file/:id', 'read', (request) => syminfo(request, deps)],
  ]
  for (const [path, access, answer] of routes) {
    const answerGet = async (request: Request, id: number) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed(request, 'GET, HEAD')
      const refusal = access === 'read' ? await requireReadAccess(request) : null
      return refusal ?? answer(request, id)
    }
    for (const form of [path, `${path}/`]) app.all(form, ({ req }) => answerGet(req.raw, Number(req.param('id'))))
  }
  app.all('*', ({ req }) => pathNotFound(req.raw))
  return app
}

function syminfo(request: Request, deps: BooksDeps): Response | Promise<Response> {
  const path = parseSyminfoPath(new URL(request.url).pathname)
  return path === null ? pathNotFound(request) : showSyminfo(request, path, deps)
}
