import { parseCrashId } from '#shared/crash-id.ts'
import type { FieldCatalog } from '#shared/search/fields.ts'
import type { QueryField, SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { timeMs } from '../views/duration.ts'
import { asText } from '../views/json-value.ts'
import { withControl } from '../views/search-form.ts'
import { Moment } from './moment.tsx'

/** The hits of one page of results; each leads to its report. */
export function HitTable({
  answer,
  query,
  params,
  catalog,
}: {
  readonly answer: SearchAnswer
  readonly query: SearchQuery
  readonly params: URLSearchParams
  readonly catalog: FieldCatalog
}) {
  const shownColumns = query.columns.filter(({ name }) => name !== 'uuid' || params.getAll('_columns').includes('uuid'))
  return (
    <section class="scroller" aria-label="Crashes" tabindex={0}>
      <table class="hits">
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
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.hits.map((hit) => (
            <tr>
              <td>
                <ReportLink uuid={asText(hit.uuid)} />
              </td>
              {shownColumns.map((column) => (
                <td class={`column-${column.name}`}>
                  <Cell column={column} value={hit[column.name]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function ReportLink({ uuid }: { readonly uuid: string | null }) {
  const crashId = uuid === null ? null : parseCrashId(uuid)
  if (crashId === null) return null
  return (
    <a class="code" href={`/report/index/${crashId}`} title={crashId}>
      {crashId.slice(0, 8)}
    </a>
  )
}

function ColumnHeading({
  column,
  about,
  query,
  params,
}: {
  readonly column: string
  readonly about: string
  readonly query: SearchQuery
  readonly params: URLSearchParams
}) {
  const sorted = query.sort[0]?.field.name === column ? query.sort[0] : null
  const next = sorted?.descending === true ? column : `-${column}`
  const target = withControl(params, '_sort', next)
  target.delete('_results_offset')
  return (
    <th scope="col" aria-sort={sorted === null ? 'none' : sorted.descending ? 'descending' : 'ascending'}>
      <a href={`/search/?${target}`} title={about}>
        {column.replaceAll('_', ' ')}
        <span aria-hidden="true">{sorted === null ? '' : sorted.descending ? ' ↓' : ' ↑'}</span>
      </a>
    </th>
  )
}

function Cell({ column, value }: { readonly column: QueryField; readonly value: unknown }) {
  const atMs = column.type === 'date' ? timeMs(value) : null
  return atMs === null ? <span>{asText(value) ?? ''}</span> : <Moment atMs={atMs} inTable />
}
