import { Hono } from 'hono'
import { may, type Permission } from '#shared/auth/permissions.ts'
import { apiViewer } from '../auth.ts'
import type { Answer, DashboardDeps, DashboardVariables } from '../deps.ts'
import { errorAnswer, permissionAnswer } from './api-answer.ts'
import { crashSignature } from './crash-signature.ts'
import { processedCrash } from './processed-crash.ts'
import { rawCrash } from './raw-crash.ts'
import { reprocessing } from './reprocessing.ts'
import { superSearch } from './super-search.ts'

/** One service of the API. `needs` is asked for before the verb, as the peer does. */
interface Model {
  readonly methods: readonly string[]
  readonly needs?: Permission
  readonly answer: Answer
}

const READ = ['GET', 'HEAD']

/** The services under `/api/<Model>/`, by the peer's names; case matters. */
const MODELS: ReadonlyMap<string, Model> = new Map<string, Model>([
  ['CrashSignature', { methods: ['POST'], answer: crashSignature }],
  ['ProcessedCrash', { methods: READ, answer: processedCrash }],
  ['RawCrash', { methods: READ, answer: rawCrash }],
  ['Reprocessing', { methods: ['POST'], needs: 'reprocess_crashes', answer: reprocessing }],
  ['SuperSearch', { methods: READ, answer: superSearch }],
])

/** Pages of other sites may read the API, with a token of their own and never with our cookie (no Allow-Credentials). */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, OPTIONS',
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
    .use(async (context, next) => {
      const asking = await apiViewer(context, deps)
      if (asking.kind === 'refused') {
        deps.log('dashboard', 'token_refused', { reason: asking.reason })
        return errorAnswer(403, asking.text)
      }
      context.set('viewer', asking.viewer)
      context.set('credentials', asking.credentials)
      context.set('bySession', asking.bySession)
      return next()
    })
    .all('/:model', (context) => {
      const model = MODELS.get(context.req.param('model'))
      if (model === undefined) return noService(context.req.param('model'))
      const { methods, needs, answer } = model
      if (needs !== undefined && !may(context.var.viewer, needs)) return permissionAnswer(needs)
      if (!methods.includes(context.req.method)) {
        return errorAnswer(405, 'Method not allowed', { Allow: [...methods, 'OPTIONS'].join(', ') })
      }
      return answer(context, deps)
    })
    .all('*', (context) => noService(context.req.path.replace(/^\/api\/?/, '').replace(/\/$/, '')))
}

function noService(name: string): Response {
  return errorAnswer(404, `No service called '${name.slice(0, MAX_NAMED_CHARS)}'`)
}
