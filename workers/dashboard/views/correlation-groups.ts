import { facetTerms } from '#shared/search/facet-terms.ts'
import type { Facets, FacetTerm } from '#shared/search/search-rpc.ts'
import { withMore, withSet } from './search-parameters.ts'

/** Reports of one product, version and channel, among which a signature's are compared. Null: the reports do not say it. */
export interface CorrelationGroup {
  readonly product: string
  readonly version: string | null
  readonly channel: string | null
  /** Reports of the signature in it. */
  readonly stored: number
}

/** What asks for the groups of a signature; {@link correlationGroups} reads the answer. */
export const GROUPS_AGGREGATION = ['_aggs.product.version', 'release_channel'] as const

/** The groups that a signature's reports are of, the largest first. What is not said is a group as well: many products have no channels. */
export function correlationGroups(facets: Facets): readonly CorrelationGroup[] {
  return facetTerms(facets, 'product')
    .flatMap((product) =>
      withRest(product, 'version').flatMap((version) =>
        withRest(version, 'release_channel').map((channel) => ({
          product: String(product.term),
          version: version.term === null ? null : String(version.term),
          channel: channel.term === null ? null : String(channel.term),
          stored: channel.count,
        })),
      ),
    )
    .filter(({ product, version, channel }) => [product, version, channel].every(isAskable))
    .sort((a, b) => b.stored - a.stored)
}

interface Bucket {
  readonly term: FacetTerm['term'] | null
  readonly count: number
  readonly facets?: Facets
}

/** The terms of one field within a bucket, and what has none of it. */
function withRest(bucket: Bucket, field: string): readonly Bucket[] {
  const terms = facetTerms(bucket.facets ?? {}, field)
  const rest = bucket.count - terms.reduce((sum, { count }) => sum + count, 0)
  return rest > 0 ? [...terms, { term: null, count: rest }] : terms
}

/** A value that a filter can name as it is: `!x` and `__null__` would say something else. */
const isAskable = (value: string | null) => value === null || !/^(!|__|$)/.test(value)

const CONTROLS = { product: '_product', version: '_version', channel: '_channel' } as const
const MISSING = '__null__'

/** The page's parameters with one group chosen. */
export function withGroup(params: URLSearchParams, { product, version, channel }: CorrelationGroup): URLSearchParams {
  return withSet(params, {
    [CONTROLS.product]: product,
    [CONTROLS.version]: version ?? MISSING,
    [CONTROLS.channel]: channel ?? MISSING,
  })
}

/** The group that the address names; else the largest. Null where there is none. */
export function chosenGroup(params: URLSearchParams, groups: readonly CorrelationGroup[]): CorrelationGroup | null {
  const chosen = groups.find(
    ({ product, version, channel }) =>
      params.get(CONTROLS.product) === product &&
      params.get(CONTROLS.version) === (version ?? MISSING) &&
      params.get(CONTROLS.channel) === (channel ?? MISSING),
  )
  return chosen ?? groups[0] ?? null
}

/** SuperSearch's filters for the group, in place of what they say of product, version and channel. */
export function filtersOfGroup(filters: URLSearchParams, group: CorrelationGroup): URLSearchParams {
  return withMore(
    withSet(filters, { product: null, version: null, release_channel: null }),
    ['product', group.product],
    ['version', group.version ?? MISSING],
    ['release_channel', group.channel ?? MISSING],
  )
}

export function groupText({ product, version, channel }: CorrelationGroup): string {
  return [product, version ?? 'no version', channel ?? 'no channel'].join(' · ')
}
