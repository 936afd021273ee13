import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Stored } from '../../test/conformance/collector/case-rows.ts'
import { SUBMITTER_TOKEN, submitCases } from '../../test/conformance/collector/cases.ts'
import handler from './index.ts'

async function send(request: Request<unknown, IncomingRequestCfProperties>): Promise<Response> {
  // What follows the answer is not waited for: the books are written ten seconds later.
  return handler.fetch(request, { ...env, SUBMITTER_TOKEN }, createExecutionContext())
}

/** Every key of a bucket that ends in a crash id. */
async function keysOf(crashId: string): Promise<readonly string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await env.CRASHES.list(cursor === undefined ? {} : { cursor })
    keys.push(...page.objects.map(({ key }) => key).filter((key) => key.endsWith(crashId)))
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return keys.sort()
}

async function countObjects(): Promise<number> {
  const { objects, truncated } = await env.CRASHES.list()
  expect(truncated).toBe(false)
  return objects.length
}

async function storedText(key: string): Promise<string> {
  const object = await env.CRASHES.get(key)
  if (object === null) throw new Error(`nothing under ${key}`)
  return object.text()
}

async function storedBytes(key: string): Promise<Uint8Array> {
  const object = await env.CRASHES.get(key)
  if (object === null) throw new Error(`nothing under ${key}`)
  return new Uint8Array(await object.arrayBuffer())
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const folderOf = (dumpName: string) => (dumpName === 'upload_file_minidump' ? 'dump' : dumpName)
const bytesOf = (dump: string | Uint8Array) =>
  new Uint8Array(typeof dump === 'string' ? new TextEncoder().encode(dump) : dump)

/** Compares storage with a row: exactly these keys, these bytes and this JSON. */
async function expectStored(crashId: string, stored: Stored, wireBytes: number, userAgent: string): Promise<void> {
  const rawCrashKey = `v1/raw_crash/20${crashId.slice(-6)}/${crashId}`
  const text = await storedText(rawCrashKey)
  expect(text).toMatch(/^[\x20-\x7e]*$/)
  const { uuid, submitted_timestamp, version, metadata, ...annotations } = JSON.parse(text)
  expect(uuid).toBe(crashId)
  expect(version).toBe(2)
  expect(submitted_timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/)
  expect(metadata.payload_size).toBe(wireBytes)
  expect(metadata.user_agent).toBe(userAgent)
  expect(metadata.throttle_rule).toBe('accept_everything')
  const dumpNames = Object.keys(metadata.dump_checksums)
  expect(await keysOf(crashId)).toEqual(
    [rawCrashKey, ...dumpNames.map((name) => `v1/${folderOf(name)}/${crashId}`)].sort(),
  )
  if (stored.annotations !== undefined)
    expect(Object.entries(annotations).sort()).toEqual(Object.entries(stored.annotations).sort())
  if (stored.notes !== undefined) expect(metadata.collector_notes).toEqual(stored.notes)
  if (stored.payload !== undefined) expect(metadata.payload).toBe(stored.payload)
  if (stored.payload_compressed !== undefined) expect(metadata.payload_compressed).toBe(stored.payload_compressed)
  if (stored.attachments !== undefined) expect(metadata.attachments ?? {}).toEqual(stored.attachments)
  if (stored.dumps !== undefined) {
    expect(dumpNames).toEqual(Object.keys(stored.dumps).sort())
    for (const [name, dump] of Object.entries(stored.dumps)) {
      expect(await storedBytes(`v1/${folderOf(name)}/${crashId}`)).toEqual(bytesOf(dump))
      expect(Object.entries(metadata.dump_checksums)).toContainEqual([name, await sha256(bytesOf(dump))])
    }
  }
}

describe('POST /submit', () => {
  it.each(submitCases)('$id: $what', async ({ path, headers, body, chunked, status, answer, stored }) => {
    const before = await countObjects()
    const response = await send(
      new Request<unknown, IncomingRequestCfProperties>(`http://collector${path}`, {
        method: 'POST',
        headers,
        body: chunked ? new Blob([body]).stream() : body,
      }),
    )
    const text = await response.text()
    expect({ status: response.status, text: answer.startsWith('accepted') ? answer : text }).toEqual({
      status,
      text: answer,
    })
    expect(response.headers.get('Content-Type')).toBe('text/plain')
    if (status !== 200) {
      expect(await countObjects()).toBe(before)
      return
    }
    const form = answer === 'accepted, bare id' ? /^([0-9a-f-]{36})$/ : /^CrashID=bp-([0-9a-f-]{36})\n$/
    const crashId = form.exec(text)?.[1] ?? ''
    if (answer.startsWith('accepted')) {
      const day = new Date().toISOString().slice(2, 10).replaceAll('-', '')
      expect(crashId).toMatch(new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{5}0${day}$`))
    }
    await expectStored(crashId, stored, body.length, headers['User-Agent'] ?? 'None')
  })
})

describe('the other routes', () => {
  const ask = (method: string, path: string) =>
    send(new Request<unknown, IncomingRequestCfProperties>(`http://collector${path}`, { method }))

  it('C48: says which methods /submit has', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const response = await ask(method, '/submit')
      expect(response.status).toBe(405)
      expect(response.headers.get('Allow')).toBe('POST, OPTIONS')
      const text = await response.text()
      if (method !== 'HEAD') expect(JSON.parse(text)).toEqual({ title: '405 Method Not Allowed' })
    }
    const options = await ask('OPTIONS', '/submit')
    expect([options.status, options.headers.get('Allow'), await options.text()]).toEqual([200, 'POST', ''])
  })

  it('C48: answers 404 as JSON to all else, /submit/ too', async () => {
    for (const [method, path] of [
      ['GET', '/foo'],
      ['POST', '/submit/'],
      ['POST', '/'],
    ] as const) {
      const response = await ask(method, path)
      expect([response.status, await response.json()]).toEqual([404, { title: '404 Not Found' }])
    }
  })

  it('C49: answers health checks', async () => {
    const alive = await ask('GET', '/__lbheartbeat__')
    expect([alive.status, await alive.text()]).toEqual([200, ''])
    const version = await ask('GET', '/__version__')
    expect([version.status, await version.json()]).toEqual([200, { version: 'unreleased' }])
    const healthy = await ask('GET', '/__heartbeat__')
    expect([healthy.status, await healthy.json()]).toEqual([200, { errors: [], warnings: [] }])
  })

  it.each([
    ['r2_crashes', { CRASHES: { head: () => Promise.reject(new Error('R2 is down')) } }],
    ['queue_crashes', { CRASH_QUEUE: { metrics: () => Promise.reject(new Error('the queue is down')) } }],
    ['do_counters', { COUNTERS: { getByName: () => ({ ping: () => Promise.reject(new Error('Counters is down')) }) } }],
  ])('C49, P7: is unhealthy without %s', async (name, broken) => {
    const context = createExecutionContext()
    const request = new Request<unknown, IncomingRequestCfProperties>('http://collector/__heartbeat__')
    const response = await handler.fetch(request, Object.assign({ ...env }, broken), context)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ errors: [{ name }] })
  })
})
