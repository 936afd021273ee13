import type { KnownSignature, SignatureBug } from '#shared/db/signatures.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import type { Facets } from '#shared/search/search-rpc.ts'
import type { RankedSignature } from '#shared/search/signature-ranks.ts'
import { cardinalityOf, countedOf } from './breakdown.ts'
import type { Counted } from './counts.ts'
import { daySeries } from './day-series.ts'
import { asText } from './json-value.ts'

/** Operating systems with a column of their own: the most frequent of all that is shown. */
export const PLATFORM_COLUMNS = 4

/** One row of the top crashers. */
export interface TopCrasher extends RankedSignature {
  /** By the day, estimates. */
  readonly trend: readonly number[]
  /** One for each platform column. */
  readonly platforms: readonly Counted[]
  readonly installs: number
  /** Crash pings of the same signature, a number of their own. */
  readonly pings: number
  /** Share of startup crashes among its reports, 0 to 1, by estimate. */
  readonly startup: number
  readonly hangs: number
  readonly firstAtMs: number | null
  /** First seen within the window. */
  readonly isNew: boolean
  readonly state: string | null
  readonly bugs: readonly number[]
  /** The same signature in the version that is compared with; null where it is not there. */
  readonly compared: RankedSignature | null
}

export interface TopCrasherDetails {
  readonly ranked: readonly RankedSignature[]
  /** Facets with `signature`, and in each bucket platform, histogram, installs. */
  readonly details: Facets
  readonly platforms: readonly string[]
  /** Facets of crash pings with `signature`. */
  readonly pings: Facets
  readonly days: readonly string[]
  readonly installsField: string
  readonly known: readonly KnownSignature[]
  readonly bugs: readonly SignatureBug[]
  /** The ranking of the version that is compared with. */
  readonly compared: readonly RankedSignature[]
  readonly fromMs: number
}

/** The rows, in the order of their ranks. */
export function topCrashers(given: TopCrasherDetails): readonly TopCrasher[] {
  const buckets = new Map(
    facetTerms(given.details, 'signature').map((bucket) => [String(bucket.term), bucket.facets ?? {}]),
  )
  const pings = new Map(facetTerms(given.pings, 'signature').map(({ term, count }) => [String(term), count]))
  const known = new Map(given.known.map((one) => [one.signature, one]))
  const compared = new Map(given.compared.map((one) => [one.signature, one]))
  return given.ranked.map((row) => {
    const facets = buckets.get(row.signature) ?? {}
    const platforms = new Map(facetTerms(facets, 'platform').map((term) => [asText(term.term), countedOf(term)]))
    const of = (field: string, wanted: string) => {
      const found = facetTerms(facets, field).find(({ term }) => String(term) === wanted)
      return found === undefined ? 0 : countedOf(found).estimate / Math.max(1, row.estimate)
    }
    const firstAtMs = known.get(row.signature)?.firstAtMs?.value ?? null
    return {
      ...row,
      compared: compared.get(row.signature) ?? null,
      trend: daySeries('received', facetTerms(facets, 'histogram_date'), given.days).counts.map(
        ({ estimate }) => estimate,
      ),
      platforms: given.platforms.map((name) => platforms.get(name) ?? { stored: 0, estimate: 0 }),
      pings: pings.get(row.signature) ?? 0,
      installs: cardinalityOf(facets, given.installsField),
      startup: of('startup_crash', 'T'),
      hangs: of('report_type', 'hang'),
      firstAtMs,
      isNew: firstAtMs !== null && firstAtMs >= given.fromMs,
      state: known.get(row.signature)?.state?.value ?? null,
      bugs: [...new Set(given.bugs.filter(({ signature }) => signature === row.signature).map(({ bugId }) => bugId))],
    }
  })
}

/** A change of rank and share in words: `↑ 3, +1.2 points`; `new` where it was not in the window before. */
export function changeText(change: RankedSignature['change'], points: (share: number) => string): string {
  if (change === null) return '–'
  if (change.kind === 'new') return 'new'
  const ranks = change.ranks === 0 ? '=' : `${change.ranks > 0 ? '↑' : '↓'} ${Math.abs(change.ranks)}`
  return `${ranks} (${points(change.share)} pts)`
}
