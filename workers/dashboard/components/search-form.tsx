import { facetTerms } from '#shared/search/facet-terms.ts'
import type { FieldCatalog, SearchField } from '#shared/search/fields.ts'
import type { Aggregation } from '#shared/search/search-query.ts'
import type { FacetTerm, SearchAnswer } from '#shared/search/search-rpc.ts'
import { asText, grouped } from '../views/json-value.ts'
import { QUERY_TEXT_CONTROL, RANGE_CONTROLS } from '../views/search-controls.ts'
import {
  FORM_CONTROLS,
  formOfQuery,
  SIGNATURE_OPERATORS,
  withOnlyTerm,
  withoutTerm,
  withTerm,
} from '../views/search-form.ts'

/** The search form, filled with what the address asks for. It works without a script: it is submitted with GET. */
export function SearchFormFields({
  params,
  products,
  versions,
}: {
  readonly params: URLSearchParams
  readonly products: readonly FacetTerm[]
  readonly versions: readonly FacetTerm[]
}) {
  const form = formOfQuery(params)
  return (
    <form class="search-form" action="/search/" method="get">
      <input type="hidden" name={FORM_CONTROLS.marker} value="1" />
      {form.others.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <div class="field wide">
        <label for="signature">Signature</label>
        <div class="joined">
          <select name={FORM_CONTROLS.operator} aria-label="How the signature compares">
            {SIGNATURE_OPERATORS.map(({ operator, label }) => (
              <option value={operator} selected={operator === form.signature.operator}>
                {label}
              </option>
            ))}
          </select>
          <input
            id="signature"
            name={FORM_CONTROLS.signature}
            type="text"
            value={form.signature.value}
            spellcheck={false}
            autocomplete="off"
          />
        </div>
      </div>
      <div class="field">
        <label for="product">Product</label>
        <input
          id="product"
          name={FORM_CONTROLS.product}
          type="text"
          value={form.product}
          list="products"
          autocomplete="off"
        />
        <Suggestions id="products" terms={products} />
      </div>
      <div class="field">
        <label for="version">Version</label>
        <input
          id="version"
          name={FORM_CONTROLS.version}
          type="text"
          value={form.version}
          list="versions"
          autocomplete="off"
        />
        <Suggestions id="versions" terms={versions} />
      </div>
      <div class="field">
        <label for="from">From</label>
        <input id="from" name={FORM_CONTROLS.from} type="date" value={form.from} />
      </div>
      <div class="field">
        <label for="to">To</label>
        <input id="to" name={FORM_CONTROLS.to} type="date" value={form.to} />
      </div>
      <div class="actions">
        <button type="submit" class="primary">
          Search
        </button>
        <a href="/search/">Clear</a>
      </div>
      <OperatorHelp />
    </form>
  )
}

function Suggestions({ id, terms }: { readonly id: string; readonly terms: readonly FacetTerm[] }) {
  return (
    <datalist id={id}>
      {terms.map(({ term }) => (
        <option value={asText(term) ?? ''} />
      ))}
    </datalist>
  )
}

function OperatorHelp() {
  const rows = [
    ['signature=~text', 'contains'],
    ['signature==text', 'is exactly'],
    ['signature=^text', 'starts with'],
    ['signature=$text', 'ends with'],
    ['signature=text', 'has the word, in any case'],
    ['signature=@js::.*', 'is, as a whole, like the pattern'],
    ['signature=!~text', 'does not contain; ! turns any filter round'],
    ['uptime=<60', 'less than; also <= > >='],
    ['date=>=2026-11-01', 'from that day on; dates need one of < <= > >='],
    ['moz_crash_reason=!__null__', 'has a value'],
  ] as const
  return (
    <details class="operator-help">
      <summary>Filters in the address</summary>
      <p>
        The address of this page is the query. Any search field can stand in it; several values of one field mean any of
        them, several fields mean all of them.
      </p>
      <table>
        <caption class="visually-hidden">Operators of filters</caption>
        <thead>
          <tr>
            <th scope="col">Filter</th>
            <th scope="col">Means</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([example, means]) => (
            <tr>
              <th scope="row">
                <code>{example}</code>
              </th>
              <td>{means}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

/** What was counted by one field: terms with counts and bars, each a link that narrows the query to it, or how many different ones there are. */
export function FacetList({
  aggregation,
  answer,
  params,
  catalog,
}: {
  readonly aggregation: Aggregation
  readonly answer: SearchAnswer
  readonly params: URLSearchParams
  readonly catalog: FieldCatalog
}) {
  const { key } = aggregation
  const heading = `facet-${key}`
  const counted = answer.facets[key]
  const terms = facetTerms(answer.facets, key)
  const { total } = answer
  const links = aggregation.kind === 'terms' ? catalog.find(aggregation.field.name) : null
  if (counted === undefined || ('length' in counted && terms.length === 0)) return null
  return (
    <section class="facet" aria-labelledby={heading}>
      <h2 id={heading}>{key.replaceAll('_', ' ')}</h2>
      {terms.length === 0 ? null : <p class="unit">stored reports</p>}
      {'value' in counted ? <p>{`${grouped(counted.value)} different`}</p> : null}
      <ol>
        {terms.map(({ term, count }) => (
          <li>
            <FacetTermLink term={String(term)} query={links === null ? null : withTerm(params, links, String(term))} />
            <span class="count">{grouped(count)}</span>
            {links === null ? null : <TermChoices params={params} field={links} term={String(term)} />}
            <svg class="bar" aria-hidden="true" width="100%" height="3">
              <rect width={`${total === 0 ? 0 : Math.max(1, Math.round((100 * count) / total))}%`} height="3" />
            </svg>
          </li>
        ))}
      </ol>
    </section>
  )
}

function FacetTermLink({ term, query }: { readonly term: string; readonly query: URLSearchParams | null }) {
  const text = asText(term) ?? '(blank)'
  return query === null ? (
    <span class="term">{text}</span>
  ) : (
    <a class="term" href={`/search/?${query}`}>
      {text}
    </a>
  )
}

/** A term out of the query, or alone in it. */
function TermChoices({
  params,
  field,
  term,
}: {
  readonly params: URLSearchParams
  readonly field: SearchField
  readonly term: string
}) {
  const text = asText(term) ?? '(blank)'
  const choices = [
    ['not', withoutTerm(params, field, term), `Without ${text}`],
    ['only', withOnlyTerm(params, field, term), `Only ${text}`],
  ] as const
  return (
    <span class="choices-of-term">
      {choices.map(([label, query, title]) =>
        query === null ? null : (
          <a class="exclude" href={`/search/?${query}`} title={title}>
            {label}
            <span class="visually-hidden">{` ${text}`}</span>
          </a>
        ),
      )}
    </span>
  )
}

/** The query as one line of text, which round-trips with the address. */
export function QueryBar({ text, params }: { readonly text: string; readonly params: URLSearchParams }) {
  return (
    <form class="query-bar" action="/search/" method="get">
      <label for="query-text">
        Query: <code>product:WaterWolf signature~js uptime&lt;60 -version:1.0</code>
      </label>
      {[...params].map(([name, value]) =>
        name.startsWith('_') && name !== '_results_offset' ? <input type="hidden" name={name} value={value} /> : null,
      )}
      <input
        id="query-text"
        name={QUERY_TEXT_CONTROL}
        type="text"
        value={text}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
      />
      <button type="submit" class="primary">
        Search
      </button>
    </form>
  )
}

/** Bounds of a number, and which columns the results have: forms that are part of the rail. */
export function RangeForm({
  params,
  fields,
}: {
  readonly params: URLSearchParams
  readonly fields: readonly SearchField[]
}) {
  const numbers = fields.filter(({ type }) => type === 'int' || type === 'float')
  return (
    <details class="range">
      <summary>Range of a number</summary>
      <form class="range-form" action="/search/" method="get">
        {[...params].map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <div class="field">
          <label for="range-field">Field</label>
          <select id="range-field" name={RANGE_CONTROLS.field}>
            {numbers.map(({ name }) => (
              <option value={name} selected={name === 'uptime'}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="range-from">From</label>
          <input id="range-from" name={RANGE_CONTROLS.from} type="number" step="any" />
        </div>
        <div class="field">
          <label for="range-to">To</label>
          <input id="range-to" name={RANGE_CONTROLS.to} type="number" step="any" />
        </div>
        <button type="submit">Narrow</button>
      </form>
    </details>
  )
}

export function ColumnForm({
  params,
  fields,
  shown,
}: {
  readonly params: URLSearchParams
  readonly fields: readonly SearchField[]
  readonly shown: readonly string[]
}) {
  return (
    <details class="columns">
      <summary>Columns</summary>
      <form class="column-form" action="/search/" method="get">
        {[...params].map(([name, value]) =>
          name === '_columns' ? null : <input type="hidden" name={name} value={value} />,
        )}
        <button type="submit">Show these columns</button>
        <fieldset class="column-choices">
          <legend class="visually-hidden">Columns of the results</legend>
          {fields
            .map(({ name }) => name)
            .toSorted((a, b) => Number(shown.includes(b)) - Number(shown.includes(a)) || (a < b ? -1 : 1))
            .map((name) => (
              <label>
                <input type="checkbox" name="_columns" value={name} checked={shown.includes(name)} /> {name}
              </label>
            ))}
        </fieldset>
      </form>
    </details>
  )
}
