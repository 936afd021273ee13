import { createServer, type IncomingHttpHeaders } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { discardedText, postCrashReport, readAnnotation, readAnswer } from './submit.ts'

const ID = '0f3a5c1e-7b7e-4d2a-9c55-2d1d00261123'

describe('the answer of a collector', () => {
  it.each([
    [200, `CrashID=bp-${ID}\n`, { kind: 'accepted', crashId: ID }],
    [200, `CrashID=bp-${ID}\nViewURL=http://x/crash/${ID}?k=1\n`, { kind: 'accepted', crashId: ID }],
    [200, ID, { kind: 'accepted', crashId: ID }],
    [200, 'Discarded=rule_has_hangid', { kind: 'discarded', reason: 'rule_has_hangid' }],
    [400, 'Discarded=malformed_no_annotations', { kind: 'discarded', reason: 'malformed_no_annotations' }],
    [503, '', { kind: 'unavailable', detail: 'HTTP 503' }],
    [404, 'nothing here', { kind: 'unavailable', detail: 'HTTP 404 nothing here' }],
  ])('%i %j', (status, body, expected) => {
    expect(readAnswer(status, body)).toEqual(expected)
  })

  it('is said in words with its reason', () => {
    expect(discardedText('rule_has_hangid')).toContain('throttle rule "has_hangid"')
    expect(discardedText('malformed_bad_gzip')).toContain('malformed_bad_gzip')
  })
})

describe('readAnnotation', () => {
  it.each([
    ['ProductName=WaterWolf', { name: 'ProductName', value: 'WaterWolf' }],
    ['A=b=c', { name: 'A', value: 'b=c' }],
    ['Empty=', { name: 'Empty', value: '' }],
    ['NoValue', null],
    ['=x', null],
  ])('%s', (text, expected) => {
    expect(readAnnotation(text)).toEqual(expected)
  })
})

describe('postCrashReport', () => {
  async function post(gzip: boolean) {
    const received: { body: Buffer; headers: IncomingHttpHeaders }[] = []
    const server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray())
      received.push({ body, headers: request.headers })
      response.end(`CrashID=bp-${ID}\n`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const dump = { bytes: new Uint8Array([0x4d, 0x44, 0x4d, 0x50, 0, 0xff]), fileName: 'a b.dmp' }
    const submission = await postCrashReport(
      origin,
      { annotations: [{ name: 'ProductName', value: 'Wölf' }], dump },
      gzip,
    )
    server.close()
    return { submission, received: received[0] }
  }

  it.each([false, true])('sends annotations and the minidump byte for byte, gzip %s', async (gzip) => {
    const { submission, received } = await post(gzip)
    expect(submission).toEqual({ kind: 'accepted', crashId: ID })
    expect(received?.headers['content-encoding']).toBe(gzip ? 'gzip' : undefined)
    expect(received?.headers['content-length']).toBe(String(received?.body.length))
    const body = gzip ? gunzipSync(received?.body ?? '') : (received?.body ?? Buffer.alloc(0))
    expect(body.includes(Buffer.from('name="ProductName"\r\n\r\nWölf\r\n'))).toBe(true)
    expect(body.includes('name="upload_file_minidump"; filename="a b.dmp"')).toBe(true)
    expect(body.includes(Buffer.from([0x4d, 0x44, 0x4d, 0x50, 0, 0xff]))).toBe(true)
  })

  it('says why nobody answered', async () => {
    const submission = await postCrashReport('http://127.0.0.1:65535', { annotations: [], dump: null }, false)
    expect(submission).toMatchObject({ kind: 'unavailable', detail: expect.stringContaining('ECONNREFUSED') })
  })
})
