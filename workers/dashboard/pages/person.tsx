import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { CrashId } from '#shared/crash-id.ts'
import { refuseOtherOrigin } from '#shared/http/same-origin.ts'
import {
  MAX_COMMENT_CHARS,
  MAX_COMMENT_FORM_BYTES,
  PENDING_REFRESH_SECONDS,
  PERSON_PATIENT_MS,
  PERSON_REFRESH_END_MS,
  PERSON_SLOW_REFRESH_SECONDS,
  RETRY_AFTER_SECONDS,
  RPC_DEADLINE_MS,
} from '#shared/limits.ts'
import type { CommentsAdding } from '#shared/store/crash-store.ts'
import { cappedText } from '../capped-text.ts'
import { type AsksAgainSeconds, CommentForm, PersonLayout, PersonReport } from '../components/person-report.tsx'
import type { Answer, DashboardContext, DashboardDeps } from '../deps.ts'
import { fitsRateLimit, RETRY_AFTER } from '../rate-limit.ts'
import { askStage, StageUnavailable } from '../stage-unavailable.ts'

/** Stricter than other pages: there is no script at all. */
const PERSON_CSP =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/**
 * `GET /crash/<crash id>?k=<secret>`: what the person whose program crashed may know. The secret in the address is all that counts: it needs no sign-in and shows nobody
 * more, also where crashes are private (DESIGN.md section 8).
 */
export const personPage: Answer = async (context, deps) => {
  const opened = await open(context, deps)
  if (opened === null) return notThere(context)
  const { crashId, page } = opened
  const reading = await unlessUnavailable(deps.crashStore.readForPerson(crashId))
  if (reading === 'unavailable') {
    context.header('Retry-After', String(RETRY_AFTER_SECONDS))
    return message(context, 503, 'Not available right now', [
      'A part of Mayday does not answer. Your report is not lost; load this page again in a minute.',
    ])
  }
  if (reading.kind === 'unknown') return notThere(context)
  // Nothing moves under somebody who writes.
  const isWriting = context.req.query('write') !== undefined
  const asksAgainSeconds =
    reading.kind === 'received' && !isWriting ? asksAgain(deps.clock() - reading.savedAtMs) : null
  if (reading.kind === 'received') await deps.priority.ask(crashId)
  if (asksAgainSeconds !== null) context.header('Refresh', String(asksAgainSeconds))
  const commentKept = context.req.query('kept') !== undefined
  return personHtml(
    context,
    200,
    <PersonReport page={page} reading={reading} asksAgainSeconds={asksAgainSeconds} commentKept={commentKept} />,
  )
}

/** `POST /crash/<crash id>?k=<secret>`: a comment. What cannot be kept comes back in the box, so that nothing typed is lost. */
export const addPersonComment: Answer = async (context, deps) => {
  const opened = await open(context, deps)
  if (opened === null) return notThere(context)
  const { crashId, page } = opened
  if (refuseOtherOrigin(context.req.raw.headers, context.req.url) !== null) {
    deps.log('dashboard', 'other_origin_refused', { what: 'comment' })
    return message(context, 403, 'This came from another site', ['Write your comment on our own page.'], page)
  }
  const body = await cappedText(context.req.raw.body, MAX_COMMENT_FORM_BYTES)
  if (body.kind === 'too_large') return notKept(context, 413, 'It is too long.', page, '')
  const comments = (new URLSearchParams(body.text).get('comments') ?? '').replaceAll('\r\n', '\n').trim()
  if (comments === '') return notKept(context, 400, 'There is nothing in the box.', page, '')
  if (comments.length > MAX_COMMENT_CHARS) {
    const over = comments.length - MAX_COMMENT_CHARS
    return notKept(
      context,
      413,
      `It is too long by ${over === 1 ? 'one character' : `${over} characters`}. Please shorten it.`,
      page,
      comments,
    )
  }
  const { rateLimits, log } = deps
  if (rateLimits !== null && !(await fitsRateLimit(rateLimits.comments, context.req.raw.headers, false, log))) {
    log('dashboard', 'rate_limited', { what: 'comment', credentials: false })
    for (const [name, value] of Object.entries(RETRY_AFTER)) context.header(name, value)
    return notKept(context, 429, 'There were many just now. Please wait a minute and press Send again.', page, comments)
  }
  return afterAdding(await unlessUnavailable(deps.crashStore.addComments(crashId, comments)), context, page, comments)
}

