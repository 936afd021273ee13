import { openAsBlob } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { connectionText } from './submit.ts'

/** A 2 GB zip over a slow line takes its time; a server that says nothing this long is gone. */
const UPLOAD_DEADLINE_MS = 30 * 60_000
/** Tries of one zip: with the pauses below, half a minute of a server's trouble. */
const MAX_TRIES = 5
const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 60_000

/** Where and as whom to upload. */
export interface UploadTarget {
  readonly origin: string
  readonly token: string
  readonly trySymbols: boolean
  /** The revision of the source that the files were built from. */
  readonly revision?: string | undefined
}

/** Who uploads what, for every request that opens an upload. */
export function uploadHeaders({ token, revision }: Pick<UploadTarget, 'token' | 'revision'>): Record<string, string> {
  return { 'Auth-Token': token, ...(revision !== undefined && { 'Source-Revision': revision }) }
}

/** What the server said of one zip. `unpacking`: accepted, and its files become visible a little later. */
export type UploadOutcome =
  | { readonly kind: 'uploaded'; readonly uploadId: number; readonly unpacking: boolean }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }
  | { readonly kind: 'unavailable'; readonly detail: string }

const answerSchema = z.object({ upload: z.object({ id: z.number(), completed_at: z.string().nullable() }) })
const refusalSchema = z.object({ error: z.string() })

/** Waits; injected so that a test need not. */
export type Pause = (ms: number) => Promise<unknown>

/**
 * Uploads one zip through `POST /upload/`. 429, 5xx and a lost connection are tried again with growing pauses (or as long as
 * Retry-After says): storing the same content twice is skipped by the server, so a repeat is safe.
 */
export async function uploadZip(
  zip: string,
  target: UploadTarget,
  pause: Pause = (ms) => sleep(ms),
): Promise<UploadOutcome> {
  let pauseMs = FIRST_PAUSE_MS
  let last: UploadOutcome = { kind: 'unavailable', detail: 'not tried' }
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const attempt = await tryUpload(zip, target)
    if (attempt.outcome.kind !== 'unavailable') return attempt.outcome
    last = attempt.outcome
    if (tries < MAX_TRIES) await pause(Math.min(attempt.retryAfterMs ?? pauseMs, MAX_PAUSE_MS))
    pauseMs *= 2
  }
  return last
}

interface Attempt {
  readonly outcome: UploadOutcome
  readonly retryAfterMs?: number
}

async function tryUpload(zip: string, target: UploadTarget): Promise<Attempt> {
  const form = new FormData()
  if (target.trySymbols) form.append('try', '1')
  // Tecken takes the archive's kind from the field's name, other servers from the file's: both say zip.
  form.append('symbols.zip', await openAsBlob(zip, { type: 'application/zip' }), 'symbols.zip')
  try {
    const response = await fetch(new URL('/upload/', target.origin), {
      method: 'POST',
      headers: uploadHeaders(target),
      body: form,
      signal: AbortSignal.timeout(UPLOAD_DEADLINE_MS),
    })
    return readAnswer(response.status, response.headers.get('Retry-After'), await response.text())
  } catch (thrown) {
    return { outcome: { kind: 'unavailable', detail: connectionText(thrown) } }
  }
}

function readAnswer(status: number, retryAfter: string | null, body: string): Attempt {
  if (status === 429 || status >= 500) {
    const seconds = Number(retryAfter ?? Number.NaN)
    return {
      outcome: { kind: 'unavailable', detail: `HTTP ${status}` },
      ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1_000 }),
    }
  }
  const json = parseJson(body)
  const answer = answerSchema.safeParse(json)
  if (status === 201 && answer.success) {
    const { id, completed_at: completedAt } = answer.data.upload
    return { outcome: { kind: 'uploaded', uploadId: id, unpacking: completedAt === null } }
  }
  const refusal = refusalSchema.safeParse(json)
  return {
    outcome: { kind: 'refused', status, text: refusal.success ? refusal.data.error : body.trim().slice(0, 300) },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
