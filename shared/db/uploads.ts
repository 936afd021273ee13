import { and, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { z } from 'zod'
import type { SymHeader } from '../breakpad/sym-header.ts'
import type { SymHealth } from '../breakpad/sym-health.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { idOfObjectKey } from '../symbols/key.ts'
import { resolveMissing } from './missing-symbols.ts'
import { uploadFiles, uploads } from './schema.ts'

/** How the files of an upload came: a zip that is unpacked, or parts of each file (v2). */
export const uploadKindSchema = z.enum(['zip', 'parts'])
export type UploadKind = z.infer<typeof uploadKindSchema>

/** Who uploads, as far as the store must know: the product and the rank decide what may be replaced (symbols/ownership.ts). */
export interface UploadOwner {
  readonly email: string
  /** The product of the token; null for one of the whole deployment. */
  readonly product: string | null
  readonly isAdmin: boolean
}

/** Where an upload by URL came from. */
export interface DownloadedFrom {
  readonly url: string
  /** The addresses that the server of `url` sent us on to, in order. */
  readonly redirectUrls: readonly string[]
}

/** What is known of an upload when its first bytes arrive. */
export interface NewUpload extends UploadOwner {
  readonly kind: UploadKind
  /** Empty for v2 uploads, which have no archive. */
  readonly filename: string
  readonly downloadedFrom: DownloadedFrom | null
  /** The revision of the source that the files were built from, where the uploader states it. */
  readonly sourceRevision?: string | null
  readonly createdAtMs: number
}

/** One symbol upload. `completedAtMs` and `failedReason` are both null while the indexer still has it. */
export interface Upload extends NewUpload {
  readonly id: number
  /** Size of the zip; of a v2 upload, of its files together before compression. */
  readonly sizeBytes: number
  readonly trySymbols: boolean
  readonly skippedKeys: readonly string[]
  readonly refusedKeys: readonly string[]
  readonly ignoredKeys: readonly string[]
  readonly completedAtMs: number | null
  readonly failedReason: string | null
  /** When a v2 uploader said that all files are sent. */
  readonly closedAtMs: number | null
}

/** A file that an upload really stored. */
export interface UploadFile {
  /** The R2 key, which says whether it is a try symbol. */
  readonly objectKey: string
  readonly storedBytes: number
  readonly originalBytes: number
  readonly compressed: boolean
  /** Whether it replaced other content. */
  readonly update: boolean
  readonly header: SymHeader | null
  readonly health: SymHealth | null
  readonly createdAtMs: number
}

/** The books of symbol uploads. Every method throws when D1 fails. */
export interface UploadRepository {
  /** Opens an upload and answers its id. */
  begin(upload: NewUpload): Promise<number>
  /** The zip is staged, or the files of a v2 upload are named: their size, and whose symbols these are. */
  received(
    id: number,
    what: { readonly sizeBytes: number; readonly trySymbols: boolean; readonly skippedKeys?: readonly string[] },
  ): Promise<void>
  find(id: number): Promise<Upload | null>
  /** The R2 keys of the upload's rows so far. */
  storedKeys(id: number): Promise<ReadonlySet<string>>
  addFiles(id: number, files: readonly UploadFile[]): Promise<void>
  complete(
    id: number,
    outcome: {
      readonly skippedKeys: readonly string[]
      readonly refusedKeys: readonly string[]
      readonly ignoredKeys: readonly string[]
      /** Tells uploads of the same files (specs/symbols.md 1.7). */
      readonly contentHash: string
      readonly completedAtMs: number
    },
  ): Promise<void>
  /** A v2 uploader said that all files are sent. */
  close(id: number, atMs: number): Promise<void>
  /** The upload can never complete; the reason is for its uploader. A completed upload stays completed. */
  fail(id: number, reason: string): Promise<void>
  /** For reconcile: received, neither unpacked nor failed, and last sent to the indexer (or received) before `beforeMs`. */
  unsettled(beforeMs: number, limit: number): Promise<readonly number[]>
  /** Remembers that reconcile sent the upload to the indexer at `atMs`. */
  recordSent(id: number, atMs: number): Promise<void>
  /** For the heartbeat: reads one row. */
  ping(): Promise<void>
}

/** D1 binds at most 100 parameters a statement, one a column of a row. */
const MAX_PARAMETERS = 100

/** The books in D1. */
export function uploadRepository(db: DrizzleD1Database): UploadRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 uploads', D1_DEADLINE_MS, work)
  return {
    async begin(upload) {
      const row = {
        email: upload.email,
        product: upload.product,
        by_admin: upload.isAdmin,
        kind: upload.kind,
        filename: upload.filename,
        download_url: upload.downloadedFrom?.url ?? null,
        redirect_urls: [...(upload.downloadedFrom?.redirectUrls ?? [])],
        size_bytes: 0,
        try_symbols: false,
        skipped_keys: [],
        ignored_keys: [],
        created_at: upload.createdAtMs,
        source_revision: upload.sourceRevision ?? null,
      }
      const [added] = await ask(db.insert(uploads).values(row).returning({ id: uploads.id }))
      if (added === undefined) throw new Error('D1 answered no upload id')
      return added.id
    },
    async received(id, { sizeBytes, trySymbols, skippedKeys = [] }) {
      const change = { size_bytes: sizeBytes, try_symbols: trySymbols, skipped_keys: [...skippedKeys] }
      await ask(db.update(uploads).set(change).where(eq(uploads.id, id)).run())
    },
    async find(id) {
      const [row] = await ask(db.select().from(uploads).where(eq(uploads.id, id)).limit(1).all())
      return row === undefined ? null : uploadOf(row)
    },
    async storedKeys(id) {
      const query = db.select({ key: uploadFiles.key }).from(uploadFiles).where(eq(uploadFiles.upload_id, id))
      return new Set((await ask(query.all())).map((row) => row.key))
    },
    async addFiles(id, files) {
      const rows = files.map((file) => fileRow(id, file))
      const inserts = []
      const rowsAStatement = Math.floor(MAX_PARAMETERS / Object.keys(rows[0] ?? {}).length)
      for (let at = 0; at < rows.length; at += rowsAStatement) {
        inserts.push(
          db
            .insert(uploadFiles)
            .values(rows.slice(at, at + rowsAStatement))
            .onConflictDoNothing(),
        )
      }
      const [first, ...more] = inserts
      if (first !== undefined) await ask(db.batch([first, ...more, resolveMissing(db, files)]))
    },
    async complete(id, outcome) {
      const change = {
        skipped_keys: [...outcome.skippedKeys],
        refused_keys: [...outcome.refusedKeys],
        ignored_keys: [...outcome.ignoredKeys],
        content_hash: outcome.contentHash,
        completed_at: outcome.completedAtMs,
      }
      await ask(db.update(uploads).set(change).where(eq(uploads.id, id)).run())
    },
    async close(id, atMs) {
      const open = and(eq(uploads.id, id), isNull(uploads.closed_at))
      await ask(db.update(uploads).set({ closed_at: atMs }).where(open).run())
    },
    async fail(id, reason) {
      const open = and(eq(uploads.id, id), isNull(uploads.completed_at))
      await ask(db.update(uploads).set({ failed_reason: reason }).where(open).run())
    },
    async unsettled(beforeMs, limit) {
      const isReceived = or(gt(uploads.size_bytes, 0), eq(uploads.kind, 'parts'))
      const isOpen = and(isNull(uploads.completed_at), isNull(uploads.failed_reason), isReceived)
      const isDue = lt(sql`coalesce(${uploads.last_sent_at}, ${uploads.created_at})`, beforeMs)
      const rows = await ask(
        db.select({ id: uploads.id }).from(uploads).where(and(isOpen, isDue)).orderBy(uploads.id).limit(limit).all(),
      )
      return rows.map(({ id }) => id)
    },
    async recordSent(id, atMs) {
      await ask(db.update(uploads).set({ last_sent_at: atMs }).where(eq(uploads.id, id)).run())
    },
    async ping() {
      await ask(db.select({ id: uploads.id }).from(uploads).limit(1).all())
    },
  }
}

