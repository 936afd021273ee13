import { and, asc, count, desc, eq, gt, gte, inArray, isNull, lt, lte, ne, or, type SQL, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { type SymHealth, symHealthSchema } from '../breakpad/sym-health.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, MAX_RELATED_UPLOADS, MAX_SHOWN_UPLOAD_FILES } from '../limits.ts'
import { type IndexState, indexStateSchema } from '../symbols/index-state.ts'
import type { Bound, TextPart } from '../symbols/list-filter.ts'
import { uploadFiles, uploadSessions, uploads } from './schema.ts'
import { type Upload, uploadOf } from './uploads.ts'

/** One page of a list. */
export interface ListPage {
  readonly limit: number
  readonly offset: number
}

/** Which uploads, in which order. `email` bounds the list to one person's own. */
export interface UploadQuery extends ListPage {
  readonly email: string | null
  readonly user: readonly TextPart[]
  readonly size: readonly Bound[]
  readonly createdAt: readonly Bound[]
  readonly completedAt: readonly Bound[]
  readonly sort: 'created_at' | 'size'
  readonly descending: boolean
}

/** An upload in a list. An incomplete file is one of a v2 upload that is not whole or not checked yet. */
export interface ListedUpload {
  readonly upload: Upload
  readonly files: number
  readonly incompleteFiles: number
}

/** Which stored files. */
export interface UploadFileQuery extends ListPage {
  readonly key: readonly TextPart[]
  readonly size: readonly Bound[]
  readonly createdAt: readonly Bound[]
  readonly trySymbols: boolean | null
}

/** A stored file's row, with the upload that brought it. */
export interface BookedFile {
  readonly id: number
  readonly objectKey: string
  readonly storedBytes: number
  readonly originalBytes: number
  readonly compressed: boolean
  readonly update: boolean
  readonly createdAtMs: number
  readonly debugFile: string | null
  readonly debugId: string | null
  readonly codeFile: string | null
  readonly codeId: string | null
  readonly generator: string | null
  readonly health: SymHealth | null
  /** Null until a build looked at a sym file, and for other files. */
  readonly indexState: IndexState | null
  readonly upload: Pick<Upload, 'id' | 'email' | 'trySymbols' | 'createdAtMs'>
}

/** How many uploads of a time, and their sizes together. */
export interface UploadCount {
  readonly count: number
  readonly total_size: number
}

/** The books of symbol uploads as they are read. Every method throws when D1 fails. */
export interface UploadBooks {
  uploads(query: UploadQuery): Promise<readonly ListedUpload[]>
  uploadTotal(query: UploadQuery): Promise<number>
  upload(id: number): Promise<Upload | null>
  /** The files that an upload stored, in the order of their keys, up to MAX_SHOWN_UPLOAD_FILES. */
  filesOf(uploadId: number): Promise<readonly BookedFile[]>
  /** Other uploads of the same person with the same files, newest first, up to MAX_RELATED_UPLOADS. */
  related(upload: Upload): Promise<readonly Upload[]>
  /** Newest first. */
  files(query: UploadFileQuery): Promise<readonly BookedFile[]>
  fileTotal(query: UploadFileQuery): Promise<number>
  file(id: number): Promise<BookedFile | null>
  /** The newest sym file of a code file and code id, or of a debug file and debug id (upper-case). Try symbols only where asked for. */
  symFileOf(name: string, id: string, alsoTry: boolean): Promise<BookedFile | null>
  /** Uploads from one instant up to another, of one person or of all. */
  countUploads(fromMs: number, toMs: number, email: string | null): Promise<UploadCount>
}

/** The books in D1. Filters are bound values, and columns come from a closed list: no text of a client is ever SQL. */
export function uploadBooks(db: DrizzleD1Database): UploadBooks {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 upload books', D1_DEADLINE_MS, work)
  const fileRows = () => db.select().from(uploadFiles).innerJoin(uploads, eq(uploads.id, uploadFiles.upload_id))
  return {
    async uploads(query) {
      const order = query.descending ? desc : asc
      const column = query.sort === 'size' ? uploads.size_bytes : uploads.created_at
      const rows = await ask(
        db
          .select()
          .from(uploads)
          .where(uploadCondition(query))
          .orderBy(order(column), order(uploads.id))
          .limit(query.limit)
          .offset(query.offset)
          .all(),
      )
      const ids = rows.map(({ id }) => id)
      const [files, incomplete] = await ask(Promise.all([countFiles(db, ids), countIncomplete(db, ids)]))
      return rows.map((row) => ({
        upload: uploadOf(row),
        files: files.get(row.id) ?? 0,
        incompleteFiles: incomplete.get(row.id) ?? 0,
      }))
    },
    async uploadTotal(query) {
      const [row] = await ask(db.select({ total: count() }).from(uploads).where(uploadCondition(query)).all())
      return row?.total ?? 0
    },
    async upload(id) {
      const [row] = await ask(db.select().from(uploads).where(eq(uploads.id, id)).limit(1).all())
      return row === undefined ? null : uploadOf(row)
    },
    async filesOf(uploadId) {
      const isOfUpload = eq(uploadFiles.upload_id, uploadId)
      const rows = await ask(
        fileRows().where(isOfUpload).orderBy(asc(uploadFiles.key)).limit(MAX_SHOWN_UPLOAD_FILES).all(),
      )
      return rows.map(fileOf)
    },
    async related({ id, email, sizeBytes }) {
      const hash = db.select({ hash: uploads.content_hash }).from(uploads).where(eq(uploads.id, id))
      const isRelated = and(
        eq(uploads.content_hash, hash),
        eq(uploads.email, email),
        eq(uploads.size_bytes, sizeBytes),
        ne(uploads.id, id),
      )
      const rows = await ask(
        db.select().from(uploads).where(isRelated).orderBy(desc(uploads.id)).limit(MAX_RELATED_UPLOADS).all(),
      )
      return rows.map(uploadOf)
    },
    async files(query) {
      const rows = await ask(
        fileRows()
          .where(fileCondition(query))
          .orderBy(desc(uploadFiles.created_at), desc(uploadFiles.id))
          .limit(query.limit)
          .offset(query.offset)
          .all(),
      )
      return rows.map(fileOf)
    },
    async fileTotal(query) {
      const joined = db
        .select({ total: count() })
        .from(uploadFiles)
        .innerJoin(uploads, eq(uploads.id, uploadFiles.upload_id))
      const [row] = await ask(joined.where(fileCondition(query)).all())
      return row?.total ?? 0
    },
    async file(id) {
      const [row] = await ask(fileRows().where(eq(uploadFiles.id, id)).limit(1).all())
      return row === undefined ? null : fileOf(row)
    },
    async symFileOf(name, id, alsoTry) {
      const isNamed = or(
        and(eq(uploadFiles.code_file, name), eq(uploadFiles.code_id, id)),
        and(eq(uploadFiles.debug_file, name), eq(uploadFiles.debug_id, id)),
      )
      const inStores = alsoTry ? undefined : eq(uploads.try_symbols, false)
      const rows = fileRows().where(and(isNamed, inStores))
      // Regular before try, then the newest.
      const [row] = await ask(rows.orderBy(asc(uploads.try_symbols), desc(uploadFiles.id)).limit(1).all())
      return row === undefined ? null : fileOf(row)
    },
    async countUploads(fromMs, toMs, email) {
      const isOfTime = and(gte(uploads.created_at, fromMs), lt(uploads.created_at, toMs))
      const isTheirs = email === null ? undefined : eq(uploads.email, email)
      const [row] = await ask(
        db
          .select({ count: count(), total_size: sql<number>`coalesce(sum(${uploads.size_bytes}), 0)` })
          .from(uploads)
          .where(and(isOfTime, isTheirs))
          .all(),
      )
      return row ?? { count: 0, total_size: 0 }
    },
  }
}

async function countFiles(db: DrizzleD1Database, ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const rows = await db
    .select({ id: uploadFiles.upload_id, files: count() })
    .from(uploadFiles)
    .where(inArray(uploadFiles.upload_id, [...ids]))
    .groupBy(uploadFiles.upload_id)
    .all()
  return new Map(rows.map(({ id, files }) => [id, files]))
}

async function countIncomplete(db: DrizzleD1Database, ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const isIncomplete = and(
    inArray(uploadSessions.upload_id, [...ids]),
    inArray(uploadSessions.state, ['open', 'received']),
  )
  const rows = await db
    .select({ id: uploadSessions.upload_id, files: count() })
    .from(uploadSessions)
    .where(isIncomplete)
    .groupBy(uploadSessions.upload_id)
    .all()
  return new Map(rows.map(({ id, files }) => [id, files]))
}

function uploadCondition({ email, user, size, createdAt, completedAt }: UploadQuery): SQL | undefined {
  return and(
    email === null ? undefined : eq(uploads.email, email),
    ...user.map((part) => partCondition(uploads.email, part)),
    ...size.map((bound) => boundCondition(uploads.size_bytes, bound)),
    ...createdAt.map((bound) => boundCondition(uploads.created_at, bound)),
    ...completedAt.map((bound) => boundCondition(uploads.completed_at, bound)),
  )
}

function fileCondition({ key, size, createdAt, trySymbols }: UploadFileQuery): SQL | undefined {
  return and(
    trySymbols === null ? undefined : eq(uploads.try_symbols, trySymbols),
    ...key.map((part) => partCondition(uploadFiles.key, part)),
    ...size.map((bound) => boundCondition(uploadFiles.stored_bytes, bound)),
    ...createdAt.map((bound) => boundCondition(uploadFiles.created_at, bound)),
  )
}

/** instr, not LIKE: D1's patterns end at 50 bytes, and `%` and `_` are ordinary characters of names. */
function partCondition(column: SQLiteColumn, { text, not }: TextPart): SQL {
  const at = sql`instr(lower(${column}), lower(${text}))`
  return not ? sql`${at} = 0` : sql`${at} > 0`
}

function boundCondition(column: SQLiteColumn, bound: Bound): SQL {
  if (bound.kind === 'missing') return isNull(column)
  const compare = { '<': lt, '<=': lte, '=': eq, '>=': gte, '>': gt }[bound.operator]
  return compare(column, bound.value)
}

type JoinedRow = {
  readonly upload_files: typeof uploadFiles.$inferSelect
  readonly uploads: typeof uploads.$inferSelect
}

function fileOf({ upload_files: file, uploads: upload }: JoinedRow): BookedFile {
  return {
    id: file.id,
    objectKey: file.key,
    storedBytes: file.stored_bytes,
    originalBytes: file.original_bytes,
    compressed: file.compressed,
    update: file.update,
    createdAtMs: file.created_at,
    debugFile: file.debug_file,
    debugId: file.debug_id,
    codeFile: file.code_file,
    codeId: file.code_id,
    generator: file.generator,
    health: symHealthSchema.nullable().parse(file.health),
    indexState: indexStateSchema.nullable().parse(file.index_state),
    upload: { id: upload.id, email: upload.email, trySymbols: upload.try_symbols, createdAtMs: upload.created_at },
  }
}
