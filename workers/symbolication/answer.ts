import { SYMBOLICATION_RETRY_AFTER_SECONDS } from '#shared/limits.ts'

/** Why a request has no answer; the one in the log. The texts are those of the peer where it has one. */
export type RefusalReason =
  | 'bad_json'
  | 'bad_encoding'
  | 'bad_request'
  | 'body_aborted'
  | 'body_timeout'
  | 'body_too_large'
  | 'answer_too_large'
  | 'forbidden'
  | 'busy'
  | 'unavailable'

/** A refusal in the peer's shape, `{"title"}` (specs/symbols.md 3.1). */
export interface Refusal {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  readonly title: string
}

export function refuse(reason: RefusalReason, title: string): Refusal {
  return { kind: 'refused', reason, title }
}

const STATUS: Readonly<Record<RefusalReason, number>> = {
  bad_json: 400,
  bad_encoding: 400,
  bad_request: 400,
  body_aborted: 400,
  body_timeout: 408,
  body_too_large: 413,
  answer_too_large: 400,
  forbidden: 403,
  busy: 503,
  unavailable: 503,
}

/** The headers that the peer lets pages read (specs/symbols.md 2.1 and 3.1). */
const EXPOSED =
  'accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, x-csrftoken, x-requested-with'

/** On every answer, refusals too: the Firefox Profiler is a web page. */
const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': EXPOSED,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

/** What a browser asks before it posts JSON to another site. */
export function preflight(): Response {
  return new Response(null, {
    headers: {
      ...ANSWER_HEADERS,
      Allow: 'POST, OPTIONS',
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': '*',
      'Access-Control-Max-Age': '86400',
    },
  })
}

export function refusalResponse({ reason, title }: Refusal): Response {
  const status = STATUS[reason]
  const retry: Readonly<Record<string, string>> =
    status === 503 ? { 'Retry-After': String(SYMBOLICATION_RETRY_AFTER_SECONDS) } : {}
  return Response.json({ title }, { status, headers: { ...ANSWER_HEADERS, ...retry } })
}

export function methodNotAllowed(): Response {
  const headers = { ...ANSWER_HEADERS, Allow: 'POST, OPTIONS' }
  return Response.json({ title: '405 Method Not Allowed' }, { status: 405, headers })
}

export function pathNotFound(): Response {
  return Response.json({ title: '404 Not Found' }, { status: 404, headers: ANSWER_HEADERS })
}

/** Text is gathered into chunks of this size before it is sent. */
const CHUNK_CHARS = 64 * 1024

/** An answer that is written while it is made; `done` is called once, at its end or when the client is gone. */
export function streamedAnswer(
  contentType: string,
  pieces: AsyncGenerator<string> | Generator<string>,
  done: () => void,
) {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        let text = ''
        while (text.length < CHUNK_CHARS) {
          const { done: isOver, value } = await pieces.next()
          if (isOver === true) {
            if (text !== '') controller.enqueue(encoder.encode(text))
            controller.close()
            return done()
          }
          text += value
        }
        controller.enqueue(encoder.encode(text))
      } catch (thrown) {
        done()
        throw thrown
      }
    },
    async cancel() {
      done()
      await pieces.return(undefined)
    },
  })
  return new Response(body, { headers: { ...ANSWER_HEADERS, 'Content-Type': contentType } })
}
