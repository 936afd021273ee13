import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { DeclaredFile } from '#shared/symbols/declared-content.ts'
import { connectionText } from './submit.ts'
import { type UploadTarget, uploadHeaders } from './symbol-upload.ts'

/** The protocol of files in parts (docs/howto/upload-symbols.md); a server without it gets zips. */
const PROTOCOL = 'mayday-parts-1'
/** One request: a part is 10 MiB, and checking a large file takes the server a while. */
const REQUEST_DEADLINE_MS = 10 * 60_000
/** Tries of one request: half a minute of a server's trouble. A part that is through counts anew. */
const MAX_TRIES = 6
const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 60_000

const infoSchema = z.object({ upload_protocols: z.array(z.string()).default([]) })
const actionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('upload'), url: z.string(), part_bytes: z.number(), expires_at: z.number() }),
  z.object({ type: z.literal('skip') }),
  z.object({ type: z.literal('error'), msg: z.string() }),
])
/** The answer that opens an upload; also kept on disk for the next run. */
export const openedSchema = z.object({
  id: z.number(),
  files: z.array(z.object({ key: z.string(), action: actionSchema })),
})
const sessionSchema = z.object({
  state: z.enum(['open', 'received', 'stored', 'skipped', 'failed']),
  parts: z.array(z.object({ part: z.number(), size: z.number(), sha256: z.string() })),
})
const refusalSchema = z.object({ error: z.string() })
const closedSchema = z.object({ upload: z.object({ completed_at: z.string().nullable() }) })

export type FileAction = z.infer<typeof actionSchema>
export type OpenedUpload = z.infer<typeof openedSchema>
export type SendAction = Extract<FileAction, { type: 'upload' }>

/** What a server said to one request. `unavailable` stands for five tries. */
export type Said<Body> =
  | { readonly kind: 'ok'; readonly body: Body }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }
  | { readonly kind: 'unavailable'; readonly detail: string }

/** What a server said, for its user. */
export function saidText(said: Exclude<Said<unknown>, { kind: 'ok' }>): string {
  switch (said.kind) {
    case 'refused':
      return `the server refused it (${said.status}): ${said.text}`
    case 'unavailable':
      return `the server could not take it (${said.detail})`
  }
}

/** Waits; injected so that a test need not. */
export type Pause = (ms: number) => Promise<unknown>

/** A server that takes files in parts. Every request is tried again after 429, 5xx and a lost connection; all of them may be repeated. */
export class PartsClient {
  readonly #target: UploadTarget
  readonly #pause: Pause

  constructor(target: UploadTarget, pause: Pause = (ms) => sleep(ms)) {
    this.#target = target
    this.#pause = pause
  }

  /** Whether the server takes files in parts from this token. A server that knows no such question does not. */
  async isOffered(): Promise<Said<boolean>> {
    const said = await this.#ask('POST', '/upload/auth_info/', infoSchema)
    if (said.kind === 'ok') return { kind: 'ok', body: said.body.upload_protocols.includes(PROTOCOL) }
    return said.kind === 'refused' && said.status !== 403 ? { kind: 'ok', body: false } : said
  }

