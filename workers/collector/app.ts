import { Hono } from 'hono'
import { checkHeartbeat, type HeartbeatCheck, heartbeatResponse } from '#shared/http/heartbeat.ts'
import type { LogFields } from '#shared/log.ts'
import type { Products } from '#shared/products/products.ts'
import type { PromptDocument } from '#shared/store/prompt-document.ts'
import type { RulesetSource } from '#shared/throttle/ruleset-source.ts'
import { type Answer, answerResponse } from './answer.ts'
import { type SubmitDeps, submit } from './submit.ts'

/** What the routes need: {@link SubmitDeps} but for the request's own, and the answers of the health routes. */
export interface CollectorDeps extends Omit<SubmitDeps, 'defer' | 'ruleset' | 'products'> {
  readonly rulesets: RulesetSource
  readonly products: PromptDocument<Products>
  /** What an answer says below its first line (further-lines.ts). */
  readonly furtherLines: (answer: Answer) => Promise<string>
  /** Enters an answer in the books; what that takes goes on behind the answer. */
  readonly book: (answer: Answer, defer: SubmitDeps['defer']) => void
  readonly heartbeatChecks: readonly HeartbeatCheck[]
  readonly version: string
}

/** The collector's routes (specs/collector.md 1.4 and 3.3). No CORS: crash reporters are not web pages. */
export function createApp(deps: CollectorDeps): Hono {
  const app = new Hono()

  app.post('/submit', async (c) => {
    const startedAtMs = deps.clock()
    const defer = (work: Promise<unknown>) => c.executionCtx.waitUntil(work)
    const answer = await submit(c.req.raw, {
      ...{ ...deps, defer },
      ruleset: () => deps.rulesets.current(defer),
      products: () => deps.products.current(defer),
    })
    deps.log('collector', answer.kind, { ...answerFields(answer), ms: deps.clock() - startedAtMs })
    deps.book(answer, defer)
    return answerResponse(answer, await deps.furtherLines(answer))
  })
  app.options('/submit', () => new Response(null, { headers: { Allow: 'POST' } }))
  app.all('/submit', (c) => c.json({ title: '405 Method Not Allowed' }, 405, { Allow: 'POST, OPTIONS' }))

  app.get('/__lbheartbeat__', () => new Response(null))
  app.get('/__version__', (c) => c.json({ version: deps.version }))
  app.get('/__heartbeat__', async () => heartbeatResponse(await checkHeartbeat(deps.heartbeatChecks)))

  app.notFound((c) => c.json({ title: '404 Not Found' }, 404))
  return app
}

/** What the log says of an answer: ids, rule names and reasons. */
function answerFields(answer: Answer): LogFields {
  switch (answer.kind) {
    case 'accepted':
    case 'resend':
    case 'fake_accepted':
      return { crash_id: answer.crashId, rule: answer.rule }
    case 'rejected':
      return { rule: answer.rule }
    case 'malformed':
    case 'refused':
    case 'unavailable':
      return { reason: answer.reason }
    case 'unauthorized_uuid':
      return {}
  }
}
