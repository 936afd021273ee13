import { grouped } from './json-value.ts'

/**
 * Every number says what it is. `stored`: reports that are there; `estimated`: what they stand for before throttle rules sampled them; `pings`: crash
 * pings, which are never summed up with reports; `installs`: different installations.
 */
export type Unit = 'stored' | 'estimated' | 'pings' | 'installs'

/** A number of reports, and what it stands for. */
export interface Counted {
  readonly stored: number
  readonly estimate: number
}

/** How many stored reports stand for one each, in words: `kept 1 in 10`; null where all were kept. */
export function keptText({ stored, estimate }: Counted): string | null {
  if (stored === 0) return null
  const ratio = estimate / stored
  if (ratio < 1.005) return null
  const whole = Math.round(ratio)
  return Math.abs(ratio - whole) < 0.005 ? `kept 1 in ${grouped(whole)}` : `kept about 1 in ${ratio.toFixed(1)}`
}

/** An estimate as people read it: no more digits than it has. */
export function estimateText(estimate: number): string {
  return `≈ ${grouped(estimate < 10 && !Number.isInteger(estimate) ? Number(estimate.toFixed(1)) : Math.round(estimate))}`
}

/** A share of 0 to 1 as percent: `12.3 %`, `<0.1 %`. */
export function percentText(share: number): string {
  if (share === 0) return '0 %'
  const percent = 100 * share
  if (percent < 0.1) return '<0.1 %'
  return `${percent >= 10 ? percent.toFixed(1).replace(/\.0$/, '') : percent.toFixed(1)} %`
}

/** A difference of shares in percentage points, with its sign. */
export function pointsText(difference: number): string {
  const points = 100 * difference
  if (Math.abs(points) < 0.05) return '±0'
  return `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`
}

/** A number of installations; a product that names none has `–`, not zero. */
export function installsText(installs: number): string {
  return installs === 0 ? '–' : grouped(installs)
}

/** One throttle rule that sampled some of the reports. */
export interface SamplingRule extends Counted {
  /** Null where the reports do not name it: they were processed before it was kept. */
  readonly rule: string | null
}

/** What sampling did to the reports of a page. */
export type Sampling =
  | { readonly kind: 'all_kept'; readonly stored: number }
  | ({ readonly kind: 'sampled'; readonly rules: readonly SamplingRule[] } & Counted)

/** Which rules sampled, the one that weighs most first. `byRule`: stored reports and estimates by `throttle_rule`. */
export function samplingOf(
  all: Counted,
  byRule: readonly { readonly term: unknown; readonly count: number; readonly estimate?: number }[],
): Sampling {
  if (all.estimate < all.stored * 1.000_1 + 0.5) return { kind: 'all_kept', stored: all.stored }
  const named = byRule.map(({ term, count, estimate = count }) => ({ rule: String(term), stored: count, estimate }))
  const rest = {
    rule: null,
    stored: all.stored - named.reduce((sum, { stored }) => sum + stored, 0),
    estimate: all.estimate - named.reduce((sum, { estimate }) => sum + estimate, 0),
  }
  const rules = [...named, rest]
    .filter(({ stored, estimate }) => stored > 0 && estimate > stored * 1.000_1)
    .sort((a, b) => b.estimate - b.stored - (a.estimate - a.stored))
  return { kind: 'sampled', rules, ...all }
}
