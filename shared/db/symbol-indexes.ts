import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import type { IndexState } from '../symbols/index-state.ts'
import { uploadFiles } from './schema.ts'

/** A stored sym file that no build has looked at. */
export interface PendingIndex {
  readonly objectKey: string
  /** Of the file before compression. */
  readonly textBytes: number
}

/** What became of the index of the sym file under an R2 key. */
export interface RecordedIndex {
  readonly objectKey: string
  readonly state: IndexState
}

/** The books of block indexes: what became of each stored sym file's. Every method throws when D1 fails. */
export interface SymbolIndexBooks {
  /** An upload's sym files that no build has looked at, in the order of their keys. */
  pendingOf(uploadId: number): Promise<readonly PendingIndex[]>
  /** Notes what became of sym files. The newest row of a key describes it; older ones were replaced. A file without rows (migrated) has no books. */
  record(indexes: readonly RecordedIndex[]): Promise<void>
}

const REPLACED: IndexState = { state: 'replaced' }

/** The books in D1. */
export function symbolIndexBooks(db: DrizzleD1Database): SymbolIndexBooks {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 symbol indexes', D1_DEADLINE_MS, work)
  const note = ({ objectKey, state }: RecordedIndex) => {
    const newest = sql`(select max(id) from ${uploadFiles} where key = ${objectKey})`
    const said = sql`case when ${uploadFiles.id} = ${newest} then ${JSON.stringify(state)} else ${JSON.stringify(REPLACED)} end`
    return db.update(uploadFiles).set({ index_state: said }).where(eq(uploadFiles.key, objectKey))
  }
  return {
    async pendingOf(uploadId) {
      const isSymFile = sql`lower(substr(${uploadFiles.key}, -4)) = '.sym'`
      const query = db
        .select({ objectKey: uploadFiles.key, textBytes: uploadFiles.original_bytes })
        .from(uploadFiles)
        .where(and(eq(uploadFiles.upload_id, uploadId), isNull(uploadFiles.index_state), isSymFile))
      return ask(query.orderBy(asc(uploadFiles.key)).all())
    },
    async record(indexes) {
      const [first, ...more] = indexes.map(note)
      if (first !== undefined) await ask(db.batch([first, ...more]))
    },
  }
}
