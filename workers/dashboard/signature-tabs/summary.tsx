import { facetTerms } from '#shared/search/facet-terms.ts'
import { BreakdownTable } from '../components/breakdown-table.tsx'
import { Moment } from '../components/moment.tsx'
import { installsFieldOf } from '../installs-field.ts'
import { countedAll, isPartial } from '../page-search.ts'
import { type BreakdownRow, breakdown, cardinalityOf, uptimeRows } from '../views/breakdown.ts'
import { timeMs } from '../views/duration.ts'
import { asText } from '../views/json-value.ts'
import { reportHref, resultSetQuery } from '../views/result-set.ts'
import { withMore } from '../views/search-parameters.ts'
import type { SignatureAsked, TabOfSignature } from './signature-tab.ts'

/** Fields with a table of their own, where the signature's reports have them (specs/webapp.md 1). */
const BREAKDOWNS: readonly (readonly [field: string, heading: string])[] = [
  ['platform_pretty_version', 'Operating system'],
  ['process_type', 'Process type'],
  ['cpu_arch', 'CPU architecture'],
  ['release_channel', 'Channel'],
  ['reason', 'Crash reason'],
  ['startup_crash', 'Startup crash'],
  ['adapter_vendor_id', 'Graphics vendor'],
  ['adapter_device_id', 'Graphics device'],
  ['android_manufacturer', 'Android manufacturer'],
  ['android_model', 'Android model'],
  ['android_version', 'Android version'],
  ['android_cpu_abi', 'Android ABI'],
  ['plugin_filename', 'Plugin'],
]
const ROWS = 10
const LATEST_REPORTS = 8
const PROTO_SIGNATURES = 5

/** What the signature's reports are like, and the newest of them. */
export const summaryTab: TabOfSignature = async (asked) => {
  const { request, search, params } = asked
  const ofInstalls = await installsFieldOf(params.get('product'), search, asked.deps)
  const query = withMore(
    request.query,
    ...BREAKDOWNS.map(([field]) => ['_facets', field] as const),
    ['_facets', 'proto_signature'],
    ['_facets', '_histogram.uptime'],
    ['_histogram_interval.uptime', '60'],
    ['_aggs.product.version', `_cardinality.${ofInstalls}`],
    ['_facets_size', String(ROWS)],
    ['_results_number', String(LATEST_REPORTS)],
    ['_sort', '-date'],
    ...['uuid', 'date', 'product', 'version', 'platform_pretty_version', 'reason'].map(
      (name) => ['_columns', name] as const,
    ),
    ['_estimate', '1'],
  )
  const answer = await search.ask(query)
  const { estimate } = countedAll(answer)
  const rowsOf = (field: string) => breakdown(answer.facets, field, estimate, params, search.catalog)
  const sections = [
    ...BREAKDOWNS.map(([field, heading]) => ({ heading, rows: rowsOf(field) })),
    { heading: 'Uptime', rows: uptimeRows(facetTerms(answer.facets, 'histogram_uptime'), estimate) },
  ].filter(({ rows }) => rows.length > 0)
  const versions = versionRows(answer.facets, estimate, ofInstalls, asked)
  return {
    content: (
      <>
        <LatestReports asked={asked} hits={answer.hits} />
        <div class="breakdowns">
          <BreakdownTable heading="Product and version" rows={versions} path="/signature/" showsInstalls />
          {sections.map(({ heading, rows }) => (
            <BreakdownTable heading={heading} rows={rows} path="/signature/" />
          ))}
        </div>
        <BreakdownTable
          heading="Proto signatures: the stacks that this signature stands for"
          rows={rowsOf('proto_signature').slice(0, PROTO_SIGNATURES)}
          path="/signature/"
        />
      </>
    ),
    list: {
      caption: `Summary of ${request.signature}`,
      columns: ['field', 'value', 'stored', 'estimated', 'share'],
      rows: [{ heading: 'Product and version', rows: versions }, ...sections].flatMap(({ heading, rows }) =>
        rows.map((row) => [heading, row.text, row.stored, Math.round(row.estimate), Number(row.share.toFixed(4))]),
      ),
    },
    query,
    partial: isPartial(answer),
  }
}

function versionRows(
  facets: Parameters<typeof facetTerms>[0],
  estimate: number,
  ofInstalls: string,
  { params, search }: SignatureAsked,
): readonly BreakdownRow[] {
  return facetTerms(facets, 'product')
    .flatMap((product) => {
      const name = asText(product.term) ?? '(blank)'
      const within = facetTerms(product.facets ?? {}, 'version')
      return breakdown(product.facets ?? {}, 'version', estimate, params, search.catalog).map((row, at) => ({
        ...row,
        text: `${name} ${row.text}`,
        installs: cardinalityOf(within[at]?.facets, ofInstalls),
      }))
    })
    .sort((a, b) => b.estimate - a.estimate)
    .slice(0, ROWS)
}

/** The shortest way to a stack. */
function LatestReports({
  asked: { request, search },
  hits,
}: {
  readonly asked: SignatureAsked
  readonly hits: readonly Readonly<Record<string, unknown>>[]
}) {
  const parsed = search.parse(request.query)
  const set = parsed.kind === 'query' ? resultSetQuery(request.query, parsed.query) : ''
  if (hits.length === 0) return null
  return (
    <div class="latest-reports">
      <h2>Newest reports</h2>
      <section class="scroller" aria-label="Newest reports" tabindex={0}>
        <table data-rows="">
          <thead>
            <tr>
              <th scope="col">Received (UTC)</th>
              <th scope="col">Version</th>
              <th scope="col">System</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            {hits.map((hit, at) => {
              const atMs = timeMs(hit.date)
              return (
                <tr>
                  <td class="when">
                    <a href={reportHref(String(hit.uuid), { query: set, at })}>
                      {atMs === null ? 'report' : <Moment atMs={atMs} inTable />}
                    </a>
                  </td>
                  <td>{[asText(hit.product), asText(hit.version)].filter(Boolean).join(' ')}</td>
                  <td>{asText(hit.platform_pretty_version) ?? ''}</td>
                  <td>{asText(hit.reason) ?? ''}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </section>
    </div>
  )
}
