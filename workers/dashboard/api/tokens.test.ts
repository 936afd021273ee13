import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Permission } from '#shared/auth/permissions.ts'
import { createToken } from '#shared/auth/token.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { auditLog, tokens } from '#shared/db/schema.ts'
import { dashboardRig, NOW_MS, ORIGIN } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
const db = drizzle(env.DB)
beforeEach(async () => {
  rig = await dashboardRig()
  await db.delete(tokens)
  await db.delete(auditLog)
})

const DAY_MS = 86_400_000
const PATH = '/api/tokens/'
const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

/** A request by the page of a person who is signed in. */
const person = async (name: string) => ({ ...(await rig.signIn(`${name}@example.com`)), Origin: ORIGIN })
const post = (path: string, fields: Record<string, string>, headers: Record<string, string>) =>
  rig.fetch(path, { method: 'POST', body: new URLSearchParams(fields), headers })
const made = async (fields: Record<string, string>, headers: Record<string, string>) => {
  const response = await post(PATH, fields, headers)
  return { status: response.status, body: JSON.parse(await response.text()) }
}
const list = async (headers: Record<string, string>, query = '') =>
  (await rig.json(`${PATH}${query}`, { headers })).body
const works = async (token: string) =>
  (await rig.fetch('/api/NoOp/?product=x', { headers: { 'Auth-Token': token } })).status === 200

/** A token of somebody, made without the API. */
async function tokenOf(
  email: string,
  permissions: readonly Permission[] = [],
  days = 90,
  product: string | null = null,
) {
  const created = await createToken(email, permissions, () => NOW_MS, systemRandomBytes, product, { days })
  if (created.kind !== 'created') throw new Error(created.kind)
  await rig.deps.tokens.add(created.stored)
  return { id: created.stored.id, 'Auth-Token': created.token }
}

describe('making tokens', () => {
  it('gives a subset of one’s own permissions, shows the token once, and stores its hash', async () => {
    const headers = await person('investigator')
    const fields = { permissions: 'view_pii,reprocess_crashes', notes: 'for my laptop', expires: '30' }
    const { status, body } = await made(fields, headers)
    expect([status, body]).toMatchObject([201, { ok: true, token: { key: expect.stringMatching(/^[0-9a-f]{64}$/) } }])
    const { key } = body.token
    expect(await works(key)).toBe(true)
    const shown = {
      id: key.slice(0, 8),
      user: 'investigator@example.com',
      permissions: [
        { id: 'view_pii', name: 'View Personal Identifiable Information' },
        { id: 'reprocess_crashes', name: 'Reprocess Crashes' },
      ],
      product: null,
      notes: 'for my laptop',
      created_at: '2026-11-23T12:00:00.000Z',
      expires_at: '2026-12-23T12:00:00.000Z',
      is_expired: false,
    }
    expect(await list(headers)).toMatchObject({ tokens: [shown], totals: { all: 1, active: 1, expired: 0 } })
    expect(JSON.stringify(await db.select().from(tokens).all())).not.toContain(key)
    expect(JSON.stringify(await db.select().from(auditLog).all())).not.toContain(key)
    expect(JSON.stringify(rig.logged)).not.toContain(key)
  })

  it('takes none, for 90 days, from somebody who may do nothing: it raises the rate limit', async () => {
    const { status, body } = await made({}, await person('viewer'))
    expect([status, body.token]).toMatchObject([201, { permissions: [], expires_at: '2027-02-21T12:00:00.000Z' }])
    expect(await works(body.token.key)).toBe(true)
  })

  it('takes JSON, with the permissions as a list', async () => {
    const headers = { ...(await person('investigator')), 'Content-Type': 'application/json' }
    const body = JSON.stringify({ permissions: ['view_pii', 'view_rawdump'], expires: 365 })
    const answer = await rig.json(PATH, { method: 'POST', body, headers })
    expect(answer).toMatchObject({ status: 201, body: { token: { permissions: [{}, {}] } } })
  })

  it('refuses both upload permissions together', async () => {
    const answer = await made({ permissions: 'upload_symbols,upload_try_symbols' }, await person('admin'))
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: { permissions: ['Invalid combination of permissions'] } },
    })
  })

  it('refuses a permission that one lacks, and one that nobody has', async () => {
    const headers = await person('uploader')
    expect(await made({ permissions: 'upload_symbols,view_pii' }, headers)).toEqual({
      status: 403,
      body: { error: 'view_pii not a valid permission' },
    })
    expect(await made({ permissions: 'root' }, headers)).toMatchObject({ status: 400 })
    expect(await db.select().from(tokens).all()).toEqual([])
  })

  it.each([
    ['expires', '0'],
    ['expires', '366'],
    ['expires', '1.5'],
    ['expires', 'x'],
    ['notes', 'x'.repeat(2_001)],
    ['notes', 'a\0b'],
  ])('refuses %s=%.10s', async (name, value) => {
    const answer = await made({ [name]: value }, await person('viewer'))
    expect(answer).toMatchObject({ status: 400, body: { errors: { [name]: [expect.any(String)] } } })
  })
})

