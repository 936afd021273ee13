import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '#shared/config.ts'
import { fleetSecrets } from './secrets.ts'
import { type StateFolder, stateFolder } from './state.ts'

let folder: string
let state: StateFolder
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-secrets-'))
  state = stateFolder(path.join(folder, 'new'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('secrets.json', () => {
  it('is made on the first start, for its owner alone, in the form that the Workers take', () => {
    const made = fleetSecrets(state)
    if (made.kind !== 'ok') throw new Error(made.kind)
    expect(made.value.VIEW_URL_SECRET).toMatch(/^[0-9a-f]{64}$/)
    expect(readConfig(made.value, 'VIEW_URL_SECRET')).toEqual(made.value)
    expect(JSON.parse(readFileSync(state.secretsJson, 'utf8'))).toEqual(made.value)
    expect(statSync(state.secretsJson).mode & 0o777).toBe(0o600)
    expect(readdirSync(state.folder)).toEqual(['secrets.json'])
  })

  it('stays the same over restarts, and is another in another folder', () => {
    const made = fleetSecrets(state)
    expect(fleetSecrets(state)).toEqual(made)
    expect(fleetSecrets(stateFolder(path.join(folder, 'other')))).not.toEqual(made)
  })

  it.each(['', '{', '{}', '{"VIEW_URL_SECRET":"short"}'])(
    'that cannot be read stays as it is and stops the start: %s',
    (text) => {
      fleetSecrets(state)
      writeFileSync(state.secretsJson, text)
      expect(fleetSecrets(state)).toMatchObject({ kind: 'failed', message: expect.stringContaining('secrets.json') })
      expect(readFileSync(state.secretsJson, 'utf8')).toBe(text)
    },
  )
})
