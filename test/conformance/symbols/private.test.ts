/**
 * SYMBOL_ACCESS=private over HTTP: nobody reads symbols without a token, and crashes are walked with symbols all the
 * same.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { dumpPath, normalised, publicFrames, reference, symbolsPath } from '../../support/reference.ts'
import { crashIdOf, processedCrash, submit, uploadZip } from '../../support/report.ts'

const names = readdirSync(symbolsPath, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sym.gz'))
const files = new Map(
  names.map((name) => [name.replace(/\.gz$/, ''), gunzipSync(readFileSync(path.join(symbolsPath, name)))] as const),
)
const [[key, content] = ['', Buffer.alloc(0)]] = files

let fleet: Fleet
let download: string

beforeAll(async () => {
  fleet = await startFleet({ empty: true, vars: { SYMBOL_ACCESS: 'private' } })
  const upload = await createToken(fleet, ['upload_symbols'])
  download = await createToken(fleet, ['download_symbols'])
  const uploaded = await uploadZip(fleet.url, upload, zipSync(Object.fromEntries(files)))
  expect(uploaded.status, uploaded.text).toBe(201)
})
afterAll(async () => {
  await fleet?.stop()
})

const get = (route: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${fleet.url}${route}`, { headers, signal: AbortSignal.timeout(30_000) })

describe('a private symbol server', () => {
  it('answers 403 to everybody, whatever they ask, also to a host name that the container uses', async () => {
    const routes = [`/${key}`, `/try/${key}`, '/none.pdb/AB12/none.pdb', '/buildid/ab12cd/debuginfo', '/index2.txt']
    for (const route of [...routes, '/api/syminfo/xul.dll/AB12CD']) {
      const response = await get(route, { 'X-Forwarded-Host': 'symbols.internal' })
      expect([route, response.status]).toEqual([route, 403])
      expect(await response.text()).toContain('This symbol server is private')
    }
  })

  it('gives its files to a download token, in the path or as a header, and nothing else', async () => {
    for (const response of [await get(`/k/${download}/${key}`), await get(`/${key}`, { 'Auth-Token': download })]) {
      expect(response.status).toBe(200)
      expect(response.headers.get('Cache-Control')).toContain('private')
      expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true)
    }
    const upload = await uploadZip(fleet.url, download, zipSync({ [key]: content }))
    expect([upload.status, upload.text]).toEqual([403, '{"error":"Forbidden"}'])
  })

  it('heartbeats and crash reports need no token, and the stackwalker has its symbols', async () => {
    expect((await get('/__heartbeat__')).status).toBe(200)
    const bytes = readFileSync(dumpPath('null_chain'))
    const said = await submit(fleet.url, { ProductName: 'WaterWolf', Version: '1.0', upload_file_minidump: { bytes } })
    const processed = await processedCrash(fleet.url, crashIdOf(said))
    const walked = normalised(processed.json_dump)
    const stock = normalised(reference('null_chain'))
    const frames = (dump: Record<string, unknown>) =>
      publicFrames((dump.crashing_thread as { frames: Record<string, unknown>[] }).frames)
    expect(frames(walked)).toEqual(frames(stock))
    expect(JSON.stringify(processed)).not.toContain(download.slice(8))
  })
})
