import type { CrashId } from '#shared/crash-id.ts'
import { MAX_CHUNK_BYTES, MAX_CHUNK_DOCUMENTS, REBUILD_STEP_DOCUMENTS } from '#shared/limits.ts'
import { type Chunk, chunkOf, dateRange, documentValue, isDead, markDead } from '#shared/search/chunk.ts'
import { valueAt } from '#shared/search/columns/column.ts'
import type { ColumnCache } from '#shared/search/columns/column-cache.ts'
import { UUID_FIELD } from '#shared/search/fields.ts'
import type { Hit } from '#shared/search/hits.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import { ColumnStore } from './column-store.ts'
import { OpenDocuments } from './open-documents.ts'
import { chunkAt, Places, placeOf, rowAt } from './places.ts'
import { RowDocuments } from './row-documents.ts'

interface SealedChunk {
  readonly chunk: number
  readonly documents: number
  readonly dates: Chunk['dates']
  /** Rows whose documents were removed, or indexed again since. */
  readonly dead: Uint8Array | null
  /** Of those the rows whose values are gone from the columns too. */
  readonly cleaned: Uint8Array | null
  readonly mustClean: boolean
}

type ChunkRow = {
  chunk: number
  documents: number
  from_micros: number | null
  to_micros: number | null
  dead: ArrayBuffer | null
  cleaned: ArrayBuffer | null
  must_clean: number
}

/** When documents are sealed: see MAX_CHUNK_DOCUMENTS and MAX_CHUNK_BYTES. Tests have smaller ones. */
export interface ChunkSize {
  readonly documents: number
  readonly bytes: number
}

export const CHUNK_SIZE: ChunkSize = { documents: MAX_CHUNK_DOCUMENTS, bytes: MAX_CHUNK_BYTES }

/** The documents of a shard whose tables are there. Every method that writes must run in one transaction; after a failed one this is made anew. */
export class ShardDocuments {
  readonly #sql: SqlStorage
  readonly #size: ChunkSize
  readonly #columns: ColumnStore
  readonly #places: Places
  readonly #rows: RowDocuments
  readonly #open: OpenDocuments
  readonly #sealed: Map<number, SealedChunk>

  constructor(sql: SqlStorage, cache: ColumnCache, size: ChunkSize) {
    this.#sql = sql
    this.#size = size
    this.#columns = new ColumnStore(sql, cache)
    this.#places = new Places(sql)
    this.#rows = new RowDocuments(sql)
    const sealed = sql.exec<ChunkRow>('select * from chunks order by chunk').toArray().map(sealedChunk)
    this.#sealed = new Map(sealed.map((chunk) => [chunk.chunk, chunk]))
    this.#open = new OpenDocuments(sql, cache, (sealed.at(-1)?.chunk ?? -1) + 1)
  }

  /** Adds or replaces documents. Of two of one crash the one whose processing started later stays; a removed one stays away unless it started after the removal. */
  index(documents: readonly SearchDocument[]): void {
    this.#indexAll(this.#rows.take({ crashIds: documents.map(({ crash_id }) => crash_id) }))
    this.#indexAll(documents)
  }

  #indexAll(documents: readonly SearchDocument[]): void {
    const dying: number[] = []
    for (const document of documents) {
      const { crash_id, started_at_ms } = document
      const known = this.#places.of(crash_id)
      if (known !== null && known.started_at_ms > started_at_ms) continue
      if (known?.place === null && known.started_at_ms === started_at_ms) continue
      const place = known?.place ?? null
      const isOpen = place !== null && chunkAt(place) === this.#open.chunk
      const slot = this.#open.write(document, isOpen ? rowAt(place) : undefined)
      if (place !== null && !isOpen) dying.push(place)
      if (!isOpen || known?.started_at_ms !== started_at_ms) {
        this.#places.set(crash_id, placeOf(this.#open.chunk, slot), started_at_ms)
      }
      if (this.#open.slots >= this.#size.documents || this.#open.bytes >= this.#size.bytes) this.seal()
    }
    this.#markDead(dying)
  }

