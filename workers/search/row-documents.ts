import { type CrashId, parseCrashId } from '#shared/crash-id.ts'
import { MAX_CHUNK_DOCUMENTS, REBUILD_STEP_DOCUMENTS } from '#shared/limits.ts'
import { type Chunk, chunkOf } from '#shared/search/chunk.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { hasTable } from './shard-schema.ts'

type DocumentRow = { crash_id: string; started_at_ms: number; field_values: string }

/** The documents of version 1 of the schema, a row each, until a rebuild has moved all of them into columns. */
export class RowDocuments {
  readonly #sql: SqlStorage
  #areThere: boolean

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.#areThere = hasTable(sql, 'documents')
    if (this.#areThere) this.#dropWhenEmpty()
  }

  get areThere(): boolean {
    return this.#areThere
  }

  /** All of them, with the columns of some fields: the documents themselves would be more than an isolate holds. */
  chunks(fields: readonly string[]): readonly Chunk[] {
    const chunks: Chunk[] = []
    let after = 0
    while (this.#areThere) {
      const rows = this.#sql
        .exec<DocumentRow & { rowid: number }>(
          'select rowid, crash_id, started_at_ms, field_values from documents where rowid > ? order by rowid limit ?',
          after,
          MAX_CHUNK_DOCUMENTS,
        )
        .toArray()
      const last = rows.at(-1)
      if (last === undefined) break
      after = last.rowid
      const whole = chunkOf(rows.map(documentOf))
      const columns = new Map(fields.map((field) => [field, whole.column(field)]))
      chunks.push({ rows: rows.length, dead: null, dates: null, column: (field) => columns.get(field) ?? null })
    }
    return chunks
  }

  /** Takes out those of some crashes, or any so many. */
  take(which: { readonly crashIds: readonly CrashId[] } | { readonly count: number }): readonly SearchDocument[] {
    if (!this.#areThere) return []
    const documents =
      'count' in which
        ? this.#sql
            .exec<DocumentRow>('select * from documents order by rowid limit ?', which.count)
            .toArray()
            .map(documentOf)
        : this.read(which.crashIds)
    this.#sql.exec(
      'delete from documents where crash_id in (select value from json_each(?))',
      JSON.stringify(documents.map(({ crash_id }) => crash_id)),
    )
    if (documents.length > 0 || 'count' in which) this.#dropWhenEmpty()
    return documents
  }

  read(crashIds: readonly CrashId[]): readonly SearchDocument[] {
    if (!this.#areThere) return []
    return this.#sql
      .exec<DocumentRow>(
        'select * from documents where crash_id in (select value from json_each(?))',
        JSON.stringify(crashIds),
      )
      .toArray()
      .map(documentOf)
  }

  /** Those of some crashes that are there. */
  *among(crashIds: readonly CrashId[]): Generator<string> {
    for (let from = 0; from < crashIds.length; from += REBUILD_STEP_DOCUMENTS) {
      for (const { crash_id } of this.read(crashIds.slice(from, from + REBUILD_STEP_DOCUMENTS))) yield crash_id
    }
  }

  #dropWhenEmpty(): void {
    if (this.#sql.exec('select 1 from documents limit 1').toArray().length > 0) return
    this.#sql.exec('drop table documents')
    this.#areThere = false
  }
}

function documentOf({ crash_id, started_at_ms, field_values }: DocumentRow): SearchDocument {
  const crashId = parseCrashId(crash_id)
  if (crashId === null) throw new Error('a row of documents has no crash id')
  const values: SearchDocument['values'] = JSON.parse(field_values)
  return { crash_id: crashId, started_at_ms, values }
}
