import { SELF } from 'cloudflare:test'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'

/** What the v2 tests share: a client that speaks the protocol step by step. */

export interface V2File {
  readonly key: string
  readonly data: Uint8Array
}

export interface V2Action {
  readonly type: 'upload' | 'skip' | 'error'
  readonly url: string
  readonly content_encoding: 'gzip' | null
  readonly part_bytes: number
  readonly expires_at: number
  readonly msg?: string
}

export interface V2Opened {
  readonly id: number
  readonly upload_protocol: string
  readonly try_symbols: boolean
  readonly files: readonly { readonly key: string; readonly action: V2Action }[]
}

export const md5 = (data: Uint8Array) => createHash('md5').update(data).digest('hex')
export const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
export const digestHeader = (data: Uint8Array) => {
  const bytes = (sha256(data).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))
  return { 'Content-Digest': `sha-256=:${btoa(String.fromCharCode(...bytes))}:` }
}

/** A file as it goes over the wire. */
export const encoded = ({ key, data }: V2File): Uint8Array => (key.endsWith('.sym') ? gzipSync(data) : data)

export interface Said {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

export class V2Client {
  readonly #token: string

  constructor(token: string) {
    this.#token = token
  }

  async send(
    method: string,
    url: string,
    body: Uint8Array | string | null = null,
    headers: Record<string, string> = {},
  ): Promise<Said> {
    const absolute = new URL(url, 'http://symbols.test')
    const response = await SELF.fetch(absolute.href, {
      method,
      body,
      headers: { 'Auth-Token': this.#token, ...headers },
    })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  async open(files: readonly V2File[], more: Record<string, unknown> = {}): Promise<V2Opened> {
    const manifest = { files: files.map(({ key, data }) => ({ key, size: data.length, md5_hash: md5(data) })), ...more }
    const said = await this.send('POST', '/upload/v2/', JSON.stringify(manifest))
    if (said.status !== 201) throw new Error(`${said.status} ${JSON.stringify(said.body)}`)
    return said.body as unknown as V2Opened
  }

  put(url: string, part: number | null, bytes: Uint8Array, headers = digestHeader(bytes)): Promise<Said> {
    return this.send('PUT', part === null ? url : `${url}?part=${part}`, bytes, headers)
  }

  complete(url: string): Promise<Said> {
    return this.send('POST', `${url}/complete`)
  }

  close(id: number): Promise<Said> {
    return this.send('POST', `/upload/v2/${id}/complete`)
  }
}

/** The upload URL of the first file. */
export function firstUrl(opened: V2Opened): string {
  const action = opened.files[0]?.action
  if (action?.type !== 'upload') throw new Error(`no upload: ${JSON.stringify(action)}`)
  return action.url
}
