import { MAX_CHART_SERIES, SEARCH_FACET_TERMS, SEARCH_RESULTS_A_PAGE } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { instantMs } from '#shared/search/instant.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer, SearchError } from '#shared/search/search-rpc.ts'
import { CopyLinks } from '../components/copy-links.tsx'
import { CountOf, SamplingBanner } from '../components/counted.tsx'
import { FilterChips } from '../components/filter-chips.tsx'
import { HitTable } from '../components/hit-table.tsx'
import { document, Layout } from '../components/layout.tsx'
import { Paging } from '../components/paging.tsx'
import { ColumnForm, FacetList, QueryBar, RangeForm, SearchFormFields } from '../components/search-form.tsx'
import { HatchPattern, SeriesChart } from '../components/series-chart.tsx'
import { Toggle, ToggleLink } from '../components/toggle.tsx'
import type { Answer } from '../deps.ts'
import { listAnswer } from '../list-answer.ts'
import { countedAll, type PageSearch, pageSearch } from '../page-search.ts'
import { samplingOf } from '../views/counts.ts'
import { AXES, AXIS, type Axis, chartDays, dayOf, daySeries } from '../views/day-series.ts'
import { asText, grouped, shownText } from '../views/json-value.ts'
import { queryText } from '../views/query-text.ts'
import { apiParameters, QUERY_TEXT_CONTROL, submittedControls } from '../views/search-controls.ts'
import { filterChips, isFormSubmission, queryOfForm, withControl } from '../views/search-form.ts'
import { choiceOf, withMore, withSet } from '../views/search-parameters.ts'

const COLUMNS = ['date', 'signature', 'product', 'version', 'platform', 'reason']
const FACETS = ['signature', 'product', 'version', 'platform', 'process_type']
/** Counted for the banner; in the rail only where it is asked for. */
const RULE_FACET = 'throttle_rule'
const TABS = ['results', 'graph'] as const

/** `/search/`: SuperSearch's parameters in the address, its answer on the page. */
export const searchPage: Answer = async (context, deps) => {
  const { searchParams: address, origin } = new URL(context.req.url)
  if (isFormSubmission(address)) return context.redirect(`/search/?${queryOfForm(address)}`, 302)
  const search = await pageSearch(deps, context.var.viewer)
  const { catalog } = search
  const submitted = submittedControls(address, catalog)
  if (submitted.kind === 'address') return context.redirect(`/search/?${submitted.params}`, 302)
  const params = submitted.kind === 'bad' ? submitted.params : address
  const parsed = submitted.kind === 'bad' ? submitted : search.parse(pageQuery(apiParameters(params)))
  if (parsed.kind === 'bad') {
    context.status(400)
    const typed = address.get(QUERY_TEXT_CONTROL)
    return context.html(
      document(
        <SearchFrame params={params} search={search} typed={typed}>
          <p class="notice bad" role="alert">
            {shownText(parsed.message)}
          </p>
        </SearchFrame>,
      ),
    )
  }
  const answer = await search.ask(pageQuery(apiParameters(params)))
  const list = listAnswer(params, () => listOf(answer, parsed.query))
  if (list !== null) return list
  const tab = choiceOf(params, '_tab', TABS)
  const asksForRule = params.getAll('_facets').includes(RULE_FACET)
  const all = countedAll(answer)
  return context.html(
    document(
      <SearchFrame params={params} search={search} answer={answer}>
        <Warnings errors={[...parsed.warnings, ...answer.errors]} />
        <SamplingBanner sampling={samplingOf(all, facetTerms(answer.facets, RULE_FACET))} />
        <div class="search-grid">
          <section class="results" aria-labelledby="results">
            <ResultsHeading answer={answer} query={parsed.query} />
            <nav class="tabs" aria-label="Views of the results">
              {TABS.map((name) => (
                <a
                  href={`/search/?${withSet(params, { _tab: name })}`}
                  aria-current={name === tab ? 'page' : undefined}
                >
                  {name}
                </a>
              ))}
            </nav>
            {tab === 'graph' ? await graphOf(params, parsed.query, search) : null}
            {tab === 'results' && answer.hits.length === 0 ? <NoResults params={params} total={answer.total} /> : null}
            {tab === 'results' && answer.hits.length > 0 ? (
              <HitTable
                answer={answer}
                query={parsed.query}
                params={params}
                catalog={catalog}
                set={apiParameters(params)}
              />
            ) : null}
            {tab === 'results' ? (
              <Paging path="/search/" params={params} query={parsed.query} total={answer.total} />
            ) : null}
            <ColumnForm
              params={params}
              fields={search.fields}
              shown={parsed.query.columns.map(({ name }) => name).filter((name) => name !== 'uuid')}
            />
          </section>
          <div class="facets">
            <RangeForm params={params} fields={search.fields} />
            {parsed.query.aggregations
              .filter(({ key }) => key !== RULE_FACET || asksForRule)
              .map((aggregation) => (
                <FacetList aggregation={aggregation} answer={answer} params={params} catalog={catalog} />
              ))}
          </div>
        </div>
        <CopyLinks path="/search/" params={params} origin={origin} query={apiParameters(params)} />
        <Elsewhere apiUrl={`${origin}/api/SuperSearch/?${apiParameters(params)}`} />
      </SearchFrame>,
    ),
  )
}

