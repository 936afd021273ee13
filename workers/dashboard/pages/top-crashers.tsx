import { MAX_FACETS_SIZE } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { rankSignatures } from '#shared/search/signature-ranks.ts'
import { CopyLinks } from '../components/copy-links.tsx'
import { CountOf, PartialNotice, SamplingBanner } from '../components/counted.tsx'
import { document, Layout } from '../components/layout.tsx'
import { HatchPattern } from '../components/series-chart.tsx'
import { TopCrasherTable } from '../components/top-crasher-table.tsx'
import { TopCrashersForm } from '../components/top-crashers-form.tsx'
import type { Answer, DashboardDeps } from '../deps.ts'
import { installsFieldOf } from '../installs-field.ts'
import { listAnswer } from '../list-answer.ts'
import { countedAll, isPartial, type PageSearch, pageSearch } from '../page-search.ts'
import { bugUrl } from '../views/bug-text.ts'
import { type Counted, samplingOf } from '../views/counts.ts'
import { dayOf, daysBetween, todayMs } from '../views/day-series.ts'
import { asText, grouped, shownText } from '../views/json-value.ts'
import { withMore } from '../views/search-parameters.ts'
import { PLATFORM_COLUMNS, type TopCrasher, topCrashers } from '../views/top-crashers.ts'
import {
  filtersOfRequest,
  type RankingWindows,
  rankingWindows,
  readTopCrashersRequest,
  type TopCrashersRequest,
} from '../views/top-crashers-request.ts'
import { errorPage } from './error.tsx'

/** `/topcrashers/`: signatures by how many reports they stand for, in a window of days, and how that changed. */
export const topCrashersPage: Answer = async (context, deps) => {
  const { viewer } = context.var
  const url = new URL(context.req.url)
  const params = url.searchParams
  const request = readTopCrashersRequest(params)
  const search = await pageSearch(deps, viewer)
  const windows = rankingWindows(request, search.nowMs)
  const parsed = search.parse(windows.shown)
  if (parsed.kind === 'bad') return errorPage(context, 400, 'This cannot be searched', [shownText(parsed.message)])
  const ranking = await readRanking(request, windows, search, deps)
  const title = ['Top crashers', request.product, request.version].filter((part) => part !== null).join(' · ')
  const list = listAnswer(params, () => listOf(title, ranking, request.compare))
  if (list !== null) return list
  const products = (await deps.products.current())?.products ?? []
  const templates = products.find(({ name }) => name === request.product)?.bug_links ?? []
  return context.html(
    document(
      <Layout title={shownText(title)} viewer={viewer} here={`/topcrashers/?${params}`}>
        <HatchPattern />
        <div class="section-heading">
          <h1>{shownText(title)}</h1>
          <p>
            <CountOf counted={ranking.all} />
            <span class="quiet">{` of ${grouped(ranking.signatures)}${ranking.signatures >= MAX_FACETS_SIZE ? '+' : ''} signatures`}</span>
          </p>
        </div>
        <TopCrashersForm params={params} request={request} choices={ranking.choices} />
        <PartialNotice partial={ranking.partial} />
        <SamplingBanner sampling={ranking.sampling} />
        {ranking.rows.length === 0 ? (
          <p class="empty">
            No report matches in this window. Take more days, or other choices above; <a href="/search/">search</a>{' '}
            looks back a year.
          </p>
        ) : (
          <TopCrasherTable
            rows={ranking.rows}
            platforms={ranking.platforms}
            hasPings={ranking.hasPings}
            compare={request.compare}
            days={ranking.days}
            runningDay={dayOf(todayMs(search.nowMs))}
            filters={withMore(filtersOfRequest(request), ['date', `>=${dayOf(windows.fromMs)}`])}
            bugHref={(bugId) => bugUrl(templates, bugId)}
          />
        )}
        <p class="quiet">
          Ranked by estimate. Rank and share are compared with the same number of whole days before; the running day is
          in neither. Installs are counted by the time of installation or the product’s client id; – means that reports
          have neither. Crash pings are a series of their own: they are never added to reports, and rank nothing.
        </p>
        <CopyLinks path="/topcrashers/" params={params} origin={url.origin} query={ranking.query} />
      </Layout>,
    ),
  )
}

interface Ranking {
  readonly rows: readonly TopCrasher[]
  readonly all: Counted
  readonly signatures: number
  readonly sampling: ReturnType<typeof samplingOf>
  readonly platforms: readonly string[]
  /** Whether any crash ping is of a signature that is shown: else there is no column. */
  readonly hasPings: boolean
  readonly days: readonly string[]
  readonly choices: Readonly<
    Record<'product' | 'version' | 'process_type' | 'platform' | 'release_channel', readonly string[]>
  >
  readonly query: URLSearchParams
  readonly partial: boolean
}

/** Terms of the lists to choose from. */
const CHOICES = 30