/** An `uploads` row as the domain knows it. */
export function uploadOf(row: typeof uploads.$inferSelect): Upload {
  const keys = z.array(z.string())
  return {
    id: row.id,
    email: row.email,
    product: row.product,
    isAdmin: row.by_admin,
    kind: uploadKindSchema.parse(row.kind),
    filename: row.filename,
    downloadedFrom:
      row.download_url === null ? null : { url: row.download_url, redirectUrls: keys.parse(row.redirect_urls) },
    sizeBytes: row.size_bytes,
    trySymbols: row.try_symbols,
    skippedKeys: keys.parse(row.skipped_keys),
    refusedKeys: keys.parse(row.refused_keys),
    ignoredKeys: keys.parse(row.ignored_keys),
    sourceRevision: row.source_revision,
    createdAtMs: row.created_at,
    completedAtMs: row.completed_at,
    failedReason: row.failed_reason,
    closedAtMs: row.closed_at,
  }
}

function fileRow(uploadId: number, file: UploadFile): typeof uploadFiles.$inferInsert {
  return {
    upload_id: uploadId,
    key: file.objectKey,
    key_id: idOfObjectKey(file.objectKey),
    stored_bytes: file.storedBytes,
    original_bytes: file.originalBytes,
    compressed: file.compressed,
    update: file.update,
    debug_file: file.header?.debugFile ?? null,
    debug_id: file.header?.debugId ?? null,
    code_file: file.header?.codeFile ?? null,
    code_id: file.header?.codeId ?? null,
    generator: file.header?.generator ?? null,
    health: file.health,
    created_at: file.createdAtMs,
  }
}
