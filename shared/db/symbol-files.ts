import { and, desc, eq, inArray, isNotNull, like, max, or } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, MAX_FILES_OF_ID } from '../limits.ts'
import { objectKeyPrefix, parseSymbolObjectKey, type SymbolKey } from '../symbols/key.ts'
import { uploadFiles } from './schema.ts'

/** What a module is called where its symbols are. */
export interface SymbolModule {
  readonly debugFile: string
  readonly debugId: string
}

/** A file that was stored once; whether it still is, the bucket knows. */
export interface SymbolFileRow {
  readonly key: SymbolKey
  readonly trySymbols: boolean
}

/** The books of stored files, as downloads read them. Every method throws when D1 fails. */
export interface SymbolFileRepository {
  /**
   * The module of a code file and code id, or of a debug file and debug id: the newest row counts. Try symbols only
   * where `alsoTry` says so: a release's debugger is never sent to them.
   */
  findModule(name: string, id: string, alsoTry: boolean): Promise<SymbolModule | null>
  /**
   * The files under one of these ids, or whose sym file says that its code id is one of them; newest first, at most
   * MAX_FILES_OF_ID.
   */
  findByIds(ids: readonly string[], alsoTry: boolean): Promise<readonly SymbolFileRow[]>
}

/** The books in D1. */
export function symbolFileRepository(db: DrizzleD1Database): SymbolFileRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 symbol files', D1_DEADLINE_MS, work)
  const inStores = (alsoTry: boolean) => (alsoTry ? undefined : like(uploadFiles.key, `${objectKeyPrefix(false)}%`))
  return {
    async findModule(name, id, alsoTry) {
      const isNamed = or(
        and(eq(uploadFiles.code_file, name), eq(uploadFiles.code_id, id)),
        and(eq(uploadFiles.debug_file, name), eq(uploadFiles.debug_id, id)),
      )
      const [row] = await ask(
        db
          .select({ debugFile: uploadFiles.debug_file, debugId: uploadFiles.debug_id })
          .from(uploadFiles)
          .where(and(isNamed, isNotNull(uploadFiles.debug_file), inStores(alsoTry)))
          .orderBy(desc(uploadFiles.id))
          .limit(1)
          .all(),
      )
      const { debugFile, debugId } = row ?? { debugFile: null, debugId: null }
      return debugFile === null || debugId === null ? null : { debugFile, debugId }
    },
    async findByIds(ids, alsoTry) {
      const hasId = or(inArray(uploadFiles.key_id, [...ids]), inArray(uploadFiles.code_id, [...ids]))
      const rows = await ask(
        db
          .select({ key: uploadFiles.key })
          .from(uploadFiles)
          .where(and(hasId, inStores(alsoTry)))
          // One file that was uploaded again and again is still one file.
          .groupBy(uploadFiles.key)
          .orderBy(desc(max(uploadFiles.id)))
          .limit(MAX_FILES_OF_ID)
          .all(),
      )
      return rows.map(({ key }) => parseSymbolObjectKey(key)).filter((file) => file !== null)
    },
  }
}
