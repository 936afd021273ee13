import type { FieldCatalog } from '#shared/search/fields.ts'
import { parseQueryText } from './query-text.ts'
import { withMore, withSet } from './search-parameters.ts'

/** What the search page's address may hold beside SuperSearch's parameters. */
const PAGE_CONTROLS = ['_tab', '_split', '_axis', '_format'] as const

/** The forms of the page that are submitted under names of their own, and redirected. */
export const QUERY_TEXT_CONTROL = '_q'
export const RANGE_CONTROLS = { field: '_range_field', from: '_range_from', to: '_range_to' } as const

/** SuperSearch's parameters of an address: without what is only the page's. */
export function apiParameters(params: URLSearchParams): URLSearchParams {
  return new URLSearchParams(
    [...params].filter(([name]) => !PAGE_CONTROLS.some((control) => control === name)).map(([n, v]) => [n, v]),
  )
}

/** Where a submitted form leads. */
export type SubmittedControls =
  | { readonly kind: 'none' }
  | { readonly kind: 'address'; readonly params: URLSearchParams }
  | { readonly kind: 'bad'; readonly message: string; readonly params: URLSearchParams }

export function submittedControls(params: URLSearchParams, catalog: FieldCatalog): SubmittedControls {
  const text = params.get(QUERY_TEXT_CONTROL)
  if (text !== null) {
    const controls = new URLSearchParams([...params].filter(([name]) => name.startsWith('_')).map(([n, v]) => [n, v]))
    const kept = withSet(controls, { [QUERY_TEXT_CONTROL]: null, _results_offset: null })
    const parsed = parseQueryText(text, catalog)
    if (parsed.kind === 'bad') return { kind: 'bad', message: parsed.message, params: kept }
    return { kind: 'address', params: new URLSearchParams([...parsed.filters.map(([n, v]) => [n, v]), ...kept]) }
  }
  const field = params.get(RANGE_CONTROLS.field)
  if (field === null) return { kind: 'none' }
  const kept = withSet(params, {
    [RANGE_CONTROLS.field]: null,
    [RANGE_CONTROLS.from]: null,
    [RANGE_CONTROLS.to]: null,
    [field]: null,
    _results_offset: null,
  })
  const bounds = [
    ['>=', params.get(RANGE_CONTROLS.from)?.trim() ?? ''],
    ['<=', params.get(RANGE_CONTROLS.to)?.trim() ?? ''],
  ] as const
  return {
    kind: 'address',
    params: withMore(
      kept,
      ...bounds.flatMap(([sign, value]) => (value === '' ? [] : [[field, `${sign}${value}`] as const])),
    ),
  }
}
