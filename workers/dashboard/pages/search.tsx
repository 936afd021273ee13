import type { Viewer } from '#shared/auth/permissions.ts'
import { parseShownCrashId } from '#shared/crash-id.ts'
import {
  MAX_RESULTS_WINDOW,
  SEARCH_FACET_TERMS,
  SEARCH_RESULTS_A_PAGE,
  SEARCH_RPC_DEADLINE_MS,
} from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import type { FieldCatalog } from '#shared/search/fields.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer, SearchError } from '#shared/search/search-rpc.ts'
import { HitTable } from '../components/hit-table.tsx'
import { document, Layout } from '../components/layout.tsx'
import { FacetList, SearchFormFields } from '../components/search-form.tsx'
import type { Answer } from '../deps.ts'
import { searchFields } from '../field-catalog.ts'
import { askStage } from '../stage-unavailable.ts'
import { grouped, shownText } from '../views/json-value.ts'
import { filterChips, isFormSubmission, queryOfForm, withControl } from '../views/search-form.ts'

const COLUMNS = ['date', 'signature', 'product', 'version', 'platform', 'reason']
const FACETS = ['signature', 'product', 'version', 'platform', 'process_type']

/** `/search/`: SuperSearch's parameters in the address, its answer on the page. */
export const searchPage: Answer = async (context, deps) => {
  const { searchParams } = new URL(context.req.url)
  if (isFormSubmission(searchParams)) return context.redirect(`/search/?${queryOfForm(searchParams)}`, 302)

  const { viewer } = context.var
  const catalog = await searchFields(deps)
  const parsed = parseSearchQuery(pageQuery(searchParams), viewer, deps.clock(), catalog)
  if (parsed.kind === 'bad') {
    context.status(400)
    return context.html(
      document(
        <SearchFrame params={searchParams} viewer={viewer} catalog={catalog}>
          <p class="notice bad" role="alert">
            {shownText(parsed.message)}
          </p>
        </SearchFrame>,
      ),
    )
  }
  const answer = await askStage('search', SEARCH_RPC_DEADLINE_MS, deps.search.query(parsed.query))
  const apiUrl = new URL(`/api/SuperSearch/?${searchParams}`, context.req.url).href
  return context.html(
    document(
      <SearchFrame params={searchParams} viewer={viewer} catalog={catalog} answer={answer}>
        <Warnings errors={[...parsed.warnings, ...answer.errors]} />
        <div class="search-grid">
          <section class="results" aria-labelledby="results">
            <ResultsHeading answer={answer} query={parsed.query} />
            {answer.hits.length === 0 ? (
              <NoResults params={searchParams} total={answer.total} />
            ) : (
              <HitTable answer={answer} query={parsed.query} params={searchParams} catalog={catalog} />
            )}
            <Paging params={searchParams} query={parsed.query} total={answer.total} />
          </section>
          <div class="facets">
            {parsed.query.aggregations.map((aggregation) => (
              <FacetList aggregation={aggregation} answer={answer} params={searchParams} catalog={catalog} />
            ))}
          </div>
        </div>
        <Elsewhere apiUrl={apiUrl} />
      </SearchFrame>,
    ),
  )
}

/** `/search/quick/?query=`: a crash id goes to its report, any other text is sought in signatures. */
export const quickSearch: Answer = (context) => {
  const text = (context.req.query('query') ?? '').trim()
  const crashId = parseShownCrashId(text)
  if (crashId !== null) return context.redirect(`/report/index/${crashId}`, 302)
  return context.redirect(text === '' ? '/search/' : `/search/?${new URLSearchParams({ signature: `~${text}` })}`, 302)
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
  return query
}

function SearchFrame({
  params,
  viewer,
  catalog,
  answer,
  children,
}: {
  readonly params: URLSearchParams
  readonly viewer: Viewer
  readonly catalog: FieldCatalog
  readonly answer?: SearchAnswer
  readonly children: Parameters<typeof Layout>[0]['children']
}) {
  const chips = filterChips(params, catalog)
  const termsOf = (field: string) => (answer === undefined ? [] : facetTerms(answer.facets, field))
  return (
    <Layout title="Search crashes" viewer={viewer} here={`/search/?${params}`}>
      <h1>Search crashes</h1>
      <SearchFormFields params={params} products={termsOf('product')} versions={termsOf('version')} />
      {chips.length === 0 ? null : (
        <ul class="filters" aria-label="Filters">
          {chips.map(({ text, without }) => (
            <li>
              <a href={`/search/?${without}`} title="Take this filter out">
                {shownText(text)}
                <span aria-hidden="true"> ×</span>
                <span class="visually-hidden">: take out</span>
              </a>
            </li>
          ))}
        </ul>
      )}
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
      <h2 id="results">{`${grouped(answer.total)} ${answer.total === 1 ? 'crash' : 'crashes'}`}</h2>
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

function Paging({
  params,
  query,
  total,
}: {
  readonly params: URLSearchParams
  readonly query: SearchQuery
  readonly total: number
}) {
  const size = query.results_number
  const offset = query.results_offset
  const reachable = Math.min(total, MAX_RESULTS_WINDOW)
  const page = (at: number) => `/search/?${withControl(params, '_results_offset', String(Math.max(0, at)))}`
  const hasNext = size > 0 && offset + size < reachable && offset + 2 * size <= MAX_RESULTS_WINDOW
  if (offset === 0 && !hasNext) return null
  return (
    <nav class="paging" aria-label="Pages of results">
      {offset > 0 ? (
        <a href={page(offset - size)} rel="prev">
          ← Previous
        </a>
      ) : null}
      {hasNext ? (
        <a href={page(offset + size)} rel="next">
          Next →
        </a>
      ) : null}
    </nav>
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
    </section>
  )
}