  /** Takes documents out, for good: what was started before `nowMs` does not come back. */
  remove(crashIds: readonly CrashId[], nowMs: number): void {
    this.#indexAll(this.#rows.take({ crashIds }))
    const dying: number[] = []
    for (const crashId of crashIds) {
      const known = this.#places.of(crashId)
      const place = known?.place ?? null
      if (place !== null && chunkAt(place) === this.#open.chunk) this.#open.remove(rowAt(place))
      else if (place !== null) dying.push(place)
      this.#places.set(crashId, null, Math.max(nowMs, known?.started_at_ms ?? 0))
    }
    this.#markDead(dying)
    // Earlier documents of these crashes may lie in slots that were sealed and in any row that is dead.
    this.#open.deleteLeftovers()
    for (const sealed of this.#sealed.values()) {
      if (deadRows(sealed) > 0) this.#keep({ ...sealed, mustClean: true })
    }
  }

  /** Those of some crashes that are not in the index. */
  missing(crashIds: readonly CrashId[]): readonly CrashId[] {
    const indexed = new Set([...this.#rows.among(crashIds), ...this.#places.among(crashIds)])
    return crashIds.filter((crashId) => !indexed.has(crashId))
  }

  /** All documents, the oldest chunk first, with the columns of those that are not sealed. */
  chunks(fields: readonly string[]): readonly Chunk[] {
    const notRebuilt = this.#rows.chunks(fields)
    const sealed = [...this.#sealed.values()].map(
      ({ chunk, documents, dead, dates }): Chunk => ({
        rows: documents,
        dead,
        dates,
        column: (field) => this.#columns.read(chunk, field),
      }),
    )
    const columns = this.#open.columns(fields)
    // The slot of a removed document has no date, so no query finds it.
    const open: Chunk = {
      rows: this.#open.slots,
      dead: null,
      dates: null,
      column: (field) => columns.get(field) ?? null,
    }
    return [...notRebuilt, ...sealed, open]
  }

  /** The values of some crashes; those that are not there are left out. */
  hits(
    crashIds: readonly CrashId[],
    fields: readonly string[],
  ): readonly { readonly crash_id: CrashId; readonly hit: Hit }[] {
    const places = crashIds.flatMap((crash_id) => {
      const place = this.#places.of(crash_id)?.place ?? null
      return place === null ? [] : [{ crash_id, chunk: chunkAt(place), row: rowAt(place) }]
    })
    const open = places.some(({ chunk }) => chunk === this.#open.chunk) ? this.#open.columns(fields) : null
    const found = places.map(({ crash_id, chunk, row }) => {
      const columnOf = (field: string) =>
        chunk === this.#open.chunk ? (open?.get(field) ?? null) : this.#columns.read(chunk, field)
      return { crash_id, hit: Object.fromEntries(fields.map((field) => [field, valueAt(columnOf(field), row)])) }
    })
    if (!this.#rows.areThere) return found
    const rows = this.#rows.read(crashIds).map((document) => ({
      crash_id: document.crash_id,
      hit: Object.fromEntries(fields.map((field) => [field, documentValue(document, field) ?? null])),
    }))
    return [...found, ...rows]
  }

  /** Seals what is open, however few they are. */
  seal(): void {
    const documents = this.#open.bySlot()
    if (documents.length === 0) return
    const { chunk } = this.#open
    const there = documents.filter((document) => document !== undefined)
    const fields = new Set([UUID_FIELD, ...there.flatMap(({ values }) => Object.keys(values))])
    for (const field of fields) {
      this.#columns.write(
        chunk,
        field,
        documents.map((document) => document && documentValue(document, field)),
      )
    }
    const holes = [...documents.keys()].filter((row) => documents[row] === undefined)
    const dead = holes.reduce<Uint8Array | null>((marked, row) => markDead(marked, row, documents.length), null)
    this.#keep({
      chunk,
      documents: documents.length,
      dates: dateRange(chunkOf(there)),
      dead,
      cleaned: dead,
      mustClean: false,
    })
    this.#open.begin(chunk + 1)
  }

  /** Whether there is something for {@link step} to do. */
  get hasWork(): boolean {
    return this.#rows.areThere || [...this.#sealed.values()].some(({ mustClean }) => mustClean)
  }

  /** One step of what can wait: moves some documents of an older version into columns, or takes dead values out of a chunk. */
  step(): void {
    if (this.#rows.areThere) {
      this.#indexAll(this.#rows.take({ count: REBUILD_STEP_DOCUMENTS }))
      return
    }
    const sealed = [...this.#sealed.values()].find(({ mustClean }) => mustClean)
    if (sealed === undefined) return
    const { chunk, documents, dead } = sealed
    for (const field of this.#columns.fieldsOf(chunk)) {
      const column = this.#columns.read(chunk, field)
      this.#columns.write(
        chunk,
        field,
        Array.from({ length: documents }, (_, row) =>
          isDead(dead, row) ? undefined : (valueAt(column, row) ?? undefined),
        ),
      )
    }
    this.#keep({ ...sealed, cleaned: dead, mustClean: false })
  }

  #markDead(places: readonly number[]): void {
    for (const chunk of new Set(places.map(chunkAt))) {
      const sealed = this.#sealed.get(chunk)
      if (sealed === undefined) throw new Error(`a place is in chunk ${chunk}, which is not there`)
      const rows = places.filter((place) => chunkAt(place) === chunk).map(rowAt)
      const dead = rows.reduce((marked, row) => markDead(marked, row, sealed.documents), sealed.dead)
      const marked = { ...sealed, dead }
      this.#keep({ ...marked, mustClean: sealed.mustClean || deadRows(marked) >= sealed.documents / 2 })
    }
  }

  #keep(sealed: SealedChunk): void {
    const { chunk, documents, dates, dead, cleaned, mustClean } = sealed
    this.#sql.exec(
      `insert into chunks (chunk, documents, from_micros, to_micros, dead, cleaned, must_clean)
       values (?, ?, ?, ?, ?, ?, ?)
       on conflict (chunk) do update
         set dead = excluded.dead, cleaned = excluded.cleaned, must_clean = excluded.must_clean`,
      ...[chunk, documents, dates?.from ?? null, dates?.to ?? null, dead, cleaned, Number(mustClean)],
    )
    this.#sealed.set(chunk, sealed)
  }
}

function sealedChunk({ chunk, documents, from_micros, to_micros, dead, cleaned, must_clean }: ChunkRow): SealedChunk {
  return {
    chunk,
    documents,
    dates: from_micros === null || to_micros === null ? null : { from: from_micros, to: to_micros },
    dead: dead === null ? null : new Uint8Array(dead),
    cleaned: cleaned === null ? null : new Uint8Array(cleaned),
    mustClean: must_clean === 1,
  }
}

/** Dead rows whose values are in the columns still. */
function deadRows({ documents, dead, cleaned }: Pick<SealedChunk, 'documents' | 'dead' | 'cleaned'>): number {
  let count = 0
  for (let row = 0; row < documents; row++) if (isDead(dead, row) && !isDead(cleaned, row)) count += 1
  return count
}
