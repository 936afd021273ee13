import { GunzipError, gunzip } from '#shared/gunzip.ts'
import { BodyProblem, type BodyProblemReason, requestChunks } from '#shared/http/request-chunks.ts'
import { SYMBOLICATION_BODY_IDLE_MS } from '#shared/limits.ts'
import { type Refusal, refuse } from './answer.ts'
import type { Hold } from './memory-budget.ts'

/** A body that ended too early or is not wanted; {@link bodyRefusal} turns it into an answer. */
type BodyFailure = BodyProblem | GunzipError

/** Whether something thrown while a body was read is the client's doing. */
export function isBodyFailure(thrown: unknown): thrown is BodyFailure {
  return thrown instanceof BodyProblem || thrown instanceof GunzipError
}

/**
 * The bytes of a request's body, inflated where it says that it is gzip, at most `maxBytes` before and after. Null where its encoding is unknown.
 * Throws what {@link isBodyFailure} knows.
 */
export function bodyChunks(request: Request, maxBytes: number, idleMs: number): AsyncIterable<Uint8Array> | null {
  const encoding = (request.headers.get('Content-Encoding') ?? '').trim().toLowerCase()
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBytes) throw new BodyProblem('body_too_large')
  const wire = requestChunks(request.body, maxBytes, idleMs)
  switch (encoding) {
    case '':
    case 'identity':
      return wire
    case 'gzip':
    case 'x-gzip':
      return gunzip(wire, maxBytes)
    default:
      return null
  }
}

const PROBLEM_TITLE: Readonly<Record<BodyProblemReason, (maxBytes: number) => string>> = {
  body_too_large: (maxBytes) => `the body has more than ${maxBytes} bytes: send it in parts`,
  body_timeout: () => `no bytes came for ${SYMBOLICATION_BODY_IDLE_MS / 1_000} s`,
  body_aborted: () => 'the body ended too early',
}

export function bodyRefusal(failure: BodyFailure, maxBytes: number): Refusal {
  if (failure instanceof BodyProblem) return refuse(failure.reason, PROBLEM_TITLE[failure.reason](maxBytes))
  return failure.reason === 'bad_gzip'
    ? refuse('bad_encoding', 'the body is not gzip, as its Content-Encoding says')
    : refuse('body_too_large', PROBLEM_TITLE.body_too_large(maxBytes))
}

export const UNKNOWN_ENCODING = refuse('bad_encoding', 'Content-Encoding is neither gzip nor identity')
export const BUSY = refuse('busy', 'too many requests at once: try again')
export const NOT_JSON = refuse('bad_json', 'Payload is not valid JSON')

/** The whole body as text, or why there is none. What it holds is counted. */
export async function readText(
  request: Request,
  maxBytes: number,
  idleMs: number,
  hold: Hold,
): Promise<{ readonly kind: 'text'; readonly text: string } | Refusal> {
  // The peer reads UTF-8 strictly; what is none is no JSON.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let text = ''
  try {
    const chunks = bodyChunks(request, maxBytes, idleMs)
    if (chunks === null) return UNKNOWN_ENCODING
    for await (const chunk of chunks) {
      if (!hold.add(chunk.length)) return BUSY
      text += decoder.decode(chunk, { stream: true })
    }
    text += decoder.decode()
  } catch (thrown) {
    if (isBodyFailure(thrown)) return bodyRefusal(thrown, maxBytes)
    if (thrown instanceof TypeError) return NOT_JSON
    throw thrown
  }
  return { kind: 'text', text }
}