describe('who manages tokens', () => {
  it('is nobody without credentials', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status, body } = await rig.json(PATH, { method })
      expect([status, body]).toEqual([403, { error: 'This requires an Auth-Token to authenticate the request' }])
    }
  })

  it('is no token without manage_tokens, whatever else it may do', async () => {
    const { 'Auth-Token': token } = await tokenOf('a@example.com', ['view_pii', 'upload_symbols'])
    expect(await list({ 'Auth-Token': token })).toEqual({
      error: "Use of this endpoint requires the 'Manage Tokens' permission",
    })
    expect((await made({}, { 'Auth-Token': token })).status).toBe(403)
  })

  it('is a token with it, which gives no more than it has and stays with its product', async () => {
    const manager = await tokenOf('a@example.com', ['manage_tokens', 'upload_symbols'], 90, 'WaterWolf')
    const headers = { 'Auth-Token': manager['Auth-Token'] }
    expect((await made({ permissions: 'view_pii' }, headers)).status).toBe(403)
    const { body } = await made({ permissions: 'upload_symbols' }, headers)
    expect(body.token).toMatchObject({ user: 'a@example.com', product: 'WaterWolf' })
    expect(await list(headers)).toMatchObject({
      totals: { all: 2 },
      permissions: [{ id: 'upload_symbols' }, { id: 'manage_tokens' }],
    })
  })

  it('is a session only from our own pages', async () => {
    const session = await rig.signIn('admin@example.com')
    for (const foreign of [
      {},
      { Origin: 'https://evil.example' },
      { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      expect((await post(PATH, {}, { ...session, ...foreign })).status).toBe(403)
      const { id } = await tokenOf('admin@example.com')
      const init = { method: 'DELETE', headers: { ...session, ...foreign } }
      expect((await rig.fetch(`${PATH}token/${id}`, init)).status).toBe(403)
      expect((await post(`${PATH}token/${id}/extend`, {}, { ...session, ...foreign, ...HTML })).status).toBe(403)
    }
    const foreignPages = rig.logged.filter(({ outcome }) => outcome === 'other_origin_refused')
    expect(foreignPages).toHaveLength(9)
  })

  it('keeps the answers out of every cache', async () => {
    const headers = await person('viewer')
    for (const response of [
      await rig.fetch(PATH, { headers }),
      await rig.fetch(PATH, { headers: { ...headers, ...HTML } }),
      await post(PATH, {}, headers),
      await post(PATH, {}, { ...headers, ...HTML }),
    ]) {
      expect(response.headers.get('Cache-Control')).toBe('private, no-store')
    }
  })
})

