import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Permission } from '#shared/auth/permissions.ts'
import { createToken } from '#shared/auth/token.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { answerInternalRead } from './reads.ts'
import { readsRig, storeFile } from './testing/stored-files.ts'

const ID = '44E4EC8C2F41492B9369D6B9A059577C2'
const PATH = `/a.pdb/${ID}/a.pdb`
const { get, deps } = readsRig({ isPrivate: true })

async function token(...permissions: Permission[]): Promise<string> {
  const created = await createToken('dev@example.com', permissions, deps.clock, systemRandomBytes)
  if (created.kind !== 'created') throw new Error(created.kind)
  await tokenRepository(drizzle(env.DB)).add(created.stored)
  return created.token
}

async function answer(response: Response) {
  return [response.status, JSON.parse(await response.text())]
}

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  await storeFile(`a.pdb/${ID}/a.pdb`, 'a PDB')
  const header = { debugFile: 'a.pdb', debugId: ID, codeFile: 'a.dll', codeId: 'AB12CD34E000' }
  await storeFile(`a.pdb/${ID}/a.sym`, 'a sym file', { header })
})

describe('SYMBOL_ACCESS=private', () => {
  it('answers nobody without a token, and the same whether a file is there or not', async () => {
    const error =
      'This symbol server is private: use /k/<download token>/ as its address, or send the token in the header Auth-Token'
    for (const path of [
      PATH,
      `/none.pdb/${ID}/none.pdb`,
      '/a.dll/AB12CD34E000/a.sym',
      '/buildid/ab12/debuginfo',
      '/index2.txt',
      '/x',
      `/try${PATH}`,
    ]) {
      const response = await get(path)
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(await answer(response)).toEqual([403, { error }])
    }
    expect((await get(PATH, {}, 'HEAD')).status).toBe(403)
  })

  it('gives a download token its files: in the path, and as a header', async () => {
    const download = await token('download_symbols')
    for (const response of [
      await get(`/k/${download}${PATH}`),
      await get(`/k/${download}-my%20laptop${PATH}`),
      await get(PATH, { 'Auth-Token': download }),
      await get(PATH, { Authorization: `Bearer ${download}` }),
    ]) {
      expect([response.status, await response.text()]).toEqual([200, 'a PDB'])
      expect(response.headers.get('Cache-Control')).toContain('private')
      expect(response.headers.get('Referrer-Policy')).toBe('no-referrer')
    }
    expect((await get(`/k/${download}/pingme.txt`)).status).toBe(200)
    expect((await get(`/k/${download}/index2.txt`)).status).toBe(404)
    expect((await get(`/k/${download}/buildid/ab12/debuginfo`)).status).toBe(404)
  })

  it('keeps the token in the redirect of a code id', async () => {
    const download = await token('download_symbols')
    const redirect = await get(`/k/${download}/try/a.dll/AB12CD34E000/a.sym?x=1`)
    expect(redirect.headers.get('Location')).toBe(`/k/${download}/try/a.pdb/${ID}/a.sym?x=1`)
    expect(await (await get(redirect.headers.get('Location') ?? '')).text()).toBe('a sym file')
  })

  it('refuses tokens that are unknown, expired, or hold other permissions', async () => {
    const unknown = 'f'.repeat(64)
    expect(await answer(await get(`/k/${unknown}${PATH}`))).toEqual([403, { error: 'API Token not matched' }])
    expect(await answer(await get(PATH, { 'Auth-Token': unknown }))).toEqual([403, { error: 'API Token not matched' }])
    const upload = await token('upload_symbols')
    const forbidden = 'Forbidden: the token does not hold download_symbols'
    expect(await answer(await get(PATH, { 'Auth-Token': upload }))).toEqual([403, { error: forbidden }])
    const download = await token('download_symbols')
    const later = readsRig({ isPrivate: true, clock: () => deps.clock() + 366 * 86_400_000 })
    expect(await answer(await later.get(`/k/${download}${PATH}`))).toEqual([
      403,
      { error: 'API Token found but expired' },
    ])
  })

  it('refuses a token in a path that could do more than read symbols', async () => {
    for (const strong of [await token('upload_symbols', 'download_symbols'), await token('admin')]) {
      const [status, body] = await answer(await get(`/k/${strong}${PATH}`))
      expect([status, body.error]).toEqual([403, expect.stringContaining('ends in logs and settings')])
      expect((await get(PATH, { 'Auth-Token': strong }, 'HEAD')).status).toBe(200)
    }
  })

  it('lets the stackwalker read over its binding', async () => {
    const response = await answerInternalRead(new Request(`http://symbols.internal${PATH}`), deps)
    expect([response.status, await response.text()]).toEqual([200, 'a PDB'])
  })

  it('never redirects to a public bucket', async () => {
    const download = await token('download_symbols')
    const { get } = readsRig({ isPrivate: true, bucketUrl: 'https://bucket.example.com' })
    expect(await (await get(`/k/${download}${PATH}`)).text()).toBe('a PDB')
  })
})

describe('SYMBOL_ACCESS=public', () => {
  const open = readsRig()

  it('answers everybody; a download token in the path works as well, a dead one does not', async () => {
    expect(await (await open.get(PATH)).text()).toBe('a PDB')
    const download = await token('download_symbols')
    const response = await open.get(`/k/${download}${PATH}`)
    expect([response.headers.get('Cache-Control')?.split(',')[0], await response.text()]).toEqual(['public', 'a PDB'])
    expect((await open.get(`/k/${'f'.repeat(64)}${PATH}`)).status).toBe(403)
    expect((await open.get(`/k/not-a-token${PATH}`)).status).toBe(404)
  })
})
