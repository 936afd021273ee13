import { type CrashId, shownCrashId } from '#shared/crash-id.ts'
import { RETRY_AFTER_SECONDS } from '#shared/limits.ts'

/** Why a body is not a crash report. Sent as `Discarded=malformed_<reason>`, in the peer's words (specs/collector.md 1.5). */
export type MalformedReason =
  | 'no_content_type'
  | 'wrong_content_type'
  | 'no_boundary'
  | 'no_content_length'
  | 'bad_gzip'
  | 'invalid_json'
  | 'invalid_json_value'
  | 'invalid_dump_name'
  | 'invalid_payload_structure'
  | 'no_annotations'
  | 'invalid_uuid'

/** Why a report is too much for us. Sent as `Discarded=<reason>`: final, a client should not send it again as it is. */
export type RefusalReason = 'body_too_large' | 'inflated_too_large' | 'body_timeout'

/** Our own trouble. The body is empty: clients keep a report for later only without a `Discarded` line. */
export type UnavailableReason = 'too_many_bytes_in_flight' | 'save_failed'

/** Every way that a submission can end. */
export type Answer =
  | { readonly kind: 'accepted'; readonly crashId: CrashId; readonly rule: string }
  /** The client sees an accept, and nothing is kept: a rule says so of clients that would otherwise send again and again. */
  | { readonly kind: 'fake_accepted'; readonly crashId: CrashId; readonly rule: string }
  | { readonly kind: 'rejected'; readonly rule: string }
  | { readonly kind: 'malformed'; readonly reason: MalformedReason }
  | { readonly kind: 'unauthorized_uuid' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }

const REFUSAL_STATUS: Readonly<Record<RefusalReason, number>> = {
  body_too_large: 413,
  inflated_too_large: 413,
  body_timeout: 408,
}

/** The HTTP form: lines of `key=value` as shipped clients read them (specs/collector.md 1.4 and 1.6). */
export function answerResponse(answer: Answer): Response {
  switch (answer.kind) {
    case 'accepted':
    case 'fake_accepted':
      return text(200, `CrashID=${shownCrashId(answer.crashId)}\n`)
    case 'rejected':
      return text(200, `Discarded=rule_${answer.rule}`)
    case 'malformed':
      return text(400, `Discarded=malformed_${answer.reason}`)
    case 'unauthorized_uuid':
      return text(401, 'Discarded=unauthorized_uuid')
    case 'refused':
      return text(REFUSAL_STATUS[answer.reason], `Discarded=${answer.reason}`)
    case 'unavailable':
      return text(503, '', { 'Retry-After': String(RETRY_AFTER_SECONDS) })
  }
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, { status, headers: { 'Content-Type': 'text/plain', ...headers } })
}
