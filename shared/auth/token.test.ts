import { describe, expect, it } from 'vitest'
import type { StoredToken, TokenRepository } from '../db/tokens.ts'
import type { Permission } from './permissions.ts'
import { checkToken, createToken, sentToken } from './token.ts'

const NOW_MS = Date.UTC(2026, 10, 23)
const DAY_MS = 86_400_000
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)

/** The tokens of a test, as a table would keep them. */
function tokenTable(): Pick<TokenRepository, 'find' | 'add'> & { rows: StoredToken[] } {
  const rows: StoredToken[] = []
  return {
    rows,
    find: async (id) => rows.find((row) => row.id === id) ?? null,
    async add(token) {
      rows.push(token)
    },
  }
}

async function tableWith(permissions: readonly Permission[], change: Partial<StoredToken> = {}) {
  const creation = await createToken('ada@example.com', permissions, () => NOW_MS, random)
  if (creation.kind !== 'created') throw new Error(creation.kind)
  const table = tokenTable()
  await table.add({ ...creation.stored, ...change })
  const check = (sent: string, atMs = NOW_MS) => checkToken(new Headers({ 'Auth-Token': sent }), table, () => atMs)
  return { token: creation.token, table, check }
}

describe('an API token', () => {
  it('speaks for its owner with its own permissions', async () => {
    const { token, check } = await tableWith(['upload_symbols'])
    const viewer = { email: 'ada@example.com', permissions: ['upload_symbols'], tokenId: token.slice(0, 8) }
    const valid = { kind: 'valid', viewer, product: null, expiresAtMs: expect.any(Number) }
    expect(await check(token)).toEqual(valid)
    expect(await check(`${token}-my laptop`)).toEqual(valid)
  })

  it('of a product says which', async () => {
    const { token, check } = await tableWith(['upload_symbols'], { product: 'WaterWolf' })
    expect(await check(token)).toMatchObject({ kind: 'valid', product: 'WaterWolf' })
  })

  it('is nowhere in what is stored of it', async () => {
    const { token, table } = await tableWith(['view_pii'])
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(table.rows)).not.toContain(token.slice(8))
  })

  it('gets the same answer when it is unknown, wrong, malformed or revoked', async () => {
    const { token, check } = await tableWith(['view_pii'])
    const wrong = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
    const { token: revoked, check: checkRevoked } = await tableWith(['view_pii'], { revokedAtMs: NOW_MS })
    const refused = { kind: 'refused', reason: 'not_matched' }
    expect(await check(wrong)).toEqual(refused)
    expect(await check('f'.repeat(64))).toEqual(refused)
    expect(await check('invalidtoken')).toEqual(refused)
    expect(await checkRevoked(revoked)).toEqual(refused)
  })

  it('ends at its expiry, and with its owner', async () => {
    const { token, check } = await tableWith(['view_pii'])
    expect((await check(token, NOW_MS + 365 * DAY_MS - 1)).kind).toBe('valid')
    expect(await check(token, NOW_MS + 365 * DAY_MS)).toEqual({ kind: 'refused', reason: 'expired' })
    const { token: orphan, check: checkOrphan } = await tableWith(['view_pii'], { ownerActive: false })
    expect(await checkOrphan(orphan)).toEqual({ kind: 'refused', reason: 'user_not_active' })
  })

  it('never holds both upload permissions', async () => {
    const both = ['upload_symbols', 'upload_try_symbols'] as const
    expect(await createToken('a@b.c', both, () => NOW_MS, random)).toEqual({ kind: 'both_upload_permissions' })
  })

  it('is sent as Auth-Token or as a bearer', () => {
    expect(sentToken(new Headers({ 'Auth-Token': 'abc-label' }))).toBe('abc')
    expect(sentToken(new Headers({ Authorization: 'Bearer abc' }))).toBe('abc')
    expect(sentToken(new Headers({ Authorization: 'Basic abc' }))).toBeNull()
    expect(sentToken(new Headers())).toBeNull()
  })
})
