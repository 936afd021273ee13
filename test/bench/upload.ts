/**
 * How fast symbols go up, and what they cost, on this machine: `npm run bench -- upload`. `file MB` is the plain sym file, `wire MB` what travels. The way
 * until the file is visible is measured against a fleet; held bytes and R2 operations (class A writes, class B reads) are what its Workers counted and
 * logged. `unpack MB/s` is unpacking alone, in this process, into a store that forgets.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import type { Bucket } from '#shared/ports.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { unpackZip } from '#shared/symbols/unpack.ts'
import { listZip } from '#shared/symbols/zip.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { symFile } from '../support/sym-text.ts'

const MB = 1_000_000
const SIZES_MB = process.env.MAYDAY_TEST_SIZE === 'full' ? [1, 10, 60, 250, 1_000] : [1, 10, 60]
const PART_BYTES = 10 * 1024 * 1024
const POLL_MS = 50

interface Measured {
  readonly way: string
  readonly sizeMb: number
  readonly wireMb: number
  readonly uploadSeconds: number
  readonly visibleSeconds: number
  readonly heldMb: number
  readonly classA: number
  readonly classB: number
}

const made = (sizeMb: number) => {
  const id = `${randomBytes(16).toString('hex').toUpperCase()}0`
  const name = `bench${sizeMb}.so`
  return { key: `${name}/${id}/${name}.sym`, bytes: symFile(name, id, sizeMb * MB, sizeMb) }
}

async function send(
  fleet: Fleet,
  token: string,
  method: string,
  route: string,
  body: Uint8Array | string | FormData | null = null,
  headers = {},
) {
  const response = await fetch(new URL(route, fleet.url), {
    method,
    body: body as BodyInit,
    headers: { 'Auth-Token': token, ...headers },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text.slice(0, 300)}`)
  return JSON.parse(text)
}

async function untilVisible(fleet: Fleet, key: string): Promise<void> {
  for (;;) {
    const { status } = await fetch(`${fleet.url}/${key}`, { method: 'HEAD' })
    if (status === 200) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const logOf = (fleet: Fleet) => readFileSync(path.join(fleet.stateDir, 'logs', 'fleet.log'), 'utf8')

async function measure(
  fleet: Fleet,
  way: string,
  sizeMb: number,
  wireBytes: number,
  key: string,
  upload: () => Promise<void>,
): Promise<Measured> {
  const logged = logOf(fleet).length
  const startedAt = performance.now()
  await upload()
  const uploadedAt = performance.now()
  await untilVisible(fleet, key)
  const visibleAt = performance.now()
  const log = logOf(fleet).slice(logged)
  const fields = (name: string) =>
    [...log.matchAll(new RegExp(`"${name}":(\\d+)`, 'g'))].map((match) => Number(match[1]))
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  return {
    ...{ way, sizeMb, wireMb: wireBytes / MB, uploadSeconds: (uploadedAt - startedAt) / 1_000 },
    ...{ visibleSeconds: (visibleAt - startedAt) / 1_000, heldMb: Math.max(0, ...fields('held_bytes')) / MB },
    ...{ classA: sum(fields('r2_class_a')), classB: sum(fields('r2_class_b')) },
  }
}

async function byZip(fleet: Fleet, token: string, sizeMb: number): Promise<Measured> {
  const { key, bytes } = made(sizeMb)
  const zip = zipSync({ [key]: bytes })
  return measure(fleet, 'zip', sizeMb, zip.length, key, async () => {
    const form = new FormData()
    form.append('symbols.zip', new Blob([Buffer.from(zip)]), 'symbols.zip')
    await send(fleet, token, 'POST', '/upload/', form)
  })
}

async function byParts(fleet: Fleet, token: string, sizeMb: number): Promise<Measured> {
  const { key, bytes } = made(sizeMb)
  const wire = gzipSync(bytes)
  const md5 = createHash('md5').update(bytes).digest('hex')
  return measure(fleet, 'parts', sizeMb, wire.length, key, async () => {
    const opened = await send(
      fleet,
      token,
      'POST',
      '/upload/v2/',
      JSON.stringify({ files: [{ key, size: bytes.length, md5_hash: md5 }] }),
    )
    const { url } = opened.files[0].action
    const put = (route: string, part: Uint8Array) => {
      const digest = createHash('sha256').update(part).digest('base64')
      return send(fleet, token, 'PUT', route, part, { 'Content-Digest': `sha-256=:${digest}:` })
    }
    if (wire.length <= PART_BYTES) await put(url, wire)
    else {
      const parts = Array.from({ length: Math.ceil(wire.length / PART_BYTES) }, (_, at) => at)
      for (const at of parts) await put(`${url}?part=${at + 1}`, wire.subarray(at * PART_BYTES, (at + 1) * PART_BYTES))
      await send(fleet, token, 'POST', `${url}/complete`)
    }
    await send(fleet, token, 'POST', `/upload/v2/${opened.id}/complete`)
  })
}

/** A store that takes everything and keeps nothing. */
const FORGETFUL = {
  head: async () => null,
  put: async () => null,
  createMultipartUpload: async () => ({
    uploadPart: async (partNumber: number) => ({ partNumber, etag: '' }),
    complete: async () => null,
    abort: async () => undefined,
  }),
}

