import { z } from 'zod'
import { utcDay } from '../clock.ts'
import { DUPLICATES_DAYS_KEPT } from '../limits.ts'
import type { Draw } from './throttle.ts'

/**
 * What is counted of one fingerprint on one continent, and what follows for the next report. Pure: the state goes in and comes out, so the rules of keeping
 * do not depend on what stores it.
 */

const hourOfMs = (atMs: number) => Math.floor(atMs / 3_600_000)

const daySchema = z.object({ sent: z.int().min(0), kept: z.int().min(0) })
/** Reports of one UTC day: as sent, and of these kept. */
export type DayCounts = z.infer<typeof daySchema>

export const duplicateCountsSchema = z.object({
  /** By `YYYYMMDD`, the last DUPLICATES_DAYS_KEPT. */
  days: z.record(z.string(), daySchema),
  /** The hour since the epoch that `seen` counts in. */
  hour: z.int(),
  seen: z.int().min(0),
  /** Of each run of `then_one_in` reports the one at this place is kept: drawn anew each hour, as a share of 1. */
  start: z.number().min(0).max(1),
  /** The first signature that the processor found, as a hash, and the signature lists that made it. */
  signature: z.object({ hash: z.string(), lists: z.string() }).nullable(),
  /** Crashes of two signatures have this fingerprint: none is dropped any more. */
  mixed: z.boolean(),
  lastMs: z.number(),
})
export type DuplicateCounts = z.infer<typeof duplicateCountsSchema>

export const NO_DUPLICATES: DuplicateCounts = {
  days: {},
  hour: 0,
  seen: 0,
  start: 0,
  signature: null,
  mixed: false,
  lastMs: 0,
}

/** How many alike are kept: a ruleset's `duplicates`. */
export interface KeepRule {
  readonly keep_first: number
  readonly then_one_in: number
}

/** What becomes of a report. `weight`: how many reports alike it stands for. */
export type Verdict = { readonly kind: 'keep'; readonly weight: number } | { readonly kind: 'drop' }

const KEEP: Verdict = { kind: 'keep', weight: 1 }

/**
 * Counts a report and decides on it: the first `keep_first` of an hour are kept, then one of each `then_one_in`, at a place that is drawn once an hour. So each
 * report has the same chance, 1 / `then_one_in`, and the weights miss the sent count by less than `then_one_in` an hour, where single draws would miss by
 * ten times that. Isolates' clocks differ: a report of the hour before counts in this one.
 */
export function countReport(
  before: DuplicateCounts,
  rule: KeepRule,
  nowMs: number,
  draw: Draw,
): { readonly counts: DuplicateCounts; readonly verdict: Verdict } {
  const hour = hourOfMs(nowMs)
  const inHour = hour > before.hour ? { ...before, hour, seen: 0, start: draw() / 100 } : before
  const verdict = before.mixed ? KEEP : verdictOn(inHour, rule)
  const counts = { ...inHour, seen: inHour.seen + 1 }
  return { counts: countDay(counts, nowMs, verdict.kind === 'keep'), verdict }
}

/** Counts a report that is kept whatever there is of its kind: it takes no place of others. */
export function countExempt(before: DuplicateCounts, nowMs: number): DuplicateCounts {
  return countDay(before, nowMs, true)
}

/**
 * Takes what the processor found. A second signature by the same lists makes the fingerprint mixed, for good; by other lists it only replaces the first: new
 * lists name the same crash differently.
 */
export function noteSignature(before: DuplicateCounts, hash: string, lists: string): DuplicateCounts {
  const { signature } = before
  if (signature === null || signature.lists !== lists) return { ...before, signature: { hash, lists } }
  return signature.hash === hash || before.mixed ? before : { ...before, mixed: true }
}

/** The days of several objects together, oldest first. */
export function addDays(days: readonly DuplicateCounts['days'][]): readonly (readonly [day: string, DayCounts])[] {
  const sums = new Map<string, DayCounts>()
  for (const [day, { sent, kept }] of days.flatMap((one) => Object.entries(one))) {
    const sum = sums.get(day) ?? { sent: 0, kept: 0 }
    sums.set(day, { sent: sum.sent + sent, kept: sum.kept + kept })
  }
  return [...sums].sort(([left], [right]) => (left < right ? -1 : 1))
}

function verdictOn({ seen, start }: DuplicateCounts, { keep_first, then_one_in }: KeepRule): Verdict {
  if (seen < keep_first) return KEEP
  const place = Math.min(Math.floor(start * then_one_in), then_one_in - 1)
  return (seen - keep_first) % then_one_in === place ? { kind: 'keep', weight: then_one_in } : { kind: 'drop' }
}

function countDay(before: DuplicateCounts, nowMs: number, isKept: boolean): DuplicateCounts {
  const today = utcDay(nowMs)
  const { sent, kept } = before.days[today] ?? { sent: 0, kept: 0 }
  const days = { ...before.days, [today]: { sent: sent + 1, kept: kept + Number(isKept) } }
  const last = Object.keys(days).sort().slice(-DUPLICATES_DAYS_KEPT)
  return {
    ...before,
    days: Object.fromEntries(Object.entries(days).filter(([day]) => last.includes(day))),
    lastMs: Math.max(before.lastMs, nowMs),
  }
}
