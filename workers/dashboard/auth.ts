import { getCookie } from 'hono/cookie'
import { ANONYMOUS, type Viewer } from '#shared/auth/permissions.ts'
import { checkSession, SESSION_COOKIE } from '#shared/auth/session.ts'
import { checkToken, TOKEN_REFUSAL_TEXT, type TokenRefusal } from '#shared/auth/token.ts'
import type { DashboardContext, DashboardDeps } from './deps.ts'

/** Who asks. A token that gives nothing is refused, never taken for nobody: its owner would miss data without a word. */
export type Asking =
  | {
      readonly kind: 'viewer'
      readonly viewer: Viewer
      readonly credentials: boolean
      /** A cookie said so, which a browser also sends along with what other sites make it ask. */
      readonly bySession: boolean
      /** The one product that the token is for. */
      readonly product: string | null
    }
  | { readonly kind: 'refused'; readonly reason: TokenRefusal; readonly text: string }

/** The texts of Crash Stats (specs/webapp.md 2.1); it and Tecken word one of them differently. */
const REFUSAL_TEXT: Readonly<Record<TokenRefusal, string>> = {
  ...TOKEN_REFUSAL_TEXT,
  user_not_active: 'User of API token not active',
}

/** The viewer of a page: whoever the session cookie speaks for, else everybody. */
export async function pageViewer(context: DashboardContext, deps: DashboardDeps): Promise<Viewer> {
  return (await checkSession(getCookie(context, SESSION_COOKIE), deps.sessions, deps.clock)) ?? ANONYMOUS
}

/** The viewer of an API call: the token's, whose permissions replace a session's; without a token the session's. */
export async function apiViewer(context: DashboardContext, deps: DashboardDeps): Promise<Asking> {
  const check = await checkToken(context.req.raw.headers, deps.tokens, deps.clock)
  switch (check.kind) {
    case 'refused':
      return { kind: 'refused', reason: check.reason, text: REFUSAL_TEXT[check.reason] }
    case 'valid':
      return { kind: 'viewer', viewer: check.viewer, credentials: true, bySession: false, product: check.product }
    case 'none': {
      const viewer = await pageViewer(context, deps)
      const isSignedIn = viewer.email !== null
      return { kind: 'viewer', viewer, credentials: isSignedIn, bySession: isSignedIn, product: null }
    }
  }
}
