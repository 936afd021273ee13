import { Hono } from 'hono'
import { heartbeatResponse } from '#shared/http/heartbeat.ts'
import { securityHeaders } from '#shared/http/security-headers.ts'
import { RETRY_AFTER_SECONDS } from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'
import { AccessUnrecorded } from './access-record.ts'
import { errorAnswer } from './api/api-answer.ts'
import { apiWith } from './api/routes.ts'
import { assetAnswer, CLIENT_SCRIPT, FAVICON, STYLE_SHEET } from './asset-files.ts'
import { pageViewer } from './auth.ts'
import { isApiPath, isOpenPath } from './crash-access.ts'
import type { Answer, DashboardContext, DashboardDeps, DashboardVariables } from './deps.ts'
import { accessLogPage } from './pages/access-log.tsx'
import { DICTIONARY_PATH, dictionaryCsvFile, dictionaryFieldPage, dictionaryPage } from './pages/data-dictionary.tsx'
import { errorPage } from './pages/error.tsx'
import { homePage } from './pages/home.tsx'
import { addPersonComment, personPage } from './pages/person.tsx'
import { quickSearch } from './pages/quick-search.ts'
import { reportMarkdownText, reportPage } from './pages/report.tsx'
import { reprocessReport } from './pages/reprocess.ts'
import { searchPage } from './pages/search.tsx'
import { signIn, signInPage, signOut } from './pages/sign-in.tsx'
import { signaturePage } from './pages/signature.tsx'
import { symbolsPage } from './pages/symbols.tsx'
import { topCrashersPage } from './pages/top-crashers.tsx'
import { fitsRateLimit, RETRY_AFTER } from './rate-limit.ts'
import { StageUnavailable } from './stage-unavailable.ts'

/** The whole HTTP surface of the dashboard. Slashes at the end do not matter. */
export function appWith(deps: DashboardDeps): Hono<DashboardVariables> {
  /** A page knows who is signed in, and nothing on the way keeps it. */
  const page =
    (answer: Answer) =>
    async (context: DashboardContext): Promise<Response> => {
      context.header('Cache-Control', 'private, no-store')
      context.set('viewer', context.get('viewer') ?? (await pageViewer(context, deps)))
      return answer(context, deps)
    }
  const headers = Object.entries(securityHeaders(deps.deployment))

  return new Hono<DashboardVariables>({ strict: false })
    .use(async (context, next) => {
      await next()
      // A dump brings a stricter policy of its own.
      for (const [name, value] of headers) if (!context.res.headers.has(name)) context.header(name, value)
    })
    .use(async (context, next) => (await privateRefusal(context, deps)) ?? next())
    .get('/__heartbeat__', async () => heartbeatResponse(await deps.heartbeat()))
    .get('/__lbheartbeat__', () => new Response(null, { status: 200 }))
    .get('/__version__', (context) => context.json({ version: deps.version }))
    .get('/robots.txt', (context) => context.text('User-agent: *\nDisallow: /\n'))
    .get('/favicon.ico', () => assetAnswer(FAVICON))
    .get(FAVICON.path, () => assetAnswer(FAVICON))
    .get(STYLE_SHEET.path, () => assetAnswer(STYLE_SHEET))
    .get(CLIENT_SCRIPT.path, () => assetAnswer(CLIENT_SCRIPT))
    .route('/api', apiWith(deps))
    .get('/', page(homePage))
    .get('/search', page(limited(searchPage)))
    .get('/search/quick', page(quickSearch))
    .get('/signature', page(limited(signaturePage)))
    .get('/topcrashers', page(limited(topCrashersPage)))
    .get('/report/index/:crash_id', page(reportPage))
    .get('/report/index/:crash_id/markdown', page(reportMarkdownText))
    .post('/report/index/:crash_id/reprocess', page(reprocessReport))
    .get('/symbols', page(symbolsPage))
    .get('/access-log', page(accessLogPage))
    .get('/crash/:crash_id', (context) => personPage(context, deps))
    .post('/crash/:crash_id', (context) => addPersonComment(context, deps))
    .get(DICTIONARY_PATH, page(dictionaryPage))
    .get(`${DICTIONARY_PATH}.csv`, page(dictionaryCsvFile))
    .get(`${DICTIONARY_PATH}/dataset/:dataset/field/:name`, page(dictionaryFieldPage))
    .get('/signin', page(signInPage))
    .post('/signin', page(signIn))
    .post('/signout', page(signOut))
    .notFound(page((context) => errorPage(context, 404, 'There is no such page', ['Check the address.'])))
    .onError((thrown, context) => troubleAnswer(thrown, context, deps))
}