async function readRanking(
  request: TopCrashersRequest,
  windows: RankingWindows,
  search: PageSearch,
  deps: DashboardDeps,
): Promise<Ranking> {
  const counts = [
    ['_facets', 'signature'],
    ['_facets_size', String(MAX_FACETS_SIZE)],
    ['_results_number', '0'],
    ['_estimate', '1'],
  ] as const
  const choiceFields = ['product', 'version', 'process_type', 'platform', 'release_channel'] as const
  const { compare } = request
  const [shown, whole, previous, around, compared] = await Promise.all([
    search.ask(withMore(windows.shown, ...counts)),
    search.ask(withMore(windows.whole, ...counts)),
    search.ask(withMore(windows.previous, ...counts)),
    search.ask(
      withMore(
        windows.shown,
        ...choiceFields.map((name) => ['_facets', name] as const),
        ['_facets', 'throttle_rule'],
        ['_facets_size', String(CHOICES)],
        ['_results_number', '0'],
        ['_estimate', '1'],
      ),
    ),
    compare === null
      ? null
      : search.ask(withMore(rankingWindows({ ...request, version: compare }, search.nowMs).shown, ...counts)),
  ])
  const ranked = rankSignatures(countedSignatures(shown), countedSignatures(whole), countedSignatures(previous))
  const winners = ranked.slice(0, request.size)
  const names = winners.map(({ signature }) => signature)
  const ofInstalls = await installsFieldOf(request.product, search, deps)
  const [details, pings, known, bugs] = await Promise.all([
    names.length === 0 ? null : search.ask(detailsQuery(windows.shown, names, ofInstalls)),
    names.length === 0 ? null : search.askPings(pingsQuery(windows.shown, names)),
    deps.signatures.find(names),
    deps.signatures.bugsOf(names),
  ])
  const days = daysBetween(windows.fromMs, windows.toMs)
  const textsOf = (field: string) => facetTerms(around.facets, field).flatMap(({ term }) => asText(term) ?? [])
  const platforms = textsOf('platform').slice(0, PLATFORM_COLUMNS)
  return {
    rows: topCrashers({
      ranked: winners,
      details: details?.facets ?? {},
      platforms,
      days,
      pings: pings?.facets ?? {},
      installsField: ofInstalls,
      compared: compared === null ? [] : rankSignatures(countedSignatures(compared), NOTHING, NOTHING),
      known,
      bugs,
      fromMs: windows.fromMs,
    }),
    all: countedAll(shown),
    signatures: ranked.length,
    sampling: samplingOf(countedAll(around), facetTerms(around.facets, 'throttle_rule')),
    platforms,
    hasPings: pings !== null && pings.total > 0,
    days,
    choices: {
      product: textsOf('product'),
      version: textsOf('version'),
      process_type: textsOf('process_type'),
      platform: textsOf('platform'),
      release_channel: textsOf('release_channel'),
    },
    query: withMore(
      windows.shown,
      ['_facets', 'signature'],
      ['_facets_size', String(request.size)],
      ['_estimate', '1'],
    ),
    partial: isPartial(shown, whole, previous, around, details, pings, compared),
  }
}

const NOTHING = { terms: [], totalEstimate: 0 }

function countedSignatures(answer: SearchAnswer) {
  return {
    terms: facetTerms(answer.facets, 'signature'),
    totalEstimate: answer.total_estimate ?? answer.total,
  }
}

/** What the columns need, of exactly the signatures that are shown. */
function detailsQuery(shown: URLSearchParams, signatures: readonly string[], ofInstalls: string): URLSearchParams {
  return withMore(
    shown,
    ...signatures.map((signature) => ['signature', `=${signature}`] as const),
    ...['platform', '_histogram.date', `_cardinality.${ofInstalls}`, 'startup_crash', 'report_type'].map(
      (name) => ['_aggs.signature', name] as const,
    ),
    ['_facets', 'signature'],
    ['_facets_size', String(signatures.length)],
    ['_results_number', '0'],
    ['_estimate', '1'],
  )
}

/** Crash pings of the same signatures. Parameters of estimates and installs mean nothing for them. */
function pingsQuery(shown: URLSearchParams, signatures: readonly string[]): URLSearchParams {
  return withMore(
    shown,
    ...signatures.map((signature) => ['signature', `=${signature}`] as const),
    ['_facets', 'signature'],
    ['_facets_size', String(signatures.length)],
    ['_results_number', '0'],
  )
}

function listOf(title: string, { rows, platforms, hasPings }: Ranking, compare: string | null) {
  return {
    caption: title,
    columns: [
      ...['rank', 'rank change', 'signature', 'stored', 'estimated', 'share'],
      ...platforms.map((name) => `${name} (estimated)`),
      ...(hasPings ? ['pings'] : []),
      ...(compare === null ? [] : [`rank in ${compare}`, `share in ${compare}`]),
      ...['installs', 'first seen', 'bugs'],
    ],
    rows: rows.map((row) => [
      row.rank,
      row.change === null ? null : row.change.kind === 'new' ? 'new' : row.change.ranks,
      row.signature,
      row.stored,
      Math.round(row.estimate),
      Number(row.share.toFixed(4)),
      ...row.platforms.map(({ estimate }) => Math.round(estimate)),
      ...(hasPings ? [row.pings] : []),
      ...(compare === null ? [] : [row.compared?.rank ?? null, Number((row.compared?.share ?? 0).toFixed(4))]),
      row.installs === 0 ? null : row.installs,
      row.firstAtMs === null ? null : new Date(row.firstAtMs).toISOString(),
      row.bugs.join(' '),
    ]),
  }
}
