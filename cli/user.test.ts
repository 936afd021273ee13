import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { userGroupsSql } from '#shared/db/users.ts'
import { ROOT } from './repository.ts'
import { type StateFolder, stateFolder } from './state.ts'
import { readGroups, setGroups } from './user.ts'

let state: StateFolder
beforeEach(() => {
  state = stateFolder(mkdtempSync(path.join(tmpdir(), 'mayday-user-')))
})
afterEach(() => rmSync(state.folder, { recursive: true }))

/** The D1 file as miniflare lays it down, with the real migrations. */
function makeDatabase(): DatabaseSync {
  const folder = path.join(state.wrangler, 'v3/d1/miniflare-D1DatabaseObject')
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(path.join(folder, 'a8e8.sqlite'))
  const migrations = path.join(ROOT, 'migrations')
  for (const file of readdirSync(migrations).filter((name) => name.endsWith('.sql'))) {
    database.exec(readFileSync(path.join(migrations, file), 'utf8'))
  }
  return database
}

const storedUsers = (database: DatabaseSync) =>
  database
    .prepare('SELECT email, "groups", active FROM users ORDER BY email')
    .all()
    .map((row) => Object.values(row))

describe('readGroups', () => {
  it('reads a comma list, each once; an empty text is no group', () => {
    expect(readGroups(' viewers, investigators,viewers,')).toEqual({
      kind: 'groups',
      groups: ['viewers', 'investigators'],
    })
    expect(readGroups('')).toEqual({ kind: 'groups', groups: [] })
  })

  it('names the first one that there is not', () => {
    expect(readGroups('viewers,admin')).toEqual({ kind: 'unknown', name: 'admin' })
  })
})

describe('setGroups', () => {
  it('makes a person who never signed in, and replaces the groups of one who did', () => {
    const database = makeDatabase()
    database.exec(userGroupsSql('ada@example.com', ['admins'], 1))
    database.exec("UPDATE users SET active = 0 WHERE email = 'ada@example.com'")
    expect(setGroups(state, 'Ada@Example.com', ['investigators', 'uploaders'])).toEqual({ kind: 'done' })
    expect(setGroups(state, "o'brien@example.com", [])).toEqual({ kind: 'done' })
    // Groups are no word on whether the account is on.
    expect(storedUsers(database)).toEqual([
      ['ada@example.com', '["investigators","uploaders"]', 0],
      ["o'brien@example.com", '[]', 1],
    ])
    database.close()
  })

  it('says to start a fleet first when there is no database', () => {
    expect(setGroups(state, 'a@example.com', [])).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('npm start'),
    })
  })
})
