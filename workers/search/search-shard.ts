import { DurableObject } from 'cloudflare:workers'
import { type CrashId, parseCrashId } from '#shared/crash-id.ts'
import { aggregate, type PartialAnswer } from '#shared/search/aggregate.ts'
import { DATE_FIELD } from '#shared/search/fields.ts'
import { fitHits, type Hit, hitOf } from '#shared/search/merge.ts'
import type { Values } from '#shared/search/predicate.ts'
import type { SearchQuery } from '#shared/search/query.ts'
import type { SearchDocument } from '#shared/search/search-rpc.ts'
import type { Week } from '#shared/search/shards.ts'
import type { Env } from './env.ts'

/** A shard's part of an answer, and the other shards that hold crashes dated in its week. */
export interface ShardAnswer {
  readonly partial: PartialAnswer
  readonly elsewhere: readonly Week[]
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
  query(query: SearchQuery, maxFacetBytes: number): Promise<ShardAnswer>
  hits(crashIds: readonly CrashId[], columns: readonly string[], maxBytes: number): Promise<ShardHits>
  remove(crashIds: readonly CrashId[]): Promise<void>
  missing(crashIds: readonly CrashId[]): Promise<readonly CrashId[]>
  ping(): Promise<void>
}

/** Statements of each version of the schema: a shard that was written by an older release runs those it lacks. */
const SCHEMA_VERSIONS: readonly (readonly string[])[] = [
  [
    `create table documents (
       crash_id text not null unique,
       started_at_ms integer not null,
       date text not null,
       field_values text not null
     ) strict`,
    'create index documents_by_date on documents (date)',
    'create table elsewhere (week text primary key) strict, without rowid',
  ],
]

/**
 * The search documents of one ISO week of crash ids, in SQLite. A document costs three rows written (itself and two indexes).
 * A shard that nobody wrote has no tables and so no storage: a query over weeks without crashes leaves nothing behind.
 */
export class SearchShard extends DurableObject<Env> {
  readonly #sql: SqlStorage
  #isWritten: boolean

  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    this.#sql = context.storage.sql
    this.#isWritten = this.#sql.exec(`select 1 from sqlite_master where name = 'schema_version'`).toArray().length > 0
    if (this.#isWritten) this.#migrate()
  }

  /** Adds or replaces documents. Of two of one crash the one that was started later stays, whichever comes first. */
  index(documents: readonly SearchDocument[]): void {
    this.ctx.storage.transactionSync(() => {
      if (!this.#isWritten) this.#migrate()
      for (const { crash_id, started_at_ms, values } of documents) {
        this.#sql.exec(
          `insert into documents (crash_id, started_at_ms, date, field_values) values (?, ?, ?, ?)
           on conflict (crash_id) do update
             set started_at_ms = excluded.started_at_ms, date = excluded.date, field_values = excluded.field_values
             where excluded.started_at_ms >= started_at_ms`,
          crash_id,
          started_at_ms,
          String(values[DATE_FIELD]),
          JSON.stringify(values),
        )
      }
    })
    this.#isWritten = true
  }

  /** Keeps that `week` holds a crash dated in this one, so that queries about this week ask there too. */
  noteElsewhere(week: Week): void {
    this.ctx.storage.transactionSync(() => {
      if (!this.#isWritten) this.#migrate()
      this.#sql.exec('insert into elsewhere (week) values (?) on conflict do nothing', week)
    })
    this.#isWritten = true
  }

  query(query: SearchQuery, maxFacetBytes: number): ShardAnswer {
    return {
      partial: aggregate(this.#documents(query), query, maxFacetBytes),
      elsewhere: this.#isWritten
        ? this.#sql
            .exec<{ week: Week }>('select week from elsewhere order by week')
            .toArray()
            .map(({ week }) => week)
        : [],
    }
  }

  hits(crashIds: readonly CrashId[], columns: readonly string[], maxBytes: number): ShardHits {
    const found = this.#valuesOf(crashIds)
    const fitted = fitHits(
      found.map(({ values }) => hitOf(values, columns)),
      maxBytes,
    )
    const hits = found.flatMap(({ crash_id }, n) => {
      const hit = fitted.hits[n]
      return hit === undefined ? [] : [{ crash_id, hit }]
    })
    return { hits, isCut: fitted.isCut }
  }

  remove(crashIds: readonly CrashId[]): void {
    if (!this.#isWritten) return
    this.#sql.exec('delete from documents where crash_id in (select value from json_each(?))', JSON.stringify(crashIds))
  }

  missing(crashIds: readonly CrashId[]): readonly CrashId[] {
    const indexed = new Set(this.#idsOf(crashIds))
    return crashIds.filter((crashId) => !indexed.has(crashId))
  }

  /** Reads storage: a shard whose storage fails does not answer. */
  ping(): void {
    this.#sql.exec('select 1').one()
  }

  #migrate(): void {
    this.#sql.exec('create table if not exists schema_version (version integer not null) strict')
    const row = this.#sql.exec<{ version: number | null }>('select max(version) as version from schema_version').one()
    for (const [n, statements] of SCHEMA_VERSIONS.entries()) {
      if (n + 1 <= (row.version ?? 0)) continue
      for (const statement of statements) this.#sql.exec(statement)
      this.#sql.exec('insert into schema_version (version) values (?)', n + 1)
    }
  }

  /** The documents of the query's window; the bounds themselves are left to the caller to include or not. */
  *#documents({ date }: SearchQuery): Generator<{ crash_id: CrashId; values: Values }> {
    if (!this.#isWritten) return
    yield* readDocuments(
      this.#sql.exec<DocumentRow>(
        'select crash_id, field_values from documents where date >= ? and date <= ?',
        date.from.at,
        date.to.at,
      ),
    )
  }

  #valuesOf(crashIds: readonly CrashId[]): readonly { crash_id: CrashId; values: Values }[] {
    if (!this.#isWritten) return []
    return [
      ...readDocuments(
        this.#sql.exec<DocumentRow>(
          'select crash_id, field_values from documents where crash_id in (select value from json_each(?))',
          JSON.stringify(crashIds),
        ),
      ),
    ]
  }

  #idsOf(crashIds: readonly CrashId[]): readonly string[] {
    if (!this.#isWritten) return []
    return this.#sql
      .exec<{ crash_id: string }>(
        'select crash_id from documents where crash_id in (select value from json_each(?))',
        JSON.stringify(crashIds),
      )
      .toArray()
      .map(({ crash_id }) => crash_id)
  }
}

type DocumentRow = { crash_id: string; field_values: string }

function* readDocuments(rows: Iterable<DocumentRow>): Generator<{ crash_id: CrashId; values: Values }> {
  for (const row of rows) {
    const crash_id = parseCrashId(row.crash_id)
    if (crash_id === null) throw new Error('a row of documents has no crash id')
    const values: Values = JSON.parse(row.field_values)
    yield { crash_id, values }
  }
}
