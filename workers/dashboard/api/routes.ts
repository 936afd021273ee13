import { Hono } from 'hono'
import { may } from '#shared/auth/permissions.ts'
import { refuseOtherOrigin } from '#shared/http/same-origin.ts'
import { apiViewer } from '../auth.ts'
import type { DashboardContext, DashboardDeps, DashboardVariables } from '../deps.ts'
import { apiPage } from '../pages/api.tsx'
import { fitsRateLimit, RETRY_AFTER } from '../rate-limit.ts'
import { errorAnswer, permissionAnswer } from './api-answer.ts'
import type { Model } from './model.ts'
import { MODELS } from './models.ts'
import { openApiDocument } from './openapi.ts'
import { changeToken, isBrowser, tokens } from './tokens.ts'

const BY_NAME: ReadonlyMap<string, Model> = new Map(MODELS.map((model) => [model.name, model]))

/** Pages of other sites may read the API, with a token of their own and never with our cookie (no Allow-Credentials). */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Auth-Token, Authorization, Content-Type, Debug',
  'Access-Control-Expose-Headers': 'Retry-After, Content-Disposition',
  'Access-Control-Max-Age': '86400',
} as const

const MAX_NAMED_CHARS = 100

/** Everything under `/api/`, with and without the trailing slash (specs/webapp.md 2.1). */
export function apiWith(deps: DashboardDeps): Hono<DashboardVariables> {
  return new Hono<DashboardVariables>({ strict: false })
    .use(async (context, next) => {
      await next()
      for (const [name, value] of Object.entries(CORS)) context.header(name, value)
    })
    .options('*', () => Response.json({}))
    .use(async (context, next) => (await refusal(context, deps)) ?? next())
    .get('/', (context) => apiPage(context, deps))
    .get('/openapi.json', (context) => Response.json(openApiDocument(new URL(context.req.url).origin, deps.version)))
    .all('/tokens', (context) => tokens(context, deps))
    .all('/tokens/token/:id', (context) => changeToken(context, deps))
    .all('/tokens/token/:id/:change', (context) => changeToken(context, deps))
    .all('/:model', (context) => {
      const model = BY_NAME.get(context.req.param('model'))
      return model === undefined ? noService(context.req.param('model')) : modelAnswer(model, context, deps)
    })
    .all('*', (context) => noService(context.req.path.replace(/^\/api\/?/, '').replace(/\/$/, '')))
}

/** Finds out who asks. Answers the 429 or 403 of one who may not ask at all; a token that is refused counts as nobody's. */
async function refusal(context: DashboardContext, deps: DashboardDeps): Promise<Response | null> {
  const asking = await apiViewer(context, deps)
  const credentials = asking.kind === 'viewer' && asking.credentials
  const { rateLimits, log } = deps
  if (rateLimits !== null && !(await fitsRateLimit(rateLimits.api, context.req.raw.headers, credentials, log))) {
    log('dashboard', 'rate_limited', { what: 'api', credentials })
    return errorAnswer(429, 'Too Many Requests', RETRY_AFTER)
  }
  if (asking.kind === 'refused') {
    log('dashboard', 'token_refused', { reason: asking.reason })
    return errorAnswer(403, asking.text)
  }
  if (deps.crashAccess === 'private' && !asking.credentials) return withoutCredentials(context)
  context.set('viewer', asking.viewer)
  context.set('credentials', asking.credentials)
  context.set('bySession', asking.bySession)
  context.set('product', asking.product)
  return null
}

/** The answer to nobody in particular where crashes are private: people sign in, scripts send a token. */
function withoutCredentials(context: DashboardContext): Response {
  const { pathname, search } = new URL(context.req.url)
  const isRead = context.req.method === 'GET' || context.req.method === 'HEAD'
  if (isRead && isBrowser(context)) {
    context.header('Cache-Control', 'private, no-store')
    return context.redirect(`/signin?${new URLSearchParams({ next: `${pathname}${search}` })}`, 303)
  }
  return errorAnswer(401, 'This Mayday is private: send an API token as Auth-Token', { 'WWW-Authenticate': 'Bearer' })
}

/** The permission is asked for before the verb, as the peer does. */
async function modelAnswer(model: Model, context: DashboardContext, deps: DashboardDeps): Promise<Response> {
  const { viewer, bySession, credentials } = context.var
  const { method } = context.req
  if (model.needs !== null && !may(viewer, model.needs)) return permissionAnswer(model.needs)
  const verbs = model.verbs.flatMap((verb) => (verb === 'GET' ? ['GET', 'HEAD'] : [verb]))
  if (!verbs.includes(method)) {
    return errorAnswer(405, 'Method not allowed', { Allow: [...verbs, 'OPTIONS'].join(', ') })
  }
  const changes = method !== 'GET' && method !== 'HEAD'
  if (changes && bySession && refuseOtherOrigin(context.req.raw.headers, context.req.url) !== null) {
    deps.log('dashboard', 'other_origin_refused', { what: model.name })
    return errorAnswer(403, 'This request came from another site. Scripts use an API token.')
  }
  const answer = await model.answer(context, deps)
  if (!answer.headers.has('Cache-Control')) {
    const keeps = answer.status === 200 && model.cacheSeconds > 0 && !credentials && !changes
    answer.headers.set('Cache-Control', keeps ? `private, max-age=${model.cacheSeconds}` : 'private, no-store')
    answer.headers.set('Vary', 'Auth-Token, Authorization, Cookie')
  }
  return answer
}

function noService(name: string): Response {
  return errorAnswer(404, `No service called '${name.slice(0, MAX_NAMED_CHARS)}'`)
}
