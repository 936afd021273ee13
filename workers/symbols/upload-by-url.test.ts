import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { MAX_REDIRECTS, MAX_UPLOAD_BYTES, URL_RETRIES } from '#shared/limits.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { makeZip } from '#shared/symbols/testing/make-zip.ts'
import { readDownloadHosts } from './download-url.ts'
import { db, emptyStore, lastUpload, setUpUploader, storedKeys, sym } from './testing/upload-client.ts'
import { receiveUpload } from './upload.ts'

let token: string
beforeAll(async () => {
  token = await setUpUploader()
})
beforeEach(emptyStore)

const ZIP = makeZip([{ name: 'a/1/a.sym', data: sym('a') }])
const URL_OF_ZIP = 'https://builds.example.com/job/symbols.zip'

/** One request that the other server saw. */
interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Headers
}

/** Uploads by URL against a server that answers as `serve` says; answers all that was said and asked. */
async function uploadByUrl(
  url: string,
  serve: (asked: Asked) => Response | Promise<Response>,
  form: 'multipart' | 'urlencoded' = 'multipart',
) {
  const asked: Asked[] = []
  const pauses: number[] = []
  const answer = await receiveUpload(requestOf(url, form), {
    bucket: env.SYMBOLS,
    uploads: uploadRepository(db),
    owners: symbolOwnersIn(db, 0),
    tokens: tokenRepository(db),
    indexes: symbolIndexBooks(db),
    turn: new BuildTurn(systemClock),
    queue: {
      send: () => Promise.reject(new Error('not used')),
      sendBatch: () => Promise.reject(new Error('not used')),
    },
    download: {
      async fetch(address, init) {
        const request = { method: init.method ?? 'GET', url: address, headers: new Headers(init.headers) }
        asked.push(request)
        expect(init.redirect).toBe('manual')
        return serve(request)
      },
      pause: async (ms) => pauses.push(ms),
      hosts: readDownloadHosts('builds.example.com,storage.example.com', false),
    },
    clock: systemClock,
    log: () => undefined,
  })
  return { answer, asked, pauses }
}

function requestOf(url: string, form: 'multipart' | 'urlencoded'): Request {
  const multipart = form === 'multipart'
  return new Request('http://symbols.test/upload/', {
    method: 'POST',
    headers: {
      'Auth-Token': token,
      'Content-Type': multipart ? 'multipart/form-data; boundary=b' : 'application/x-www-form-urlencoded',
    },
    body: multipart
      ? `--b\r\nContent-Disposition: form-data; name="url"\r\n\r\n${url}\r\n--b--\r\n`
      : new URLSearchParams({ url }).toString(),
  })
}

const serveZip = ({ method }: Asked) => new Response(method === 'HEAD' ? null : ZIP)
const redirect = (location: string) => new Response(null, { status: 302, headers: { Location: location } })

