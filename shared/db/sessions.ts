import { eq, lte } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { sessions, users } from './schema.ts'
import { type User, userOf } from './users.ts'

/** One browser session as it is stored: the hash of the cookie, never the cookie. */
export interface StoredSession {
  readonly hash: string
  readonly email: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/** The browser sessions of the deployment. */
export interface SessionRepository {
  /** The session and its user, whose groups and state are read anew at every request: losing a group takes effect at once. */
  find(hash: string): Promise<{ readonly session: StoredSession; readonly user: User } | null>
  /** Keeps a new session, and drops those that have ended. */
  add(session: StoredSession): Promise<void>
  remove(hash: string): Promise<void>
}

/** The sessions in D1. */
export function sessionRepository(db: DrizzleD1Database): SessionRepository {
  return {
    async find(hash) {
      const rows = await withDeadline(
        'D1 sessions',
        D1_DEADLINE_MS,
        db
          .select()
          .from(sessions)
          .innerJoin(users, eq(sessions.email, users.email))
          .where(eq(sessions.hash, hash))
          .limit(1)
          .all(),
      )
      const row = rows[0]
      if (row === undefined) return null
      const { email, created_at, expires_at } = row.sessions
      return { session: { hash, email, createdAtMs: created_at, expiresAtMs: expires_at }, user: userOf(row.users) }
    },
    async add(session) {
      await withDeadline(
        'D1 sessions',
        D1_DEADLINE_MS,
        db.batch([
          db.delete(sessions).where(lte(sessions.expires_at, session.createdAtMs)),
          db.insert(sessions).values({
            hash: session.hash,
            email: session.email,
            created_at: session.createdAtMs,
            expires_at: session.expiresAtMs,
          }),
        ]),
      )
    },
    async remove(hash) {
      await withDeadline('D1 sessions', D1_DEADLINE_MS, db.delete(sessions).where(eq(sessions.hash, hash)).run())
    },
  }
}
