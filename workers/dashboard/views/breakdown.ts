import { facetTerms } from '#shared/search/facet-terms.ts'
import type { FieldCatalog } from '#shared/search/fields.ts'
import type { Facets, FacetTerm } from '#shared/search/search-rpc.ts'
import type { Counted } from './counts.ts'
import { asText } from './json-value.ts'
import { withTerm } from './search-form.ts'

/** One row of a breakdown: a value, how many have it, and the same page narrowed to it. */
export interface BreakdownRow extends Counted {
  readonly text: string
  /** Of all reports by estimate, 0 to 1. */
  readonly share: number
  /** Null where it cannot be asked for exactly. */
  readonly narrowed: URLSearchParams | null
  /** Different installations, where they were counted. */
  readonly installs: number | null
}

/** The values of one field. `params`: those of the page. */
export function breakdown(
  facets: Facets,
  field: string,
  totalEstimate: number,
  params: URLSearchParams,
  catalog: FieldCatalog,
): readonly BreakdownRow[] {
  const known = catalog.find(field)
  return facetTerms(facets, field).map((counted) => {
    const text = termText(counted, known?.type === 'bool')
    return {
      text,
      ...countedOf(counted),
      share: totalEstimate === 0 ? 0 : (counted.estimate ?? counted.count) / totalEstimate,
      narrowed: known === null ? null : withTerm(params, known, termValue(counted, known.type === 'bool')),
      installs: null,
    }
  })
}

export function countedOf({ count, estimate = count }: FacetTerm): Counted {
  return { stored: count, estimate }
}

/** Bools are counted as `T` and `F`. */
function termText({ term }: FacetTerm, isBool: boolean): string {
  if (isBool) return term === 'T' ? 'true' : 'false'
  return asText(term) ?? '(blank)'
}

function termValue({ term }: FacetTerm, isBool: boolean): string {
  return isBool ? (term === 'T' ? 'true' : 'false') : String(term)
}

/** How many different values were counted under a `_cardinality`. */
export function cardinalityOf(facets: Facets | undefined, field: string): number {
  const counted = facets?.[`cardinality_${field}`]
  return counted !== undefined && 'value' in counted ? counted.value : 0
}

const UPTIMES: readonly (readonly [text: string, belowSeconds: number])[] = [
  ['under 1 min', 60],
  ['1–5 min', 300],
  ['5–15 min', 900],
  ['15–60 min', 3_600],
  ['over 1 h', Number.POSITIVE_INFINITY],
]

/** Uptimes by the peer's steps (specs/webapp.md 1), from a histogram whose steps are a minute. */
export function uptimeRows(minutes: readonly FacetTerm[], totalEstimate: number): readonly BreakdownRow[] {
  return UPTIMES.flatMap(([text, below], at) => {
    const from = UPTIMES[at - 1]?.[1] ?? Number.NEGATIVE_INFINITY
    const within = minutes.filter(({ term }) => Number(term) >= from && Number(term) < below)
    const stored = within.reduce((sum, { count }) => sum + count, 0)
    const estimate = within.reduce((sum, { count, estimate: weighed = count }) => sum + weighed, 0)
    if (stored === 0) return []
    return [{ text, stored, estimate, share: estimate / totalEstimate, narrowed: null, installs: null }]
  })
}
