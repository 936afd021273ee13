import { may } from '#shared/auth/permissions.ts'
import type { KnownSignature } from '#shared/db/signatures.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { CopyLinks } from '../components/copy-links.tsx'
import { CountOf, PartialNotice, PingsOf, SamplingBanner } from '../components/counted.tsx'
import { FilterChips } from '../components/filter-chips.tsx'
import { document, Layout } from '../components/layout.tsx'
import { Moment } from '../components/moment.tsx'
import { HatchPattern, Sparkline } from '../components/series-chart.tsx'
import { WindowForm } from '../components/window-form.tsx'
import type { Answer, DashboardContext, DashboardDeps } from '../deps.ts'
import { installsFieldOf } from '../installs-field.ts'
import { listAnswer } from '../list-answer.ts'
import { countedAll, isPartial, type PageSearch, pageSearch } from '../page-search.ts'
import { aggregationsTab } from '../signature-tabs/aggregations.tsx'
import { bugsTab } from '../signature-tabs/bugs.tsx'
import { commentsTab } from '../signature-tabs/comments.tsx'
import { correlationsTab } from '../signature-tabs/correlations.tsx'
import { graphsTab } from '../signature-tabs/graphs.tsx'
import { reportsTab } from '../signature-tabs/reports.tsx'
import type { TabOfSignature } from '../signature-tabs/signature-tab.ts'
import { summaryTab } from '../signature-tabs/summary.tsx'
import { cardinalityOf } from '../views/breakdown.ts'
import { installsText, samplingOf } from '../views/counts.ts'
import { DAY_MS, dayOf, daySeries, daysBetween, todayMs, trendOf, trendText } from '../views/day-series.ts'
import { timeMs } from '../views/duration.ts'
import { asText, grouped, shownText } from '../views/json-value.ts'
import { filterChips } from '../views/search-form.ts'
import { withMore, withSet } from '../views/search-parameters.ts'
import {
  readSignatureRequest,
  SIGNATURE_TABS,
  type SignatureRequest,
  type SignatureTab,
  TREND_DAYS,
} from '../views/signature-request.ts'
import { errorPage } from './error.tsx'

const TABS: Readonly<Record<SignatureTab, TabOfSignature>> = {
  summary: summaryTab,
  aggregations: aggregationsTab,
  reports: reportsTab,
  graphs: graphsTab,
  correlations: correlationsTab,
  comments: commentsTab,
  bugs: bugsTab,
}

