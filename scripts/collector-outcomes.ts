import {
  MALFORMED_REASONS,
  OUTCOMES,
  type Outcome,
  REFUSAL_REASONS,
  UNAVAILABLE_REASONS,
} from '#shared/collector-outcomes.ts'
import { code, row } from './markdown-table.ts'

interface Sight {
  readonly meaning: string
  /** Status and body. */
  readonly answer: string
  /** Beside `outcome` and `ms`. */
  readonly log: string
  /** What Antenna counts in its place (specs/collector.md 3.4), for people who have its dashboards. */
  readonly peer: string
}

/** How each outcome is seen from outside. */
const SIGHTS: Readonly<Record<Outcome, Sight>> = {
  accepted: {
    meaning: OUTCOMES.accepted,
    answer: '200 `CrashID=bp-<crash id>`',
    log: '`crash_id`, `rule`',
    peer: '`throttle{result:accept}`, `save_crash.count`',
  },
  resend: {
    meaning: OUTCOMES.resend,
    answer: '200 `CrashID=bp-<the first crash id>`',
    log: '`crash_id`, `rule`',
    peer: '',
  },
  rejected: {
    meaning: OUTCOMES.rejected,
    answer: '200 `Discarded=rule_<rule>`',
    log: '`rule`',
    peer: '`throttle{result:reject}`',
  },
  fake_accepted: {
    meaning: OUTCOMES.fake_accepted,
    answer: '200 `CrashID=bp-<crash id>`, its seventh-last digit 3',
    log: '`crash_id`, `rule`',
    peer: '`throttle{result:fakeaccept}`',
  },
  malformed: {
    meaning: OUTCOMES.malformed,
    answer: '400 `Discarded=malformed_<reason>`',
    log: '`reason`',
    peer: '`malformed{reason}`',
  },
  unauthorized_uuid: {
    meaning: OUTCOMES.unauthorized_uuid,
    answer: '401 `Discarded=unauthorized_uuid`',
    log: '',
    peer: '`unauthorized_uuid`',
  },
  refused: {
    meaning: OUTCOMES.refused,
    answer: '413 or 408 `Discarded=<reason>`',
    log: '`reason`',
    peer: '(its proxy)',
  },
  unavailable: {
    meaning: OUTCOMES.unavailable,
    answer: '503 with `Retry-After`, empty',
    log: '`reason`',
    peer: '`save_crash_dropped.count`',
  },
}

/** Lines beside the one of a submission: outcome, meaning, fields. */
const OTHER_LINES = [
  [
    'save_failed',
    'R2 did not take the report in time; the client was told to keep it.',
    '`crash_id`, `tries`, `reason`',
  ],
  [
    'orphans_kept',
    'Dumps of a report that was not saved, or of a resend, could not be removed.',
    '`crash_id`, `reason`',
  ],
  ['publish_failed', 'The queue did not take the crash id; reconcile sends it later.', '`crash_id`, `reason`'],
  ['counts_unwritten', 'The books could not be written; they are held for the next time.', '`events`, `reason`'],
  ['duplicates_unasked', '`Duplicates` was late or failed; the report is kept, and not counted.', '`reason`'],
  ['throttle_late', '`throttle.json` was not read in time; the report met the ruleset of before.', '`ruleset`'],
  ['throttle_unavailable', '`throttle.json` could not be read; the ruleset of before holds.', '`error`'],
  ['throttle_malformed', '`throttle.json` has a mistake; the last good ruleset holds.', '`path`, `problem`'],
  [
    'products_late',
    '`products.json` was not read in time; the products of before hold. While none were read, every environment is taken out.',
    '',
  ],
  ['products_unavailable', '`products.json` could not be read; as above.', '`error`'],
  ['products_malformed', '`products.json` has a mistake; the last good products hold.', '`path`, `problem`'],
] as const

/** `docs/reference/collector-outcomes.md`: how a submission can end, and where that is seen. */
export function collectorOutcomesPage(generated: string): string {
  const outcomes = Object.entries(SIGHTS).map(([outcome, { meaning, answer, log, peer }]) =>
    row(code(outcome), meaning, answer, log, peer),
  )
  const reasons = (ofOutcome: Outcome, list: Readonly<Record<string, string>>) =>
    Object.entries(list).map(([reason, meaning]) => row(code(ofOutcome), code(reason), meaning))
  return [
    '# How a submission ends',
    '',
    generated,
    '',
    'The words of this page stand in the answer, in the log and in the books.',
    '',
    '**Log**: one line of JSON a submission, `{"stage":"collector","outcome":…,"ms":…}` with the fields below; never a value or name that a client sent, but for',
    'the crash id that an authorized client chose.',
    '',
    '**Books**: accepted reports are their raw crashes, exactly (`CollectorBooks.accepted`). Every other outcome is counted by its reason, or its rule, and every throttle rule by',
    'what it did, by UTC hour, kept for 28 days (`CollectorBooks.counts`). Counts are up to 10 seconds late; an isolate that ends suddenly loses what it had not written.',
    '',
    '| Outcome | Meaning | Answer | In the log | Antenna counts |',
    '| --- | --- | --- | --- | --- |',
    ...outcomes,
    '',
    '## Reasons',
    '',
    '| Outcome | Reason | Meaning |',
    '| --- | --- | --- |',
    ...reasons('malformed', MALFORMED_REASONS),
    ...reasons('refused', REFUSAL_REASONS),
    ...reasons('unavailable', UNAVAILABLE_REASONS),
    '',
    'A flood’s duplicates are `rejected` with the rule `duplicate`.',
    '',
    '## Other lines of the collector',
    '',
    '| Outcome | Meaning | Fields |',
    '| --- | --- | --- |',
    ...OTHER_LINES.map(([outcome, meaning, fields]) => row(code(outcome), meaning, fields)),
    '',
  ].join('\n')
}