describe('the list', () => {
  it('is of one’s own tokens: active ones, expired ones or all', async () => {
    const headers = await person('viewer')
    const [old, young] = [await tokenOf('viewer@example.com', [], 1), await tokenOf('viewer@example.com', [], 2)]
    await tokenOf('other@example.com')
    rig.state.nowMs = NOW_MS + DAY_MS
    const signedIn = { ...headers, ...(await person('viewer')) }
    const ids = async (query: string) => {
      const { tokens: rows } = (await list(signedIn, query)) as { tokens: { id: string }[] }
      return rows.map(({ id }) => id)
    }
    expect(await ids('')).toEqual([young.id])
    expect(await ids('?state=expired')).toEqual([old.id])
    expect((await ids('?state=all')).sort()).toEqual([old.id, young.id].sort())
    expect(await list(signedIn, '?state=none')).toMatchObject({ errors: { state: [expect.any(String)] } })
    expect(await list(signedIn)).toMatchObject({ totals: { all: 2, active: 1, expired: 1 } })
  })
})

describe('ending and extending', () => {
  it('DELETE ends a token at once and for good', async () => {
    const headers = await person('viewer')
    const token = await tokenOf('viewer@example.com')
    expect(await works(token['Auth-Token'])).toBe(true)
    const init = { method: 'DELETE', headers }
    expect(await rig.json(`${PATH}token/${token.id}`, init)).toMatchObject({ status: 200, body: { ok: true } })
    expect(await works(token['Auth-Token'])).toBe(false)
    expect(await list(headers, '?state=all')).toMatchObject({ totals: { all: 0 } })
    expect((await rig.json(`${PATH}token/${token.id}/`, init)).status).toBe(404)
    expect((await post(`${PATH}token/${token.id}/extend`, {}, headers)).status).toBe(404)
  })

  it('extends by days, by a year without any, never beyond a year from now', async () => {
    const headers = await person('viewer')
    const token = await tokenOf('viewer@example.com', [], 30)
    const extended = async (fields: Record<string, string>) => {
      const response = await post(`${PATH}token/${token.id}/extend`, fields, headers)
      return JSON.parse(await response.text()).expires_at
    }
    expect(await extended({ days: '10' })).toBe(new Date(NOW_MS + 40 * DAY_MS).toISOString())
    expect(await extended({})).toBe(new Date(NOW_MS + 365 * DAY_MS).toISOString())
    expect((await post(`${PATH}token/${token.id}/extend`, { days: '0' }, headers)).status).toBe(400)
  })

  it('extends one that has ended', async () => {
    const token = await tokenOf('viewer@example.com', [], 1)
    rig.state.nowMs = NOW_MS + 3 * DAY_MS
    expect(await works(token['Auth-Token'])).toBe(false)
    const init = { method: 'POST', headers: await person('viewer') }
    expect((await rig.json(`${PATH}token/${token.id}/extend`, init)).body).toEqual({
      ok: true,
      expires_at: new Date(NOW_MS + 368 * DAY_MS).toISOString(),
    })
    expect(await works(token['Auth-Token'])).toBe(true)
  })

  it('leaves tokens of others alone, but for an administrator', async () => {
    const token = await tokenOf('other@example.com')
    const init = async (name: string) => ({ method: 'DELETE', headers: await person(name) })
    expect((await rig.json(`${PATH}token/${token.id}`, await init('investigator'))).status).toBe(404)
    expect((await rig.json(`${PATH}token/ffffffff`, await init('admin'))).status).toBe(404)
    expect((await rig.json(`${PATH}token/%00`, await init('admin'))).status).toBe(404)
    expect(await works(token['Auth-Token'])).toBe(true)
    expect((await rig.json(`${PATH}token/${token.id}`, await init('admin'))).status).toBe(200)
    expect(await works(token['Auth-Token'])).toBe(false)
  })

  it('refuses other verbs with 405', async () => {
    const { id } = await tokenOf('viewer@example.com')
    const headers = await person('viewer')
    for (const [method, path] of [
      ['PUT', PATH],
      ['GET', `${PATH}token/${id}`],
      ['POST', `${PATH}token/${id}`],
      ['GET', `${PATH}token/${id}/delete`],
      ['POST', `${PATH}token/${id}/copy`],
    ]) {
      expect((await rig.fetch(path ?? '', { method: method ?? '', headers })).status, `${method} ${path}`).toBe(405)
    }
  })

  it('writes down who did what to whose token, before it happens', async () => {
    const headers = await person('admin')
    const { body } = await made({ permissions: 'view_pii', expires: '7' }, headers)
    const other = await tokenOf('other@example.com')
    await post(`${PATH}token/${other.id}/extend`, { days: '5' }, headers)
    await rig.fetch(`${PATH}token/${other.id}`, { method: 'DELETE', headers })
    expect(await db.select().from(auditLog).all()).toMatchObject([
      { action: 'token_created', email: 'admin@example.com', subject: `token ${body.token.id}` },
      { action: 'token_extended', subject: `token ${other.id}`, detail: { owner: 'other@example.com' } },
      { action: 'token_revoked', subject: `token ${other.id}` },
    ])
    rig = await dashboardRig({ audit: { add: () => Promise.reject(new Error('D1 is down')) } })
    const survivor = await tokenOf('admin@example.com')
    const again = await person('admin')
    expect((await rig.fetch(`${PATH}token/${survivor.id}`, { method: 'DELETE', headers: again })).status).toBe(500)
    expect(await works(survivor['Auth-Token'])).toBe(true)
  })
})

