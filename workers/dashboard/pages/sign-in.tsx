import { getCookie } from 'hono/cookie'
import type { Group } from '#shared/auth/permissions.ts'
import { createSession, endSession, SESSION_COOKIE } from '#shared/auth/session.ts'
import { isLoopback } from '#shared/http/loopback.ts'
import { nextPath } from '#shared/http/next-path.ts'
import { refuseOtherOrigin } from '#shared/http/same-origin.ts'
import { MAX_FORM_BYTES, RETRY_AFTER_SECONDS, SESSION_SECONDS } from '#shared/limits.ts'
import { type AccessAssertions, ASSERTION_HEADER } from '../access-assertion.ts'
import { cappedText } from '../capped-text.ts'
import { document, Layout } from '../components/layout.tsx'
import type { Answer, DashboardContext, DashboardDeps } from '../deps.ts'
import { errorPage } from './error.tsx'

/** The people of a development fleet (DESIGN.md section 8): one a group. */
const ACCOUNTS: readonly { readonly email: string; readonly group: Group; readonly can: string }[] = [
  { email: 'viewer@example.com', group: 'viewers', can: 'sees public data' },
  { email: 'investigator@example.com', group: 'investigators', can: 'sees protected data and dumps, reprocesses' },
  { email: 'uploader@example.com', group: 'uploaders', can: 'uploads symbols' },
  { email: 'admin@example.com', group: 'admins', can: 'may do everything' },
]

/** What somebody may do who signs in for the first time: see what everybody sees. `mayday user groups` gives more. */
const NEWCOMER_GROUPS: readonly Group[] = ['viewers']

/**
 * Sign-in without a password exists only where nobody else can reach it: a development fleet, asked on its own machine.
 * Both must hold; anything else is closed, never guessed.
 */
function isOpen(context: DashboardContext, deps: DashboardDeps): boolean {
  return deps.deployment === 'development' && isLoopback(context.req.url, context.req.header('Host') ?? null)
}

/**
 * `GET /signin`: in development the choice of an account. In production Cloudflare Access stands before this one address, so whoever comes here has proved who
 * they are, and the session begins at once.
 */
export const signInPage: Answer = async (context, deps) => {
  if (!isOpen(context, deps) && deps.accessSignIn !== null) return signInByAccess(deps.accessSignIn, context, deps)
  const next = nextPath(context.req.query('next'))
  return context.html(
    document(
      <Layout title="Sign in" viewer={context.var.viewer} here={next}>
        <div class="message">
          <h1>Sign in</h1>
          {isOpen(context, deps) ? (
            <>
              <p>This is a development fleet on your own machine: choose who you are.</p>
              <form class="accounts" action="/signin" method="post">
                <input type="hidden" name="next" value={next} />
                {ACCOUNTS.map(({ email, can }) => (
                  <button type="submit" name="account" value={email}>
                    <strong>{email}</strong>
                    <span>{can}</span>
                  </button>
                ))}
              </form>
            </>
          ) : (
            <p>
              Sign-in is not configured here.{' '}
              {deps.crashAccess === 'public' ? 'Public data needs none; scripts' : 'Scripts'} use an API token of{' '}
              <code>mayday token create</code>.
            </p>
          )}
        </div>
      </Layout>,
    ),
  )
}

async function signInByAccess(
  access: AccessAssertions,
  context: DashboardContext,
  deps: DashboardDeps,
): Promise<Response> {
  const check = await access.check(context.req.header(ASSERTION_HEADER))
  switch (check.kind) {
    case 'person': {
      // HEAD asks what GET would say, and begins nothing.
      if (context.req.method !== 'GET') return context.body(null, 200)
      return beginSession(check.email, NEWCOMER_GROUPS, nextPath(context.req.query('next')), context, deps)
    }
    case 'refused':
      deps.log('dashboard', 'sign_in_refused', { reason: check.reason })
      return errorPage(context, 403, 'You are not signed in', [
        check.reason === 'no_assertion'
          ? 'Cloudflare Access must cover /signin and does not: ask who runs this Mayday.'
          : 'Cloudflare Access sent something that does not count here. Try again, or ask who runs this Mayday.',
      ])
    case 'unavailable':
      deps.log('dashboard', 'sign_in_unavailable', { error: check.error })
      context.header('Retry-After', String(RETRY_AFTER_SECONDS))
      return errorPage(context, 503, 'Sign-in is not available right now', [
        'The keys of Cloudflare Access cannot be read. Try again in a minute.',
      ])
  }
}

/** `POST /signin`: starts a session for one of the development accounts. */
export const signIn: Answer = async (context, deps) => {
  if (!isOpen(context, deps)) {
    return errorPage(context, 403, 'Nobody signs in this way here', ['Use the link Sign in.'])
  }
  if (refuseOtherOrigin(context.req.raw.headers, context.req.url) !== null) return otherOrigin(context, deps, 'sign_in')
  const body = await cappedText(context.req.raw.body, MAX_FORM_BYTES)
  const form = new URLSearchParams(body.kind === 'text' ? body.text : '')
  const account = ACCOUNTS.find(({ email }) => email === form.get('account'))
  if (account === undefined)
    return errorPage(context, 400, 'No such account', ['Choose one of the four on the sign-in page.'])
  return beginSession(account.email, [account.group], nextPath(form.get('next')), context, deps)
}

/** A session for somebody who has just proved who they are. The groups are those of a first sign-in; later ones keep what an operator set. */
async function beginSession(
  email: string,
  firstGroups: readonly Group[],
  next: string,
  context: DashboardContext,
  deps: DashboardDeps,
): Promise<Response> {
  // A session that was there before (planted or somebody else's) ends; the new one has a value of its own.
  await endSession(getCookie(context, SESSION_COOKIE), deps.sessions)
  const user = await deps.users.signedIn(email, firstGroups, deps.clock())
  if (!user.active) {
    deps.log('dashboard', 'sign_in_refused', { reason: 'user_not_active' })
    return errorPage(context, 403, 'This account is switched off', ['Ask an admin to switch it on.'])
  }
  const { secret, stored } = await createSession(user.email, deps.clock, deps.randomBytes)
  await deps.sessions.add(stored)
  deps.log('dashboard', 'signed_in', { email: user.email })
  context.header('Set-Cookie', sessionCookie(secret, SESSION_SECONDS))
  return context.redirect(next, 303)
}

/** `POST /signout`: ends the session, here and in the store. */
export const signOut: Answer = async (context, deps) => {
  if (refuseOtherOrigin(context.req.raw.headers, context.req.url) !== null)
    return otherOrigin(context, deps, 'sign_out')
  await endSession(getCookie(context, SESSION_COOKIE), deps.sessions)
  context.header('Set-Cookie', sessionCookie('', 0))
  return context.redirect('/', 303)
}

function otherOrigin(context: DashboardContext, deps: DashboardDeps, what: string): Response | Promise<Response> {
  deps.log('dashboard', 'other_origin_refused', { what })
  return errorPage(context, 403, 'This request came from another site', ['Use the button on our own page.'])
}

function sessionCookie(secret: string, maxAgeSeconds: number): string {
  return `${SESSION_COOKIE}=${secret}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=Lax`
}
