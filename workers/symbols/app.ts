import { Hono } from 'hono'
import { checkHeartbeat, type HeartbeatCheck, heartbeatResponse } from '#shared/http/heartbeat.ts'
import { errorText } from '#shared/log.ts'
import { pathWithoutToken } from './access.ts'
import { unavailable } from './answer.ts'
import { type BooksDeps, booksApi } from './books.ts'
import { answerRead, type ReadDeps, requireReadAccess } from './reads.ts'
import type { PartDeps } from './upload-part.ts'
import { uploadRoutes } from './upload-routes.ts'

export interface AppDeps {
  readonly upload: PartDeps
  readonly reads: ReadDeps
  readonly books: BooksDeps
  readonly heartbeat: readonly HeartbeatCheck[]
}

/** The routes of the symbols Worker. */
export function symbolsApp(deps: AppDeps) {
  const app = new Hono()
  app.get('/__heartbeat__', async () => heartbeatResponse(await checkHeartbeat(deps.heartbeat)))
  app.get('/__lbheartbeat__', (context) => context.body(null, 200))

  app.use('/upload/*', async (_, next) => {
    await next()
    deps.reads.lookups.forget()
  })
  app.route(
    '/api',
    booksApi(deps.books, (request) => requireReadAccess(request, deps.reads)),
  )

  app.route('/', uploadRoutes(deps.upload))
  app.all('*', ({ req }) => answerRead(req.raw, deps.reads))

  // Only storage or a database that fails comes here: what a client sent is answered above.
  app.onError((thrown, { req }) => {
    deps.upload.log('symbols', 'unavailable', { path: pathWithoutToken(req.path), error: errorText(thrown) })
    return unavailable()
  })
  return app
}
