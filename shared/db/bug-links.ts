import { and, eq, inArray, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { bugAssociations } from './schema.ts'

/** One bug of one signature, as a person or the tracker said. */
export interface BugLink {
  readonly bugId: number
  readonly signature: string
}

/** Which bugs signatures have. What a signature inherits from older ones is SignatureRepository's. */
export interface BugLinkRepository {
  /** The links of these bugs, by bug id and signature. */
  ofBugs(bugIds: readonly number[]): Promise<readonly BugLink[]>
  /** Makes `added` links of the bug and takes `removed` ones away, both or neither. What is so already stays so. */
  change(bugId: number, added: readonly string[], removed: readonly string[]): Promise<void>
}

/** Values a statement: D1 binds at most 100, so they go as one JSON text. */
const BUGS_A_STATEMENT = 1_000

/** The links in D1. */
export function bugLinkRepository(db: DrizzleD1Database): BugLinkRepository {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 bug_associations', D1_DEADLINE_MS, work)
  const oneOf = (values: readonly unknown[]) => sql`(select value from json_each(${JSON.stringify(values)}))`
  return {
    async ofBugs(bugIds) {
      const rows: (typeof bugAssociations.$inferSelect)[] = []
      const sorted = [...new Set(bugIds)].sort((left, right) => left - right)
      for (let at = 0; at < sorted.length; at += BUGS_A_STATEMENT) {
        const some = sorted.slice(at, at + BUGS_A_STATEMENT)
        const found = db
          .select()
          .from(bugAssociations)
          .where(inArray(bugAssociations.bug_id, oneOf(some)))
        rows.push(...(await ask(found.orderBy(bugAssociations.bug_id, bugAssociations.signature).all())))
      }
      return rows.map(({ bug_id, signature }) => ({ bugId: bug_id, signature }))
    },
    async change(bugId, added, removed) {
      await ask(
        db.batch([
          db
            .insert(bugAssociations)
            .select(sql`select value, ${bugId} from json_each(${JSON.stringify(added)}) where true`)
            .onConflictDoNothing(),
          db
            .delete(bugAssociations)
            .where(and(eq(bugAssociations.bug_id, bugId), inArray(bugAssociations.signature, oneOf(removed)))),
        ]),
      )
    },
  }
}
