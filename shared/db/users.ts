import { eq } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import { z } from 'zod'
import { type Group, groupSchema } from '../auth/permissions.ts'
import { withDeadline } from '../deadline.ts'
import { D1_DEADLINE_MS } from '../limits.ts'
import { users } from './schema.ts'

/** A person who signed in at least once. */
export interface User {
  readonly email: string
  readonly groups: readonly Group[]
  readonly active: boolean
}

/** The people of the deployment. */
export interface UserRepository {
  /** The user of this address, made with these groups when it is the first sign-in. A known user keeps its groups. */
  signedIn(email: string, firstGroups: readonly Group[], atMs: number): Promise<User>
}

const groupsSchema = z.array(groupSchema)

/** A `users` row as the domain knows it. */
export function userOf(row: typeof users.$inferSelect): User {
  return { email: row.email, groups: groupsSchema.parse(row.groups), active: row.active }
}

/** The people in D1. */
export function userRepository(db: DrizzleD1Database): UserRepository {
  return {
    async signedIn(email, firstGroups, atMs) {
      const [, rows] = await withDeadline(
        'D1 users',
        D1_DEADLINE_MS,
        db.batch([
          db
            .insert(users)
            .values({ email, groups: [...firstGroups], created_at: atMs })
            .onConflictDoNothing(),
          db.select().from(users).where(eq(users.email, email)).limit(1),
        ]),
      )
      const row = rows[0]
      if (row === undefined) throw new Error('D1 users: the row just written is not there')
      return userOf(row)
    },
  }
}

/**
 * Gives a person these groups and no others, as one SQL statement for the `mayday user` command, which writes the local D1 itself. A person who never
 * signed in is made, so that the groups are there at the first sign-in.
 */
export function userGroupsSql(email: string, groups: readonly Group[], atMs: number): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
  const set = quote(JSON.stringify(groups))
  return `INSERT INTO users (email, "groups", created_at) VALUES (${quote(email)}, ${set}, ${atMs}) ON CONFLICT (email) DO UPDATE SET "groups" = ${set};`
}
