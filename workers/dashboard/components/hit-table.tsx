import { parseCrashId } from '#shared/crash-id.ts'
import type { FieldCatalog } from '#shared/search/fields.ts'
import type { QueryField, SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { timeMs } from '../views/duration.ts'
import { asText } from '../views/json-value.ts'
import { type ResultSet, reportHref, resultSetQuery } from '../views/result-set.ts'
import { withControl, withTerm } from '../views/search-form.ts'
import { signaturePath } from '../views/signature-request.ts'
import { Moment } from './moment.tsx'

/** A page of fifty rows repeats the query in every cell: with more filters than this cells are no links. */
const MAX_NARROWED_PARAMETERS = 12

/** The hits of one page of results; each leads to its report. `path` and `params` are of the page, `set` the filters of what it shows where they are others. */
export function HitTable({
  answer,
  query,
  params,
  catalog,
  path = '/search/',
  set: filters = params,
}: {
  readonly answer: SearchAnswer
  readonly query: SearchQuery
  readonly params: URLSearchParams
  readonly catalog: FieldCatalog
  readonly path?: string
  readonly set?: URLSearchParams
}) {
  const set = resultSetQuery(filters, query)
  /** The same page with the term of a cell as one more filter. */
  const narrowed = (column: string, term: string): string | null => {
    const field = catalog.find(column)
    const more = field === null ? null : withTerm(params, field, term)
    return more === null || more.size > MAX_NARROWED_PARAMETERS ? null : `${path}?${more}`
  }
  const shownColumns = query.columns.filter(({ name }) => name !== 'uuid' || params.getAll('_columns').includes('uuid'))
  return (
    <section class="scroller" aria-label="Crashes" tabindex={0}>
      <table class="hits" data-rows="">
        <caption class="visually-hidden">Crashes that match</caption>
        <thead>
          <tr>
            <th scope="col">Report</th>
            {shownColumns.map((column) => (
              <ColumnHeading
                column={column.name}
                about={catalog.find(column.name)?.description ?? ''}
                query={query}
                params={params}
                path={path}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.hits.map((hit, at) => (
            <tr>
              <td>
                <ReportLink uuid={asText(hit.uuid)} set={{ query: set, at: query.results_offset + at }} />
              </td>
              {shownColumns.map((column) => (
                <td class={`column-${column.name}`}>
                  <Cell column={column} value={hit[column.name]} narrowed={(term) => narrowed(column.name, term)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/** The report, as a hit of this search: its page steps to the hits before and behind. */
function ReportLink({ uuid, set }: { readonly uuid: string | null; readonly set: ResultSet }) {
  const crashId = uuid === null ? null : parseCrashId(uuid)
  if (crashId === null) return null
  return (
    <a class="code" href={reportHref(crashId, set)} title={crashId}>
      {crashId.slice(0, 8)}
    </a>
  )
}

function ColumnHeading({
  column,
  about,
  query,
  params,
  path,
}: {
  readonly column: string
  readonly about: string
  readonly query: SearchQuery
  readonly params: URLSearchParams
  readonly path: string
}) {
  const sorted = query.sort[0]?.field.name === column ? query.sort[0] : null
  const next = sorted?.descending === true ? column : `-${column}`
  const target = withControl(params, '_sort', next)
  target.delete('_results_offset')
  return (
    <th scope="col" aria-sort={sorted === null ? 'none' : sorted.descending ? 'descending' : 'ascending'}>
      <a href={`${path}?${target}`} title={about}>
        {column.replaceAll('_', ' ')}
        <span aria-hidden="true">{sorted === null ? '' : sorted.descending ? ' ↓' : ' ↑'}</span>
      </a>
    </th>
  )
}

function Cell({
  column,
  value,
  narrowed,
}: {
  readonly column: QueryField
  readonly value: unknown
  readonly narrowed: (term: string) => string | null
}) {
  const atMs = column.type === 'date' ? timeMs(value) : null
  if (atMs !== null) return <Moment atMs={atMs} inTable />
  const text = asText(value)
  if (column.name === 'signature' && typeof value === 'string' && text !== null) {
    return <a href={signaturePath(value)}>{text}</a>
  }
  const href = text === null || typeof value === 'object' ? null : narrowed(String(value))
  if (href === null) return <span>{text ?? ''}</span>
  return (
    <a class="narrow" href={href} data-filter="">
      {text}
    </a>
  )
}