/** The results by the day: all of them, or by the values of `_split`. */
async function graphOf(params: URLSearchParams, { date }: SearchQuery, search: PageSearch) {
  const axis = choiceOf<Axis>(params, '_axis', AXES)
  const { field, interval, label } = AXIS[axis]
  const split = search.catalogField(params.get('_split') ?? 'product')?.name ?? 'product'
  const filters = new URLSearchParams([...params].filter(([name]) => !name.startsWith('_')).map(([n, v]) => [n, v]))
  const answer = await search.ask(
    withMore(
      filters,
      ['_facets', `_histogram.${field}`],
      ['_facets', split],
      [`_aggs.${split}`, `_histogram.${field}`],
      ...(interval === null ? [] : [[`_histogram_interval.${field}`, interval] as const]),
      ['_results_number', '0'],
      ['_estimate', '1'],
    ),
  )
  const key = `histogram_${field}`
  const days = chartDays(axis, facetTerms(answer.facets, key), instantMs(date.from.at), instantMs(date.to.at))
  const series = facetTerms(answer.facets, split)
    .slice(0, MAX_CHART_SERIES)
    .map(({ term, facets = {} }) => ({
      label: asText(term) ?? '(blank)',
      unit: 'estimated' as const,
      values: daySeries(axis, facetTerms(facets, key), days).counts.map(({ estimate }) => estimate),
    }))
  return (
    <>
      <HatchPattern />
      <div class="toggles">
        <Toggle label="Axis">
          {AXES.map((one) => (
            <ToggleLink href={`/search/?${withSet(params, { _axis: one })}`} on={one === axis} text={AXIS[one].label} />
          ))}
        </Toggle>
        <Toggle label="Split by">
          {[...new Set([...FACETS, split])].map((one) => (
            <ToggleLink
              href={`/search/?${withSet(params, { _split: one })}`}
              on={one === split}
              text={one.replaceAll('_', ' ')}
            />
          ))}
        </Toggle>
      </div>
      <SeriesChart
        chart={{
          title: `Reports by ${split.replaceAll('_', ' ')}`,
          axis: label,
          days,
          series,
          runningDay: dayOf(search.nowMs),
        }}
      />
    </>
  )
}

function listOf(answer: SearchAnswer, query: SearchQuery) {
  const columns = query.columns.map(({ name }) => name)
  return {
    caption: `${grouped(answer.total)} stored reports`,
    columns,
    rows: answer.hits.map((hit) => columns.map((column) => asText(hit[column]))),
  }
}

