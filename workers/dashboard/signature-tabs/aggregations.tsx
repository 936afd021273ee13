import { BreakdownTable } from '../components/breakdown-table.tsx'
import { countedAll, isPartial } from '../page-search.ts'
import { breakdown } from '../views/breakdown.ts'
import { withMore } from '../views/search-parameters.ts'
import type { SignatureAsked, TabOfSignature } from './signature-tab.ts'

const DEFAULT_FIELDS = ['version', 'platform_pretty_version', 'adapter_vendor_id', 'moz_crash_reason', 'build_id']
/** More would be a page that nobody reads. */
const MAX_FIELDS = 12
const ROWS = 50

/** The signature's reports by any fields: `_field=…`, repeated. */
export const aggregationsTab: TabOfSignature = async (asked) => {
  const { request, search, params } = asked
  const named = [...new Set(params.getAll('_field'))].filter((name) => search.catalogField(name) !== null)
  const fields = (named.length === 0 ? DEFAULT_FIELDS : named).slice(0, MAX_FIELDS)
  const query = withMore(
    request.query,
    ...fields.map((field) => ['_facets', field] as const),
    ['_facets_size', String(ROWS)],
    ['_results_number', '0'],
    ['_estimate', '1'],
  )
  const answer = await search.ask(query)
  const { estimate } = countedAll(answer)
  const sections = fields.map((field) => ({
    field,
    rows: breakdown(answer.facets, field, estimate, params, search.catalog),
  }))
  return {
    content: (
      <>
        <FieldForm asked={asked} fields={fields} />
        <div class="breakdowns">
          {sections.map(({ field, rows }) =>
            rows.length === 0 ? (
              <p class="empty">
                No report has <code>{field}</code>.
              </p>
            ) : (
              <BreakdownTable heading={field} rows={rows} path="/signature/" />
            ),
          )}
        </div>
      </>
    ),
    list: {
      caption: `Aggregations of ${request.signature}`,
      columns: ['field', 'value', 'stored', 'estimated', 'share'],
      rows: sections.flatMap(({ field, rows }) =>
        rows.map((row) => [field, row.text, row.stored, Math.round(row.estimate), Number(row.share.toFixed(4))]),
      ),
    },
    query,
    partial: isPartial(answer),
  }
}

function FieldForm({
  asked: { params, search },
  fields,
}: {
  readonly asked: SignatureAsked
  readonly fields: readonly string[]
}) {
  return (
    <form class="field-form" action="/signature/" method="get">
      {[...params].map(([name, value]) =>
        name === '_field' ? null : <input type="hidden" name={name} value={value} />,
      )}
      {fields.map((field) => (
        <input type="hidden" name="_field" value={field} />
      ))}
      <label for="add-field">Add a field</label>
      <select id="add-field" name="_field">
        {search.fields
          .map(({ name }) => name)
          .filter((name) => !fields.includes(name))
          .sort()
          .map((name) => (
            <option value={name}>{name}</option>
          ))}
      </select>
      <button type="submit">Add</button>
    </form>
  )
}
