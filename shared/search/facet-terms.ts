import type { Facets, FacetTerm } from './search-rpc.ts'

/** The terms that were counted under a key: none where nothing was, or only how many different ones there are. */
export function facetTerms(facets: Facets, key: string): readonly FacetTerm[] {
  const facet = Object.hasOwn(facets, key) ? facets[key] : undefined
  return facet === undefined || 'value' in facet ? [] : facet
}
