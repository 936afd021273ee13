import { eq } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { jobs } from './schema.ts'

/** How far the scheduler's jobs are. The text is the job's own. Both throw when D1 fails. */
export interface JobStates {
  read(name: string): Promise<string | null>
  write(name: string, state: string, atMs: number): Promise<void>
}

/** The states in D1. */
export function jobStatesIn(db: DrizzleD1Database): JobStates {
  const ask = <T>(work: Promise<T>) => withDeadline('D1 jobs', D1_DEADLINE_MS, work)
  return {
    async read(name) {
      const [row] = await ask(db.select({ state: jobs.state }).from(jobs).where(eq(jobs.name, name)).all())
      return row?.state ?? null
    },
    async write(name, state, atMs) {
      const change = { state, updated_at: atMs }
      const insert = db.insert(jobs).values({ name, ...change })
      await ask(insert.onConflictDoUpdate({ target: jobs.name, set: change }).run())
    },
  }
}
