import { DurableObject } from 'cloudflare:workers'
import { systemClock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { COLUMN_CACHE_BYTES, REBUILD_PAUSE_MS } from '#shared/limits.ts'
import type { Chunk } from '#shared/search/chunk.ts'
import { answerChunks, answerTerms, fieldsOf } from '#shared/search/chunk-query.ts'
import { ColumnCache } from '#shared/search/columns/column-cache.ts'
import { fitHits, type Hit } from '#shared/search/hits.ts'
import type { PartialAnswer, PartialFacets, WantedTerms } from '#shared/search/partial-answer.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import type { Week } from '#shared/search/shards.ts'
import type { Env } from './env.ts'
import { CHUNK_SIZE, type ChunkSize, ShardDocuments } from './shard-documents.ts'
import { hasTable, migrate } from './shard-schema.ts'

/** A shard's part of an answer; what only a week's first shard knows; null where nobody wrote it. */
export interface ShardAnswer {
  readonly partial: PartialAnswer
  /** The other weeks that hold crashes dated in this one. */
  readonly elsewhere: readonly Week[]
  /** Into how many shards the week is split. */
  readonly splits: number | null
}

/** The columns of some crashes; those that have gone since the query are absent. `isCut`: texts were cut to fit. */
export interface ShardHits {
  readonly hits: readonly { readonly crash_id: CrashId; readonly hit: Hit }[]
  readonly isCut: boolean
}

/** What the search Worker asks of a shard. */
export interface ShardRpc {
  index(documents: readonly SearchDocument[]): Promise<void>
  noteElsewhere(week: Week): Promise<void>
  splits(toFix: number | null): Promise<number | null>
  query(query: SearchQuery, maxFacetBytes: number): Promise<ShardAnswer>
  terms(query: SearchQuery, wanted: WantedTerms, maxFacetBytes: number): Promise<PartialFacets>
  hits(crashIds: readonly CrashId[], columns: readonly string[], maxBytes: number): Promise<ShardHits>
  remove(crashIds: readonly CrashId[]): Promise<void>
  missing(crashIds: readonly CrashId[]): Promise<readonly CrashId[]>
  ping(): Promise<void>
}

/** One for all shards that run in this isolate. */
const columnCache = new ColumnCache(COLUMN_CACHE_BYTES)

/**
 * The search documents of one ISO week of crash ids, or of a part of it: those that came last as rows, all others as column chunks, in SQLite. A
 * document costs two rows written, and a reprocessed one no more than three. A shard that nobody wrote has no tables and so no
 * storage: a query over weeks without crashes leaves nothing behind.
 */
export class SearchShard extends DurableObject<Env> {
  readonly #sql: SqlStorage
  #chunkSize: ChunkSize = CHUNK_SIZE
  /** Null until somebody writes. */
  #documents: ShardDocuments | null
  #hasAlarm = false

  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    this.#sql = context.storage.sql
    this.#documents = hasTable(this.#sql, 'schema_version') ? this.#openDocuments() : null
    if (this.#documents !== null) this.#workLater(this.#documents)
  }

  /** Tests seal earlier. */
  resize(chunkSize: ChunkSize): void {
    this.#chunkSize = chunkSize
    if (this.#documents !== null) this.#documents = this.#openDocuments()
  }

  /** Adds or replaces documents; see {@link ShardDocuments.index}. */
  index(documents: readonly SearchDocument[]): void {
    this.#write((stored) => stored.index(documents))
  }

  /** Takes documents out for good: what was started before now does not come back. Their values leave the columns within minutes. */
  remove(crashIds: readonly CrashId[]): void {
    this.#write((stored) => stored.remove(crashIds, systemClock()))
  }

  /** Keeps that `week` holds a crash dated in this one, so that queries about this week ask there too. */
  noteElsewhere(week: Week): void {
    this.#write(() => this.#sql.exec('insert into elsewhere (week) values (?) on conflict do nothing', week))
  }

  /**
   * Into how many shards this week is split; null where that was never said. It is fixed once, by the first who gives `toFix`, which is
   * who indexes the first document: were it to change, documents would be where nobody looks for them.
   */
  splits(toFix: number | null): number | null {
    const known = this.#readSplits()
    if (known !== null || toFix === null) return known
    this.#write(() => this.#sql.exec('insert into splits (splits) values (?)', toFix))
    return toFix
  }

  query(query: SearchQuery, maxFacetBytes: number): ShardAnswer {
    return {
      partial: answerChunks(this.#chunks(fieldsOf(query)), query, maxFacetBytes),
      elsewhere: this.#readElsewhere(),
      splits: this.#readSplits(),
    }
  }

  /** What a query counted in some terms of its outermost aggregations. */
  terms(query: SearchQuery, wanted: WantedTerms, maxFacetBytes: number): PartialFacets {
    return answerTerms(this.#chunks(fieldsOf(query)), query, wanted, maxFacetBytes)
  }

  hits(crashIds: readonly CrashId[], columns: readonly string[], maxBytes: number): ShardHits {
    const found = this.#documents?.hits(crashIds, columns) ?? []
    const fitted = fitHits(
      found.map(({ hit }) => hit),
      maxBytes,
    )
    const hits = found.flatMap(({ crash_id }, n) => {
      const hit = fitted.hits[n]
      return hit === undefined ? [] : [{ crash_id, hit }]
    })
    return { hits, isCut: fitted.isCut }
  }

  missing(crashIds: readonly CrashId[]): readonly CrashId[] {
    return this.#documents?.missing(crashIds) ?? crashIds
  }

  /** Reads storage: a shard whose storage fails does not answer. */
  ping(): void {
    this.#sql.exec('select 1').one()
  }

  /** Seals what is open, however few they are. */
  seal(): void {
    this.#write((stored) => stored.seal())
  }

  /** One step of what can wait. */
  override alarm(): void {
    this.#hasAlarm = false
    if (this.#documents !== null) this.#write((stored) => stored.step())
  }

  #write(change: (documents: ShardDocuments) => unknown): void {
    try {
      this.ctx.storage.transactionSync(() => {
        this.#documents ??= this.#openDocuments()
        change(this.#documents)
      })
    } catch (thrown) {
      // The transaction was rolled back, and what is in memory may tell of it.
      this.#documents = hasTable(this.#sql, 'schema_version') ? this.#openDocuments() : null
      throw thrown
    }
    if (this.#documents !== null) this.#workLater(this.#documents)
  }

  #openDocuments(): ShardDocuments {
    migrate(this.#sql)
    return new ShardDocuments(this.#sql, columnCache, this.#chunkSize)
  }

  /** Storage keeps the order of its operations, so nothing is lost by not waiting. One alarm at a time: writes would put it off for ever. */
  #workLater(documents: ShardDocuments): void {
    if (this.#hasAlarm || !documents.hasWork) return
    this.#hasAlarm = true
    void this.ctx.storage.setAlarm(systemClock() + REBUILD_PAUSE_MS)
  }

  #chunks(fields: readonly string[]): readonly Chunk[] {
    return this.#documents?.chunks(fields) ?? []
  }

  #readElsewhere(): readonly Week[] {
    if (this.#documents === null) return []
    return this.#sql
      .exec<{ week: Week }>('select week from elsewhere order by week')
      .toArray()
      .map(({ week }) => week)
  }

  #readSplits(): number | null {
    if (this.#documents === null) return null
    return this.#sql.exec<{ splits: number }>('select splits from splits').toArray()[0]?.splits ?? null
  }
}
