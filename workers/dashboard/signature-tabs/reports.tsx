import { SEARCH_RESULTS_A_PAGE } from '#shared/limits.ts'
import { HitTable } from '../components/hit-table.tsx'
import { Paging } from '../components/paging.tsx'
import { isPartial } from '../page-search.ts'
import { asText } from '../views/json-value.ts'
import { withMore } from '../views/search-parameters.ts'
import type { TabOfSignature } from './signature-tab.ts'

/** The peer's columns (specs/webapp.md 1). */
const COLUMNS = [
  'date',
  'product',
  'version',
  'build_id',
  'platform_pretty_version',
  'reason',
  'address',
  'uptime',
  'startup_crash',
]

/** The signature's reports. `_columns`, `_sort` and `_results_offset` are SuperSearch's. */
export const reportsTab: TabOfSignature = async ({ request, search, params }) => {
  const asked = params.getAll('_columns').filter((name) => search.catalogField(name) !== null)
  const columns = asked.length === 0 ? COLUMNS : asked
  const own = withMore(
    request.query,
    ...[...columns, 'uuid'].map((name) => ['_columns', name] as const),
    ['_sort', params.get('_sort') ?? '-date'],
    ['_results_number', String(SEARCH_RESULTS_A_PAGE)],
    ['_results_offset', offsetOf(params)],
    ['_facets_size', '0'],
  )
  const parsed = search.parse(own)
  if (parsed.kind === 'bad') {
    const message = <p class="notice bad">{parsed.message}</p>
    return { content: message, list: { caption: '', columns: [], rows: [] }, query: request.query, partial: false }
  }
  const answer = await search.ask(own)
  return {
    content: (
      <>
        {answer.hits.length === 0 ? (
          <p class="empty">No report of this signature matches.</p>
        ) : (
          <HitTable
            answer={answer}
            query={parsed.query}
            params={params}
            catalog={search.catalog}
            path="/signature/"
            set={withMore(request.query, ['_sort', params.get('_sort') ?? '-date'])}
          />
        )}
        <Paging path="/signature/" params={params} query={parsed.query} total={answer.total} />
      </>
    ),
    list: {
      caption: `Reports of ${request.signature}`,
      columns: ['uuid', ...columns],
      rows: answer.hits.map((hit) => ['uuid', ...columns].map((column) => asText(hit[column]))),
    },
    query: own,
    partial: isPartial(answer),
  }
}

/** A whole number that search takes together with the page's size; else the first page. */
function offsetOf(params: URLSearchParams): string {
  const text = params.get('_results_offset') ?? '0'
  return /^\d{1,4}$/.test(text) && Number(text) + SEARCH_RESULTS_A_PAGE <= 10_000 ? text : '0'
}