function afterAdding(
  adding: CommentsAdding | 'unavailable',
  context: DashboardContext,
  page: string,
  comments: string,
): Response | Promise<Response> {
  switch (adding) {
    case 'added':
    case 'unchanged':
      personHeaders(context)
      return context.redirect(`${page}&kept=1`, 303)
    case 'full':
      return notKept(context, 409, 'This report takes no more comments.', page, comments)
    case 'unreadable':
      return notKept(context, 409, 'This report cannot take comments.', page, comments)
    case 'unknown':
      return notThere(context)
    case 'unavailable':
      context.header('Retry-After', String(RETRY_AFTER_SECONDS))
      return notKept(
        context,
        503,
        'A part of Mayday does not answer. Please press Send again in a minute.',
        page,
        comments,
      )
  }
}

/** The crash that the address names, and the address anew; null where its secret is not right. */
async function open(
  context: DashboardContext,
  { viewSecrets }: DashboardDeps,
): Promise<{ readonly crashId: CrashId; readonly page: string } | null> {
  const secret = sentSecret(new URL(context.req.url).searchParams)
  const crashId = (await viewSecrets?.check(context.req.param('crash_id') ?? '', secret)) ?? null
  return crashId === null ? null : { crashId, page: `/crash/${crashId}?k=${secret}` }
}

/** `?k=<secret>`, or `?k%3D<secret>` as reporters write it down that cut an address at its `=`. */
function sentSecret(query: URLSearchParams): string {
  const escaped = [...query.keys()].find((key) => key.startsWith('k='))
  return query.get('k') ?? escaped?.slice(2) ?? ''
}

function asksAgain(waitedMs: number): AsksAgainSeconds {
  if (waitedMs < PERSON_PATIENT_MS) return PENDING_REFRESH_SECONDS
  return waitedMs < PERSON_REFRESH_END_MS ? PERSON_SLOW_REFRESH_SECONDS : null
}

async function unlessUnavailable<T>(work: Promise<T>): Promise<T | 'unavailable'> {
  try {
    return await askStage('CrashStore', RPC_DEADLINE_MS, work)
  } catch (thrown) {
    if (thrown instanceof StageUnavailable) return 'unavailable'
    throw thrown
  }
}

/** One answer for every address that is not right, whether or not there is such a crash: it tells a guesser nothing. */
function notThere(context: DashboardContext): Response | Promise<Response> {
  return message(context, 404, 'There is no such page', [
    'Check the address: it must be whole, to its last letter. Reports that are too old are not kept.',
  ])
}

function notKept(
  context: DashboardContext,
  status: ContentfulStatusCode,
  why: string,
  page: string,
  comments: string,
): Response | Promise<Response> {
  return personHtml(
    context,
    status,
    <PersonLayout title="Your comment was not sent">
      <h1>Your comment was not sent</h1>
      <p class="notice warn" role="alert">
        {why}
      </p>
      <CommentForm page={page} comments={comments} />
      <p>
        <a href={page}>Back to your report</a>
      </p>
    </PersonLayout>,
  )
}

function message(
  context: DashboardContext,
  status: ContentfulStatusCode,
  heading: string,
  paragraphs: readonly string[],
  page: string | null = null,
): Response | Promise<Response> {
  return personHtml(
    context,
    status,
    <PersonLayout title={heading}>
      <h1>{heading}</h1>
      {paragraphs.map((paragraph) => (
        <p>{paragraph}</p>
      ))}
      {page === null ? null : (
        <p>
          <a href={page}>To your report</a>
        </p>
      )}
    </PersonLayout>,
  )
}

function personHtml(
  context: DashboardContext,
  status: ContentfulStatusCode,
  page: ReturnType<typeof PersonLayout>,
): Response | Promise<Response> {
  personHeaders(context)
  return context.html(html`<!DOCTYPE html>${page}`, status)
}

/** Nothing keeps or finds these pages. */
function personHeaders(context: DashboardContext): void {
  context.header('Cache-Control', 'private, no-store')
  context.header('Content-Security-Policy', PERSON_CSP)
  context.header('X-Robots-Tag', 'noindex, nofollow, noarchive')
}
