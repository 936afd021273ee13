import { ANONYMOUS } from '#shared/auth/permissions.ts'
import type { Clock } from '#shared/clock.ts'
import type { BuildVersion, ProductVersionRepository } from '#shared/db/product-versions.ts'
import { withDeadline } from '#shared/deadline.ts'
import { MAX_BUILDS_A_FACET, RPC_DEADLINE_MS, SIGNATURE_WINDOW_MS } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { BUILT_IN_FIELDS, DATE_FIELD } from '#shared/search/fields.ts'
import { queryField } from '#shared/search/filter.ts'
import { instantOf } from '#shared/search/instant.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { Aggregation, SearchQuery } from '#shared/search/search-query.ts'
import type { Facets, SearchRpc } from '#shared/search/search-rpc.ts'

export interface ProductVersionsDeps {
  readonly search: Pick<SearchRpc, 'query'>
  readonly versions: Pick<ProductVersionRepository, 'record'>
  readonly clock: Clock
}

/** What one run saw. `partial`: a shard did not answer; what it holds comes with a later run. */
export interface ProductVersionsReport {
  readonly versions: number
  readonly partial: boolean
}

/** What makes a build's version, outermost first. */
const LEVELS = ['product', 'release_channel', 'BuildID', 'version'] as const

/** Remembers which builds are which versions, from the crashes of the last hours: `/api/VersionString/` answers from it (specs/webapp.md 2.2). */
export async function recordProductVersions(deps: ProductVersionsDeps): Promise<ProductVersionsReport> {
  const nowMs = deps.clock()
  const work = deps.search.query(versionsQuery(nowMs))
  const { facets, errors } = await withDeadline('search query', RPC_DEADLINE_MS, work)
  const versions = buildVersions(facets)
  await deps.versions.record(versions, nowMs)
  return { versions: versions.length, partial: errors.some(({ type }) => type === 'shards') }
}

function versionsQuery(nowMs: number): SearchQuery {
  const params = new URLSearchParams({
    [DATE_FIELD]: `>=${instantOf(nowMs - SIGNATURE_WINDOW_MS)}`,
    _facets_size: String(MAX_BUILDS_A_FACET),
    _results_number: '0',
  })
  const parsed = parseSearchQuery(params, ANONYMOUS, nowMs)
  if (parsed.kind === 'bad') throw new Error(`the versions job asked a bad query: ${parsed.message}`)
  const tree = LEVELS.reduceRight<readonly Aggregation[]>((then, name) => [{ ...terms(name), then }], [])
  return { ...parsed.query, aggregations: tree }
}

function terms(name: string) {
  const field = BUILT_IN_FIELDS.find(name)
  if (field === null) throw new Error(`the versions job asked for ${name}, which is no field`)
  return { kind: 'terms', key: name, field: queryField(field) } as const
}

/** The leaves of the counted tree. A crash without a channel or a build says nothing of one. */
function buildVersions(facets: Facets): readonly BuildVersion[] {
  const [product, channel, build, version] = LEVELS
  const inside = (within: Facets | undefined, key: string) =>
    facetTerms(within ?? {}, key).map(({ term, facets: then }) => ({ name: String(term), then }))
  return inside(facets, product).flatMap((ofProduct) =>
    inside(ofProduct.then, channel).flatMap((onChannel) =>
      inside(onChannel.then, build).flatMap((ofBuild) =>
        inside(ofBuild.then, version).map(({ name }) => ({
          product: ofProduct.name,
          channel: onChannel.name.toLowerCase(),
          buildId: ofBuild.name,
          version: name,
        })),
      ),
    ),
  )
}
