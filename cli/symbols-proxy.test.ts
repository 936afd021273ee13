import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSymbolsProxy } from './symbols-proxy.ts'

const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
let server: Server
let origin: string

beforeAll(async () => {
  server = createServer((request, answer) => {
    seen.push({ url: request.url, headers: request.headers })
    if (request.url === '/gone') answer.writeHead(404).end('Symbol Not Found')
    else answer.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('MODULE'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

describe('the symbols proxy', () => {
  it('adds the token as a header, asks for it once, and passes answers through', async () => {
    let made = 0
    const proxy = await startSymbolsProxy(origin, async () => `token${++made}`)
    const found = await fetch(`${proxy.url}/a.so/AB/a%20b.sym?x=1`, { headers: { Cookie: 'a=b' } })
    expect([found.status, await found.text()]).toEqual([200, 'MODULE'])
    expect((await fetch(`${proxy.url}/gone`)).status).toBe(404)
    expect(seen.map(({ url, headers }) => [url, headers['auth-token'], headers.cookie])).toEqual([
      ['/a.so/AB/a%20b.sym?x=1', 'token1', undefined],
      ['/gone', 'token1', undefined],
    ])
    expect((await fetch(`${proxy.url}/upload/`, { method: 'POST' })).status).toBe(405)
    await proxy.stop()
    await expect(fetch(proxy.url)).rejects.toThrow()
  })

  it('answers 502 without a token or a symbol server, and tries again', async () => {
    const tokens = [null, 'late']
    const proxy = await startSymbolsProxy(origin, async () => tokens.shift() ?? null)
    expect((await fetch(`${proxy.url}/a/AB/b`)).status).toBe(502)
    expect((await fetch(`${proxy.url}/a/AB/b`)).status).toBe(200)
    await proxy.stop()
    const lonely = await startSymbolsProxy('http://127.0.0.1:9', async () => 'token')
    expect((await fetch(`${lonely.url}/a/AB/b`)).status).toBe(502)
    await lonely.stop()
  })
})
