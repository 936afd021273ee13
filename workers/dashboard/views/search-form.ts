import type { FieldCatalog, SearchField } from '#shared/search/fields.ts'

/**
 * The search form and SuperSearch's parameters are two views of one state. The page's address always holds SuperSearch's
 * parameters, so that it can be handed to the API as it is; the form is submitted under its own names and redirected.
 */

/** How the form's signature field compares. The value is SuperSearch's operator. */
export const SIGNATURE_OPERATORS = [
  { operator: '~', label: 'contains' },
  { operator: '=', label: 'is exactly' },
  { operator: '^', label: 'starts with' },
  { operator: '$', label: 'ends with' },
  { operator: '', label: 'has the word' },
] as const
export type SignatureOperator = (typeof SIGNATURE_OPERATORS)[number]['operator']

/** What the form's controls hold. */
export interface SearchForm {
  readonly signature: { readonly operator: SignatureOperator; readonly value: string }
  readonly product: string
  readonly version: string
  /** Days (`YYYY-MM-DD`), both inclusive; blank: seven days back, up to now. */
  readonly from: string
  readonly to: string
  /** Parameters that no control can show, carried along as they are. */
  readonly others: readonly (readonly [name: string, value: string])[]
}

/** The names of the form's own controls. None is a search field. */
export const FORM_CONTROLS = {
  marker: 'form',
  operator: 'signature_op',
  signature: 'signature_text',
  product: 'product_text',
  version: 'version_text',
  from: 'from',
  to: 'to',
} as const
const CONTROL_NAMES: ReadonlySet<string> = new Set(Object.values(FORM_CONTROLS))

const DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_MS = 86_400_000

/** Whether these parameters come from the form and must be redirected to {@link queryOfForm}. */
export function isFormSubmission(params: URLSearchParams): boolean {
  return params.has(FORM_CONTROLS.marker)
}

/** SuperSearch's parameters for a submitted form. Paging starts over: the results are others. */
export function queryOfForm(params: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams()
  const value = (name: string) => (params.get(name) ?? '').trim()
  const signature = value(FORM_CONTROLS.signature)
  if (signature !== '') query.append('signature', `${operatorNamed(value(FORM_CONTROLS.operator))}${signature}`)
  const product = value(FORM_CONTROLS.product)
  if (product !== '') query.append('product', product)
  const version = value(FORM_CONTROLS.version)
  if (version !== '') query.append('version', version)
  const from = value(FORM_CONTROLS.from)
  if (DAY.test(from)) query.append('date', `>=${from}`)
  const to = dayAfter(value(FORM_CONTROLS.to), 1)
  if (to !== null) query.append('date', `<${to}`)
  for (const [name, other] of params) {
    if (!CONTROL_NAMES.has(name) && name !== '_results_offset') query.append(name, other)
  }
  return query
}

/** What the form shows for an address. A parameter that it cannot show exactly goes to `others`. */
export function formOfQuery(params: URLSearchParams): SearchForm {
  const signature = signatureControl(params.getAll('signature'))
  const product = plainControl(params.getAll('product'))
  const version = plainControl(params.getAll('version'))
  const days = dayControls(params.getAll('date'))
  const shownFields = new Set([
    ...(signature === null ? [] : ['signature']),
    ...(product === null ? [] : ['product']),
    ...(version === null ? [] : ['version']),
    ...(days === null ? [] : ['date']),
    '_results_offset',
  ])
  return {
    signature: signature ?? { operator: '~', value: '' },
    product: product ?? '',
    version: version ?? '',
    from: days?.from ?? '',
    to: days?.to ?? '',
    others: [...params].filter(([name]) => !shownFields.has(name)),
  }
}

function operatorNamed(text: string): SignatureOperator {
  return SIGNATURE_OPERATORS.find(({ operator }) => operator === text)?.operator ?? ''
}

function signatureControl(values: readonly string[]): SearchForm['signature'] | null {
  const [value, second] = values
  if (value === undefined) return { operator: '~', value: '' }
  if (second !== undefined || /^(!|@|__)/.test(value)) return null
  const operator = operatorNamed(value.slice(0, 1))
  return { operator, value: value.slice(operator.length) }
}

function plainControl(values: readonly string[]): string | null {
  const [value, second] = values
  if (value === undefined) return ''
  return second !== undefined || /^(!|__)/.test(value) ? null : value
}

