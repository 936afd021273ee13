import { and, asc, count, desc, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import type { SymHeader } from '../breakpad/sym-header.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS, D1_JSON_ROWS, MAX_NEW_MISSES_A_DAY } from '../limits.ts'
import { isSymFile, parseSymbolObjectKey, symbolKeySegments } from '../symbols/key.ts'
import { type MissedSymbol, moduleStem } from '../symbols/missing.ts'
import { missingSymbolDays, missingSymbols, uploadFiles } from './schema.ts'

/** Requests for one module's sym file that were answered 404. */
export interface MissedRequests extends MissedSymbol {
  readonly requests: number
  readonly firstSeenAtMs: number
  readonly lastSeenAtMs: number
}

/** Distinct crashes of one day that lack one module's symbols. */
export interface MissedInCrashes extends MissedSymbol {
  readonly crashes: number
}

/** One module without symbols, from both sides. `resolvedAtMs`: when its sym file was uploaded. */
export interface MissingSymbol extends MissedSymbol {
  readonly crashes: number
  readonly requests: number
  readonly firstSeenAtMs: number
  readonly lastSeenAtMs: number
  readonly resolvedAtMs: number | null
}

export const MISSING_SYMBOL_SORTS = ['crashes', 'requests', 'first_seen', 'last_seen'] as const
export const MISSING_SYMBOL_STATES = ['missing', 'resolved', 'all'] as const

/** Which modules, in which order. `module` is a part of any of a module's names, whatever its case. */
export interface MissingSymbolQuery {
  readonly state: (typeof MISSING_SYMBOL_STATES)[number]
  readonly module: string | null
  readonly sort: (typeof MISSING_SYMBOL_SORTS)[number]
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
}

/** The modules without symbols. Every method throws when D1 fails. */
export interface MissingSymbols {
  /** Adds what an isolate summed. New modules beyond MAX_NEW_MISSES_A_DAY are left out: anyone can ask for anything. */
  addRequests(missed: readonly MissedRequests[], nowMs: number): Promise<void>
  /** Sets the crashes of one UTC day, whatever was counted for it before: counting twice changes nothing. */
  setDay(day: string, missed: readonly MissedInCrashes[], seen: DayRange): Promise<void>
  list(query: MissingSymbolQuery): Promise<readonly MissingSymbol[]>
  total(query: Pick<MissingSymbolQuery, 'state' | 'module'>): Promise<number>
  /** Forgets modules that no crash lacks and that nobody asked for since. */
  forget(notSeenSinceMs: number): Promise<void>
}

/** When crashes of a day were seen: its first instant, and its last or now. */
export interface DayRange {
  readonly fromMs: number
  readonly toMs: number
}

const DAY_MS = 86_400_000

/** A module's row: debug id where it is known, else its code id. */
function rowOf(missed: MissedSymbol) {
  const { debugFile, debugId, codeFile, codeId } = missed
  return {
    module: moduleStem(debugFile ?? codeFile ?? ''),
    id: debugId ?? codeId ?? '',
    debugFile,
    debugId,
    codeFile,
    codeId,
  }
}

/** When the sym file of a row that is being written came; null when it did not, or (`since`) only before somebody missed it again. */
const uploadedAt = (symbolId: SQL, since: SQL) => sql`
  (select max(file.created_at) from ${uploadFiles} file
   where (file.key_id = ${symbolId} or file.code_id = ${symbolId}) and file.key like '%.sym' and file.key not like 'try/%' and file.created_at >= ${since})`

/** What an insert into a row that is there takes over: names that it did not have, and a wider time. */
const NAMES_KEPT = {
  debug_file: sql`coalesce(debug_file, excluded.debug_file)`,
  debug_id: sql`coalesce(debug_id, excluded.debug_id)`,
  code_file: sql`coalesce(code_file, excluded.code_file)`,
  code_id: sql`coalesce(code_id, excluded.code_id)`,
}
const SEEN = {
  first_seen_at: sql`min(first_seen_at, excluded.first_seen_at)`,
  last_seen_at: sql`max(last_seen_at, excluded.last_seen_at)`,
}

/** The modules in D1. */
export function missingSymbolsIn(db: DrizzleD1Database): MissingSymbols {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 missing_symbols', D1_DEADLINE_MS, work)
  return {
    async addRequests(missed, nowMs) {
      const startOfDayMs = nowMs - (nowMs % DAY_MS)
      const rows = missed.map(({ requests, firstSeenAtMs, lastSeenAtMs, ...miss }) => ({
        ...rowOf(miss),
        requests,
        first: firstSeenAtMs,
        last: lastSeenAtMs,
      }))
      for (const json of inChunks(rows)) {
        await ask(
          db
            .insert(missingSymbols)
            .select(
              // Every column in the order of the schema.
              sql`
                select null, value ->> 'module', value ->> 'id', value ->> 'debugFile', value ->> 'debugId', value ->> 'codeFile',
                  value ->> 'codeId', 0, value ->> 'requests', value ->> 'first', value ->> 'last',
                  ${uploadedAt(sql`value ->> 'id'`, sql`value ->> 'last'`)}
                from json_each(${json})
                where exists (
                    select 1 from ${missingSymbols} known
                    where known.module = value ->> 'module' and known.symbol_id = value ->> 'id')
                  or (select count(*) from (
                    select 1 from ${missingSymbols} young
                    where young.crashes = 0 and young.first_seen_at >= ${startOfDayMs} limit ${MAX_NEW_MISSES_A_DAY}
                  )) < ${MAX_NEW_MISSES_A_DAY}`,
            )
            .onConflictDoUpdate({
              target: [missingSymbols.module, missingSymbols.symbol_id],
              set: {
                ...NAMES_KEPT,
                ...SEEN,
                requests: sql`requests + excluded.requests`,
                resolved_at: sql`case when excluded.last_seen_at > resolved_at then excluded.resolved_at else resolved_at end`,
              },
            })
            .run(),
        )
      }
    },

    async setDay(day, missed, { fromMs, toMs }) {
      const rows = missed.map(({ crashes, ...miss }) => ({ ...rowOf(miss), crashes }))
      const before = sql`(
        select counted.crashes from ${missingSymbolDays} counted
        where counted.day = ${day} and counted.module = ${missingSymbols.module} and counted.symbol_id = ${missingSymbols.symbol_id})`
      // An insert names every column in the order of the schema.
      const counted = inChunks(rows).flatMap((json) => [
        db
          .insert(missingSymbolDays)
          .select(
            sql`select ${day}, value ->> 'module', value ->> 'id', value ->> 'crashes' from json_each(${json}) where true`,
          )
          .onConflictDoUpdate({
            target: [missingSymbolDays.day, missingSymbolDays.module, missingSymbolDays.symbol_id],
            set: { crashes: sql`crashes + excluded.crashes` },
          }),
        db
          .insert(missingSymbols)
          .select(
            sql`
              select null, value ->> 'module', value ->> 'id', value ->> 'debugFile', value ->> 'debugId', value ->> 'codeFile',
                value ->> 'codeId', value ->> 'crashes', 0, ${fromMs}, ${toMs}, ${uploadedAt(sql`value ->> 'id'`, sql`0`)}
              from json_each(${json}) where true`,
          )
          .onConflictDoUpdate({
            target: [missingSymbols.module, missingSymbols.symbol_id],
            set: { ...NAMES_KEPT, ...SEEN, crashes: sql`crashes + excluded.crashes` },
          }),
      ])
      // One transaction: the old count of the day goes and the new one comes, or neither.
      await ask(
        db.batch([
          db
            .update(missingSymbols)
            .set({ crashes: sql`crashes - ${before}` })
            .where(sql`(module, symbol_id) in (select module, symbol_id from ${missingSymbolDays} where day = ${day})`),
          db.delete(missingSymbolDays).where(eq(missingSymbolDays.day, day)),
          ...counted,
        ]),
      )
    },

    async list(query) {
      const order = query.descending ? desc : asc
      const rows = await ask(
        db
          .select()
          .from(missingSymbols)
          .where(conditionOf(query))
          .orderBy(order(SORT_COLUMNS[query.sort]), order(missingSymbols.requests), order(missingSymbols.id))
          .limit(query.limit)
          .offset(query.offset)
          .all(),
      )
      return rows.map(missingSymbolOf)
    },

    async total(query) {
      const [row] = await ask(db.select({ total: count() }).from(missingSymbols).where(conditionOf(query)).all())
      return row?.total ?? 0
    },

    async forget(notSeenSinceMs) {
      await ask(db.run(sql`delete from ${missingSymbols} where crashes = 0 and last_seen_at < ${notSeenSinceMs}`))
    },
  }
}

/**
 * For the batch that writes rows of uploaded files: the modules of their sym files are missing no more. Try symbols resolve nothing, as
 * release crashes never read them.
 */
export function resolveMissing(
  db: DrizzleD1Database,
  files: readonly { readonly objectKey: string; readonly header: SymHeader | null; readonly createdAtMs: number }[],
) {
  const symFiles = files.flatMap(({ objectKey, header, createdAtMs }) => {
    const stored = parseSymbolObjectKey(objectKey)
    if (stored === null || stored.trySymbols || !isSymFile(stored.key)) return []
    return [{ ids: [symbolKeySegments(stored.key).id, header?.codeId ?? null], createdAtMs }]
  })
  const ids = JSON.stringify(symFiles.flatMap((file) => file.ids))
  const atMs = Math.max(0, ...symFiles.map(({ createdAtMs }) => createdAtMs))
  const isOne = sql`${missingSymbols.symbol_id} in (select value from json_each(${ids}))`
  // The plus keeps SQLite from walking all open rows by their index. A raw statement with parameters cannot be in a batch of drizzle's.
  const isOpen = sql`+${missingSymbols.resolved_at} is null`
  return db.update(missingSymbols).set({ resolved_at: atMs }).where(and(isOpen, isOne))
}

const SORT_COLUMNS = {
  crashes: missingSymbols.crashes,
  requests: missingSymbols.requests,
  first_seen: missingSymbols.first_seen_at,
  last_seen: missingSymbols.last_seen_at,
}

function conditionOf({ state, module }: Pick<MissingSymbolQuery, 'state' | 'module'>): SQL | undefined {
  const isInState = {
    missing: isNull(missingSymbols.resolved_at),
    resolved: isNotNull(missingSymbols.resolved_at),
    all: undefined,
  }[state]
  // instr, not LIKE: D1's patterns end at 50 bytes, and `%` and `_` are ordinary in names.
  const named =
    module === null
      ? undefined
      : sql`instr(lower(coalesce(${missingSymbols.debug_file}, '') || '/' || coalesce(${missingSymbols.code_file}, '')), lower(${module})) > 0`
  // Crashes that were counted and have their symbols now (reprocessed) leave a row without anything to say.
  const isMissed = sql`(${missingSymbols.crashes} > 0 or ${missingSymbols.requests} > 0)`
  return and(isInState, named, isMissed)
}

function missingSymbolOf(row: typeof missingSymbols.$inferSelect): MissingSymbol {
  return {
    debugFile: row.debug_file,
    debugId: row.debug_id,
    codeFile: row.code_file,
    codeId: row.code_id,
    crashes: row.crashes,
    requests: row.requests,
    firstSeenAtMs: row.first_seen_at,
    lastSeenAtMs: row.last_seen_at,
    resolvedAtMs: row.resolved_at,
  }
}

function inChunks(rows: readonly object[]): readonly string[] {
  const chunks = Array.from({ length: Math.ceil(rows.length / D1_JSON_ROWS) }, (_, n) =>
    rows.slice(n * D1_JSON_ROWS, (n + 1) * D1_JSON_ROWS),
  )
  return chunks.map((chunk) => JSON.stringify(chunk))
}
