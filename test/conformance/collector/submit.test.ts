import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, startFleet } from '../../support/fleet.ts'
import { SUBMITTER_TOKEN, submitCases } from './cases.ts'
import { BOUNDARY, dump, multipart, text } from './multipart-body.ts'

/** The target: MAYDAY_TARGET (any collector, started with the SUBMITTER_TOKEN of cases.ts), else a fleet of our own. */
let fleet: Fleet | null = null
let target = process.env.MAYDAY_TARGET ?? ''

beforeAll(async () => {
  if (target !== '') return
  fleet = await startFleet({ empty: true, vars: { SUBMITTER_TOKEN } })
  target = fleet.url
})
afterAll(async () => {
  await fleet?.stop()
})

interface Heard {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

type Headers = Readonly<Record<string, string>>

/** One request over a plain socket: unlike fetch it hears an answer that comes before the body was sent. */
function send(method: string, path: string, headers: Headers = {}, body: Uint8Array | null = null): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const client = httpRequest(`${target}${path}`, { method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => {
        const { statusCode = 0, headers: heard } = response
        resolve({ status: statusCode, headers: heard, text: Buffer.concat(pieces).toString() })
      })
      response.on('error', reject)
    })
    client.setTimeout(30_000, () => client.destroy(new Error('no answer within 30 s')))
    client.on('error', reject)
    client.end(body ?? undefined)
  })
}

const FORM = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
const K = text('ProductName', 'Firefox')
const ACCEPTED = /^CrashID=bp-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{5}0(\d{6})\n$/
const BARE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{5}0\d{6}$/

describe('POST /submit', () => {
  it.each(submitCases)('$id: $what', async ({ path, headers, body, chunked, status, answer }) => {
    const length: Headers = chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': String(body.length) }
    const heard = await send('POST', path, { ...headers, ...length }, body)
    const said = ACCEPTED.test(heard.text) ? 'accepted' : BARE_ID.test(heard.text) ? 'accepted, bare id' : heard.text
    expect([heard.status, answer.startsWith('CrashID=') ? heard.text : said]).toEqual([status, answer])
    expect(heard.headers['content-type']).toMatch(/^text\/plain/)
  })

  it('C1: the crash id ends in the UTC day of submission', async () => {
    const before = new Date().toISOString()
    const { text: said } = await send('POST', '/submit', FORM, multipart([K]))
    const days = [before, new Date().toISOString()].map((at) => at.slice(2, 10).replaceAll('-', ''))
    expect(days).toContain(ACCEPTED.exec(said)?.[1])
  })

  it('C44: a body that breaks off is not answered with an accept, and the next report is', async () => {
    const body = multipart([K, dump('upload_file_minidump', 'abcd1234')])
    const heard = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(target)
      const socket = connect(Number(port), hostname)
      const pieces: Buffer[] = []
      socket.on('data', (piece) => pieces.push(piece))
      socket.on('close', () => resolve(Buffer.concat(pieces).toString()))
      socket.on('error', reject)
      socket.write(`POST /submit HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: ${FORM['Content-Type']}\r\n`)
      socket.write(`Content-Length: ${body.length + 100}\r\n\r\n`)
      socket.write(body.subarray(0, -20))
      setTimeout(() => socket.end(), 200)
    })
    // Not the status: `wrangler dev` itself answers a half-closed connection, the collector's answer does not get there.
    expect(heard).not.toContain('CrashID')
    expect((await send('POST', '/submit', FORM, body)).status).toBe(200)
  })

  it('C45: a chunked body without a length', async () => {
    const heard = await send('POST', '/submit', { ...FORM, 'Transfer-Encoding': 'chunked' }, multipart([K]))
    expect([heard.status, ACCEPTED.test(heard.text)]).toEqual([200, true])
  })

  it('C45: a chunked body of 26 MiB', async () => {
    const body = multipart([K, dump('upload_file_minidump', new Uint8Array(26 * 1024 * 1024))])
    const heard = await send('POST', '/submit', { ...FORM, 'Transfer-Encoding': 'chunked' }, body)
    expect([heard.status, heard.text]).toEqual([413, 'Discarded=body_too_large'])
  })
})

describe('other methods and paths', () => {
  it('C48: 405 says what is allowed', async () => {
    const heard = await send('GET', '/submit')
    expect([heard.status, JSON.parse(heard.text)]).toEqual([405, { title: '405 Method Not Allowed' }])
    expect(heard.headers.allow).toContain('POST')
  })

  it('C48: OPTIONS answers what is allowed, and no CORS', async () => {
    const heard = await send('OPTIONS', '/submit', { Origin: 'https://example.com' })
    expect([heard.status, heard.headers.allow, heard.headers['access-control-allow-origin']]).toEqual([
      200,
      'POST',
      undefined,
    ])
  })

  it('C49: heartbeats', async () => {
    expect((await send('GET', '/__lbheartbeat__')).status).toBe(200)
    const heartbeat = await send('GET', '/__heartbeat__')
    expect([heartbeat.status, JSON.parse(heartbeat.text).errors]).toEqual([200, []])
  })
})
