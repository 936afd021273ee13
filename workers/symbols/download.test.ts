import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseDownloadPath } from './download.ts'
import { answerRead } from './reads.ts'
import { readsRig, storeFile } from './testing/stored-files.ts'

const KEY = 'a.so/AB12/a.so.sym'
const TEXT = `MODULE Linux x86_64 AB12 a.so\n${'PUBLIC 1 0 f\n'.repeat(1_000)}`
const ID = '44E4EC8C2F41492B9369D6B9A059577C2'
let stored: Uint8Array
const { get, deps } = readsRig()

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  stored = await storeFile(KEY, TEXT)
})

describe('parseDownloadPath', () => {
  it.each([
    ['/a.so/ab12/a.so.sym', 'a.so/AB12/a.so.sym', ''],
    ['/try/a.so/ab12/a.so.sym', 'a.so/AB12/a.so.sym', '/try'],
    ['/try/AB/try', 'try/AB/try', ''],
    ['/my%20lib/AB/%E6%B1%89.sym', 'my lib/AB/汉.sym', ''],
  ])('%s is %s', (pathname, key, tryPrefix) => {
    expect(parseDownloadPath(pathname)).toEqual({ key, tryPrefix })
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

describe('a stored file', () => {
  it.each([['gzip'], ['gzip, deflate, br'], ['*'], ['br;q=1.0, GZIP;q=0.5'], ['identity, *;q=0.1']])(
    'goes out as it is stored to a client that accepts %j',
    async (accept) => {
      const response = await get(`/${KEY}`, { 'Accept-Encoding': accept })
      expect(response.headers.get('Content-Encoding')).toBe('gzip')
      expect(response.headers.get('Content-Length')).toBe(String(stored.length))
      expect(response.headers.get('Vary')).toBe('Accept-Encoding')
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(stored)
    },
  )

  it.each([['identity'], [''], ['gzip;q=0'], ['gzip; q=0, *'], ['br']])(
    'is inflated for a client that accepts %j',
    async (accept) => {
      const response = await get(`/${KEY}`, { 'Accept-Encoding': accept })
      expect(response.headers.get('Content-Encoding')).toBeNull()
      expect(await response.text()).toBe(TEXT)
    },
  )

  it('goes by what the client itself sent, which the platform keeps beside its own header', async () => {
    for (const [sent, encoding] of [
      ['identity', null],
      ['', null],
      ['gzip', 'gzip'],
    ] as const) {
      const init = {
        headers: { 'Accept-Encoding': 'br, gzip', Range: 'bytes=0-5' },
        cf: { clientAcceptEncoding: sent },
      }
      const response = await answerRead(new Request(`http://symbols.test/${KEY}`, init), deps)
      expect([response.status, response.headers.get('Content-Encoding')]).toEqual([206, encoding])
      await response.arrayBuffer()
    }
  })

  it('HEAD says what GET says, without the bytes, and is 200 whatever the client has', async () => {
    const full = await get(`/${KEY}`, { 'Accept-Encoding': 'gzip' })
    await full.arrayBuffer()
    for (const more of [{}, { 'If-None-Match': full.headers.get('ETag') ?? '' }, { Range: 'bytes=0-1' }]) {
      const head = await get(`/${KEY}`, { 'Accept-Encoding': 'gzip', ...more }, 'HEAD')
      expect([...head.headers]).toEqual([...full.headers])
      expect([head.status, head.body]).toEqual([200, null])
    }
  })

  it('is not sent again to a client whose copy is still good, in either form; a changed one is', async () => {
    for (const accept of ['gzip', 'identity']) {
      const first = await get(`/${KEY}`, { 'Accept-Encoding': accept })
      await first.arrayBuffer()
      const etag = first.headers.get('ETag') ?? ''
      const modified = first.headers.get('Last-Modified') ?? ''
      for (const known of [
        { 'If-None-Match': `"other", ${etag}` },
        { 'If-None-Match': `W/${etag}` },
        { 'If-Modified-Since': modified },
        { 'If-None-Match': etag, Range: 'bytes=0-3' },
      ]) {
        const same = await get(`/${KEY}`, { 'Accept-Encoding': accept, ...known })
        expect([same.status, same.body, same.headers.get('ETag')]).toEqual([304, null, etag])
      }
      const other = accept === 'gzip' ? 'identity' : 'gzip'
      for (const changed of [
        await get(`/${KEY}`, { 'Accept-Encoding': accept, 'If-None-Match': '"other"' }),
        await get(`/${KEY}`, { 'Accept-Encoding': other, 'If-None-Match': etag }),
      ]) {
        expect(changed.status).toBe(200)
        await changed.arrayBuffer()
      }
    }
  })

  it('is data whatever a stranger wrote into it: no page, no script, no sniffing', async () => {
    await storeFile('x.html/AB/x.html', '<script>alert(1)</script>')
    const response = await get('/x.html/AB/x.html')
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream')
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(response.headers.get('Content-Security-Policy')).toContain('sandbox')
    await response.arrayBuffer()
  })

  it('is the regular one before the try one where both are asked for, by /try/ as by ?try', async () => {
    await storeFile('b/AB/b.pd_', 'regular')
    await storeFile('b/AB/b.pd_', 'try', { trySymbols: true })
    await storeFile('c/AB/c.pd_', 'try', { trySymbols: true })
    for (const path of ['/b/AB/b.pd_?try', '/try/b/AB/b.pd_', '/b/AB/b.pd_']) {
      expect(await (await get(path)).text()).toBe('regular')
    }
    for (const path of ['/c/AB/c.pd_?try=0', '/try/c/AB/c.pd_']) expect(await (await get(path)).text()).toBe('try')
    expect((await get('/c/AB/c.pd_')).status).toBe(404)
  })

  it('is behind a redirect where the bucket is public: GET 302, HEAD 200; never with private access', async () => {
    await storeFile('my lib/AB/my lib.pdb', 'x')
    const open = readsRig({ bucketUrl: 'https://bucket.example.com' })
    const redirect = await open.get('/my%20lib/AB/my%20lib.pdb')
    expect([redirect.status, redirect.headers.get('Location')]).toEqual([
      302,
      'https://bucket.example.com/v1/my%20lib/AB/my%20lib.pdb',
    ])
    expect(redirect.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect((await open.get('/my%20lib/AB/my%20lib.pdb', {}, 'HEAD')).status).toBe(200)
    expect((await open.get(`/none/${ID}/none.sym`)).status).toBe(404)
  })
})

describe('ranges', () => {
  const part = async (range: string, accept: string, more: Record<string, string> = {}) => {
    const response = await get(`/${KEY}`, { Range: range, 'Accept-Encoding': accept, ...more })
    const { status, headers } = response
    return { status, headers, bytes: new Uint8Array(await response.arrayBuffer()) }
  }
  const text = new TextEncoder().encode(TEXT)

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=100-', 100, null],
    ['bytes=-20', -20, null],
    ['bytes=5-5', 5, 6],
    ['bytes=60-999999', 60, null],
  ])('%s counts in the bytes of the form that is sent', async (range, from, to) => {
    for (const [accept, form] of [
      ['gzip', stored],
      ['identity', text],
    ] as const) {
      const expected = form.slice(from, to ?? form.length)
      const { status, headers, bytes } = await part(range, accept)
      expect(status).toBe(206)
      expect(bytes).toEqual(expected)
      const first = from < 0 ? form.length + from : from
      expect(headers.get('Content-Range')).toBe(`bytes ${first}-${first + expected.length - 1}/${form.length}`)
      expect(headers.get('Content-Length')).toBe(String(expected.length))
      expect(headers.get('Content-Encoding')).toBe(accept === 'gzip' ? 'gzip' : null)
      expect(headers.get('Accept-Ranges')).toBe('bytes')
    }
  })

  it('of a file that is stored raw are read from the bucket alone', async () => {
    await storeFile(
      'r.pdb/AB/r.pdb',
      Uint8Array.from({ length: 100_000 }, (_, at) => at % 251),
    )
    const response = await get('/r.pdb/AB/r.pdb', { Range: 'bytes=500-502' })
    expect([response.status, [...new Uint8Array(await response.arrayBuffer())]]).toEqual([206, [249, 250, 0]])
  })

  it('outside of the file are 416 with its size; several ranges and nonsense are the whole file', async () => {
    const outside = await part('bytes=99999999-', 'identity')
    expect([outside.status, outside.headers.get('Content-Range')]).toEqual([416, `bytes */${text.length}`])
    expect(outside.headers.get('Access-Control-Allow-Origin')).toBe('*')
    for (const range of ['bytes=0-1,4-5', 'bytes=9-3', 'chapters=1']) {
      const { status, bytes } = await part(range, 'identity')
      expect([status, bytes.length]).toEqual([200, text.length])
    }
  })

  it('go on where the client stopped only if it has this very content', async () => {
    const { headers } = await part('bytes=0-1', 'identity')
    const etag = headers.get('ETag') ?? ''
    const zipped = (await part('bytes=0-1', 'gzip')).headers.get('ETag') ?? ''
    for (const [ifRange, status] of [
      [etag, 206],
      [headers.get('Last-Modified') ?? '', 206],
      ['"older"', 200],
      [zipped, 200],
    ] as const) {
      expect((await part('bytes=2-3', 'identity', { 'If-Range': ifRange })).status).toBe(status)
    }
  })

  it('a file whose inflated size nobody wrote down is sent whole', async () => {
    await env.SYMBOLS.put('v1/old.so/AB/old.so.sym', stored, { httpMetadata: { contentEncoding: 'gzip' } })
    const response = await get('/old.so/AB/old.so.sym', { Range: 'bytes=0-3' })
    expect([response.status, response.headers.get('Accept-Ranges')]).toEqual([200, 'none'])
    expect(await response.text()).toBe(TEXT)
  })

  it('an object that is replaced between the two looks at it is sent whole, and never mixed', async () => {
    await storeFile('n.pdb/AB/n.pdb', 'the older content')
    const bucket = {
      get: env.SYMBOLS.get.bind(env.SYMBOLS),
      async head(key: string) {
        const before = await env.SYMBOLS.head(key)
        await storeFile('n.pdb/AB/n.pdb', 'new')
        return before
      },
    }
    const response = await readsRig({ bucket }).get('/n.pdb/AB/n.pdb', { Range: 'bytes=4-8' })
    expect([response.status, await response.text()]).toEqual([200, 'new'])
  })
})

describe('a code id', () => {
  const code = '651C9AF99241000'
  const header = { debugFile: 'xul.pdb', debugId: ID, codeFile: 'xul.dll', codeId: code }

  beforeAll(async () => {
    await storeFile(`xul.pdb/${ID}/xul.sym`, 'old', { header: { ...header, debugId: `F${ID.slice(1)}` } })
    await storeFile(`xul.pdb/${ID}/xul.sym`, 'new', { header })
  })

  it('leads to the newest module that has it: 302 for GET and HEAD, with the query, the leaf as asked', async () => {
    for (const method of ['GET', 'HEAD']) {
      for (const asked of [code, code.toLowerCase()]) {
        const { get } = readsRig()
        const { status, headers } = await get(`/xul.dll/${asked}/any.sym?a=b&_refresh`, {}, method)
        expect([status, headers.get('Location')]).toEqual([302, `/xul.pdb/${ID}/any.sym?a=b&_refresh`])
        expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
      }
    }
  })

  it('is looked up for sym files of its very name alone', async () => {
    for (const path of [`/xul.dll/${code}/xul.dll`, `/XUL.dll/${code}/xul.sym`, `/xul.dll/${code}0/xul.sym`]) {
      expect((await get(path)).status).toBe(404)
    }
  })

  it('of a try build is found by who asks for try symbols', async () => {
    const header = { debugFile: 'try.pdb', debugId: ID, codeFile: 'try.dll', codeId: 'AAAA1111' }
    await storeFile(`try.pdb/${ID}/try.sym`, 'x', { trySymbols: true, header })
    const { get } = readsRig()
    expect((await get('/try.dll/AAAA1111/try.sym')).status).toBe(404)
    const byQuery = await get('/try.dll/AAAA1111/try.sym?try')
    expect(byQuery.headers.get('Location')).toBe(`/try.pdb/${ID}/try.sym?try`)
    const byPath = await get('/try/try.dll/AAAA1111/try.sym')
    expect(byPath.headers.get('Location')).toBe(`/try/try.pdb/${ID}/try.sym`)
    expect(await (await get(byPath.headers.get('Location') ?? '')).text()).toBe('x')
  })

  it('also finds a debug file by its id, and never leads to itself', async () => {
    await storeFile('gone.so/AB34/gone.so.sym', 'x', {
      inBucket: false,
      header: { debugFile: 'gone.so', debugId: 'AB34' },
    })
    expect((await get('/gone.so/AB34/gone.so.sym')).status).toBe(404)
    await storeFile('odd/CD/odd.sym', 'x', {
      header: { debugFile: 'my module', debugId: 'EF56', codeFile: 'm', codeId: '99' },
    })
    expect((await get('/m/99/x.sym')).headers.get('Location')).toBe('/my%20module/EF56/x.sym')
  })

  it('is remembered for a while, a miss only for seconds; ?_refresh and an upload ask anew', async () => {
    let nowMs = 1_000_000
    const { get, deps } = readsRig({ clock: () => nowMs })
    const status = async (query = '') => (await get(`/new.dll/BBBB2222/new.sym${query}`)).status
    expect(await status()).toBe(404)
    await storeFile(`new.pdb/${ID}/new.sym`, 'x', {
      header: { ...header, debugFile: 'new.pdb', codeFile: 'new.dll', codeId: 'BBBB2222' },
    })
    expect(await status()).toBe(404)
    expect(await status('?_refresh')).toBe(302)
    expect(await status()).toBe(302)

    const location = async () => (await get('/new.dll/BBBB2222/new.sym')).headers.get('Location')
    await storeFile('newer.pdb/AB/new.sym', 'x', {
      header: { debugFile: 'newer.pdb', debugId: ID, codeFile: 'new.dll', codeId: 'BBBB2222' },
    })
    expect(await location()).toContain('/new.pdb/')
    nowMs += 60_000
    expect(await location()).toContain('/newer.pdb/')

    expect((await get('/late.dll/CC/late.sym')).status).toBe(404)
    await storeFile('late.pdb/AB/late.sym', 'x', {
      header: { debugFile: 'late.pdb', debugId: ID, codeFile: 'late.dll', codeId: 'CC' },
    })
    expect((await get('/late.dll/CC/late.sym')).status).toBe(404)
    deps.lookups.forget()
    expect((await get('/late.dll/CC/late.sym')).status).toBe(302)
  })
})

describe('what is not there', () => {
  it('is a miss to count; what is ignored or no symbol path is none', async () => {
    const { get, missed } = readsRig()
    const none = await get(`/none.pdb/${ID.toLowerCase()}/none.sym`)
    expect([none.status, await none.text(), none.headers.get('Cache-Control')]).toEqual([
      404,
      'Symbol Not Found',
      'no-cache',
    ])
    await get(`/none.dll/AB12CD34E000/none.sym`)
    for (const path of [
      `/x.pdb/${ID}/file.ptr`,
      `/x.pdb/${'0'.repeat(33)}/x.sym`,
      '/index2.txt',
      `/fo/foo.pdb/${ID}/foo.pdb`,
      `/${KEY}`,
    ]) {
      await (await get(path)).body?.cancel()
    }
    expect(missed).toEqual([`none.pdb/${ID}/none.sym`, 'none.dll/AB12CD34E000/none.sym'])
  })

  it('costs one look at the bucket and none at the books where the id is a debug id', async () => {
    let heads = 0
    const bucket = {
      head: env.SYMBOLS.head.bind(env.SYMBOLS),
      get(key: string) {
        heads += 1
        return env.SYMBOLS.get(key)
      },
    }
    const unused = () => Promise.reject(new Error('the books were asked'))
    const rig = readsRig({ bucket, files: { findModule: unused, findByIds: unused } })
    expect((await rig.get(`/none.pdb/${ID}/none.sym`)).status).toBe(404)
    expect(heads).toBe(1)
  })
})