function dayControls(values: readonly string[]): { readonly from: string; readonly to: string } | null {
  const froms = values.filter((value) => value.startsWith('>=') && DAY.test(value.slice(2)))
  const tos = values.filter((value) => value.startsWith('<') && DAY.test(value.slice(1)))
  if (froms.length + tos.length !== values.length || froms.length > 1 || tos.length > 1) return null
  const to = tos[0] === undefined ? '' : dayAfter(tos[0].slice(1), -1)
  return to === null ? null : { from: froms[0]?.slice(2) ?? '', to }
}

function dayAfter(day: string, days: number): string | null {
  const atMs = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  return Number.isNaN(atMs) ? null : new Date(atMs + days * DAY_MS).toISOString().slice(0, 10)
}

/** One filter of the query in words, and the query without it. */
export interface FilterChip {
  readonly text: string
  readonly without: URLSearchParams
}

const WORDS: readonly (readonly [operator: string, words: string])[] = [
  ['__null__', 'is missing'],
  ['__true__', 'is true'],
  ['>=', '≥'],
  ['<=', '≤'],
  ['=', 'is exactly'],
  ['~', 'contains'],
  ['^', 'starts with'],
  ['$', 'ends with'],
  ['@', 'matches'],
  ['>', '>'],
  ['<', '<'],
]

/** The filters of a query, each with a way to take it out. */
export function filterChips(params: URLSearchParams, catalog: FieldCatalog): readonly FilterChip[] {
  const all = [...params]
  return all.flatMap(([name, value], at) => {
    if (name.startsWith('_')) return []
    const without = new URLSearchParams(
      all.filter(([other], index) => index !== at && other !== '_results_offset').map(([k, v]) => [k, v]),
    )
    return [{ text: filterText(name, value, catalog), without }]
  })
}

function filterText(name: string, value: string, catalog: FieldCatalog): string {
  const negated = value.startsWith('!')
  const rest = negated ? value.slice(1) : value
  // `=` and `~` are no operators on fields of fixed values: there they are part of the value.
  const isEnum = catalog.find(name)?.type === 'enum'
  const [operator, words] = WORDS.find(([sign]) => rest.startsWith(sign) && (!isEnum || sign === '__null__')) ?? [
    '',
    isEnum ? 'is' : 'has',
  ]
  return [name, negated ? 'not' : null, words, rest.slice(operator.length)].filter(Boolean).join(' ')
}

/** The query with one more filter, from the first page of results. Null where a term cannot be asked for exactly. */
export function withTerm(params: URLSearchParams, field: SearchField, term: string): URLSearchParams | null {
  const value = exactly(field, term)
  if (value === null) return null
  const query = new URLSearchParams(params)
  query.delete('_results_offset')
  if (!query.getAll(field.name).includes(value)) query.append(field.name, value)
  return query
}

/** The query without a term: `!` before what {@link withTerm} would add. Null where that cannot be asked for. */
export function withoutTerm(params: URLSearchParams, field: SearchField, term: string): URLSearchParams | null {
  const value = exactly(field, term)
  if (value === null) return null
  const query = new URLSearchParams(
    [...params].filter(([name, other]) => name !== field.name || other !== value).map(([n, v]) => [n, v]),
  )
  query.delete('_results_offset')
  if (!query.getAll(field.name).includes(`!${value}`)) query.append(field.name, `!${value}`)
  return query
}

/** The query with this term as the only filter of its field. */
export function withOnlyTerm(params: URLSearchParams, field: SearchField, term: string): URLSearchParams | null {
  const query = new URLSearchParams(params)
  query.delete(field.name)
  return withTerm(query, field, term)
}

/** A list's term is one of its parts, which a bare value finds; other texts need `=`, because a bare value is of words. */
function exactly({ type, list, operators }: SearchField, term: string): string | null {
  if (type === 'date') return null
  if (type === 'str' && !list) return operators.includes('=') ? `=${term}` : null
  return /^(!|__|[<>]|$)/.test(term) || (list && /^[=~^$@]/.test(term)) ? null : term
}

/** The query with one parameter set to one value. */
export function withControl(params: URLSearchParams, name: string, value: string): URLSearchParams {
  const query = new URLSearchParams(params)
  query.set(name, value)
  return query
}
