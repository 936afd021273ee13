import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { waitFor } from '../../support/report.ts'
import { newId, type SymbolServer, upload } from './cases.ts'
import { functions, partialRows, post, storeSym } from './partial-rows.ts'

/** Partial symbol files over HTTP through the gateway of a whole fleet, whose indexer builds what is not indexed at once. */
let fleet: Fleet
let server: SymbolServer
let token: string

beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  const tokens = new Map<string, Promise<string>>()
  server = {
    fetch: (route, init) => fetch(`${fleet.url}${route}`, { ...init, signal: AbortSignal.timeout(60_000) }),
    async token(permission) {
      const made = tokens.get(permission) ?? createToken(fleet, [permission])
      tokens.set(permission, made)
      return made
    },
  }
  token = await server.token('upload_symbols')
})
afterAll(async () => {
  await fleet.stop()
})

describe('partial symbol files', () => {
  it.each(partialRows)('$id: $name', async (row) => row.run(server))
})

/** The statuses that a GET answers until it is 200. */
async function statusesUntilFound(route: string): Promise<readonly number[]> {
  const seen: number[] = []
  await waitFor(`200 of ${route}`, 60, async () => {
    const response = await server.fetch(route)
    const said = await response.text()
    if (seen.at(-1) !== response.status) seen.push(response.status)
    if (response.status === 503)
      expect([response.headers.get('Retry-After'), JSON.parse(said).reason]).toEqual(['5', 'indexing'])
    return response.status === 200 ? true : undefined
  })
  return seen
}

const uploadSchema = z.object({
  upload: z.object({
    file_uploads: z.array(
      z.object({ key: z.string(), index: z.object({ state: z.string(), line: z.number().optional() }).nullable() }),
    ),
  }),
})

async function indexesOf(uploadId: number) {
  const response = await server.fetch(`/api/uploads/upload/${uploadId}`, { headers: { 'Auth-Token': token } })
  return uploadSchema.parse(await response.json()).upload.file_uploads.map(({ index }) => index)
}

describe('the index of an upload', () => {
  it('of a small zip is there with the answer, and in the books; what is no sym file has none', async () => {
    const [id, bad] = [newId(), newId()]
    const zip = zipSync({
      [`a.so/${id}/a.so.sym`]: functions('a.so', id, 10),
      [`b.so/${bad}/b.so.sym`]: Buffer.from(`MODULE Linux x86_64 ${bad} b.so\nwhat is this\n`),
      [`c.pdb/${id}/c.pdb`]: Buffer.from('a pdb'),
    })
    const { status, body } = await upload(server, token, zip)
    expect([status, body.upload.completed_at]).toEqual([201, expect.any(String)])
    expect(await indexesOf(body.upload.id)).toMatchObject([{ state: 'indexed' }, { state: 'corrupt', line: 2 }, null])
    const [a, b] = await post(server, [
      { debug_file: 'a.so', debug_id: id, addresses: ['1000'] },
      { debug_file: 'b.so', debug_id: bad, addresses: ['1000'] },
    ])
    expect([a?.kind, b?.kind]).toEqual(['found', 'corrupt'])
  })

  it('of a file in parts is built by the indexer: indexing, then found', async () => {
    const id = newId()
    const sym = functions('v2.so', id, 20_000)
    const md5 = createHash('md5').update(sym).digest('hex')
    const files = [{ key: `v2.so/${id}/v2.so.sym`, size: sym.length, md5_hash: md5 }]
    const headers = { 'Auth-Token': token }
    const opened = await server.fetch('/upload/v2/', { method: 'POST', headers, body: JSON.stringify({ files }) })
    const { id: uploadId, files: actions } = z
      .object({ id: z.number(), files: z.array(z.object({ action: z.object({ url: z.string() }) })) })
      .parse(await opened.json())
    const url = new URL(actions[0]?.action.url ?? '').pathname
    const zipped = gzipSync(sym)
    const put = await server.fetch(url, {
      method: 'PUT',
      headers: { ...headers, 'Content-Digest': `sha-256=:${createHash('sha256').update(zipped).digest('base64')}:` },
      body: zipped,
    })
    expect([put.status, await put.text()]).toEqual([200, expect.any(String)])
    const closed = await server.fetch(`/upload/v2/${uploadId}/complete`, { method: 'POST', headers })
    expect([closed.status, await closed.text()]).toEqual([200, expect.any(String)])
    const seen = await statusesUntilFound(`/symbols/partial/v2.so/${id}?address=1000`)
    expect([[200], [503, 200]]).toContainEqual(seen)
    await waitFor('the books', 30, async () => ((await indexesOf(uploadId))[0]?.state === 'indexed' ? true : undefined))
  })

  it('of a zip that the indexer unpacks follows the unpacking', async () => {
    const id = newId()
    const noise = randomBytes(25_000_000)
      .toString('hex')
      .replaceAll(/(.{100})/g, 'INFO NOISE $1\n')
    const content = Buffer.concat([functions('large.so', id, 100), Buffer.from(`${noise}\n`)])
    const zip = zipSync({ [`large.so/${id}/large.so.sym`]: content }, { level: 1 })
    const { status, body } = await upload(server, token, zip)
    expect([status, body.upload.completed_at]).toEqual([201, null])
    const seen = await statusesUntilFound(`/symbols/partial/large.so/${id}?address=1000`)
    expect(seen.at(-1)).toBe(200)
  })
})

describe('the sym files of real libraries', () => {
  const folder = path.resolve(import.meta.dirname, '../../fixtures/crashes/symbols')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sym.gz'))

  it.each(names)(
    '%s: every hundredth function, line and CFI record comes back as it is in the file',
    async (name) => {
      const content = gunzipSync(readFileSync(path.join(folder, name)))
      const [debugFile = '', id = ''] = name.split('/')
      await storeSym(server, debugFile, id, content)
      const text = content.toString('utf8')
      const records = [...text.matchAll(/^FUNC (?:m )?([0-9a-f]+) ([0-9a-f]+) \S+ (.+)$/gm)]
      const wanted = records
        .filter(([, , size]) => Number.parseInt(size ?? '0', 16) > 0)
        .filter((_, at) => at % 100 === 0)
      for (let at = 0; at < wanted.length; at += 50) {
        const some = wanted.slice(at, at + 50)
        const addresses = some.map(([, start = '']) => start)
        const [outcome] = await post(server, [{ debug_file: debugFile, debug_id: id, addresses }])
        if (outcome?.kind !== 'found') throw new Error(outcome?.kind)
        expect(outcome.unanswered).toEqual([])
        for (const address of addresses.map((hex) => Number.parseInt(hex, 16))) {
          const covering = outcome.ranges.filter(
            ([start, end]) => Number.parseInt(start, 16) <= address && address < Number.parseInt(end, 16),
          )
          expect([address.toString(16), covering.length]).toEqual([address.toString(16), 1])
        }
        for (const line of outcome.sym.matchAll(/^STACK CFI.*$/gm)) expect(text).toContain(`${line[0]}\n`)
        const found = new Set([...outcome.sym.matchAll(/^FUNC (\S+) (\S+) \S+ (.+)$/gm)].map(([, start]) => start))
        // A function that another one overlaps is dropped, as breakpad-symbols does: most are not.
        expect(addresses.filter((address) => found.has(address)).length).toBeGreaterThan(addresses.length * 0.9)
      }
    },
    120_000,
  )
})
