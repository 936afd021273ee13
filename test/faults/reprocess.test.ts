/** Reprocessing while the stackwalker is away, and while the whole fleet is killed: the processed crash that is there stays until a better one is whole. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { crashIdOf, getJson, processedCrash, submit, waitFor } from '../support/report.ts'

/** A stackwalker that answers what the test says: one function on the stack, or that it has no slot. */
const at = { function: 'before', isBusy: false, walks: 0 }
let server: Server
let fleet: Fleet
let token: string
let crashId: string

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/__heartbeat__') return response.end('{}')
      response.setHeader('Content-Type', 'application/json')
      if (at.isBusy) return response.writeHead(503).end('{"kind":"busy"}')
      at.walks += 1
      return response.end(JSON.stringify(walked(at.function)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  fleet = await startFleet({ empty: true, vars: { STACKWALKER_URL: `http://127.0.0.1:${port}` } })
  token = await createToken(fleet, ['reprocess_crashes'])
  const dump = { bytes: new TextEncoder().encode('MDMP') }
  crashId = crashIdOf(await submit(fleet.url, { ProductName: 'WaterWolf', Version: '1.0', upload_file_minidump: dump }))
  await processedCrash(fleet.url, crashId)
})
afterAll(async () => {
  await fleet?.stop()
  server?.close()
})

function walked(name: string) {
  const frames = [{ frame: 0, function: `${name}()`, module: 'app', offset: '0x1', trust: 'context' }]
  return {
    kind: 'walked',
    stackwalk_version: 'test 1',
    symbols: { cached: 0, fetched: 0, missing: 0, corrupt: 0, unavailable: 0 },
    json_dump: {
      crash_info: { crashing_thread: 0, type: 'SIGSEGV', address: '0x0' },
      system_info: { os: 'Linux', cpu_arch: 'amd64' },
      modules: [],
      threads: [{ frame_count: 1, frames }],
    },
  }
}

async function reprocess(): Promise<void> {
  const response = await fetch(`${fleet.url}/api/Reprocessing/`, {
    method: 'POST',
    body: new URLSearchParams({ crash_ids: crashId }),
    headers: { 'Auth-Token': token },
  })
  expect([response.status, await response.text()]).toEqual([200, 'true'])
}

const indexed = async () => {
  const { json } = await getJson(`${fleet.url}/api/SuperSearch/?product=WaterWolf&_columns=signature`)
  return json.hits.map((hit: { signature: string }) => hit.signature)
}

/** Waits until both the processed crash and the one search row have this signature. */
function signedAs(signature: string): Promise<Record<string, unknown>> {
  return waitFor(`signature ${signature}`, 90, async () => {
    const processed = await processedCrash(fleet.url, crashId)
    const row = await indexed()
    return processed.signature === signature && row.join() === signature ? processed : undefined
  })
}

it('a crash stays as it was while the stackwalker is busy, and is processed when it is not', async () => {
  await signedAs('before')
  Object.assign(at, { isBusy: true, function: 'after', walks: 0 })
  await Promise.all([reprocess(), reprocess(), reprocess()])
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(await processedCrash(fleet.url, crashId)).toMatchObject({ signature: 'before' })
  expect(await indexed()).toEqual(['before'])

  at.isBusy = false
  expect(await signedAs('after')).toMatchObject({ signature_lineage: '["after","before"]' })
  expect(at.walks).toBeGreaterThanOrEqual(1)
  expect(at.walks).toBeLessThanOrEqual(3)
})

it('a crash stays readable when the fleet is killed while it waits, and can be reprocessed afterwards', async () => {
  await signedAs('after')
  Object.assign(at, { isBusy: true, function: 'later' })
  await reprocess()
  await fleet.kill()
  fleet = await fleet.restart()
  expect(await processedCrash(fleet.url, crashId)).toMatchObject({ signature: 'after' })
  expect(await indexed()).toEqual(['after'])

  at.isBusy = false
  await reprocess()
  expect(await signedAs('later')).toMatchObject({ signature_lineage: '["later","after","before"]' })
})