  open(files: readonly DeclaredFile[]): Promise<Said<OpenedUpload>> {
    const manifest = {
      files: files.map(({ key, sizeBytes, md5 }) => ({ key, size: sizeBytes, md5_hash: md5 })),
      ...(this.#target.trySymbols && { try_symbols: true }),
    }
    return this.#ask('POST', '/upload/v2/', openedSchema, { text: JSON.stringify(manifest) })
  }

  /** Where a file stands that an earlier run began. */
  session(url: string): Promise<Said<z.infer<typeof sessionSchema>>> {
    return this.#ask('GET', url, sessionSchema)
  }

  putPart(url: string, part: number | null, bytes: Uint8Array<ArrayBuffer>): Promise<Said<unknown>> {
    return this.#ask('PUT', part === null ? url : `${url}?part=${part}`, z.unknown(), { bytes })
  }

  completeFile(url: string): Promise<Said<unknown>> {
    return this.#ask('POST', `${url}/complete`, z.unknown())
  }

  close(uploadId: number): Promise<Said<z.infer<typeof closedSchema>>> {
    return this.#ask('POST', `/upload/v2/${uploadId}/complete`, closedSchema)
  }

  async #ask<Body>(
    method: string,
    url: string,
    schema: z.ZodType<Body>,
    body: { readonly text?: string; readonly bytes?: Uint8Array<ArrayBuffer> } = {},
  ): Promise<Said<Body>> {
    let pauseMs = FIRST_PAUSE_MS
    let last: Said<Body> = { kind: 'unavailable', detail: 'not tried' }
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const { said, retryAfterMs } = await this.#askOnce(method, url, schema, body)
      if (said.kind !== 'unavailable') return said
      last = said
      if (tries < MAX_TRIES) await this.#pause(Math.min(retryAfterMs ?? pauseMs, MAX_PAUSE_MS))
      pauseMs *= 2
    }
    return last
  }

  async #askOnce<Body>(
    method: string,
    url: string,
    schema: z.ZodType<Body>,
    { text, bytes }: { readonly text?: string; readonly bytes?: Uint8Array<ArrayBuffer> },
  ): Promise<{ readonly said: Said<Body>; readonly retryAfterMs?: number }> {
    const { origin } = this.#target
    const digest = bytes === undefined ? {} : { 'Content-Digest': `sha-256=:${sha256(bytes, 'base64')}:` }
    try {
      // Upload URLs name the host that the server knows itself by; a proxy between may know it by another.
      const { pathname, search } = new URL(url, origin)
      const response = await fetch(new URL(pathname + search, origin), {
        method,
        headers: { ...uploadHeaders(this.#target), ...digest },
        body: text ?? bytes ?? null,
        signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
      })
      const answer = parseJson(await response.text())
      const { status } = response
      if (status === 429 || status >= 500) {
        const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
        const said = { kind: 'unavailable', detail: `HTTP ${status}` } as const
        return { said, ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1_000 }) }
      }
      const parsed = schema.safeParse(answer)
      if (response.ok && parsed.success) return { said: { kind: 'ok', body: parsed.data } }
      const refusal = refusalSchema.safeParse(answer)
      const reason = refusal.success ? refusal.data.error : `an answer that makes no sense (HTTP ${status})`
      return { said: { kind: 'refused', status, text: reason } }
    } catch (thrown) {
      return { said: { kind: 'unavailable', detail: connectionText(thrown) } }
    }
  }
}

/** Runs at most so many pieces of work at once. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(slots: number) {
    this.#free = slots
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}

/** A file on disk in the form that travels. */
export interface EncodedFile {
  readonly spool: string
  readonly bytes: number
}

/**
 * Sends one file and waits until it is whole on the server; parts that are there are not sent again. `isBegun`: an earlier run had the same
 * URL. The spool file is removed.
 */
export async function sendFile(
  client: PartsClient,
  { url, part_bytes: partBytes }: SendAction,
  file: EncodedFile,
  isBegun: boolean,
  slots: Slots,
  sent: (bytes: number) => void,
): Promise<Said<unknown>> {
  try {
    if (file.bytes <= partBytes && !isBegun) {
      return await slots.run(async () => {
        const said = await client.putPart(url, null, await readRange(file.spool, 0, file.bytes))
        if (said.kind === 'ok') sent(file.bytes)
        return said
      })
    }
    const there = isBegun ? await client.session(url) : null
    if (there !== null && there.kind !== 'ok') return there
    if (there?.body.state === 'stored' || there?.body.state === 'skipped') return there
    if (there === null || there.body.state === 'open') {
      const hashes = new Map((there?.body.parts ?? []).map(({ part, sha256: hash }) => [part, hash]))
      const failed = await sendParts(client, url, file, partBytes, hashes, slots, sent)
      if (failed !== null) return failed
    }
    return await client.completeFile(url)
  } finally {
    await rm(file.spool, { force: true })
  }
}

/** Sends the parts that the server does not have with the same hash; null when all are through. */
async function sendParts(
  client: PartsClient,
  url: string,
  file: EncodedFile,
  partBytes: number,
  there: ReadonlyMap<number, string>,
  slots: Slots,
  sent: (bytes: number) => void,
): Promise<Said<unknown> | null> {
  const count = Math.max(1, Math.ceil(file.bytes / partBytes))
  let failed: Said<unknown> | null = null
  const send = (part: number) =>
    slots.run(async () => {
      if (failed !== null) return
      const from = (part - 1) * partBytes
      const bytes = await readRange(file.spool, from, Math.min(partBytes, file.bytes - from))
      if (there.get(part) !== sha256(bytes, 'hex')) {
        const said = await client.putPart(url, part, bytes)
        if (said.kind !== 'ok') failed ??= said
      }
      sent(bytes.length)
    })
  await Promise.all(Array.from({ length: count }, (_, at) => send(at + 1)))
  return failed
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, length, offset)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function sha256(bytes: Uint8Array, form: 'hex' | 'base64'): string {
  return createHash('sha256').update(bytes).digest(form)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