/** The page's own columns, facets and page size where the address names none; the crash id is always asked for, for the links. */
function pageQuery(params: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams(params)
  if (!query.has('_columns')) for (const column of COLUMNS) query.append('_columns', column)
  query.append('_columns', 'uuid')
  if (!query.has('_facets')) for (const facet of FACETS) query.append('_facets', facet)
  if (!query.has('_facets_size')) query.set('_facets_size', String(SEARCH_FACET_TERMS))
  if (!query.has('_results_number')) query.set('_results_number', String(SEARCH_RESULTS_A_PAGE))
  if (!query.has('_sort')) query.set('_sort', '-date')
  query.append('_facets', RULE_FACET)
  query.set('_estimate', '1')
  return query
}

function SearchFrame({
  params,
  search: { viewer, catalog },
  answer,
  typed = null,
  children,
}: {
  readonly params: URLSearchParams
  readonly search: PageSearch
  readonly answer?: SearchAnswer
  /** What was typed into the query bar and cannot be read. */
  readonly typed?: string | null
  readonly children: Parameters<typeof Layout>[0]['children']
}) {
  const termsOf = (field: string) => (answer === undefined ? [] : facetTerms(answer.facets, field))
  return (
    <Layout title="Search crashes" viewer={viewer} here={`/search/?${params}`}>
      <h1>Search crashes</h1>
      <QueryBar text={typed ?? queryText(params, catalog)} params={params} />
      <SearchFormFields params={params} products={termsOf('product')} versions={termsOf('version')} />
      <FilterChips chips={filterChips(params, catalog)} href={(without) => `/search/?${without}`} />
      {children}
    </Layout>
  )
}

function Warnings({ errors }: { readonly errors: readonly SearchError[] }) {
  if (errors.length === 0) return null
  return (
    <div class="notice warn" role="status">
      <ul>
        {errors.map((error) => (
          <li>
            {error.type === 'warning'
              ? shownText(`${error.param}: ${error.msg}`)
              : `Part of the index (${shownText(error.index)}) did not answer: counts and results are too low.`}
          </li>
        ))}
      </ul>
    </div>
  )
}

function ResultsHeading({ answer, query }: { readonly answer: SearchAnswer; readonly query: SearchQuery }) {
  const first = query.results_offset + 1
  const last = query.results_offset + answer.hits.length
  return (
    <div class="section-heading">
      <h2 id="results">
        <CountOf counted={countedAll(answer)} />
      </h2>
      <span class="quiet">
        {answer.hits.length === 0 ? null : `${grouped(first)}–${grouped(last)} · `}
        {`${query.date.from.at.slice(0, 10)} to ${query.date.to.at.slice(0, 10)}`}
      </span>
    </div>
  )
}

function NoResults({ params, total }: { readonly params: URLSearchParams; readonly total: number }) {
  return (
    <div class="empty">
      <p>{total === 0 ? 'No crash matches.' : 'There are no more crashes on this page.'}</p>
      <ul>
        {params.has('date') ? null : (
          <li>
            Only the last seven days were searched: set <em>From</em> to look further back (up to a year).
          </li>
        )}
        {params.has('signature') ? (
          <li>
            <em>Is exactly</em>, <em>contains</em>, <em>starts with</em> and <em>ends with</em> mind upper and lower
            case; <em>has the word</em> does not.
          </li>
        ) : null}
        {total > 0 ? (
          <li>
            <a href={`/search/?${withControl(params, '_results_offset', '0')}`}>First page</a>
          </li>
        ) : (
          <li>
            <a href="/search/">Start over</a> with every crash of the last seven days.
          </li>
        )}
      </ul>
    </div>
  )
}

/** The same query for scripts. URLSearchParams escapes quotes, so the address is safe between them in a shell. */
function Elsewhere({ apiUrl }: { readonly apiUrl: string }) {
  return (
    <section class="elsewhere" aria-labelledby="elsewhere">
      <h2 id="elsewhere">This query elsewhere</h2>
      <p>
        <a href={apiUrl}>API URL</a>: the same results as JSON. A click on a line selects it whole.
      </p>
      <pre class="command">
        <code>{apiUrl}</code>
      </pre>
      <pre class="command">
        <code>{`curl -s '${apiUrl}'`}</code>
      </pre>
      <pre class="command">
        <code>{`supersearch --host='${new URL(apiUrl).origin}' --supersearch-url='${apiUrl}'`}</code>
      </pre>
    </section>
  )
}
