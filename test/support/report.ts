/** Building and sending crash reports and zips as a shipped client does, without anything of the product. */
import { gzipSync } from 'node:zlib'

/** A part of a multipart body: an annotation's text, or a file's bytes with its type. */
export type Part = string | { readonly bytes: Uint8Array; readonly type?: string; readonly filename?: string }

const BOUNDARY = '----mayday-test-7f0d9c'

/** The multipart body of these parts, in order. */
export function multipart(parts: Readonly<Record<string, Part>>): Buffer {
  const chunks = Object.entries(parts).flatMap(([name, part]) => {
    if (typeof part === 'string') {
      return [`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`, part, '\r\n']
    }
    const { filename = `${name}.bin`, type = 'application/octet-stream' } = part
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`
    return [head, part.bytes, '\r\n']
  })
  return Buffer.concat([...chunks, `--${BOUNDARY}--\r\n`].map((chunk) => Buffer.from(chunk)))
}

/** What a server said. */
export interface Said {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** Posts a body and reads the whole answer; a test never waits longer than half a minute for one. */
export async function post(url: string, body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Said> {
  const response = await fetch(url, {
    method: 'POST',
    body: Buffer.from(body),
    headers,
    signal: AbortSignal.timeout(30_000),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

/** Submits a crash report. */
export function submit(
  fleetUrl: string,
  parts: Readonly<Record<string, Part>>,
  { gzip = false }: { gzip?: boolean } = {},
): Promise<Said> {
  const body = multipart(parts)
  const headers = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, 'User-Agent': 'mayday-test/1' }
  return gzip
    ? post(`${fleetUrl}/submit`, gzipSync(body), { ...headers, 'Content-Encoding': 'gzip' })
    : post(`${fleetUrl}/submit`, body, headers)
}

/** Uploads a zip as Tecken's clients do. */
export function uploadZip(fleetUrl: string, token: string, zip: Uint8Array): Promise<Said> {
  const body = multipart({ 'symbols.zip': { bytes: zip, filename: 'symbols.zip', type: 'application/zip' } })
  return post(`${fleetUrl}/upload/`, body, {
    'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
    'Auth-Token': token,
  })
}

/** The bare crash id of an accepting answer; fails with what the server said otherwise. */
export function crashIdOf(said: Said): string {
  const crashId = /^CrashID=bp-([0-9a-f-]{36})\n$/.exec(said.text)?.[1]
  if (said.status !== 200 || crashId === undefined) throw new Error(`not accepted: ${said.status} ${said.text}`)
  return crashId
}

/** The JSON of a GET. */
export async function getJson(url: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) })
  return { status: response.status, json: JSON.parse(await response.text()) }
}

/** Asks again until `ask` answers something, for at most `seconds`. */
export async function waitFor<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + seconds * 1_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > until) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** Waits until a crash is processed and answers its processed crash as the given token may see it. */
export function processedCrash(
  fleetUrl: string,
  crashId: string,
  headers: Readonly<Record<string, string>> = {},
  seconds = 60,
) {
  return waitFor(`processed crash ${crashId}`, seconds, async () => {
    const { status, json } = await getJson(`${fleetUrl}/api/ProcessedCrash/?crash_id=${crashId}`, headers)
    return status === 200 ? json : undefined
  })
}
