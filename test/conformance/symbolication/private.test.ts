import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { post } from './cases.ts'

/** SYMBOL_ACCESS=private: names are read with a token only. */
let fleet: Fleet
beforeAll(async () => {
  if (process.env.MAYDAY_TARGET === undefined)
    fleet = await startFleet({ empty: true, vars: { SYMBOL_ACCESS: 'private' } })
})
afterAll(async () => {
  await fleet?.stop()
})

describe.skipIf(process.env.MAYDAY_TARGET !== undefined)('private symbols', () => {
  const job = { stacks: [[[0, 1]]], memoryMap: [['a.so', 'AB']] }
  const ask = async (path: string, headers: Readonly<Record<string, string>>) =>
    (await post({ fetch: (route, init) => fetch(`${fleet.url}${route}`, init) }, path, job, headers)).status

  it.each(['/symbolicate/v5', '/symbolicate/v4', '/crash-ping'])(
    '%s asks for a token with download_symbols',
    async (path) => {
      const granted = path === '/crash-ping' ? 400 : 200
      const token = await createToken(fleet, ['download_symbols'])
      expect(await ask(path, {})).toBe(403)
      expect(await ask(path, { 'Auth-Token': 'f'.repeat(64) })).toBe(403)
      expect(await ask(path, { 'Auth-Token': await createToken(fleet, ['view_pii']) })).toBe(403)
      expect(await ask(path, { 'Auth-Token': token })).toBe(granted)
      expect(await ask(path, { Authorization: `Bearer ${token}` })).toBe(granted)
    },
  )
})
