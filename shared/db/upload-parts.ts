import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { z } from 'zod'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { parseSymbolKey, type SymbolKey } from '../symbols/key.ts'
import { uploadParts, uploadSessions } from './schema.ts'

/**
 * Where one file of a v2 upload stands. `open`: its parts arrive. `received`: all are there, nobody checked them. The other three are final:
 * `stored`, `skipped` (the same content was there), `failed` (it is not what its uploader declared).
 */
export const sessionStateSchema = z.enum(['open', 'received', 'stored', 'skipped', 'failed'])
export type SessionState = z.infer<typeof sessionStateSchema>

/** One file of a v2 upload. */
export interface UploadSession {
  /** Unguessable; it stands in the file's upload URL. */
  readonly id: string
  readonly uploadId: number
  readonly key: SymbolKey
  /** Size and MD5 of the file before compression, as its uploader declared them. */
  readonly sizeBytes: number
  readonly md5: string
  readonly state: SessionState
  readonly r2UploadId: string | null
  readonly failedReason: string | null
  readonly expiresAtMs: number
}

export type NewUploadSession = Omit<UploadSession, 'r2UploadId' | 'failedReason'>

/** A part that lies in R2. */
export interface StoredPart {
  readonly part: number
  readonly etag: string
  /** Hex, of the bytes as they were sent. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** The books of files that arrive in parts. Every method throws when D1 fails. */
export interface UploadPartRepository {
  open(sessions: readonly NewUploadSession[]): Promise<void>
  find(sessionId: string): Promise<UploadSession | null>
  ofUpload(uploadId: number): Promise<readonly UploadSession[]>
  /** Notes R2's multipart upload of the file, and answers the one that holds: of two that begin at once the first counts. */
  claimR2Upload(sessionId: string, r2UploadId: string): Promise<string>
  /** The parts that are there, in order. */
  parts(sessionId: string): Promise<readonly StoredPart[]>
  putPart(sessionId: string, part: StoredPart): Promise<void>
  /** All parts are there. A file that is further stays there. */
  received(sessionId: string): Promise<void>
  /** Ends the file's way and forgets its parts. What ended stays as it ended. */
  settle(sessionId: string, state: 'stored' | 'skipped' | 'failed', failedReason?: string): Promise<void>
}

/** D1 binds at most 100 parameters a statement; a session row has nine. */
const ROWS_A_STATEMENT = 11

/** The books in D1. */
export function uploadPartRepository(db: DrizzleD1Database): UploadPartRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 upload parts', D1_DEADLINE_MS, work)
  const is = (sessionId: string) => eq(uploadSessions.id, sessionId)
  return {
    async open(sessions) {
      const rows = sessions.map(sessionRow)
      const inserts = []
      for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
        inserts.push(db.insert(uploadSessions).values(rows.slice(at, at + ROWS_A_STATEMENT)))
      }
      const [first, ...more] = inserts
      if (first !== undefined) await ask(db.batch([first, ...more]))
    },
    async find(sessionId) {
      const [row] = await ask(db.select().from(uploadSessions).where(is(sessionId)).limit(1).all())
      return row === undefined ? null : sessionOf(row)
    },
    async ofUpload(uploadId) {
      const query = db.select().from(uploadSessions).where(eq(uploadSessions.upload_id, uploadId))
      return (await ask(query.orderBy(asc(uploadSessions.key)).all())).map(sessionOf)
    },
    async claimR2Upload(sessionId, r2UploadId) {
      const unclaimed = and(is(sessionId), isNull(uploadSessions.r2_upload_id))
      await ask(db.update(uploadSessions).set({ r2_upload_id: r2UploadId }).where(unclaimed).run())
      const holder = db.select({ id: uploadSessions.r2_upload_id }).from(uploadSessions).where(is(sessionId))
      return (await ask(holder.all()))[0]?.id ?? r2UploadId
    },
    async parts(sessionId) {
      const query = db.select().from(uploadParts).where(eq(uploadParts.session_id, sessionId))
      return (await ask(query.orderBy(asc(uploadParts.part)).all())).map((row) => ({
        part: row.part,
        etag: row.etag,
        sha256: row.sha256,
        sizeBytes: row.size_bytes,
      }))
    },
    async putPart(sessionId, { part, etag, sha256, sizeBytes }) {
      const stored = { etag, sha256, size_bytes: sizeBytes }
      const insert = db.insert(uploadParts).values({ session_id: sessionId, part, ...stored })
      const target = [uploadParts.session_id, uploadParts.part]
      await ask(insert.onConflictDoUpdate({ target, set: stored }).run())
    },
    async received(sessionId) {
      const open = and(is(sessionId), eq(uploadSessions.state, 'open'))
      await ask(db.update(uploadSessions).set({ state: 'received' }).where(open).run())
    },
    async settle(sessionId, state, failedReason) {
      const end = { state, failed_reason: failedReason ?? null }
      const unsettled = and(is(sessionId), inArray(uploadSessions.state, ['open', 'received']))
      await ask(
        db.batch([
          db.update(uploadSessions).set(end).where(unsettled),
          db.delete(uploadParts).where(eq(uploadParts.session_id, sessionId)),
        ]),
      )
    },
  }
}

function sessionRow(session: NewUploadSession): typeof uploadSessions.$inferInsert {
  return {
    id: session.id,
    upload_id: session.uploadId,
    key: session.key,
    size_bytes: session.sizeBytes,
    md5: session.md5,
    state: session.state,
    expires_at: session.expiresAtMs,
  }
}

function sessionOf(row: typeof uploadSessions.$inferSelect): UploadSession {
  const key = parseSymbolKey(row.key)
  if (key === null) throw new Error(`upload session ${row.id} has no symbol key`)
  return {
    id: row.id,
    uploadId: row.upload_id,
    key,
    sizeBytes: row.size_bytes,
    md5: row.md5,
    state: sessionStateSchema.parse(row.state),
    r2UploadId: row.r2_upload_id,
    failedReason: row.failed_reason,
    expiresAtMs: row.expires_at,
  }
}
