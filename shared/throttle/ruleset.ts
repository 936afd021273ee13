import type { Annotations, JsonValue } from '../raw-crash.ts'

/** What a throttle rule does with a report that it matches. */
export type RuleResult = 'accept' | 'reject'

/** A test of one annotation. It fails where the report has no such annotation. */
export interface Condition {
  readonly annotation: string
  readonly op: 'equals'
  readonly value: string
}

/** One throttle rule. Its name is what `Discarded=rule_<name>` and `metadata.throttle_rule` say. */
export interface ThrottleRule {
  readonly name: string
  /** All must hold; an empty list holds for every report. */
  readonly when: { readonly all: readonly Condition[] }
  readonly result: RuleResult
}

/** An ordered list of throttle rules; the first match wins. */
export interface Ruleset {
  readonly version: 1
  readonly name: string
  readonly rules: readonly ThrottleRule[]
}

/** What the throttler says about a report, and by which rule. */
export interface ThrottleDecision {
  readonly kind: RuleResult
  readonly rule: string
}

/** The rule name of a report that no rule matches; it is rejected (specs/collector.md 2). */
export const NO_MATCH = 'NO_MATCH'

/** The default: a deployment that has said nothing about its products wants to see its crashes. */
export const ACCEPT_EVERYTHING: Ruleset = {
  version: 1,
  name: 'accept-everything',
  rules: [{ name: 'accept_everything', when: { all: [] }, result: 'accept' }],
}

/** Decides whether a report is kept. Pure: the same report and rules give the same decision. */
export function throttle(annotations: Annotations, ruleset: Ruleset): ThrottleDecision {
  const rule = ruleset.rules.find(({ when }) => when.all.every((condition) => holds(condition, annotations)))
  return rule === undefined ? { kind: 'reject', rule: NO_MATCH } : { kind: rule.result, rule: rule.name }
}

function holds({ annotation, value }: Condition, annotations: Annotations): boolean {
  const sent = annotations[annotation]
  return sent !== undefined && comparable(sent) === value
}

/** Values are compared as the peer's texts: a JSON null is `None`, 0 is `0` (specs/collector.md 2). */
function comparable(value: JsonValue): string {
  if (value === null) return 'None'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
