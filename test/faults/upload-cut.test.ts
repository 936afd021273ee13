/**
 * Uploads over a line that is cut three times. A zip starts again each time (the peer's protocol has no other way); files in parts go on where they
 * were. In `npm test` the upload is 60 MB, with MAYDAY_TEST_SIZE=full 1.2 GB.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Zip, ZipPassThrough } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { waitFor } from '../support/report.ts'
import { symFile } from '../support/sym-text.ts'

const MB = 1_000_000
/** How long a file may take to become visible: unpacking 1.2 GB takes minutes where all Workers share a thread. */
const VISIBLE_SECONDS = process.env.MAYDAY_TEST_SIZE === 'full' ? 900 : 120
const TOTAL_BYTES = process.env.MAYDAY_TEST_SIZE === 'full' ? 1_200 * MB : 60 * MB
const MAX_HELD_BYTES = 64 * 1024 * 1024
const FILES = 6
const COMMAND_DEADLINE_MS = 900_000

let fleet: Fleet
let token: string
let folder: string
beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  token = await createToken(fleet, ['upload_symbols'])
  folder = mkdtempSync(path.join(tmpdir(), 'mayday-cut-'))
})
afterAll(async () => {
  await fleet.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Made {
  readonly key: string
  readonly path: string
  readonly sha256: string
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** One large file and some smaller ones, on disk in the symbol server's layout. */
function makeFiles(name: string): readonly Made[] {
  return Array.from({ length: FILES }, (_, at) => {
    const id = `${randomBytes(16).toString('hex').toUpperCase()}0`
    const debugFile = `lib${name}${at}.so`
    const bytes = symFile(debugFile, id, at === 0 ? TOTAL_BYTES / 2 : TOTAL_BYTES / 2 / (FILES - 1), at + 1)
    const file = path.join(folder, name, `${debugFile}.sym`)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, bytes)
    return { key: `${debugFile}/${id}/${debugFile}.sym`, path: file, sha256: sha256(bytes) }
  })
}

/** A zip of stored entries: as many bytes go over the line as the files have. */
function makeZip(files: readonly Made[], zipFile: string): void {
  const chunks: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error
    chunks.push(chunk)
  })
  for (const { key, path: file } of files) {
    const entry = new ZipPassThrough(key)
    zip.add(entry)
    entry.push(readFileSync(file), true)
  }
  zip.end()
  writeFileSync(zipFile, Buffer.concat(chunks))
}

async function expectDownloads(files: readonly Made[]): Promise<void> {
  for (const { key, sha256: expected } of files) {
    const bytes = await waitFor(key, VISIBLE_SECONDS, async () => {
      try {
        const response = await fetch(`${fleet.url}/${key}`, { signal: AbortSignal.timeout(60_000) })
        const body = new Uint8Array(await response.arrayBuffer())
        return response.status === 200 ? body : undefined
      } catch {
        // All Workers of a local fleet share one thread, and it unpacks a gigabyte: late is not lost.
        return undefined
      }
    })
    expect(sha256(bytes)).toBe(expected)
  }
}

/** The most bytes that the Workers counted as held, from the fleet's log. */
function peakHeldBytes(): number {
  const log = readFileSync(path.join(fleet.stateDir, 'logs', 'fleet.log'), 'utf8')
  const held = [...log.matchAll(/"held_bytes":(\d+)/g)].map((match) => Number(match[1]))
  expect(held.length).toBeGreaterThan(0)
  return Math.max(...held)
}

async function uploadOver(proxy: CuttingProxy, target: string) {
  const environment = { MAYDAY_TOKEN: token, XDG_CACHE_HOME: path.join(folder, 'cache') }
  return mayday(['upload-symbols', '--url', proxy.url, target], environment, COMMAND_DEADLINE_MS)
}

describe('an upload over a line that is cut three times', () => {
  it('in parts: the command ends well, every file downloads byte-identical, at most 64 MiB are held', async () => {
    const files = makeFiles('parts')
    const encodedBytes = TOTAL_BYTES / 6
    const proxy = await startCuttingProxy(
      fleet.url,
      [0.2, 0.3, 0.2].map((share) => share * encodedBytes),
    )
    const result = await uploadOver(proxy, path.join(folder, 'parts'))
    await proxy.stop()
    expect(result).toMatchObject({ code: 0, stdout: `Uploaded ${FILES} of ${FILES} symbol files to ${proxy.url}.\n` })
    expect(proxy.cuts()).toBe(3)
    await expectDownloads(files)
    expect(peakHeldBytes()).toBeLessThanOrEqual(MAX_HELD_BYTES)
  }, 1_800_000)

  it('a zip by `mayday upload-symbols`: its files go in parts too', async () => {
    const files = makeFiles('zip')
    const zipFile = path.join(folder, 'symbols.zip')
    makeZip(files, zipFile)
    const proxy = await startCuttingProxy(
      fleet.url,
      [0.2, 0.3, 0.2].map((share) => (share * TOTAL_BYTES) / 6),
    )
    const result = await uploadOver(proxy, zipFile)
    await proxy.stop()
    expect(result.stdout).toBe(`Uploaded ${FILES} of ${FILES} symbol files to ${proxy.url}.\n`)
    expect(proxy.cuts()).toBe(3)
    await expectDownloads(files)
    expect(peakHeldBytes()).toBeLessThanOrEqual(MAX_HELD_BYTES)
  }, 1_800_000)

  it('a zip by POST /upload/: a client that sends it again after each cut is done with the fourth', async () => {
    const files = makeFiles('v1')
    const zipFile = path.join(folder, 'v1.zip')
    makeZip(files, zipFile)
    const proxy = await startCuttingProxy(
      fleet.url,
      [0.3, 0.6, 0.9].map((share) => share * TOTAL_BYTES),
    )
    const statuses: number[] = []
    while (!statuses.includes(201) && statuses.length < 10) statuses.push(await postZip(proxy.url, zipFile))
    await proxy.stop()
    expect(statuses).toEqual([0, 0, 0, 201])
    await expectDownloads(files)
    expect(peakHeldBytes()).toBeLessThanOrEqual(MAX_HELD_BYTES)
  }, 1_800_000)
})

/** The status of one POST of the zip; 0 when the line was cut. */
async function postZip(url: string, zipFile: string): Promise<number> {
  const form = new FormData()
  form.append('symbols.zip', new Blob([readFileSync(zipFile)]), 'symbols.zip')
  try {
    const response = await fetch(`${url}/upload/`, { method: 'POST', headers: { 'Auth-Token': token }, body: form })
    await response.body?.cancel()
    return response.status
  } catch {
    return 0
  }
}