describe('upload by URL', () => {
  it.each(['multipart', 'urlencoded'] as const)(
    'stores the files of the zip; the row says where it came from (%s form)',
    async (form) => {
      const { answer, asked } = await uploadByUrl(URL_OF_ZIP, serveZip, form)
      expect(answer).toMatchObject({
        kind: 'accepted',
        upload: {
          filename: 'symbols.zip',
          sizeBytes: ZIP.length,
          downloadedFrom: { url: URL_OF_ZIP, redirectUrls: [] },
        },
      })
      expect(await storedKeys()).toEqual(['v1/a/1/a.sym'])
      expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
      expect(
        asked.some(({ headers }) => headers.has('Auth-Token') || headers.has('Cookie') || headers.has('Authorization')),
      ).toBe(false)
    },
  )

  it('follows redirects within the list, and keeps the chain', async () => {
    const there = 'https://storage.example.com/blob/123'
    const { answer, asked } = await uploadByUrl(URL_OF_ZIP, (request) =>
      request.url === there ? serveZip(request) : redirect(request.url === URL_OF_ZIP ? '/moved/symbols.zip' : there),
    )
    const redirectUrls = ['https://builds.example.com/moved/symbols.zip', there]
    expect(answer).toMatchObject({
      kind: 'accepted',
      upload: { filename: 'symbols.zip', downloadedFrom: { redirectUrls } },
    })
    expect(asked.at(-1)).toMatchObject({ method: 'GET', url: there })
  })

  it.each([
    ['http://builds.example.com/symbols.zip', 'Insecure URL'],
    ['https://169.254.169.254/symbols.zip', "Not an allowed domain ('169.254.169.254') to download from."],
    ['https://[::ffff:10.0.0.1]/symbols.zip', "Not an allowed domain ('[::ffff:a00:1]') to download from."],
    ['http://127.0.0.1:8787/upload/', 'Insecure URL'],
    [
      'https://builds.example.com:8443/symbols.zip',
      "Not an allowed domain ('builds.example.com:8443') to download from.",
    ],
    ['https://x:y@builds.example.com/symbols.zip', "Not an allowed domain ('builds.example.com') to download from."],
    ['file:///etc/passwd', 'Insecure URL'],
  ])('SSRF: a redirect to %s is checked like the first address, and not followed', async (location, text) => {
    const { answer, asked } = await uploadByUrl(URL_OF_ZIP, () => redirect(location))
    expect(answer).toMatchObject({ kind: 'refused', status: 400, text })
    expect(asked).toHaveLength(1)
    expect(await storedKeys()).toEqual([])
  })

  it('a GET that redirects where HEAD did not is not followed', async () => {
    const { answer, asked } = await uploadByUrl(URL_OF_ZIP, ({ method }) =>
      method === 'HEAD' ? new Response(null) : redirect('https://169.254.169.254/'),
    )
    expect(answer).toMatchObject({ status: 400, text: 'non-200 status code when retrieving URL' })
    expect(asked).toHaveLength(2)
  })

  it('stops after five redirects', async () => {
    const { answer, asked } = await uploadByUrl(URL_OF_ZIP, () => redirect(URL_OF_ZIP))
    expect(answer).toMatchObject({ status: 400, text: 'Too many redirects trying to open URL' })
    expect(asked).toHaveLength(MAX_REDIRECTS + 1)
  })

  it.each<[string, () => Response, number, string, number]>([
    ['404', () => new Response(null, { status: 404 }), 400, "URL can't be found (404)", 1],
    ['503', () => new Response(null, { status: 503 }), 502, 'URL errored (503)', 1],
    ['500 each time', () => new Response(null, { status: 500 }), 502, 'RetryError trying to open URL', URL_RETRIES + 1],
    ['429 each time', () => new Response(null, { status: 429 }), 502, 'RetryError trying to open URL', URL_RETRIES + 1],
  ])('a server that answers %s', async (_, serve, status, text, times) => {
    const { answer, asked } = await uploadByUrl(URL_OF_ZIP, serve)
    expect(answer).toMatchObject({ kind: 'refused', status, text })
    expect(asked).toHaveLength(times)
  })

  it('C14: a server that is not there → 502 with the peer’s text, after five repeats', async () => {
    const { answer, pauses } = await uploadByUrl(URL_OF_ZIP, () => Promise.reject(new Error('connection refused')))
    expect(answer).toMatchObject({
      status: 502,
      reason: 'url_connection_error',
      text: 'ConnectionError trying to open URL',
    })
    expect(pauses).toEqual([200, 400, 800, 1_600, 3_200])
  })

  it('a trouble that passes is not seen', async () => {
    let troubles = 3
    const { answer } = await uploadByUrl(URL_OF_ZIP, (request) =>
      troubles-- > 0 ? new Response(null, { status: 500 }) : serveZip(request),
    )
    expect(answer.kind).toBe('accepted')
  })

  it('a missing Content-Length is fine (the peer answers 500)', async () => {
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(ZIP)
          controller.close()
        },
      })
    const { answer } = await uploadByUrl(URL_OF_ZIP, ({ method }) => new Response(method === 'HEAD' ? null : stream()))
    expect(answer).toMatchObject({ kind: 'accepted', upload: { sizeBytes: ZIP.length } })
  })

  it('a zip that is said to be too large is not fetched; a transfer that breaks off leaves nothing', async () => {
    const tooLarge = await uploadByUrl(
      URL_OF_ZIP,
      () => new Response(null, { headers: { 'Content-Length': String(MAX_UPLOAD_BYTES + 1) } }),
    )
    expect(tooLarge.answer).toMatchObject({ status: 413, reason: 'body_too_large' })
    const broken = await uploadByUrl(URL_OF_ZIP, ({ method }) => {
      const half = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(ZIP.subarray(0, 40))
          controller.error(new Error('reset'))
        },
      })
      return new Response(method === 'HEAD' ? null : half)
    })
    expect(broken.answer).toMatchObject({ status: 502, text: 'ConnectionError trying to open URL' })
    expect(await storedKeys()).toEqual([])
    expect(await lastUpload()).toMatchObject({
      completed_at: null,
      failed_reason: 'ConnectionError trying to open URL',
    })
  })

  it('what is not named .zip, and what is no zip, is refused', async () => {
    const rar = await uploadByUrl('https://builds.example.com/symbols.rar', serveZip)
    expect(rar.answer).toMatchObject({ status: 400, text: 'Unrecognized archive file extension ".rar"' })
    const text = await uploadByUrl(URL_OF_ZIP, ({ method }) => new Response(method === 'HEAD' ? null : 'no zip'))
    expect(text.answer).toMatchObject({ status: 400, text: 'File is not a zip file' })
  })
})