/** Seconds that unpacking takes: inflating, checking, hashing and framing anew. */
async function unpackSeconds(sizeMb: number): Promise<number> {
  const { key, bytes } = made(sizeMb)
  const zip = zipSync({ [key]: bytes })
  const held = new HeldBytes()
  const read = async (offset: number, length: number) => zip.subarray(offset, offset + length)
  const listed = await listZip({ size: zip.length, read }, held)
  if (listed.kind === 'refused') throw new Error(listed.refusal.reason)
  const deps = {
    bucket: FORGETFUL as unknown as Bucket,
    uploads: { storedKeys: async () => new Set<string>(), addFiles: async () => undefined },
    owners: {
      quota: async () => ({ kind: 'within' }) as const,
      claim: async () => new Map(),
      recordOverwrite: async () => undefined,
    },
    ...{ clock: () => 0, held },
  }
  const upload = { id: 1, trySymbols: false, email: 'bench@example.com', product: null, isAdmin: false }
  const startedAt = performance.now()
  const outcome = await unpackZip(deps, upload, listed)
  if (outcome.kind !== 'unpacked') throw new Error(outcome.kind)
  return (performance.now() - startedAt) / 1_000
}

const columns = [
  ...['way', 'file MB', 'wire MB', 'upload MB/s', 'until visible s', 'visible MB/s', 'unpack MB/s'],
  ...['held MB', 'R2 class A', 'R2 class B'],
]
const row = (measured: Measured, unpack: number) => {
  const { way, sizeMb, wireMb, uploadSeconds, visibleSeconds, heldMb, classA, classB } = measured
  const numbers = [
    sizeMb,
    wireMb,
    wireMb / uploadSeconds,
    visibleSeconds,
    sizeMb / visibleSeconds,
    sizeMb / unpack,
    heldMb,
  ]
  return [way, ...numbers.map((number) => number.toFixed(1)), String(classA), String(classB)]
}

/** Prints the table. */
export async function bench(print: (line: string) => void): Promise<void> {
  const fleet = await startFleet({ empty: true })
  try {
    const token = await createToken(fleet, ['upload_symbols'])
    const table = [columns]
    for (const sizeMb of SIZES_MB) {
      const unpack = await unpackSeconds(sizeMb)
      for (const way of [byZip, byParts]) table.push(row(await way(fleet, token, sizeMb), unpack))
    }
    const widths = columns.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)))
    for (const cells of table) print(cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
  } finally {
    await fleet.stop()
  }
}
