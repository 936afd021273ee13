import { withDeadline } from '#shared/deadline.ts'
import { DUPLICATES_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { Annotations } from '#shared/raw-crash.ts'
import { PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import type { Verdict } from '#shared/throttle/duplicate-counts.ts'
import { type Alike, type Continent, continentOf, type Duplicates } from '#shared/throttle/duplicates-port.ts'
import { type Fingerprint, fingerprintOf } from '#shared/throttle/fingerprint.ts'
import type { Ruleset } from '#shared/throttle/ruleset.ts'
import type { Identity } from './identity.ts'
import type { Payload } from './payload-parts.ts'

/** The rule name of a report that is dropped because enough like it are kept: `Discarded=rule_duplicate`. */
export const DUPLICATE = 'duplicate'

export interface DuplicateDeps {
  readonly duplicates: Duplicates
  readonly defer: (work: Promise<unknown>) => void
  readonly log: Log
}

/** What a report is like, and whether that is a reason to drop it. */
export interface DuplicateCheck {
  /** Null where the report does not say enough: it is always kept. */
  readonly fingerprint: Fingerprint | null
  /** Where it was counted; null where it was not, because the ruleset does not ask for it. */
  readonly continent: Continent | null
  readonly verdict: Verdict
}

const KEEP: Verdict = { kind: 'keep', weight: 1 }

/**
 * Ten are kept, not a thousand (DESIGN.md section 4), where the ruleset says so. Never dropped are reports with comments, ones that the person sent by hand
 * (`Throttleable=0`), and those of the re-submitter. `Duplicates` late or failing: kept.
 */
export async function checkDuplicate(
  { annotations, dumps }: Pick<Payload, 'annotations' | 'dumps'>,
  request: Request,
  { crashIdFrom }: Extract<Identity, { kind: 'crash_id' }>,
  rule: Ruleset['duplicates'],
  deps: DuplicateDeps,
): Promise<DuplicateCheck> {
  const fingerprint = await fingerprintOf(annotations, dumps.get(PRIMARY_DUMP_NAME)?.bytes ?? null)
  if (fingerprint === null || rule === null) return { fingerprint, continent: null, verdict: KEEP }
  const continent = continentOf(request.cf?.continent)
  const alike: Alike = { fingerprint, continent }
  if (crashIdFrom === 'chosen' || isExempt(annotations)) {
    deps.defer(inTime(deps.duplicates.countExempt(alike)).catch((thrown) => uncounted(thrown, deps)))
    return { fingerprint, continent, verdict: KEEP }
  }
  try {
    return { fingerprint, continent, verdict: await inTime(deps.duplicates.count(alike, rule)) }
  } catch (thrown) {
    uncounted(thrown, deps)
    return { fingerprint, continent, verdict: KEEP }
  }
}

function isExempt({ Comments, Throttleable }: Annotations): boolean {
  return Comments !== undefined || String(Throttleable) === '0'
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return withDeadline('Duplicates', DUPLICATES_DEADLINE_MS, work)
}

function uncounted(thrown: unknown, { log }: DuplicateDeps): void {
  log('collector', 'duplicates_unasked', { reason: errorText(thrown) })
}
