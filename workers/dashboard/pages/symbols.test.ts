import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { missingSymbolsIn } from '#shared/db/missing-symbols.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { attributes, texts } from '../page-reading.ts'

const EVIL = '"><img src=x onerror=alert(1)>\u202e'
let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
  const missed = (debugFile: string, debugId: string, crashes: number) => ({
    ...{ debugFile, debugId, codeFile: null, codeId: null },
    crashes,
  })
  await missingSymbolsIn(drizzle(env.DB)).setDay(
    '20261123',
    [missed('gone.pdb', 'ABC1', 7), missed('other.pdb', 'DEF2', 40), missed(EVIL, 'EEE3', 1)],
    { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS },
  )
  const uploads = uploadRepository(drizzle(env.DB))
  const id = await uploads.begin({
    ...{ email: 'a@example.com', product: null, isAdmin: false, kind: 'zip', filename: 'a.zip' },
    ...{ downloadedFrom: null, createdAtMs: NOW_MS },
  })
  await uploads.addFiles(id, [
    {
      objectKey: 'v1/there.pdb/ABCD1/there.sym',
      storedBytes: 1_000,
      originalBytes: 12_345,
      compressed: true,
      update: false,
      header: {
        debugFile: 'there.pdb',
        debugId: 'ABCD1',
        codeFile: 'there.dll',
        codeId: '5C0FFEE',
        generator: 'dump_syms 2',
      },
      health: null,
      createdAtMs: NOW_MS,
    },
  ])
})
const page = async (path: string) => (await rig.fetch(path)).text()

describe('/symbols/', () => {
  it('lists modules without symbols, the most crashes first, each leading to its own page', async () => {
    const html = await page('/symbols/')
    expect((await texts(html, 'tbody th')).slice(0, 2)).toEqual(['other.pdb', 'gone.pdb'])
    expect((await attributes(html, 'tbody th a', 'href'))[1]).toBe('/symbols/?module=gone.pdb&id=ABC1')
    expect(await texts(await page('/symbols/?module=GONE'), 'tbody th')).toEqual(['gone.pdb'])
    expect(await texts(await page('/symbols/?module=nothing'), '.empty')).toEqual([
      'No crash and no request that misses symbols of such a module has been counted.',
    ])
  })

  it('says of one module whether its sym file is there, in any case of its id', async () => {
    const there = await page('/symbols/?module=there.pdb&id=abcd1')
    expect(await texts(there, '.card .chip')).toEqual(['uploaded'])
    expect(await texts(there, '.card dd')).toEqual([
      'there.dll 5C0FFEE',
      'dump_syms 2',
      '12,345 bytes, stored as 1,000',
      'not built yet',
    ])
    const missing = await page('/symbols/?module=gone.pdb&id=ABC1')
    expect(await texts(missing, '.card .chip')).toEqual(['missing'])
    expect(await attributes(missing, '.card a', 'href')).toEqual([
      '/api/syminfo/gone.pdb/ABC1',
      '/api/uploads/missing-symbols/?module=gone.pdb&state=all',
    ])
    expect(await texts(await page('/symbols/?module=gone.pdb&id=../x'), '.card')).toEqual([])
  })

  it('is for people who signed in where symbols are private', async () => {
    const closed = await dashboardRig({ symbolAccess: 'private' })
    expect((await closed.fetch('/symbols/')).status).toBe(403)
    expect((await closed.fetch('/symbols/', { headers: await closed.signIn('viewer@example.com') })).status).toBe(200)
  })

  it('shows hostile names as text', async () => {
    for (const path of ['/symbols/', `/symbols/?${new URLSearchParams({ module: EVIL, id: 'EEE3' })}`]) {
      const html = await page(path)
      expect(await attributes(html, '*', 'onerror')).toEqual([])
      expect(html).not.toContain('\u202e')
      expect(html).toContain('onerror=alert')
    }
  })
})
