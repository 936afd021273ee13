import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { form, newId, sym } from './cases.ts'

/** Upload by URL through a whole fleet, from a server of our own: the one loopback origin that its configuration names. */
const id = newId()
const key = `url.so/${id}/url.so.sym`
const zip = zipSync({ [key]: sym('url.so', id) })
const seen: string[] = []

function serve(request: IncomingMessage, response: ServerResponse): void {
  seen.push(`${request.method} ${request.url}`)
  const redirect = (location: string) => response.writeHead(302, { Location: location }).end()
  switch (request.url) {
    case '/moved/symbols.zip':
      return void redirect('/symbols.zip')
    case '/loop/symbols.zip':
      return void redirect('/loop/symbols.zip')
    case '/metadata/symbols.zip':
      return void redirect('http://169.254.169.254/latest/meta-data')
    case '/inside/symbols.zip':
      return void redirect(`http://127.0.0.1:${inside}/symbols.zip`)
    case '/symbols.zip':
      // Chunked: no Content-Length.
      response.writeHead(200, { 'Content-Type': 'application/zip' })
      if (request.method !== 'HEAD') response.write(zip)
      return void response.end()
    case '/broken/symbols.zip':
      return void response.writeHead(503).end()
    default:
      return void response.writeHead(404).end()
  }
}

const server = createServer(serve)
/** A service that no upload may reach. */
const insideServer = createServer((request, response) => {
  seen.push(`inside ${request.url}`)
  response.end('secret')
})
let origin: string
let inside: number
let fleet: Fleet
let token: string

async function listen(listener: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

beforeAll(async () => {
  origin = `http://127.0.0.1:${await listen(server)}`
  inside = await listen(insideServer)
  fleet = await startFleet({ empty: true, vars: { UPLOAD_BY_URL_HOSTS: origin } })
  token = await createToken(fleet, ['upload_symbols'])
})
afterAll(async () => {
  await fleet.stop()
  server.close()
  insideServer.close()
})

async function uploadByUrl(path: string) {
  const request = form(token, [{ name: 'url', data: `${origin}${path}` }])
  const response = await fetch(`${fleet.url}/upload/`, { ...request, signal: AbortSignal.timeout(60_000) })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

describe('upload by URL', () => {
  it('fetches the zip, also behind a redirect and without a Content-Length', async () => {
    const { status, body } = await uploadByUrl('/moved/symbols.zip')
    expect([status, body.upload]).toMatchObject([
      201,
      {
        filename: 'symbols.zip',
        size: zip.length,
        download_url: `${origin}/moved/symbols.zip`,
        redirect_urls: [`${origin}/symbols.zip`],
        completed_at: expect.any(String),
      },
    ])
    expect((await fetch(`${fleet.url}/${key}`)).status).toBe(200)
  })

  it.each([
    ['/metadata/symbols.zip', 400, 'Insecure URL'],
    ['/inside/symbols.zip', 400, 'Insecure URL'],
    ['/loop/symbols.zip', 400, 'Too many redirects trying to open URL'],
    ['/nothing/symbols.zip', 400, "URL can't be found (404)"],
    ['/broken/symbols.zip', 502, 'URL errored (503)'],
  ])('%s → %d %s', async (path, status, error) => {
    expect(await uploadByUrl(path)).toEqual({ status, body: { error } })
    expect(seen.filter((line) => line.startsWith('inside'))).toEqual([])
  })

  it('C14: a server that is gone → 502 ConnectionError', async () => {
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    expect(await uploadByUrl('/symbols.zip')).toEqual({
      status: 502,
      body: { error: 'ConnectionError trying to open URL' },
    })
  }, 60_000)
})
