import { count, desc, inArray, isNull, min } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { type CrashId, parseCrashId } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { missingProcessedCrashes as table } from './schema.ts'

/** Crashes that reconcile found saved but not processed, and when it sent them again. */
export interface MissingProcessedCrashes {
  /** Those of the given ids that were sent after `sinceMs`. */
  sentSince(crashIds: readonly CrashId[], sinceMs: number): Promise<ReadonlySet<CrashId>>
  /** Remembers that these were sent at `atMs`. */
  recordSent(crashIds: readonly CrashId[], atMs: number): Promise<void>
  /** Up to `limit` that are not known to be processed yet, oldest first. */
  open(limit: number): Promise<readonly CrashId[]>
  /** Remembers that these turned out to be processed. */
  recordProcessed(crashIds: readonly CrashId[], atMs: number): Promise<void>
}

/** The same as a list to read. */
export interface MissingProcessedList {
  /** One stretch of all of them, newest first, and how many there are. */
  page(offset: number, limit: number): Promise<MissingProcessedPage>
  /** How many are not known to be processed yet, and since when the oldest of them. */
  waiting(): Promise<WaitingCrashes>
}

export interface WaitingCrashes {
  readonly count: number
  /** Null where none waits. */
  readonly oldestAtMs: number | null
}

/** A crash that was saved and, at some time, not processed. */
export interface MissingProcessedCrash {
  readonly crashId: string
  readonly createdAtMs: number
  readonly isProcessed: boolean
}

export interface MissingProcessedPage {
  readonly count: number
  readonly crashes: readonly MissingProcessedCrash[]
}

/** D1 binds at most 100 values a statement, and an inserted row binds three. */
const IDS_A_STATEMENT = 30

/** The same in D1. */
export function missingProcessedCrashes(db: DrizzleD1Database): MissingProcessedCrashes & MissingProcessedList {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 missing_processed_crashes', D1_DEADLINE_MS, work)
  return {
    async sentSince(crashIds, sinceMs) {
      const rows = await Promise.all(
        slices(crashIds).map((ids) => ask(db.select().from(table).where(inArray(table.crash_id, ids)).all())),
      )
      const recent = rows.flat().filter((row) => row.last_sent_at > sinceMs)
      return new Set(recent.flatMap((row) => parseCrashId(row.crash_id) ?? []))
    },
    async recordSent(crashIds, atMs) {
      for (const ids of slices(crashIds)) {
        const rows = ids.map((crash_id) => ({ crash_id, created_at: atMs, last_sent_at: atMs }))
        const again = { target: table.crash_id, set: { last_sent_at: atMs, processed_at: null } }
        await ask(db.insert(table).values(rows).onConflictDoUpdate(again).run())
      }
    },
    async open(limit) {
      const rows = await ask(
        db.select().from(table).where(isNull(table.processed_at)).orderBy(table.created_at).limit(limit).all(),
      )
      return rows.flatMap((row) => parseCrashId(row.crash_id) ?? [])
    },
    async recordProcessed(crashIds, atMs) {
      for (const ids of slices(crashIds)) {
        await ask(db.update(table).set({ processed_at: atMs }).where(inArray(table.crash_id, ids)).run())
      }
    },
    async waiting() {
      const open = db.select({ count: count(), oldestAtMs: min(table.created_at) }).from(table)
      const [row] = await ask(open.where(isNull(table.processed_at)).all())
      return row ?? { count: 0, oldestAtMs: null }
    },
    async page(offset, limit) {
      const newestFirst = db.select().from(table).orderBy(desc(table.created_at), table.crash_id)
      const [all, rows] = await Promise.all([ask(db.$count(table)), ask(newestFirst.limit(limit).offset(offset).all())])
      const crashes = rows.map((row) => ({
        crashId: row.crash_id,
        createdAtMs: row.created_at,
        isProcessed: row.processed_at !== null,
      }))
      return { count: all, crashes }
    },
  }
}

function slices(crashIds: readonly CrashId[]): CrashId[][] {
  const count = Math.ceil(crashIds.length / IDS_A_STATEMENT)
  return Array.from({ length: count }, (_, at) => crashIds.slice(at * IDS_A_STATEMENT, (at + 1) * IDS_A_STATEMENT))
}
