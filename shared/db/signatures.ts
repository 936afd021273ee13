import { type SQL, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { bugAssociations, type SIGNATURE_STATES, signatureChanges, signatures } from './schema.ts'

/** The earliest crash of a signature, and its lowest build where crashes name theirs. */
export interface SignatureFirst {
  readonly signature: string
  readonly firstAtMs: number
  readonly firstBuild: number | null
}

/** How many crashes went from one signature to another when they were processed again. */
export interface SignatureChange {
  readonly oldSignature: string
  readonly newSignature: string
  readonly crashes: number
}

/** A recorded change. Times are when it was first recorded, and when its count last grew. */
export interface RecordedChange extends SignatureChange {
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export type SignatureState = (typeof SIGNATURE_STATES)[number]

/** A value, and the older signature that it follows from; null where it is the signature's own. */
export interface Inherited<Value> {
  readonly value: Value
  readonly inheritedFrom: string | null
}

/** What is known of a signature, its own or inherited. */
export interface KnownSignature {
  readonly signature: string
  /** The earliest of its own and of the signatures that it comes from. */
  readonly firstAtMs: Inherited<number> | null
  readonly firstBuild: Inherited<number> | null
  /** Its own state; else that of the signatures it comes from, where they agree. A merge of a fixed and an open signature is neither. */
  readonly state: Inherited<SignatureState> | null
}

/** A bug of a signature. */
export interface SignatureBug {
  readonly signature: string
  readonly bugId: number
  readonly inheritedFrom: string | null
}

/**
 * The books of signatures. Everything that is written is a lowest date or a highest count, so writing the same again, or
 * something older, changes nothing. Every method throws when D1 fails.
 */
export interface SignatureRepository {
  /** Those of the given signatures that have no first date. */
  withoutFirst(names: readonly string[]): Promise<readonly string[]>
  recordFirsts(firsts: readonly SignatureFirst[]): Promise<void>
  /** Those of the changes that are not recorded, or with a lower count. */
  unrecordedChanges(changes: readonly SignatureChange[]): Promise<readonly SignatureChange[]>
  recordChanges(changes: readonly SignatureChange[], atMs: number): Promise<void>
  /** The changes to and from a signature, the largest first. */
  changesOf(signature: string): Promise<readonly RecordedChange[]>
  /** What is known of these signatures; one of which nothing is known is left out. */
  find(names: readonly string[]): Promise<readonly KnownSignature[]>
  setState(signature: string, state: SignatureState): Promise<void>
  addBug(signature: string, bugId: number): Promise<void>
  /** The bugs of these signatures, their own and inherited ones, each once. */
  bugsOf(names: readonly string[]): Promise<readonly SignatureBug[]>
}

/** Signatures a statement: as one JSON parameter, far below D1's 2 MB for it. */
const NAMES_A_STATEMENT = 500

/** The signatures in D1. */
export function signatureRepository(db: DrizzleD1Database): SignatureRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 signatures', D1_DEADLINE_MS, work)
  const askAll = async <Row, Item>(items: readonly Item[], statement: (json: string) => SQL): Promise<Row[]> => {
    const rows: Row[] = []
    for (let at = 0; at < items.length; at += NAMES_A_STATEMENT) {
      const json = JSON.stringify(items.slice(at, at + NAMES_A_STATEMENT))
      rows.push(...(await ask(db.all<Row>(statement(json)))))
    }
    return rows
  }
  return {
    async withoutFirst(names) {
      const rows = await askAll<{ value: string }, string>(
        names,
        (json) => sql`select value from json_each(${json})
          where value not in (select signature from signatures where first_at is not null)`,
      )
      return rows.map(({ value }) => value)
    },
    async recordFirsts(firsts) {
      await askAll(
        firsts,
        (json) => sql`insert into signatures (signature, first_at, first_build)
          select value ->> 'signature', value ->> 'firstAtMs', value ->> 'firstBuild' from json_each(${json}) where true
          on conflict (signature) do update set
            first_at = coalesce(min(first_at, excluded.first_at), excluded.first_at),
            first_build = coalesce(min(first_build, excluded.first_build), first_build, excluded.first_build)
          where first_at is null or excluded.first_at < first_at
            or (excluded.first_build is not null and (first_build is null or excluded.first_build < first_build))`,
      )
    },
    async unrecordedChanges(changes) {
      const rows = await askAll<{ old_signature: string; new_signature: string }, SignatureChange>(
        changes,
        (json) => sql`select value ->> 'oldSignature' as old_signature, value ->> 'newSignature' as new_signature
          from json_each(${json}) where not exists (
            select 1 from signature_changes where old_signature = value ->> 'oldSignature'
              and new_signature = value ->> 'newSignature' and crashes >= value ->> 'crashes')`,
      )
      const pair = (oldSignature: string, newSignature: string) => JSON.stringify([oldSignature, newSignature])
      const unrecorded = new Set(rows.map((row) => pair(row.old_signature, row.new_signature)))
      return changes.filter((change) => unrecorded.has(pair(change.oldSignature, change.newSignature)))
    },
    async recordChanges(changes, atMs) {
      await askAll(
        changes,
        (json) => sql`insert into signature_changes (old_signature, new_signature, crashes, first_at, last_at)
          select value ->> 'oldSignature', value ->> 'newSignature', value ->> 'crashes', ${atMs}, ${atMs}
            from json_each(${json}) where true
          on conflict (old_signature, new_signature) do update
            set crashes = excluded.crashes, last_at = excluded.last_at
            where excluded.crashes > crashes`,
      )
    },
    async changesOf(signature) {
      const rows = await ask(
        db
          .select()
          .from(signatureChanges)
          .where(sql`${signature} in (${signatureChanges.old_signature}, ${signatureChanges.new_signature})`)
          .orderBy(sql`crashes desc, old_signature, new_signature`)
          .all(),
      )
      return rows.map((row) => ({
        oldSignature: row.old_signature,
        newSignature: row.new_signature,
        crashes: row.crashes,
        firstAtMs: row.first_at,
        lastAtMs: row.last_at,
      }))
    },
    async find(names) {
      const rows = await askAll<FoundRow, string>(
        names,
        (json) => sql`${ancestorsOf(json)} select ancestors.signature, ancestor, first_at, first_build, state
          from ancestors join signatures on signatures.signature = ancestor
          order by ancestor <> ancestors.signature, ancestor`,
      )
      return names.flatMap(
        (name) =>
          knownSignature(
            name,
            rows.filter(({ signature }) => signature === name),
          ) ?? [],
      )
    },
    async setState(signature, state) {
      const update = { target: signatures.signature, set: { state } }
      await ask(db.insert(signatures).values({ signature, state }).onConflictDoUpdate(update).run())
    },
    async addBug(signature, bugId) {
      await ask(db.insert(bugAssociations).values({ signature, bug_id: bugId }).onConflictDoNothing().run())
    },
    async bugsOf(names) {
      const rows = await askAll<{ signature: string; ancestor: string; bug_id: number }, string>(
        names,
        (json) => sql`${ancestorsOf(json)} select ancestors.signature, ancestor, bug_id
          from ancestors join bug_associations on bug_associations.signature = ancestor
          order by bug_id, ancestors.signature, ancestor <> ancestors.signature, ancestor`,
      )
      // Own ones come first, so that a bug which is both counts as the signature's own.
      const bugs = new Map<string, SignatureBug>()
      for (const { signature, ancestor, bug_id } of rows) {
        const key = `${bug_id} ${signature}`
        const inheritedFrom = ancestor === signature ? null : ancestor
        if (!bugs.has(key)) bugs.set(key, { signature, bugId: bug_id, inheritedFrom })
      }
      return [...bugs.values()]
    },
  }
}

/**
 * `ancestors(signature, ancestor)`: each asked signature with itself and all that it comes from, over any number of changes. Nothing passes through a
 * signature `EMPTY: …`, which is no one bug but everything without a stack; nor over a change that was also made
 * the other way round (a list that was taken back), which says nothing of either.
 */
function ancestorsOf(json: string): SQL {
  return sql`with recursive ancestors (signature, ancestor) as (
    select value, value from json_each(${json})
    union
    select ancestors.signature, change.old_signature
      from ancestors join signature_changes as change on change.new_signature = ancestors.ancestor
      where change.old_signature not like 'EMPTY: %' and change.new_signature not like 'EMPTY: %'
        and not exists (select 1 from signature_changes as back
          where back.old_signature = change.new_signature and back.new_signature = change.old_signature)
  )`
}

interface FoundRow {
  readonly signature: string
  readonly ancestor: string
  readonly first_at: number | null
  readonly first_build: number | null
  readonly state: SignatureState | null
}

function knownSignature(signature: string, rows: readonly FoundRow[]): KnownSignature | null {
  if (rows.length === 0) return null
  const inherited = <Value>(value: Value, { ancestor }: FoundRow): Inherited<Value> => ({
    value,
    inheritedFrom: ancestor === signature ? null : ancestor,
  })
  // The signature's own row comes first, so that of equal values its own counts.
  const lowest = (field: 'first_at' | 'first_build'): Inherited<number> | null =>
    rows
      .flatMap((row) => (row[field] === null ? [] : [inherited(row[field], row)]))
      .reduce<Inherited<number> | null>((low, next) => (low === null || next.value < low.value ? next : low), null)
  const stated = rows.flatMap((row) => (row.state === null ? [] : [inherited(row.state, row)]))
  const states = new Set(stated.map(({ value }) => value))
  const own = stated.find(({ inheritedFrom }) => inheritedFrom === null)
  return {
    signature,
    firstAtMs: lowest('first_at'),
    firstBuild: lowest('first_build'),
    state: own ?? (states.size === 1 ? (stated[0] ?? null) : null),
  }
}
