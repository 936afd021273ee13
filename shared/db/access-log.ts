import { and, desc, eq, lte } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import type { CrashId } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { ACCESS_LOG_DAYS, ACCESS_LOG_DEADLINE_MS, D1_DEADLINE_MS } from '../limits.ts'
import { accessLog as table } from './schema.ts'

/** What was seen: the protected values of a crash, a dump or attachment, comments of many crashes, or other protected fields in a search. */
export const ACCESS_KINDS = ['protected_values', 'dump', 'comments', 'search'] as const
export type AccessKind = (typeof ACCESS_KINDS)[number]

/** One view of protected data by one person, or by a token in a person's name. */
export interface AccessEntry {
  readonly atMs: number
  readonly email: string
  readonly tokenId: string | null
  readonly what: AccessKind
  /** Null for searches. */
  readonly crashId: CrashId | null
  /** Names of a dump or of search fields, never a value. */
  readonly detail: string
}

/** An entry as it is read back: its texts are whatever was written. */
export interface AccessRow extends Omit<AccessEntry, 'what' | 'crashId'> {
  readonly what: string
  readonly crashId: string | null
}

/** Which entries a page shows, newest first; null: of everybody, of every crash. */
export interface AccessQuery {
  readonly email: string | null
  readonly crashId: string | null
  readonly limit: number
  readonly offset: number
}

/** The access log. An entry is written before the data leaves: what cannot be written down is not shown. */
export interface AccessLog {
  /** Keeps one entry, and drops those older than ACCESS_LOG_DAYS. Throws when D1 fails or is late. */
  add(entry: AccessEntry): Promise<void>
  list(query: AccessQuery): Promise<readonly AccessRow[]>
}

const DAY_MS = 86_400_000

/** The access log in D1. */
export function accessLogIn(db: DrizzleD1Database): AccessLog {
  return {
    async add({ atMs, email, tokenId, what, crashId, detail }) {
      const row = { at: atMs, email, token_id: tokenId, what, crash_id: crashId, detail }
      // In one batch, so that no job has to be there for the log to end somewhere.
      const work = db.batch([
        db.insert(table).values(row),
        db.delete(table).where(lte(table.at, atMs - ACCESS_LOG_DAYS * DAY_MS)),
      ])
      await withDeadline('D1 access_log', ACCESS_LOG_DEADLINE_MS, work)
    },
    async list({ email, crashId, limit, offset }) {
      const ofPerson = email === null ? undefined : eq(table.email, email)
      const ofCrash = crashId === null ? undefined : eq(table.crash_id, crashId)
      const found = db.select().from(table).where(and(ofPerson, ofCrash))
      const newestFirst = found.orderBy(desc(table.at), desc(table.id)).limit(limit).offset(offset)
      const rows = await withDeadline('D1 access_log', D1_DEADLINE_MS, newestFirst.all())
      return rows.map((row) => ({
        atMs: row.at,
        email: row.email,
        tokenId: row.token_id,
        what: row.what,
        crashId: row.crash_id,
        detail: row.detail,
      }))
    },
  }
}
