import { DeadlineExceeded, withDeadline } from '#shared/deadline.ts'
import {
  MAX_REDIRECTS,
  MAX_UPLOAD_BYTES,
  URL_ANSWER_DEADLINE_MS,
  URL_RETRIES,
  URL_RETRY_PAUSE_MS,
} from '#shared/limits.ts'
import { checkDownloadUrl, type DownloadHosts } from './download-url.ts'
import { UploadBody } from './upload-body.ts'

export interface FetchZipDeps {
  /** The platform's fetch; it gets no credentials and follows no redirect. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly pause: (ms: number) => Promise<unknown>
  readonly hosts: DownloadHosts
}

/** Why a zip could not be fetched. Those with status 502 are the other server's doing: the same request may work later. */
export type UrlRefusal =
  | 'insecure_url'
  | 'not_allowed_domain'
  | 'too_many_redirects'
  | 'url_not_found'
  | 'url_not_200'
  | 'url_errored'
  | 'url_connection_error'
  | 'url_retry_error'
  | 'body_too_large'

export interface UrlRefused {
  readonly kind: 'refused'
  readonly status: 400 | 413 | 502
  readonly reason: UrlRefusal
  readonly text: string
}

export type FetchedZip =
  | {
      readonly kind: 'fetched'
      /** The last segment of the address that the client gave. */
      readonly filename: string
      readonly redirectUrls: readonly string[]
      readonly body: UploadBody
    }
  | UrlRefused

/**
 * Opens the zip behind an address: HEAD until it is found, following at most MAX_REDIRECTS redirects by hand, each checked as the first
 * address was, then GET. The texts are the peer's (specs/symbols.md 1.3); what it answers with 500 is 502 here, because the fault is another
 * server's. A missing Content-Length is fine: bytes are counted as they come.
 */
export async function fetchZip(address: string, deps: FetchZipDeps): Promise<FetchedZip> {
  const found = await findZip(address, deps)
  if (found.kind === 'refused') return found
  const got = await ask('GET', found.url, deps)
  if (got.kind === 'refused') return got
  const { response } = got
  if (response.status !== 200) {
    await response.body?.cancel()
    return refuse(400, 'url_not_200', 'non-200 status code when retrieving URL')
  }
  if (Number(response.headers.get('Content-Length') ?? 0) > MAX_UPLOAD_BYTES) {
    await response.body?.cancel()
    return refuse(413, 'body_too_large', `An upload has at most ${MAX_UPLOAD_BYTES} bytes; split it`)
  }
  const { redirectUrls } = found
  return { kind: 'fetched', filename: leafOf(address), redirectUrls, body: new UploadBody(response.body) }
}

/** What a transfer that broke off in the middle is called. */
export function brokenTransfer(): UrlRefused {
  return refuse(502, 'url_connection_error', 'ConnectionError trying to open URL')
}

type Found = { readonly kind: 'found'; readonly url: string; readonly redirectUrls: readonly string[] } | UrlRefused

async function findZip(address: string, deps: FetchZipDeps): Promise<Found> {
  const redirectUrls: string[] = []
  let next = address
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const checked = checkDownloadUrl(next, deps.hosts)
    if (checked.kind === 'refused') return refuse(400, checked.reason, checked.text)
    const asked = await ask('HEAD', checked.url.href, deps)
    if (asked.kind === 'refused') return asked
    const { status, headers } = asked.response
    await asked.response.body?.cancel()
    const location = headers.get('Location')
    if (status >= 300 && status < 400 && location !== null) {
      if (!URL.canParse(location, checked.url.href)) return refuse(400, 'insecure_url', 'Insecure URL')
      next = new URL(location, checked.url.href).href
      redirectUrls.push(next)
      continue
    }
    if (status >= 500) return refuse(502, 'url_errored', `URL errored (${status})`)
    if (status >= 400) return refuse(400, 'url_not_found', `URL can't be found (${status})`)
    return { kind: 'found', url: checked.url.href, redirectUrls }
  }
  return refuse(400, 'too_many_redirects', 'Too many redirects trying to open URL')
}

/** Statuses that a repeat may mend: the peer's list. */
const RETRIED_STATUSES = [429, 500]

/** One question, repeated after 429, 500 and a failed connection. */
async function ask(
  method: 'HEAD' | 'GET',
  url: string,
  { fetch, pause }: FetchZipDeps,
): Promise<{ readonly kind: 'answered'; readonly response: Response } | UrlRefused> {
  // Content codings would hide the zip's size and bytes.
  const headers = { 'Accept-Encoding': 'identity', 'User-Agent': 'mayday-symbols' }
  let last: UrlRefused = brokenTransfer()
  for (let tries = 0; tries <= URL_RETRIES; tries++) {
    if (tries > 0) await pause(URL_RETRY_PAUSE_MS * 2 ** (tries - 1))
    const aborter = new AbortController()
    try {
      const answer = fetch(url, { method, headers, redirect: 'manual', signal: aborter.signal })
      const response = await withDeadline('download URL', URL_ANSWER_DEADLINE_MS, answer)
      if (!RETRIED_STATUSES.includes(response.status)) return { kind: 'answered', response }
      await response.body?.cancel()
      last = refuse(502, 'url_retry_error', 'RetryError trying to open URL')
    } catch (thrown) {
      last = brokenTransfer()
      // A server that is silent for half a minute is not asked six times.
      if (thrown instanceof DeadlineExceeded) {
        aborter.abort()
        return last
      }
    }
  }
  return last
}

function leafOf(address: string): string {
  return decodeURIComponentSafely(new URL(address).pathname.split('/').at(-1) ?? '')
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function refuse(status: UrlRefused['status'], reason: UrlRefusal, text: string): UrlRefused {
  return { kind: 'refused', status, reason, text }
}
