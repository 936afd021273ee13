import { BOUNDARY, multipart, type PartToSend, text } from './multipart-body.ts'

/** What must lie in storage after an accepted report. Only what a row is about is said. */
export interface Stored {
  /** All annotations of the raw crash. */
  readonly annotations?: Readonly<Record<string, unknown>>
  /** All collector notes. */
  readonly notes?: readonly string[]
  /** All dumps by name, as text. */
  readonly dumps?: Readonly<Record<string, string | Uint8Array>>
  /** File names of the dumps that are attachments. */
  readonly attachments?: Readonly<Record<string, string>>
  readonly payload?: 'json' | 'multipart'
  readonly payload_compressed?: '0' | '1'
}

/** One row of the conformance table (specs/collector.md 4.2), sent over HTTP. */
export interface SubmitCase {
  readonly id: string
  readonly what: string
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
  readonly path: string
  /** Sent in chunks, without a length. */
  readonly chunked: boolean
  readonly status: number
  /** The exact body of the answer; `accepted` stands for a crash id of today, `accepted, bare id` for one without `CrashID=`. */
  readonly answer: string
  readonly stored: Stored
}

/** The Content-Type of every body here unless a case says another. */
export const FORM = `multipart/form-data; boundary=${BOUNDARY}`
/** `ProductName`, the annotation that no report is without. */
export const K = text('ProductName', 'Firefox')
/** `Version`. */
export const V = text('Version', '60.0a1')
/** What K and V say. */
export const KV = { ProductName: 'Firefox', Version: '60.0a1' } as const

type Options = Partial<Pick<SubmitCase, 'headers' | 'path' | 'chunked' | 'status' | 'answer' | 'stored'>> & {
  readonly contentType?: string | null
}

/** A row whose body is accepted, unless it says otherwise. */
export function row(
  id: string,
  what: string,
  body: readonly PartToSend[] | Uint8Array<ArrayBuffer>,
  options: Options = {},
): SubmitCase {
  const { contentType = FORM, headers = {}, path = '/submit', chunked = false } = options
  const { status = 200, answer = 'accepted', stored = {} } = options
  return {
    id,
    what,
    body: body instanceof Uint8Array ? body : multipart(body),
    headers: { ...(contentType === null ? {} : { 'Content-Type': contentType }), ...headers },
    path,
    chunked,
    status,
    answer,
    stored,
  }
}

/** A row whose body is no crash report. */
export function malformed(
  id: string,
  what: string,
  body: readonly PartToSend[] | Uint8Array<ArrayBuffer>,
  reason: string,
  options: Options = {},
) {
  return row(id, what, body, { ...options, status: 400, answer: `Discarded=malformed_${reason}` })
}

/** One collector note, and no other. */
export function note(text: string): Stored {
  return { notes: [text] }
}
