import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { downloadSymbol, parseDownloadPath } from './download.ts'

const KEY = 'a.so/AB12/a.so.sym'
const TEXT = `MODULE Linux x86_64 AB12 a.so\n${'PUBLIC 1 0 f\n'.repeat(1_000)}`
let stored: Uint8Array

beforeAll(async () => {
  const gzip = new Response(TEXT).body?.pipeThrough(new CompressionStream('gzip'))
  stored = new Uint8Array(await new Response(gzip).arrayBuffer())
  const httpMetadata = { contentType: 'text/plain', contentEncoding: 'gzip' }
  await env.SYMBOLS.put(`v1/${KEY}`, stored, { httpMetadata })
})

async function get(pathAndQuery: string, headers: Record<string, string> = {}, method = 'GET') {
  const request = new Request(`http://symbols.test${pathAndQuery}`, { method, headers })
  const path = parseDownloadPath(new URL(request.url).pathname)
  if (path === null) throw new Error(`${pathAndQuery} is no symbol path`)
  return downloadSymbol(request, path, { bucket: env.SYMBOLS, clock: () => 1_000 })
}

describe('parseDownloadPath', () => {
  it.each([
    ['/a.so/ab12/a.so.sym', 'a.so/AB12/a.so.sym', false],
    ['/try/a.so/ab12/a.so.sym', 'a.so/AB12/a.so.sym', true],
    ['/try/AB/try', 'try/AB/try', false],
    ['/my%20lib/AB/%E6%B1%89.sym', 'my lib/AB/汉.sym', false],
  ])('%s is %s', (pathname, key, tryOnly) => {
    expect(parseDownloadPath(pathname)).toEqual({ key, tryOnly })
  })

  it.each([
    '/',
    '/a.so',
    '/a.so/AB',
    '/a.so/xyz/a',
    '/a.so/AB/a/b',
    '/a/AB/b%2Fc',
    '/..%2Fa/AB/b',
    '/a/AB/%',
    '/a/AB/%00',
    '/try/AB/',
    '//AB/c',
  ])('%s is no symbol path', (pathname) => {
    expect(parseDownloadPath(pathname)).toBeNull()
  })
})

describe('downloadSymbol', () => {
  it.each([['gzip'], ['gzip, deflate, br'], ['*'], ['br;q=1.0, GZIP;q=0.5'], ['identity, *;q=0.1']])(
    'gives the stored bytes to a client that accepts %j',
    async (accept) => {
      const response = await get(`/${KEY}`, { 'Accept-Encoding': accept })
      expect(response.headers.get('Content-Encoding')).toBe('gzip')
      expect(response.headers.get('Content-Length')).toBe(String(stored.length))
      expect(response.headers.get('Vary')).toBe('Accept-Encoding')
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(stored)
    },
  )

  it.each([['identity'], [''], ['gzip;q=0'], ['gzip; q=0, *'], ['br']])(
    'inflates for a client that accepts %j',
    async (accept) => {
      const response = await get(`/${KEY}`, { 'Accept-Encoding': accept })
      expect(response.headers.get('Content-Encoding')).toBeNull()
      expect(await response.text()).toBe(TEXT)
    },
  )

  it('HEAD says what GET says, without the bytes', async () => {
    const head = await get(`/${KEY}`, { 'Accept-Encoding': 'gzip' }, 'HEAD')
    const full = await get(`/${KEY}`, { 'Accept-Encoding': 'gzip' })
    expect([...head.headers]).toEqual([...full.headers])
    expect([head.status, head.body]).toEqual([200, null])
    await full.arrayBuffer()
  })

  it('a copy that is still good is not sent again, in either form; an old one is', async () => {
    for (const accept of ['gzip', 'identity']) {
      const first = await get(`/${KEY}`, { 'Accept-Encoding': accept })
      await first.arrayBuffer()
      const etag = first.headers.get('ETag') ?? ''
      const same = await get(`/${KEY}`, { 'Accept-Encoding': accept, 'If-None-Match': `"other", ${etag}` })
      expect([same.status, same.body, same.headers.get('ETag')]).toEqual([304, null, etag])
      const changed = await get(`/${KEY}`, { 'Accept-Encoding': accept, 'If-None-Match': '"other"' })
      expect(changed.status).toBe(200)
      await changed.arrayBuffer()
    }
  })

  it('gives every byte of a stranger’s file as data: no page, no script, no sniffing', async () => {
    await env.SYMBOLS.put('v1/x.html/AB/x.html', '<script>alert(1)</script>')
    const response = await get('/x.html/AB/x.html')
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream')
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(response.headers.get('Content-Security-Policy')).toContain('sandbox')
    await response.arrayBuffer()
  })

  it('regular symbols come before try symbols where both are asked', async () => {
    await env.SYMBOLS.put('v1/b/AB/b.pd_', 'regular')
    await env.SYMBOLS.put('try/v1/b/AB/b.pd_', 'try')
    expect(await (await get('/b/AB/b.pd_?try')).text()).toBe('regular')
    expect(await (await get('/try/b/AB/b.pd_')).text()).toBe('try')
    expect(await (await get('/b/AB/b.pd_')).text()).toBe('regular')
  })
})
