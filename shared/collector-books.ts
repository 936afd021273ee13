import type { Outcome } from './collector-outcomes.ts'
import type { RuleResult } from './throttle/ruleset.ts'

/**
 * The collector's books. Accepted reports are counted where they lie: one raw crash each, exactly. Everything else leaves nothing behind and is counted as it
 * happens: by outcome and reason, and by throttle rule (the rules of accepted reports too).
 */

/** How many reports ended so. */
export interface OutcomeCount {
  /** As in `shared/collector-outcomes.ts`, but for `accepted`; of older versions perhaps another. */
  readonly outcome: string
  /** A reason of that list, or the throttle rule; null where the outcome says all. */
  readonly reason: string | null
  readonly count: number
}

/** How many reports met a throttle rule, with what result. A report can meet several: the last one decided. */
export interface RuleCount {
  readonly rule: string
  readonly result: string
  readonly count: number
}

/** What was counted in one hour or day. */
export interface TimeOfCounts {
  /** A UTC hour `YYYYMMDDHH`, or a day `YYYYMMDD`. */
  readonly time: string
  readonly outcomes: readonly OutcomeCount[]
  readonly rules: readonly RuleCount[]
  /** Counts of more kinds than an hour holds. */
  readonly other: number
}

/** Raw crashes of a day. With a cursor there are more: ask again with it, and add up. */
export interface AcceptedPage {
  readonly accepted: number
  readonly cursor: string | null
}

/** What the collector tells other Workers of its books, by service binding to `CollectorBooks`. */
export interface CollectorBooksRpc {
  /** From one UTC day (`YYYYMMDD`) to another, both included; hours or days without a count are left out. Counts are up to 10 s late. */
  counts(fromDay: string, toDay: string, by: 'hour' | 'day'): Promise<readonly TimeOfCounts[]>
  /** The accepted reports of a UTC day (`YYYYMMDD`), exactly: they are its raw crashes. */
  accepted(day: string, cursor: string | null): Promise<AcceptedPage>
}

/** The counts of an hour by name, as they travel and are stored. */
export type CountsByName = Readonly<Record<string, number>>

/** The name of counts that found no room. */
export const OTHER = 'other'

/** The name of an outcome's count. Reasons and rule names are of letters, digits and `_`. */
export function outcomeName(outcome: Exclude<Outcome, 'accepted'>, reason: string | null): string {
  return `outcome ${outcome} ${reason ?? ''}`
}

/** The name of a rule's count. */
export function ruleName(result: RuleResult, rule: string): string {
  return `rule ${result} ${rule}`
}

/** Counts of hours as people read them, by hour or added up by day, the oldest first. */
export function timesOfCounts(
  hours: Readonly<Record<string, CountsByName>>,
  by: 'hour' | 'day',
): readonly TimeOfCounts[] {
  const times = new Map<string, Map<string, number>>()
  for (const [hour, counts] of Object.entries(hours)) {
    const time = by === 'hour' ? hour : hour.slice(0, 'YYYYMMDD'.length)
    const sums = times.get(time) ?? new Map<string, number>()
    times.set(time, sums)
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  return [...times].sort().map(([time, sums]) => timeOfCounts(time, sums))
}

function timeOfCounts(time: string, sums: ReadonlyMap<string, number>): TimeOfCounts {
  const outcomes: OutcomeCount[] = []
  const rules: RuleCount[] = []
  for (const [name, count] of sums) {
    const [kind, what = '', why = ''] = name.split(' ')
    if (kind === 'outcome') outcomes.push({ outcome: what, reason: why === '' ? null : why, count })
    else if (kind === 'rule') rules.push({ rule: why, result: what, count })
  }
  return { time, outcomes, rules, other: sums.get(OTHER) ?? 0 }
}
