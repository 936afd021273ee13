import type { Viewer } from '#shared/auth/permissions.ts'
import { HOME_CRASHES_A_PRODUCT, MAX_FACETS_SIZE, MAX_HOME_PRODUCTS } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { type ParsedQuery, parseSearchQuery } from '#shared/search/query.ts'
import type { SearchAnswer, SearchRpc } from '#shared/search/search-rpc.ts'
import { timeMs } from './duration.ts'
import { asText } from './json-value.ts'

/** One crash of a product's card. */
export interface LatestCrash {
  readonly crashId: string
  readonly signature: string
  readonly version: string
  readonly atMs: number | null
}

/** A product's last seven days. */
export interface ProductCrashes {
  readonly product: string
  readonly count: number
  readonly latest: readonly LatestCrash[]
}

/** What the first page shows. */
export interface RecentCrashes {
  readonly total: number
  readonly signatures: number
  readonly products: readonly ProductCrashes[]
  /** Products beyond MAX_HOME_PRODUCTS. */
  readonly moreProducts: number
  /** Search could not answer in full. */
  readonly partial: boolean
}

/** The crashes of the last seven days: totals, and the latest of each of the most frequent products. */
export async function recentCrashes(query: SearchRpc['query'], viewer: Viewer, nowMs: number): Promise<RecentCrashes> {
  const ask = (...params: readonly (readonly [string, string])[]): Promise<SearchAnswer> =>
    query(queryOf(parseSearchQuery(new URLSearchParams(params.map(([name, value]) => [name, value])), viewer, nowMs)))
  const all = await ask(
    ['_results_number', '0'],
    ['_facets', 'product'],
    ['_facets', 'signature'],
    ['_facets_size', String(MAX_FACETS_SIZE)],
  )
  const counts = facetTerms(all.facets, 'product')
  const answers = await Promise.all(
    counts.slice(0, MAX_HOME_PRODUCTS).map(async ({ term, count }) => {
      const answer = await ask(
        ['product', String(term)],
        ['_results_number', String(HOME_CRASHES_A_PRODUCT)],
        ['_facets_size', '0'],
        ['_sort', '-date'],
        ...['uuid', 'date', 'signature', 'version'].map((column) => ['_columns', column] as const),
      )
      return { product: { product: asText(term) ?? '', count, latest: answer.hits.map(latestCrash) }, answer }
    }),
  )
  return {
    total: all.total,
    signatures: facetTerms(all.facets, 'signature').length,
    products: answers.map(({ product }) => product),
    moreProducts: Math.max(0, counts.length - MAX_HOME_PRODUCTS),
    partial: [all, ...answers.map(({ answer }) => answer)].some(({ errors }) => errors.length > 0),
  }
}

function latestCrash(hit: SearchAnswer['hits'][number]): LatestCrash {
  return {
    crashId: asText(hit.uuid) ?? '',
    signature: asText(hit.signature) ?? '(no signature)',
    version: asText(hit.version) ?? '',
    atMs: timeMs(hit.date),
  }
}

function queryOf(parsed: ParsedQuery) {
  if (parsed.kind === 'query') return parsed.query
  throw new Error(`the first page asked a bad query: ${parsed.message}`)
}
