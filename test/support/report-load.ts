/** Crash reports as a reporter sends them, many of them: for benches. Of the size that the peer's figures are for. */
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'

const BOUNDARY = '----------------------------4ebf00fbcf094ea8a3c5'
const DUMP_BYTES = 614_400
const ANNOTATIONS = 40
/** Of each 3 KB of the dump, 1 KB is random: it deflates to a third, as real ones do. */
const BLOCK_BYTES = 3_072
const RANDOM_BYTES = 940

/** How a series of reports went. */
export interface Load {
  readonly reports: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** A multipart body of one dump. */
export function dumpBody(dump: Uint8Array, annotations: Readonly<Record<string, string>> = {}): Buffer {
  const texts = Object.entries(annotations).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="crash.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`
  return Buffer.concat([Buffer.from(texts.join('') + head), dump, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)])
}

/** The boundary of all bodies here. */
export const LOAD_BOUNDARY = BOUNDARY

/** One report of 628 KB, 200 KB gzipped, unlike any other. */
export function loadReport(number: number, isGzip: boolean): Buffer {
  const dump = Buffer.alloc(DUMP_BYTES)
  dump.write('MDMP')
  dump.writeUInt32LE(number, 4)
  for (let at = 0; at + BLOCK_BYTES <= DUMP_BYTES; at += BLOCK_BYTES) randomFillSync(dump, at + 8, RANDOM_BYTES)
  const annotations = Object.fromEntries(
    Array.from({ length: ANNOTATIONS - 2 }, (_, n) => [`Annotation${n}`, `${number}-${'value '.repeat(30)}`]),
  )
  const body = dumpBody(dump, { ProductName: 'WaterWolf', Version: '1.0', ...annotations })
  return isGzip ? gzipSync(body) : body
}

/** Posts reports from so many clients, a new connection each, as reporters do. Fails for an answer that is no accept. */
export async function sendLoad(
  url: string,
  bodies: readonly Uint8Array[],
  clients: number,
  isGzip: boolean,
): Promise<Load> {
  const times: number[] = []
  const rest = [...bodies]
  const client = async () => {
    for (let body = rest.pop(); body !== undefined; body = rest.pop()) {
      const startedAt = performance.now()
      const answer = await post(url, body, isGzip)
      if (!answer.startsWith('CrashID=bp-')) throw new Error(`a report was answered: ${answer}`)
      times.push(performance.now() - startedAt)
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: clients }, client))
  const seconds = (performance.now() - startedAt) / 1_000
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { reports: bodies.length, seconds, p50Ms: at(0.5), p95Ms: at(0.95) }
}

async function post(url: string, body: Uint8Array, isGzip: boolean): Promise<string> {
  const sent = request(`${url}/submit`, {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
      'Content-Length': body.length,
      ...(isGzip && { 'Content-Encoding': 'gzip' }),
    },
  })
  const answered = once(sent, 'response')
  sent.end(body)
  const [response] = await answered
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return response.statusCode === 200 ? text : `${response.statusCode} ${text}`
}
