import type { Clock, RandomBytes } from '../clock.ts'
import type { SessionRepository, StoredSession } from '../db/sessions.ts'
import { SESSION_SECONDS } from '../limits.ts'
import { permissionsOf, type Viewer } from './permissions.ts'
import { sha256Hex } from './token.ts'

/**
 * The session cookie's name. `__Host-` makes browsers insist on Secure, Path=/ and no Domain, so that no other
 * subdomain (hostile symbol files live on one) can plant it.
 */
export const SESSION_COOKIE = '__Host-mayday_session'

const SECRET = /^[0-9a-f]{64}$/
const SECRET_BYTES = 32

/** Makes a session for a person who has just proved who they are: the cookie's value, shown once, and the row that is kept. */
export async function createSession(
  email: string,
  clock: Clock,
  randomBytes: RandomBytes,
): Promise<{ readonly secret: string; readonly stored: StoredSession }> {
  const bytes = randomBytes(new Uint8Array(SECRET_BYTES))
  const secret = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const createdAtMs = clock()
  return {
    secret,
    stored: {
      hash: await sha256Hex(secret),
      email,
      createdAtMs,
      expiresAtMs: createdAtMs + SESSION_SECONDS * 1000,
    },
  }
}

/** Whom a session cookie speaks for, or null: unknown, ended, or its user is switched off. */
export async function checkSession(
  secret: string | undefined,
  sessions: SessionRepository,
  clock: Clock,
): Promise<Viewer | null> {
  if (secret === undefined || !SECRET.test(secret)) return null
  const found = await sessions.find(await sha256Hex(secret))
  if (found === null || found.session.expiresAtMs <= clock() || !found.user.active) return null
  return { email: found.user.email, permissions: permissionsOf(found.user.groups) }
}

/** Ends the session of a cookie; a cookie of no session ends nothing. */
export async function endSession(secret: string | undefined, sessions: SessionRepository): Promise<void> {
  if (secret !== undefined && SECRET.test(secret)) await sessions.remove(await sha256Hex(secret))
}
