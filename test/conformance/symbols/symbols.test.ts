import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { waitFor } from '../../support/report.ts'
import { form, rows, type SymbolServer } from './cases.ts'
import { downloadRows } from './download-rows.ts'
import { uploadRows } from './upload-rows.ts'

/** The symbol protocol over HTTP through the gateway of a whole fleet. */
let fleet: Fleet
let server: SymbolServer

beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  const tokens = new Map<string, Promise<string>>()
  server = {
    fetch: (route, init) => fetch(`${fleet.url}${route}`, { ...init, signal: AbortSignal.timeout(60_000) }),
    async token(permission) {
      const token = tokens.get(permission) ?? createToken(fleet, [permission])
      tokens.set(permission, token)
      return token
    },
  }
})
afterAll(async () => {
  await fleet.stop()
})

async function upload(zip: Uint8Array) {
  const parts = [{ name: 'symbols.zip', filename: 'symbols.zip', data: zip }]
  const response = await server.fetch('/upload/', form(await server.token('upload_symbols'), parts))
  return { status: response.status, body: JSON.parse(await response.text()) }
}

async function download(route: string): Promise<Buffer | undefined> {
  const response = await server.fetch(route)
  const bytes = Buffer.from(await response.arrayBuffer())
  return response.status === 200 ? bytes : undefined
}

/** The answer as it is on the wire: fetch would inflate it. */
function getRaw(url: string): Promise<{ readonly encoding: string | undefined; readonly bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { 'Accept-Encoding': 'gzip' }, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
      )
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

describe('symbol upload and download', () => {
  it.each(rows)('$id: $name', async (row) => row.run(server))

  it.each(uploadRows)('$id: $name', async (row) => row.run(server), 60_000)
  it.each(downloadRows)('$id: $name', async (row) => row.run(server))

  it('a zip of 25 MB is answered at once with completed_at null, and its files appear when the indexer is done', async () => {
    const id = randomBytes(16).toString('hex').toUpperCase()
    const content = Buffer.from(`MODULE Linux x86_64 ${id} big.so\n${randomBytes(25_000_000).toString('hex')}\n`)
    const key = `big.so/${id}/big.so.sym`
    const { status, body } = await upload(zipSync({ [key]: content }, { level: 1 }))
    expect([status, body.upload.completed_at]).toEqual([201, null])
    const bytes = await waitFor('the big file', 60, () => download(`/${key}`))
    expect(bytes.equals(content)).toBe(true)
  })
})

describe('the sym files of real libraries', () => {
  const folder = path.resolve(import.meta.dirname, '../../fixtures/crashes/symbols')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sym.gz'))
  const files = new Map(
    names.map((name) => [name.replace(/\.gz$/, ''), gunzipSync(readFileSync(path.join(folder, name)))] as const),
  )
  const zip = Buffer.from(zipSync(Object.fromEntries(files)))

  beforeAll(async () => {
    expect((await upload(zip)).status).toBe(201)
  })

  it.each([...files])(
    '%s downloads byte-identical, as the gzip of the zip’s own compressed bytes',
    async (name, content) => {
      const { encoding, bytes } = await getRaw(`${fleet.url}/${name}`)
      expect(encoding).toBe('gzip')
      expect(gunzipSync(bytes).equals(content)).toBe(true)
      // Between a gzip's header and trailer stands what the uploader's deflate made: nothing was compressed anew.
      expect(zip.includes(bytes.subarray(10, -8))).toBe(true)
    },
  )
})
