/**
 * Hostile and broken input against the whole fleet: each gets a named answer, nothing is stored that should not be, nothing is a 5xx,
 * and the fleet is healthy afterwards.
 */
import { readFileSync } from 'node:fs'
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { strToU8, zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { crashIdOf, getJson, multipart, post, processedCrash, submit, uploadZip } from '../support/report.ts'

const dump = readFileSync(new URL('../fixtures/crashes/dumps/null_chain.dmp', import.meta.url))
const MIB = 1024 * 1024
const product = { ProductName: 'WaterWolf', Version: '1.0' }

let fleet: Fleet
let uploader: string
beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  uploader = await createToken(fleet, ['upload_symbols'])
})
afterAll(() => fleet.stop())

const stored = async () => (await getJson(`${fleet.url}/api/SuperSearch/?_results_number=0&_facets_size=0`)).json.total
const healthy = async () => (await getJson(`${fleet.url}/__heartbeat__`)).status

/** A zip of one member whose sizes in the headers are what the caller says, not what is in it. */
function lyingZip(name: string, data: Uint8Array, declaredBytes: number): Buffer {
  const deflated = deflateRawSync(data, { level: 9 })
  const nameBytes = Buffer.from(name)
  const local = Buffer.alloc(30)
  local.writeUInt32LE(0x04034b50, 0)
  local.writeUInt16LE(20, 4)
  local.writeUInt16LE(8, 8)
  local.writeUInt32LE(crc32(data), 14)
  local.writeUInt32LE(deflated.length, 18)
  local.writeUInt32LE(declaredBytes, 22)
  local.writeUInt16LE(nameBytes.length, 26)
  const central = Buffer.alloc(46)
  central.writeUInt32LE(0x02014b50, 0)
  central.writeUInt16LE(20, 4)
  central.writeUInt16LE(20, 6)
  local.copy(central, 10, 8, 28)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length + nameBytes.length, 12)
  end.writeUInt32LE(local.length + nameBytes.length + deflated.length, 16)
  return Buffer.concat([local, nameBytes, deflated, central, nameBytes, end])
}

describe('bad crash reports', () => {
  it('a garbage dump → accepted, processed, its status in the signature', async () => {
    const garbage = Buffer.alloc(5_000, 'not a minidump ')
    const crashId = crashIdOf(await submit(fleet.url, { ...product, upload_file_minidump: { bytes: garbage } }))
    const processed = await processedCrash(fleet.url, crashId)
    expect(processed.mdsw_status_string).toBe('HeaderMismatch')
    expect(processed.signature).toMatch(/^EMPTY: .*; HeaderMismatch$/)
  })

  it('an empty dump → accepted, processed as EmptyMinidump', async () => {
    const crashId = crashIdOf(await submit(fleet.url, { ...product, upload_file_minidump: { bytes: Buffer.alloc(0) } }))
    const processed = await processedCrash(fleet.url, crashId)
    expect(processed.mdsw_status_string).toBe('EmptyMinidump')
    expect(processed.signature).toMatch(/^EMPTY: .*; EmptyMinidump$/)
  })

  it('no dump → accepted and processed: Java reports and crash pings have none', async () => {
    const crashId = crashIdOf(await submit(fleet.url, product))
    expect((await processedCrash(fleet.url, crashId)).signature).toMatch(/^EMPTY: /)
  })

  it('a 26 MiB body → 413 body_too_large, nothing stored', async () => {
    const before = await stored()
    const said = await submit(fleet.url, { ...product, upload_file_minidump: { bytes: Buffer.alloc(26 * MIB, 1) } })
    expect([said.status, said.text]).toEqual([413, 'Discarded=body_too_large'])
    expect(await stored()).toBe(before)
  })

  it('a gzip bomb → 413 inflated_too_large, nothing stored', async () => {
    const before = await stored()
    const bomb = gzipSync(multipart({ ...product, upload_file_minidump: { bytes: Buffer.alloc(200 * MIB) } }), {
      level: 9,
    })
    expect(bomb.length).toBeLessThan(MIB)
    const said = await post(`${fleet.url}/submit`, bomb, {
      'Content-Type': 'multipart/form-data; boundary=----mayday-test-7f0d9c',
      'Content-Encoding': 'gzip',
    })
    expect([said.status, said.text]).toEqual([413, 'Discarded=inflated_too_large'])
    expect(await stored()).toBe(before)
  })

  it('a gzip header over a plain body → 400 malformed_bad_gzip', async () => {
    const said = await post(`${fleet.url}/submit`, multipart(product), {
      'Content-Type': 'multipart/form-data; boundary=----mayday-test-7f0d9c',
      'Content-Encoding': 'gzip',
    })
    expect([said.status, said.text]).toEqual([400, 'Discarded=malformed_bad_gzip'])
  })

  it('an unknown crash id → 404 that names it, on the page and in the API', async () => {
    const unknown = '00000000-0000-4000-8000-000000261123'
    const page = await fetch(`${fleet.url}/report/index/${unknown}`)
    expect(page.status).toBe(404)
    expect(await page.text()).toContain(unknown)
    for (const model of ['RawCrash', 'ProcessedCrash']) {
      const { status, json } = await getJson(`${fleet.url}/api/${model}/?crash_id=${unknown}`)
      expect([status, json.error]).toEqual([404, `Not found: CrashIDNotFound ${unknown}`])
    }
  })

  it('no crash id at all → 400 on the page', async () => {
    const page = await fetch(`${fleet.url}/report/index/hello`)
    expect(page.status).toBe(400)
    await page.text()
  })
})