/**
 * Where crashes are private: sends people without a session to sign-in, whether or not there is such a page. Null: the request goes on. The API asks
 * for credentials itself (api/routes.ts).
 */
async function privateRefusal(context: DashboardContext, deps: DashboardDeps): Promise<Response | null> {
  const { path, method } = context.req
  if (deps.crashAccess === 'public' || isOpenPath(path) || isApiPath(path)) return null
  const viewer = await pageViewer(context, deps)
  context.set('viewer', viewer)
  if (viewer.email !== null) return null
  context.header('Cache-Control', 'private, no-store')
  if (method !== 'GET' && method !== 'HEAD') {
    return errorPage(context, 403, 'Sign in first', ['This Mayday shows crashes only to people who are signed in.'])
  }
  const { pathname, search } = new URL(context.req.url)
  return context.redirect(`/signin?${new URLSearchParams({ next: `${pathname}${search}` })}`, 303)
}

/** Pages of search are the most expensive reads: each is several queries (specs/webapp.md 2.1). */
const limited =
  (answer: Answer): Answer =>
  async (context, deps) => {
    const { rateLimits, log } = deps
    const credentials = context.var.viewer.email !== null
    if (
      rateLimits === null ||
      (await fitsRateLimit(rateLimits.searchPages, context.req.raw.headers, credentials, log))
    ) {
      return answer(context, deps)
    }
    log('dashboard', 'rate_limited', { what: 'search', credentials })
    for (const [name, value] of Object.entries(RETRY_AFTER)) context.header(name, value)
    return errorPage(context, 429, 'Too many searches', [
      `Wait a minute, then load this page again.${credentials ? '' : ' Who signs in may search more often.'}`,
    ])
  }

const UNRECORDED =
  'Every view of protected data is written down first, and the access log cannot be written. Ask again later, or only for public data.'

/** Trouble of another stage is 503 and may pass; anything else is a bug: 500. Neither says what broke inside. */
function troubleAnswer(thrown: Error, context: DashboardContext, deps: DashboardDeps): Response | Promise<Response> {
  const unrecorded = thrown instanceof AccessUnrecorded
  const passing = unrecorded || thrown instanceof StageUnavailable || thrown.name === 'DeadlineExceeded'
  const path = new URL(context.req.url).pathname
  deps.log('dashboard', passing ? 'stage_unavailable' : 'unexpected', {
    error: errorText(thrown),
    method: context.req.method,
  })
  const retryAfter = String(RETRY_AFTER_SECONDS)
  if (isApiPath(path)) {
    if (unrecorded) return errorAnswer(503, UNRECORDED, { 'Retry-After': retryAfter })
    return passing
      ? errorAnswer(503, 'A part of Mayday does not answer. Ask again later.', { 'Retry-After': retryAfter })
      : errorAnswer(500, 'Something broke in Mayday. It has been logged.')
  }
  context.header('Cache-Control', 'private, no-store')
  if (!passing) return errorPage(context, 500, 'Something broke', ['It is not your fault, and it has been logged.'])
  context.header('Retry-After', retryAfter)
  if (unrecorded) return errorPage(context, 503, 'Protected values cannot be shown right now', [UNRECORDED])
  return errorPage(context, 503, 'Not available right now', [
    'A part of Mayday does not answer. Nothing is lost; try again in a minute.',
  ])
}
