import type { CrashId } from '#shared/crash-id.ts'
import { parseCrashId } from '#shared/crash-id.ts'
import { type DocumentValues, documentValue } from '#shared/search/chunk.ts'
import { type Column, columnOf } from '#shared/search/columns/column.ts'
import type { ColumnCache, Held } from '#shared/search/columns/column-cache.ts'
import { crashIdBytes, crashIdText } from '#shared/search/columns/crash-id-bytes.ts'
import type { SearchDocument, SearchValue } from '#shared/search/search-rpc.ts'

type OpenRow = { slot: number; crash_id: ArrayBuffer; field_values: ArrayBuffer }

/** What a held column takes, about: its ids, and values that are mostly short texts. */
const COLUMN_VALUE_BYTES = 60

/**
 * The documents that are not sealed yet, a row each, in the slots of the chunk that they will be. A query sees them as a chunk like others,
 * made of the columns that it asks for.
 */
export class OpenDocuments {
  readonly #sql: SqlStorage
  readonly #cache: ColumnCache
  #chunk: number
  #slots: number
  #bytes: number
  #columns = new Map<string, Column | null>()
  readonly #held: Held = { bytes: 0, forget: () => this.#columns.clear() }

  constructor(sql: SqlStorage, cache: ColumnCache, chunk: number) {
    this.#sql = sql
    this.#cache = cache
    this.#chunk = chunk
    const { slots, bytes } = sql
      .exec<{ slots: number; bytes: number }>(
        `select coalesce(max(slot) + 1, 0) as slots, coalesce(sum(length(field_values)), 0) as bytes
         from open_documents where chunk = ?`,
        chunk,
      )
      .one()
    this.#slots = slots
    this.#bytes = bytes
  }

  /** The chunk that they will be. */
  get chunk(): number {
    return this.#chunk
  }

  /** Slots that are taken, or were. */
  get slots(): number {
    return this.#slots
  }

  /** The JSON of the documents, or more: what was replaced counts still. */
  get bytes(): number {
    return this.#bytes
  }

  /** Writes a document into its slot, or the next one. Answers the slot. */
  write(document: SearchDocument, slot: number = this.#slots): number {
    const json = new TextEncoder().encode(JSON.stringify(document.values))
    this.#sql.exec(
      `insert into open_documents (slot, chunk, crash_id, field_values) values (?, ?, ?, ?)
       on conflict (slot) do update
         set chunk = excluded.chunk, crash_id = excluded.crash_id, field_values = excluded.field_values`,
      slot,
      this.#chunk,
      crashIdBytes(document.crash_id),
      json,
    )
    this.#slots = Math.max(this.#slots, slot + 1)
    this.#bytes += json.length
    this.#cache.drop(this.#held)
    return slot
  }

  remove(slot: number): void {
    this.#sql.exec('delete from open_documents where slot = ?', slot)
    this.#cache.drop(this.#held)
  }

  /** By slot; a hole where a document was removed. */
  bySlot(): readonly (DocumentValues | undefined)[] {
    const documents = Array.from({ length: this.#slots }, (): DocumentValues | undefined => undefined)
    const rows = this.#sql.exec<OpenRow>(
      'select slot, crash_id, field_values from open_documents where chunk = ?',
      this.#chunk,
    )
    const decoder = new TextDecoder()
    for (const { slot, crash_id, field_values } of rows) {
      const values: SearchDocument['values'] = JSON.parse(decoder.decode(field_values))
      documents[slot] = { crash_id: crashIdOf(crash_id), values }
    }
    return documents
  }

  /** The columns of some fields, which are read in one go. */
  columns(fields: readonly string[]): ReadonlyMap<string, Column | null> {
    const missing = fields.filter((field) => !this.#columns.has(field))
    if (missing.length > 0 && this.#slots > 0) {
      const values = new Map(missing.map((field): [string, (SearchValue | undefined)[]] => [field, []]))
      for (const document of this.bySlot()) {
        for (const [field, ofField] of values) ofField.push(document && documentValue(document, field))
      }
      for (const [field, ofField] of values) this.#columns.set(field, columnOf(ofField))
    }
    const columns = new Map(fields.map((field) => [field, this.#columns.get(field) ?? null]))
    this.#cache.use(this.#held, this.#columns.size * this.#slots * COLUMN_VALUE_BYTES)
    return columns
  }

  /** They are sealed: the next chunk begins, and overwrites their slots. */
  begin(chunk: number): void {
    this.#chunk = chunk
    this.#slots = 0
    this.#bytes = 0
    this.#cache.drop(this.#held)
  }

  /** What stayed in slots of chunks that are sealed. */
  deleteLeftovers(): void {
    this.#sql.exec('delete from open_documents where chunk <> ?', this.#chunk)
  }
}

function crashIdOf(bytes: ArrayBuffer): CrashId {
  const crashId = parseCrashId(crashIdText(new Uint8Array(bytes), 0))
  if (crashId === null) throw new Error('an open document has no crash id')
  return crashId
}