/** `/signature/?signature=…`: one signature, by SuperSearch's filters, one tab at a time. */
export const signaturePage: Answer = async (context, deps) => {
  const { viewer } = context.var
  const url = new URL(context.req.url)
  const params = url.searchParams
  const search = await pageSearch(deps, viewer)
  const request = readSignatureRequest(params, search.catalog, search.nowMs)
  if (request.kind === 'bad') return errorPage(context, 400, 'This is no signature’s address', [request.message])
  const parsed = search.parse(request.query)
  if (parsed.kind === 'bad') return errorPage(context, 400, 'This cannot be searched', [shownText(parsed.message)])
  if (request.tab === 'comments' && !may(viewer, 'view_pii')) return forbiddenComments(context)
  const asked = { request, search, deps, params, origin: url.origin }
  const [head, tab] = await Promise.all([readHead(request, search, params, deps), TABS[request.tab](asked)])
  const list = listAnswer(params, () => tab.list)
  if (list !== null) return list
  return context.html(
    document(
      <Layout title={shownText(request.signature)} viewer={viewer} here={`/signature/?${params}`}>
        <HatchPattern />
        <p class="eyebrow">Signature</p>
        <h1 class="signature-name">{shownText(request.signature)}</h1>
        <SignatureHead head={head} />
        <WindowForm path="/signature/" params={params} nowMs={search.nowMs} />
        <FilterChips
          chips={filterChips(withSet(params, { signature: null }), search.catalog)}
          href={(without) =>
            `/signature/?${withMore(new URLSearchParams({ signature: request.signature }), ...without)}`
          }
        />
        <PartialNotice partial={head.partial || tab.partial} />
        <SamplingBanner sampling={head.sampling} />
        <nav class="tabs" aria-label="Tabs of the signature">
          {SIGNATURE_TABS.filter((name) => name !== 'comments' || may(viewer, 'view_pii')).map((name) => (
            <a
              href={`/signature/?${withSet(params, { _tab: name, _results_offset: null, _sort: null, _columns: null })}`}
              aria-current={name === request.tab ? 'page' : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
        <section class="tab" aria-label={request.tab}>
          {tab.content}
        </section>
        <CopyLinks path="/signature/" params={params} origin={url.origin} query={tab.query} />
      </Layout>,
    ),
  )
}

function forbiddenComments(context: DashboardContext) {
  return errorPage(context, 403, 'Comments are protected', [
    'Only people with the permission view_pii see what users wrote. Sign in, or ask an administrator for it.',
  ])
}

interface Head {
  readonly all: { readonly stored: number; readonly estimate: number }
  readonly sampling: ReturnType<typeof samplingOf>
  readonly installs: number
  readonly days: readonly string[]
  readonly values: readonly number[]
  readonly trend: string
  readonly known: KnownSignature | null
  readonly newest: { readonly atMs: number | null; readonly build: string | null }
  readonly bugs: number
  /** Crash pings of the same signature; null where there are none, or the filters ask for what no ping says. */
  readonly pings: { readonly count: number; readonly values: readonly number[]; readonly trend: string } | null
  readonly today: string
  readonly partial: boolean
}

async function readHead(
  request: Extract<SignatureRequest, { kind: 'signature' }>,
  search: PageSearch,
  params: URLSearchParams,
  deps: DashboardDeps,
): Promise<Head> {
  const ofInstalls = await installsFieldOf(params.get('product'), search, deps)
  const histogram = [
    ['_facets', '_histogram.date'],
    ['_results_number', '0'],
    ['_estimate', '1'],
  ] as const
  const [answer, byDay, known, bugs, pings, pingsByDay] = await Promise.all([
    search.ask(
      withMore(
        request.query,
        ['_facets', 'throttle_rule'],
        ['_facets', `_cardinality.${ofInstalls}`],
        ['_columns', 'date'],
        ['_columns', 'build_id'],
        ['_sort', '-date'],
        ['_results_number', '1'],
        ['_estimate', '1'],
      ),
    ),
    search.ask(withMore(request.trendQuery, ...histogram)),
    deps.signatures.find([request.signature]),
    deps.signatures.bugsOf([request.signature]),
    search.askPings(withMore(request.query, ['_facets_size', '0'], ['_results_number', '0'])),
    search.askPings(withMore(request.trendQuery, ...histogram)),
  ])
  const today = todayMs(search.nowMs)
  const days = daysBetween(today - TREND_DAYS * DAY_MS, search.nowMs)
  const countsOf = ({ facets }: SearchAnswer) =>
    daySeries('received', facetTerms(facets, 'histogram_date'), days).counts
  const counts = countsOf(byDay)
  const pingCounts = pingsByDay === null ? [] : countsOf(pingsByDay)
  const all = countedAll(answer)
  const [newest] = answer.hits
  return {
    all,
    sampling: samplingOf(all, facetTerms(answer.facets, 'throttle_rule')),
    installs: cardinalityOf(answer.facets, ofInstalls),
    days,
    values: counts.map(({ estimate }) => estimate),
    trend: trendText(trendOf(counts, dayOf(today))),
    known: known[0] ?? null,
    newest: { atMs: timeMs(newest?.date), build: asText(newest?.build_id) },
    bugs: new Set(bugs.map(({ bugId }) => bugId)).size,
    pings:
      pings === null || (pings.total === 0 && pingsByDay?.total === 0)
        ? null
        : {
            count: pings.total,
            values: pingCounts.map(({ stored }) => stored),
            trend: trendText(trendOf(pingCounts, dayOf(today))),
          },
    today: dayOf(today),
    partial: isPartial(answer, byDay, pings, pingsByDay),
  }
}

function SignatureHead({ head }: { readonly head: Head }) {
  const { known, newest } = head
  const firstAtMs = known?.firstAtMs?.value ?? null
  const firstBuild = known?.firstBuild?.value ?? null
  return (
    <dl class="counts signature-head">
      <div>
        <dt>Reports</dt>
        <dd>
          <CountOf counted={head.all} />
        </dd>
      </div>
      <div>
        <dt>Installs</dt>
        <dd>{installsText(head.installs)}</dd>
      </div>
      <div>
        <dt>{`Trend, ${TREND_DAYS} days`}</dt>
        <dd>
          <Sparkline values={head.values} days={head.days} runningDay={head.today} unit="estimated reports" />
          <span class="quiet">{head.trend}</span>
        </dd>
      </div>
      {head.pings === null ? null : (
        <div>
          <dt>Crash pings</dt>
          <dd>
            <PingsOf pings={head.pings.count} />
            <Sparkline values={head.pings.values} days={head.days} runningDay={head.today} unit="pings" />
            <span class="quiet">{head.pings.trend}</span>
          </dd>
        </div>
      )}
      <div>
        <dt>First seen</dt>
        <dd>
          {firstAtMs === null ? '–' : <Moment atMs={firstAtMs} />}
          {firstBuild === null ? null : <span class="quiet">{`build ${firstBuild}`}</span>}
        </dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>
          {newest.atMs === null ? '–' : <Moment atMs={newest.atMs} />}
          {newest.build === null ? null : <span class="quiet">{`build ${newest.build}`}</span>}
        </dd>
      </div>
      <div>
        <dt>Status</dt>
        <dd>
          {known?.state?.value ?? '–'}
          <span class="quiet">
            {head.bugs === 0 ? 'no bug' : `${grouped(head.bugs)} ${head.bugs === 1 ? 'bug' : 'bugs'}`}
          </span>
        </dd>
      </div>
    </dl>
  )
}
