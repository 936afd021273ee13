import { and, desc, eq, isNotNull, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, MAX_REVISION_MODULES } from '../limits.ts'
import { uploadFiles, uploads } from './schema.ts'
import type { SymbolModule } from './symbol-files.ts'

/** Which revision modules were built from, as those said who uploaded their symbols. */
export interface SymbolRevisions {
  /** By `<debug file>/<debug id>`, the id in upper case; the newest statement counts. Modules of which nobody said it are left out. */
  of(modules: readonly SymbolModule[]): Promise<ReadonlyMap<string, string>>
}

/** The key of a module in what {@link SymbolRevisions} answers. */
export function revisionKey({ debugFile, debugId }: SymbolModule): string {
  return `${debugFile}/${debugId.toUpperCase()}`
}

/** The revisions in D1. */
export function symbolRevisions(db: DrizzleD1Database): SymbolRevisions {
  return {
    async of(modules) {
      const keys = modules
        .slice(0, MAX_REVISION_MODULES)
        .map(({ debugFile, debugId }) => [debugFile, debugId.toUpperCase()])
      if (keys.length === 0) return new Map()
      // D1 binds at most 100 values, so they go as one JSON text; the pairs come first, so that the index of files is used.
      const wanted = sql`(select value ->> 0 as file, value ->> 1 as id from json_each(${JSON.stringify(keys)})) as wanted`
      const rows = db
        .select({ file: uploadFiles.debug_file, id: uploadFiles.debug_id, revision: uploads.source_revision })
        .from(wanted)
        .innerJoin(
          uploadFiles,
          and(eq(uploadFiles.debug_file, sql`wanted.file`), eq(uploadFiles.debug_id, sql`wanted.id`)),
        )
        .innerJoin(uploads, eq(uploads.id, uploadFiles.upload_id))
        .where(isNotNull(uploads.source_revision))
        .orderBy(desc(uploadFiles.id))
        .limit(MAX_REVISION_MODULES)
      const found = new Map<string, string>()
      for (const { file, id, revision } of await withDeadline('D1 symbol revisions', D1_DEADLINE_MS, rows.all())) {
        if (file === null || id === null || revision === null) continue
        const key = revisionKey({ debugFile: file, debugId: id })
        if (!found.has(key)) found.set(key, revision)
      }
      return found
    },
  }
}
