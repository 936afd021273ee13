import type { Clock, RandomBytes } from '../clock.ts'
import type { Annotations } from '../raw-crash.ts'
import { holds, type ReportInQuestion } from './condition.ts'
import { NO_MATCH, type RuleResult, type Ruleset } from './ruleset.ts'

/** A random number from 0 up to, but not including, 100. */
export type Draw = () => number

/** A rule that a report met, and what it did. */
export interface RuleMatch {
  readonly rule: string
  readonly result: RuleResult
}

/** What the throttler says about a report, and by which rule. */
export interface ThrottleDecision {
  readonly kind: Exclude<RuleResult, 'continue'>
  readonly rule: string
  /** 1 / the probability that these rules keep such a report; 1 for one that is not kept. */
  readonly sampleWeight: number
  /** Every rule that was met, in order; the last one decided. This is what is counted. */
  readonly matched: readonly RuleMatch[]
}

/** Where matches are counted: a call is cheap and never waits. */
export interface RuleCounts {
  count(result: RuleResult, rule: string): void
}

/**
 * Decides whether a report is kept. Pure but for `clock` and `draw`. The first match wins, `continue` goes on, and what no rule decides is rejected
 * by NO_MATCH. A draw at or below a rule's percent gives its result (specs/collector.md 2); only rules with a share draw.
 */
export function throttle(annotations: Annotations, ruleset: Ruleset, clock: Clock, draw: Draw): ThrottleDecision {
  const nowMs = clock()
  const report = reportInQuestion(annotations, ruleset, nowMs)
  const matched: RuleMatch[] = []
  let isDrawn = false
  for (const rule of ruleset.rules) {
    if (!holds(rule.when, report)) continue
    isDrawn ||= rule.percent < 100
    const result = isWithin(rule.percent, draw) ? rule.result : rule.otherwise
    matched.push({ rule: rule.name, result })
    if (result === 'continue') continue
    const sampleWeight = isDrawn && result === 'accept' ? 1 / keptShare(annotations, ruleset, nowMs) : 1
    return { kind: result, rule: rule.name, sampleWeight, matched }
  }
  return {
    kind: 'reject',
    rule: NO_MATCH,
    sampleWeight: 1,
    matched: [...matched, { rule: NO_MATCH, result: 'reject' }],
  }
}

/** What a rule does, on average, with one report: shares of 1. */
export interface RuleShare {
  readonly rule: string
  readonly shares: Readonly<Record<RuleResult, number>>
}

/** The shares in which each rule that a report can meet would decide it. All but the `continue` shares add up to 1. */
export function ruleShares(annotations: Annotations, ruleset: Ruleset, nowMs: number): readonly RuleShare[] {
  const report = reportInQuestion(annotations, ruleset, nowMs)
  const met: RuleShare[] = []
  let reaching = 1
  for (const { name, when, result, percent, otherwise } of ruleset.rules) {
    if (reaching === 0) return met
    if (!holds(when, report)) continue
    const shares = { accept: 0, reject: 0, fake_accept: 0, continue: 0 }
    shares[result] += (reaching * percent) / 100
    shares[otherwise] += (reaching * (100 - percent)) / 100
    met.push({ rule: name, shares })
    reaching = shares.continue
  }
  if (reaching > 0) met.push({ rule: NO_MATCH, shares: { accept: 0, reject: reaching, fake_accept: 0, continue: 0 } })
  return met
}

/**
 * The weight of a kept report under several samplings, one after the other: what goes to `metadata.sample_weight`. Undefined when it
 * stands for itself only.
 */
export function sampleWeight(...weights: readonly number[]): number | undefined {
  // 1 / (0.1 × 0.1) is 99.99999999999999.
  const weight = Number(weights.reduce((product, one) => product * one, 1).toPrecision(12))
  return weight > 1 ? weight : undefined
}

/** Draws from random bytes, in steps of 100 / 2^32. */
export function drawFrom(randomBytes: RandomBytes): Draw {
  return () => {
    const bytes = randomBytes(new Uint8Array(4))
    return (new DataView(bytes.buffer).getUint32(0) / 2 ** 32) * 100
  }
}

/** Summed over all ways to an accept: a draw that is lost may still meet a rule that keeps the report. */
function keptShare(annotations: Annotations, ruleset: Ruleset, nowMs: number): number {
  return ruleShares(annotations, ruleset, nowMs).reduce((sum, { shares }) => sum + shares.accept, 0)
}

function isWithin(percent: number, draw: Draw): boolean {
  if (percent === 100) return true
  const drawn = draw()
  return percent > 0 && drawn <= percent
}

function reportInQuestion(annotations: Annotations, ruleset: Ruleset, nowMs: number): ReportInQuestion {
  return { annotations, ruleset, nowMs, parsedJson: new Map() }
}
