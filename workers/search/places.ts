import type { CrashId } from '#shared/crash-id.ts'
import { MAX_CHUNK_DOCUMENTS } from '#shared/limits.ts'
import { crashIdBytes, crashIdText } from '#shared/search/columns/crash-id-bytes.ts'

/** A place is the chunk and the row in it. */
export const placeOf = (chunk: number, row: number) => chunk * MAX_CHUNK_DOCUMENTS + row
export const chunkAt = (place: number) => Math.floor(place / MAX_CHUNK_DOCUMENTS)
export const rowAt = (place: number) => place % MAX_CHUNK_DOCUMENTS

/** Where a crash is, and when the processing started that it is from. Without a place it was removed, and what started until then stays out. */
export interface CrashPlace {
  readonly place: number | null
  readonly started_at_ms: number
}

/** A statement takes 2 MB of parameters; reconcile asks about two days at once. */
const IDS_A_STATEMENT = 10_000

/** Where each crash of a shard is. */
export class Places {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** Null for a crash that never was there. */
  of(crashId: CrashId): CrashPlace | null {
    const [known] = this.#sql
      .exec<{ place: number | null; started_at_ms: number }>(
        'select place, started_at_ms from places where crash_id = ?',
        crashIdBytes(crashId),
      )
      .toArray()
    return known ?? null
  }

  set(crashId: CrashId, place: number | null, startedAtMs: number): void {
    this.#sql.exec(
      `insert into places (crash_id, place, started_at_ms) values (?, ?, ?)
       on conflict (crash_id) do update set place = excluded.place, started_at_ms = excluded.started_at_ms`,
      crashIdBytes(crashId),
      place,
      startedAtMs,
    )
  }

  /** Those of some crashes that are there. */
  *among(crashIds: readonly CrashId[]): Generator<string> {
    for (let from = 0; from < crashIds.length; from += IDS_A_STATEMENT) {
      const some = crashIds.slice(from, from + IDS_A_STATEMENT).map((crashId) => crashId.replaceAll('-', ''))
      const rows = this.#sql.exec<{ crash_id: ArrayBuffer }>(
        'select crash_id from places where place is not null and crash_id in (select unhex(value) from json_each(?))',
        JSON.stringify(some),
      )
      for (const { crash_id } of rows) yield crashIdText(new Uint8Array(crash_id), 0)
    }
  }
}
