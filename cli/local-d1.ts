import { globSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Group } from '#shared/auth/permissions.ts'
import { type StoredToken, tokenInsertSql } from '#shared/db/tokens.ts'
import { userGroupsSql } from '#shared/db/users.ts'
import type { StateFolder } from './state.ts'

/** The running fleet may hold the database's lock for the time of one transaction. */
const BUSY_TIMEOUT_MS = 5_000

/** `no_database`: no fleet has been started with this state folder yet. */
export type RowStored = { readonly kind: 'stored' } | { readonly kind: 'no_database' }

/** Writes a token. */
export function storeToken(state: StateFolder, token: StoredToken): RowStored {
  return writeRow(state, tokenInsertSql(token))
}

/** Gives a person these groups and no others. */
export function storeGroups(state: StateFolder, email: string, groups: readonly Group[], atMs: number): RowStored {
  return writeRow(state, userGroupsSql(email, groups, atMs))
}

/**
 * Runs one statement in the fleet's local D1, whether the fleet runs or not (SQLite's locks and write-ahead log serve both
 * sides; the Workers see the row at once). Miniflare keeps a D1 database as one SQLite file; writing it directly takes
 * 0.06 s, the same insert through `wrangler d1 execute` 2.4 s.
 */
function writeRow(state: StateFolder, statement: string): RowStored {
  const files = globSync('v3/d1/miniflare-D1DatabaseObject/*.sqlite', { cwd: state.wrangler })
    .filter((file) => path.basename(file) !== 'metadata.sqlite')
    .map((file) => path.join(state.wrangler, file))
    .sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs)
  const newest = files[0]
  if (newest === undefined) return { kind: 'no_database' }
  const database = new DatabaseSync(newest, { timeout: BUSY_TIMEOUT_MS })
  try {
    database.exec(statement)
    return { kind: 'stored' }
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.startsWith('no such table')) return { kind: 'no_database' }
    throw thrown
  } finally {
    database.close()
  }
}