describe('bad symbol uploads', () => {
  const visible = async (path: string) => {
    const response = await fetch(`${fleet.url}/${path}`)
    await response.arrayBuffer()
    return response.status === 200
  }
  const sym = strToU8('MODULE Linux x86_64 A7D6F1BB18CD4CB48000000000000000 evil\n')

  it('a zip with ../ names → 400 that names the member, nothing visible', async () => {
    const good = 'good.so/A7D6F1BB18CD4CB48000000000000000/good.so.sym'
    const said = await uploadZip(fleet.url, uploader, zipSync({ [good]: sym, '../AB12/evil.sym': sym }))
    expect(said.status).toBe(400)
    expect(JSON.parse(said.text).error).toContain("'../AB12/evil.sym'")
    expect(await visible(good)).toBe(false)
  })

  it('a zip bomb whose headers claim 100 bytes → 4xx, nothing visible', async () => {
    const name = 'bomb.so/A7D6F1BB18CD4CB48000000000000000/bomb.so.sym'
    const said = await uploadZip(fleet.url, uploader, lyingZip(name, new Uint8Array(64 * MIB), 100))
    expect(said.status).toBeGreaterThanOrEqual(400)
    expect(said.status).toBeLessThan(500)
    expect(JSON.parse(said.text).error).toEqual(expect.any(String))
    expect(await visible(name)).toBe(false)
  })

  it('a zip of ten thousand members → 4xx, nothing visible', async () => {
    const members = Array.from({ length: 10_000 }, (_, at) => [`m${at}.so/A${at}/m${at}.so.sym`, new Uint8Array(0)])
    const said = await uploadZip(fleet.url, uploader, zipSync(Object.fromEntries(members), { level: 0 }))
    expect([400, 413]).toContain(said.status)
    expect(await visible('m1.so/A1/m1.so.sym')).toBe(false)
  })

  it('garbage under a zip name → 400', async () => {
    const said = await uploadZip(fleet.url, uploader, Buffer.from('this is no zip'))
    expect([said.status, JSON.parse(said.text).error]).toEqual([400, 'File is not a zip file'])
  })

  it('no token, and a wrong one → 403 in the peer’s words', async () => {
    const anonymous = await uploadZip(fleet.url, '', zipSync({}))
    expect(anonymous.status).toBe(403)
    const wrong = await uploadZip(fleet.url, 'f'.repeat(64), zipSync({}))
    expect([wrong.status, JSON.parse(wrong.text).error]).toEqual([403, 'API Token not matched'])
  })
})

describe('afterwards', () => {
  it('the fleet is healthy and still processes a good crash', async () => {
    expect(await healthy()).toBe(200)
    const crashId = crashIdOf(await submit(fleet.url, { ...product, upload_file_minidump: { bytes: dump } }))
    const processed = await processedCrash(fleet.url, crashId)
    expect(processed.crashing_thread).toBe(0)
    expect(await healthy()).toBe(200)
  })
})
