/**
 * How a submission can end: the one list of outcomes and of their reasons. These very words stand in the answer (`Discarded=malformed_<reason>`), in
 * the log line and in the books; docs/reference/collector-outcomes.md is made from here.
 */

/** What each outcome means, in the order in which the page shows them. */
export const OUTCOMES = {
  accepted: 'The report is stored under a new crash id.',
  resend: 'The report was here before: the client gets the crash id that it should have got then.',
  rejected: 'A throttle rule did not want the report. Nothing is kept.',
  fake_accepted: 'A throttle rule lets the client believe that it was accepted. Nothing is kept.',
  malformed: 'The body is no crash report.',
  unauthorized_uuid: 'The client chose a crash id and may not.',
  refused: 'The report is too large or too slow. Final: a client should not send it again as it is.',
  unavailable: 'Our own trouble. The client should keep the report and send it again.',
} as const satisfies Readonly<Record<string, string>>

/** One of {@link OUTCOMES}. */
export type Outcome = keyof typeof OUTCOMES

/** Why a body is not a crash report, in the peer's words (specs/collector.md 1.5). */
export const MALFORMED_REASONS = {
  no_content_type: 'The request has no Content-Type.',
  wrong_content_type: 'The Content-Type is not `multipart/form-data` or `multipart/mixed`.',
  no_boundary: 'The Content-Type names no boundary.',
  no_content_length: 'The body is empty.',
  bad_gzip: 'The request says gzip, and its body is not, or is cut short or damaged.',
  invalid_json: 'The JSON part cannot be parsed, nests too deep or has too many values.',
  invalid_json_value: 'The JSON part is not an object.',
  invalid_dump_name: 'A dump has a name that storage needs for itself.',
  invalid_payload_structure: 'The multipart structure is broken, or the body broke off.',
  no_annotations: 'There is no crash annotation.',
  invalid_uuid: 'The crash id that an authorized client chose has a wrong form.',
} as const satisfies Readonly<Record<string, string>>

/** Sent as `Discarded=malformed_<reason>`. */
export type MalformedReason = keyof typeof MALFORMED_REASONS

/** Why a report is too much for us. */
export const REFUSAL_REASONS = {
  body_too_large: 'More than 25 MiB on the wire.',
  inflated_too_large: 'More than 50 MiB after gunzip.',
  body_timeout: 'The body did not arrive in time.',
} as const satisfies Readonly<Record<string, string>>

/** Sent as `Discarded=<reason>`. */
export type RefusalReason = keyof typeof REFUSAL_REASONS

/** Our own trouble. */
export const UNAVAILABLE_REASONS = {
  too_many_bytes_in_flight: 'The isolate holds as many reports as its memory takes.',
  save_failed: 'R2 did not take the report in time.',
} as const satisfies Readonly<Record<string, string>>

/** Not sent: clients keep a report for later only when there is no `Discarded` line. */
export type UnavailableReason = keyof typeof UNAVAILABLE_REASONS
