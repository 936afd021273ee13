import { Hono } from 'hono'
import { checkHeartbeat, type HeartbeatCheck, heartbeatResponse } from '#shared/http/heartbeat.ts'
import { errorText } from '#shared/log.ts'
import { methodNotAllowed, pathNotFound, preflight, type Refusal, refusalResponse, refuse } from './answer.ts'
import { type CrashPingDeps, crashPing } from './crash-ping.ts'
import type { SymbolAccess } from './symbol-access.ts'
import { type SymbolicateDeps, symbolicate } from './symbolicate.ts'

export interface AppDeps extends SymbolicateDeps, CrashPingDeps {
  readonly access: SymbolAccess
  readonly heartbeat: readonly HeartbeatCheck[]
}

type Outcome = { readonly kind: 'answered'; readonly response: Response } | Refusal

/** The routes of the symbolication Worker. */
export function symbolicationApp(deps: AppDeps): Hono {
  const app = new Hono()
  app.get('/__lbheartbeat__', () => new Response(null))
  app.get('/__heartbeat__', async () => heartbeatResponse(await checkHeartbeat(deps.heartbeat)))

  const route = (path: string, answer: (request: Request) => Promise<Outcome>) => {
    app.post(path, async ({ req }) => {
      const startedAtMs = deps.clock()
      const outcome = (await deps.access(req.raw)) ?? (await answer(req.raw))
      const reason = outcome.kind === 'refused' ? { reason: outcome.reason } : {}
      deps.log('symbolication', outcome.kind, { path, ...reason, ms: deps.clock() - startedAtMs })
      return outcome.kind === 'refused' ? refusalResponse(outcome) : outcome.response
    })
    app.options(path, preflight)
    app.all(path, methodNotAllowed)
  }
  route('/symbolicate/v5', (request) => symbolicate(request, 5, deps))
  route('/symbolicate/v4', (request) => symbolicate(request, 4, deps))
  route('/crash-ping', (request) => crashPing(request, deps))

  app.notFound(pathNotFound)
  // What a client sent is answered above: here comes only what failed beside it.
  app.onError((thrown, { req }) => {
    deps.log('symbolication', 'unavailable', { path: req.path, error: errorText(thrown) })
    return refusalResponse(refuse('unavailable', 'not available: try again later'))
  })
  return app
}