describe('the page', () => {
  it('sends nobody to sign in, and back', async () => {
    const response = await rig.fetch(PATH, { headers: HTML })
    expect([response.status, response.headers.get('Location')]).toEqual([302, '/signin?next=%2Fapi%2Ftokens%2F'])
  })

  it('answers JSON to a client that sends a token, whatever it accepts', async () => {
    const { 'Auth-Token': token } = await tokenOf('a@example.com', ['manage_tokens'])
    const response = await rig.fetch(PATH, { headers: { ...HTML, 'Auth-Token': token } })
    expect(response.headers.get('Content-Type')).toContain('application/json')
  })

  it('makes a token with a plain form and shows it once', async () => {
    const headers = { ...(await person('investigator')), ...HTML }
    const form = await (await rig.fetch(PATH, { headers })).text()
    expect(await attributes(form, 'input[name=permissions]', 'value')).toEqual([
      'view_pii',
      'view_rawdump',
      'reprocess_crashes',
      'link_bugs',
    ])
    const created = await (await post(PATH, { permissions: 'view_pii', notes: '<b>mine</b>' }, headers)).text()
    const [token = ''] = await texts(created, '.command code')
    expect(await works(token)).toBe(true)
    const later = await (await rig.fetch(PATH, { headers })).text()
    expect(later).toContain(token.slice(0, 8))
    expect(later).not.toContain(token.slice(8))
    expect(later).toContain('&lt;b&gt;mine&lt;/b&gt;')
    const actions = await attributes(later, 'td form', 'action')
    expect(actions).toEqual([
      `/api/tokens/token/${token.slice(0, 8)}/extend`,
      `/api/tokens/token/${token.slice(0, 8)}/delete`,
    ])
    for (const action of actions) {
      const response = await post(action, {}, headers)
      expect([response.status, response.headers.get('Location')]).toEqual([303, PATH])
    }
    expect(await works(token)).toBe(false)
  })

  it('says on itself what is wrong', async () => {
    const headers = { ...(await person('viewer')), ...HTML }
    const response = await post(PATH, { expires: '999' }, headers)
    expect(response.status).toBe(400)
    expect(await texts(await response.text(), '.notice li')).toEqual(['expires: Enter a whole number from 1 to 365.'])
  })
})
