import type { MalformedReason, RefusalReason, UnavailableReason } from '#shared/collector-outcomes.ts'
import { type CrashId, shownCrashId } from '#shared/crash-id.ts'
import { RETRY_AFTER_SECONDS } from '#shared/limits.ts'
import type { AnswerForm } from './families.ts'

/** What the client of a report hears that the throttle rules saw. */
export interface Said {
  readonly rule: string
  readonly answerForm: AnswerForm
  /** The client's own version, where it is to send no more reports for it. */
  readonly endOfLifeVersion: string | null
}

/** The same where it gets a crash id. */
interface Named extends Said {
  readonly crashId: CrashId
}

/** Every way that a submission can end. */
export type Answer =
  | ({ readonly kind: 'accepted' } & Named)
  /** The report was here before: the client gets the crash id that it should have got then. */
  | ({ readonly kind: 'resend' } & Named)
  /** The client sees an accept, and nothing is kept: a rule says so of clients that would otherwise send again and again. */
  | ({ readonly kind: 'fake_accepted' } & Named)
  | ({ readonly kind: 'rejected' } & Said)
  | { readonly kind: 'malformed'; readonly reason: MalformedReason }
  | { readonly kind: 'unauthorized_uuid' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }

const REFUSAL_STATUS: Readonly<Record<RefusalReason, number>> = {
  body_too_large: 413,
  inflated_too_large: 413,
  body_timeout: 408,
}

/** The HTTP form: lines of `key=value` as shipped clients read them (specs/collector.md 1.4 and 1.6), `furtherLines` (further-lines.ts) below. */
export function answerResponse(answer: Answer, furtherLines = ''): Response {
  switch (answer.kind) {
    case 'accepted':
    case 'resend':
    case 'fake_accepted':
      return text(
        200,
        answer.answerForm === 'bare_id' ? answer.crashId : `CrashID=${shownCrashId(answer.crashId)}\n${furtherLines}`,
      )
    case 'rejected':
      return text(200, `Discarded=rule_${answer.rule}${furtherLines === '' ? '' : `\n${furtherLines}`}`)
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
