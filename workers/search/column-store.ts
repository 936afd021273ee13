import { MAX_BLOB_BYTES } from '#shared/limits.ts'
import type { Column } from '#shared/search/columns/column.ts'
import { type ColumnCache, FieldColumns } from '#shared/search/columns/column-cache.ts'
import { encodeColumn } from '#shared/search/columns/encode.ts'
import type { SearchValue } from '#shared/search/search-rpc.ts'

/** The columns of a shard's sealed chunks: encoded in storage, decoded in the isolate's cache. */
export class ColumnStore {
  readonly #sql: SqlStorage
  readonly #cache: ColumnCache
  readonly #fields = new Map<string, FieldColumns>()

  constructor(sql: SqlStorage, cache: ColumnCache) {
    this.#sql = sql
    this.#cache = cache
  }

  /** Null where no document of the chunk has the field. */
  read(chunk: number, field: string): Column | null {
    const columns = this.#fields.get(field) ?? new FieldColumns(this.#cache)
    this.#fields.set(field, columns)
    return columns.column(chunk, () => this.#readBlob(chunk, field))
  }

  /** Replaces a column; without any value it is gone. */
  write(chunk: number, field: string, values: readonly (SearchValue | undefined)[]): void {
    this.#sql.exec('delete from columns where field = ? and chunk = ?', field, chunk)
    const blob = encodeColumn(values)
    for (let part = 0; blob !== null && part * MAX_BLOB_BYTES < blob.length; part++) {
      this.#sql.exec(
        'insert into columns (field, chunk, part, data) values (?, ?, ?, ?)',
        field,
        chunk,
        part,
        blob.slice(part * MAX_BLOB_BYTES, (part + 1) * MAX_BLOB_BYTES),
      )
    }
    this.#fields.get(field)?.outdate(chunk)
  }

  fieldsOf(chunk: number): readonly string[] {
    return this.#sql
      .exec<{ field: string }>('select distinct field from columns where chunk = ?', chunk)
      .toArray()
      .map(({ field }) => field)
  }

  #readBlob(chunk: number, field: string): Uint8Array | null {
    const parts = this.#sql
      .exec<{ data: ArrayBuffer }>('select data from columns where field = ? and chunk = ? order by part', field, chunk)
      .toArray()
      .map(({ data }) => new Uint8Array(data))
    const [first] = parts
    if (first === undefined || parts.length === 1) return first ?? null
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }
}
