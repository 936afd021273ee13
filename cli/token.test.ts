import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '#shared/auth/token.ts'
import { tokens } from '#shared/db/schema.ts'
import { ROOT } from './repository.ts'
import { type StateFolder, stateFolder } from './state.ts'
import { makeToken, readPermissions } from './token.ts'

let state: StateFolder
beforeEach(() => {
  state = stateFolder(mkdtempSync(path.join(tmpdir(), 'mayday-token-')))
})
afterEach(() => rmSync(state.folder, { recursive: true }))

/** The D1 file as miniflare lays it down, with the real migrations. */
function makeDatabase(): DatabaseSync {
  const folder = path.join(state.wrangler, 'v3/d1/miniflare-D1DatabaseObject')
  mkdirSync(folder, { recursive: true })
  new DatabaseSync(path.join(folder, 'metadata.sqlite')).close()
  const database = new DatabaseSync(path.join(folder, 'a8e8.sqlite'))
  const migrations = path.join(ROOT, 'migrations')
  for (const file of readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .sort()) {
    database.exec(readFileSync(path.join(migrations, file), 'utf8'))
  }
  return database
}

async function storedTokens(database: DatabaseSync) {
  const db = drizzle(async (sql, parameters) => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return { rows: statement.all(...parameters) }
  })
  return db.select().from(tokens)
}

describe('readPermissions', () => {
  it('reads a comma list, each once', () => {
    expect(readPermissions(' view_pii, view_rawdump,view_pii,')).toEqual({
      kind: 'permissions',
      permissions: ['view_pii', 'view_rawdump'],
    })
  })

  it('names the first one that there is not', () => {
    expect(readPermissions('view_pii,fly')).toEqual({ kind: 'unknown', name: 'fly' })
  })
})

describe('makeToken', () => {
  it('stores the hash of the token that it answers, in the database that is there', async () => {
    const database = makeDatabase()
    const made = await makeToken(state, "o'brien@example.com", ['upload_symbols'])
    if (made.kind !== 'token') throw new Error(made.kind)
    expect(made.token).toMatch(/^[0-9a-f]{64}$/)
    const rows = await storedTokens(database)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      id: made.token.slice(0, 8),
      hash: await sha256Hex(made.token),
      email: "o'brien@example.com",
      permissions: ['upload_symbols'],
      revoked_at: null,
    })
    expect(JSON.stringify(rows)).not.toContain(made.token)
    database.close()
  })

  it('stores the product that the token is for, and none without one', async () => {
    const database = makeDatabase()
    await makeToken(state, 'a@example.com', ['upload_symbols'], "O'Fox")
    await makeToken(state, 'a@example.com', ['upload_symbols'])
    expect((await storedTokens(database)).map(({ product }) => product).toSorted()).toEqual(["O'Fox", null])
    database.close()
  })

  it('says to start a fleet first when there is no database, or one without tables', async () => {
    const refused = { kind: 'failed', message: expect.stringContaining('npm start') }
    expect(await makeToken(state, 'a@example.com', [])).toMatchObject(refused)
    const folder = path.join(state.wrangler, 'v3/d1/miniflare-D1DatabaseObject')
    mkdirSync(folder, { recursive: true })
    new DatabaseSync(path.join(folder, 'empty.sqlite')).close()
    expect(await makeToken(state, 'a@example.com', [])).toMatchObject(refused)
  })

  it('refuses both upload permissions together', async () => {
    expect(await makeToken(state, 'a@example.com', ['upload_symbols', 'upload_try_symbols'])).toMatchObject({
      kind: 'usage',
    })
  })
})
