import type { KnownSignature } from '#shared/db/signatures.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import type { Facets, FacetTerm } from '#shared/search/search-rpc.ts'
import { countedOf } from './breakdown.ts'
import type { Counted } from './counts.ts'
import { DAY_MS, type DayCount, dayOf, daySeries, daysBetween, type Trend, todayMs, trendOf } from './day-series.ts'
import { asText } from './json-value.ts'

/** Whole days of the overview: the last half is the window, the first what it is compared with. */
export const OVERVIEW_DAYS = 14
const WINDOW_DAYS = OVERVIEW_DAYS / 2
const SHOWN_SIGNATURES = 5
const SHOWN_CHANNELS = 5
/** A rise is worth a line when chance alone would not often give it: two standard deviations of counted reports. */
const MIN_RISE_DEVIATIONS = 2

/** Crashes of a product or channel by the day. */
export interface OverviewLine {
  readonly name: string
  /** The window's whole days and the running one. */
  readonly counted: Counted
  /** OVERVIEW_DAYS and the running day, estimates. */
  readonly values: readonly number[]
  readonly trend: Trend
}

/** A signature that rose: the window's whole days against as many before, by estimate. */
export interface Mover {
  readonly signature: string
  readonly now: Counted
  readonly before: Counted
}

export interface NewSignature extends Counted {
  readonly signature: string
}

export interface ProductOverview extends OverviewLine {
  readonly channels: readonly OverviewLine[]
  readonly movers: readonly Mover[]
  readonly newSignatures: readonly NewSignature[]
}

export function overviewDays(nowMs: number): readonly string[] {
  return daysBetween(todayMs(nowMs) - OVERVIEW_DAYS * DAY_MS, nowMs)
}

/**
 * The products of an overview, the most frequent first. `byChannel`: `product` with histogram and `release_channel`; `bySignature`: `product` with
 * `signature` and its histogram.
 */
export function productOverviews(
  byChannel: Facets,
  bySignature: Facets,
  known: readonly KnownSignature[],
  nowMs: number,
): readonly ProductOverview[] {
  const days = overviewDays(nowMs)
  const today = dayOf(todayMs(nowMs))
  const firsts = new Map(known.map((one) => [one.signature, one.firstAtMs?.value ?? null]))
  const signaturesOf = new Map(
    facetTerms(bySignature, 'product').map(({ term, facets }) => [term, facetTerms(facets ?? {}, 'signature')]),
  )
  return facetTerms(byChannel, 'product').map((product) => ({
    ...overviewLine(product, days, today),
    channels: facetTerms(product.facets ?? {}, 'release_channel')
      .slice(0, SHOWN_CHANNELS)
      .map((channel) => overviewLine(channel, days, today)),
    movers: moversOf(signaturesOf.get(product.term) ?? [], days, today),
    newSignatures: newSignaturesOf(signaturesOf.get(product.term) ?? [], firsts, days),
  }))
}

/** The crash pings of each product: a series beside its reports. `byProduct`: `product` with histogram, of pings. */
export function pingLines(byProduct: Facets, nowMs: number): ReadonlyMap<string, OverviewLine> {
  const days = overviewDays(nowMs)
  const lines = facetTerms(byProduct, 'product').map((term) => overviewLine(term, days, dayOf(todayMs(nowMs))))
  return new Map(lines.map((line) => [line.name, line]))
}

/** Signatures of which first dates are wanted. */
export function overviewSignatures(bySignature: Facets): readonly string[] {
  const names = facetTerms(bySignature, 'product').flatMap(({ facets }) =>
    facetTerms(facets ?? {}, 'signature').map(({ term }) => String(term)),
  )
  return [...new Set(names)]
}

function overviewLine(term: FacetTerm, days: readonly string[], today: string): OverviewLine {
  const { counts } = daySeries('received', facetTerms(term.facets ?? {}, 'histogram_date'), days)
  return {
    name: asText(term.term) ?? '(blank)',
    counted: sum(counts.slice(WINDOW_DAYS)),
    values: counts.map(({ estimate }) => estimate),
    trend: trendOf(counts, today),
  }
}

function sum(counts: readonly Counted[]): Counted {
  return counts.reduce<Counted>(
    (all, { stored, estimate }) => ({ stored: all.stored + stored, estimate: all.estimate + estimate }),
    { stored: 0, estimate: 0 },
  )
}

function moversOf(signatures: readonly FacetTerm[], days: readonly string[], today: string): readonly Mover[] {
  return signatures
    .map((term) => {
      const whole = daySeries('received', facetTerms(term.facets ?? {}, 'histogram_date'), days).counts.filter(
        ({ day }) => day < today,
      )
      return {
        signature: String(term.term),
        now: sum(whole.slice(WINDOW_DAYS)),
        before: sum(whole.slice(0, WINDOW_DAYS)),
      }
    })
    .filter(({ now, before }) => {
      const rise = now.stored - before.stored
      return rise > MIN_RISE_DEVIATIONS * Math.sqrt(now.stored + before.stored) && now.estimate > before.estimate
    })
    .sort((a, b) => b.now.estimate - b.before.estimate - (a.now.estimate - a.before.estimate))
    .slice(0, SHOWN_SIGNATURES)
}

/** First seen within the window: by the books of signatures, or by what is counted where they say nothing yet (a job writes them by the hour). */
function newSignaturesOf(
  signatures: readonly FacetTerm[],
  firsts: ReadonlyMap<string, number | null>,
  days: readonly string[],
): readonly NewSignature[] {
  const from = days[WINDOW_DAYS] ?? ''
  return signatures
    .filter((term) => {
      const firstAtMs = firsts.get(String(term.term)) ?? null
      if (firstAtMs !== null) return dayOf(firstAtMs) >= from
      const { counts } = daySeries('received', facetTerms(term.facets ?? {}, 'histogram_date'), days)
      return !counts.some(({ day, stored }: DayCount) => stored > 0 && day < from)
    })
    .map((term) => ({ signature: String(term.term), ...countedOf(term) }))
    .sort((a, b) => b.estimate - a.estimate)
    .slice(0, SHOWN_SIGNATURES)
}
