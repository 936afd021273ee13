import { createServer, get, type IncomingHttpHeaders, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSymbolsProxy } from './symbols-proxy.ts'

const seen: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = []
let server: Server
let origin: string

beforeAll(async () => {
  server = createServer(async (request, answer) => {
    seen.push({ url: request.url, headers: request.headers, body: await text(request) })
    if (request.url?.endsWith('/gone')) answer.writeHead(404).end('Symbol Not Found')
    else answer.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('MODULE'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

/** Of a path as it is written, which fetch would tidy up. */
const statusOf = (url: string, path: string) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const asked = get({ hostname, port, path }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.on('error', reject)
  })

describe('the symbols proxy', () => {
  it('adds the token as a header, asks for it once, and passes answers through', async () => {
    let made = 0
    const proxy = await startSymbolsProxy(origin, async () => `token${++made}`)
    const found = await fetch(`${proxy.url}/symbols/partial/a%20b.so/AB?address=1`, { headers: { Cookie: 'a=b' } })
    expect([found.status, await found.text()]).toEqual([200, 'MODULE'])
    const posted = await fetch(`${proxy.url}/symbols/partial`, { method: 'POST', body: '{"modules":[]}' })
    expect(await posted.text()).toBe('MODULE')
    expect((await fetch(`${proxy.url}/symbols/partial/gone`)).status).toBe(404)
    const asked = [
      ['/symbols/partial/a%20b.so/AB?address=1', 'token1', undefined, ''],
      ['/symbols/partial', 'token1', undefined, '{"modules":[]}'],
      ['/symbols/partial/gone', 'token1', undefined, ''],
    ]
    const seenOf = () => seen.map(({ url, headers, body }) => [url, headers['auth-token'], headers.cookie, body])
    expect(seenOf()).toEqual(asked)
    expect((await fetch(`${proxy.url}/upload/`, { method: 'POST', body: 'zip' })).status).toBe(404)
    expect((await fetch(`${proxy.url}/a.so/AB/a.so.sym`)).status).toBe(404)
    expect(await statusOf(proxy.url, '/symbols/partial/../../a.so/AB/a.so.sym')).toBe(404)
    expect(seenOf()).toEqual(asked)
    await proxy.stop()
    await expect(fetch(proxy.url)).rejects.toThrow()
  })

  it('answers 502 without a token or a symbol server, and tries again', async () => {
    const tokens = [null, 'late']
    const proxy = await startSymbolsProxy(origin, async () => tokens.shift() ?? null)
    expect((await fetch(`${proxy.url}/symbols/partial/a/AB`)).status).toBe(502)
    expect((await fetch(`${proxy.url}/symbols/partial/a/AB`)).status).toBe(200)
    await proxy.stop()
    const lonely = await startSymbolsProxy('http://127.0.0.1:9', async () => 'token')
    expect((await fetch(`${lonely.url}/symbols/partial/a/AB`)).status).toBe(502)
    await lonely.stop()
  })
})
