import type { WaitingCrashes } from '#shared/db/missing-processed-crashes.ts'
import { MAX_OVERVIEW_PRODUCTS, MAX_OVERVIEW_SIGNATURES } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import type { DashboardDeps } from './deps.ts'
import { countedAll, isPartial, type PageSearch } from './page-search.ts'
import { type Counted, samplingOf } from './views/counts.ts'
import { asText } from './views/json-value.ts'
import {
  OVERVIEW_DAYS,
  type OverviewLine,
  overviewSignatures,
  type ProductOverview,
  pingLines,
  productOverviews,
} from './views/overview.ts'
import { withMore } from './views/search-parameters.ts'
import { daysAgo } from './views/signature-request.ts'

/** What the overview shows beside each product's latest reports. */
export interface Overview {
  readonly products: readonly ProductOverview[]
  /** Of seven whole days and the running one. */
  readonly all: Counted
  readonly sampling: ReturnType<typeof samplingOf>
  readonly missing: readonly { readonly module: string; readonly count: number }[]
  /** Crash pings by product. */
  readonly pings: ReadonlyMap<string, OverviewLine>
  readonly waiting: WaitingCrashes
  /** What comes closest in SuperSearch. */
  readonly query: URLSearchParams
  readonly partial: boolean
}

/** Modules without symbols that are named here. */
const SHOWN_MISSING = 6

/** Asks search and the books for it, all at once. */
export async function readOverview(search: PageSearch, deps: DashboardDeps): Promise<Overview> {
  const countsOf = (days: number) =>
    new URLSearchParams({ date: `>=${daysAgo(search.nowMs, days)}`, _results_number: '0', _estimate: '1' })
  const since = countsOf(OVERVIEW_DAYS)
  const lately = countsOf(OVERVIEW_DAYS / 2)
  const query = withMore(
    lately,
    ['_facets', 'product'],
    ['_aggs.product', 'release_channel'],
    ['_aggs.product', 'signature'],
  )
  const [byChannel, bySignature, week, pings, waiting] = await Promise.all([
    search.ask(
      withMore(
        since,
        ['_facets', 'product'],
        ['_aggs.product', '_histogram.date'],
        ['_aggs.product.release_channel', '_histogram.date'],
        ['_facets_size', String(MAX_OVERVIEW_PRODUCTS)],
      ),
    ),
    search.ask(
      withMore(
        since,
        ['_facets', 'product'],
        ['_aggs.product.signature', '_histogram.date'],
        ['_facets_size', String(MAX_OVERVIEW_SIGNATURES)],
      ),
    ),
    search.ask(
      withMore(
        lately,
        ['_facets_size', String(SHOWN_MISSING)],
        ['_facets', 'missing_symbols'],
        ['_facets', 'throttle_rule'],
      ),
    ),
    search.askPings(
      withMore(
        since,
        ['_facets', 'product'],
        ['_aggs.product', '_histogram.date'],
        ['_facets_size', String(MAX_OVERVIEW_PRODUCTS)],
      ),
    ),
    deps.missingProcessed.waiting(),
  ])
  const known = await deps.signatures.find(overviewSignatures(bySignature.facets))
  const all = countedAll(week)
  return {
    products: productOverviews(byChannel.facets, bySignature.facets, known, search.nowMs),
    all,
    sampling: samplingOf(all, facetTerms(week.facets, 'throttle_rule')),
    missing: facetTerms(week.facets, 'missing_symbols').map(({ term, count }) => ({
      module: asText(term) ?? '(blank)',
      count,
    })),
    pings: pingLines(pings?.facets ?? {}, search.nowMs),
    waiting,
    query,
    partial: isPartial(byChannel, bySignature, week, pings),
  }
}
