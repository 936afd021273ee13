import { MAX_QUERY_BUCKETS } from '../limits.ts'
import { type Counter, counterOf, partialFacets, weightAt } from './aggregate.ts'
import type { Chunk } from './chunk.ts'
import { DATE_FIELD, UUID_FIELD } from './fields.ts'
import type { PartialAnswer, PartialFacets, WantedTerms } from './partial-answer.ts'
import type { PatternWork } from './pattern.ts'
import type { Aggregation, SearchQuery } from './search-query.ts'
import { compileSelection } from './selection.ts'
import { Shares } from './shares.ts'
import { TopHits } from './top-hits.ts'

/** Whose sum estimates how many crashes there were before sampling. */
const SAMPLE_WEIGHT_FIELD = 'sample_weight'

/**
 * Answers a query over the chunks of a shard, the oldest first. `maxFacetBytes` bounds the facets, roughly, as they will cross RPC.
 */
export function answerChunks(chunks: readonly Chunk[], query: SearchQuery, maxFacetBytes: number): PartialAnswer {
  const allowance = { left: MAX_QUERY_BUCKETS }
  const counters = query.aggregations.map((aggregation) => counterOf(aggregation, 0, allowance, query.estimate))
  const top = new TopHits(query)
  const totals = scan(chunks, query, counters, top)
  return {
    ...totals,
    top: top.first(),
    facets: partialFacets(
      counters,
      0,
      new Shares(maxFacetBytes, counters.length),
      query.facets_size,
      withinSize(query),
    ),
  }
}

/** The same of some terms of the outermost aggregations, each in full: when the merge knows which terms the answer has. */
export function answerTerms(
  chunks: readonly Chunk[],
  query: SearchQuery,
  wanted: WantedTerms,
  maxFacetBytes: number,
): PartialFacets {
  const allowance = { left: MAX_QUERY_BUCKETS }
  const counters = query.aggregations.flatMap((aggregation) => {
    const terms = Object.hasOwn(wanted, aggregation.key) ? wanted[aggregation.key] : undefined
    return terms === undefined ? [] : [counterOf(aggregation, 0, allowance, query.estimate, new Set(terms))]
  })
  scan(chunks, query, counters, null)
  const shares = new Shares(maxFacetBytes, counters.length)
  return partialFacets(counters, 0, shares, Number.POSITIVE_INFINITY, withinSize(query))
}

/** Terms within terms are merged once: what may be among the first together is twice as many as asked for. */
const withinSize = ({ facets_size }: SearchQuery) => 2 * facets_size

function scan(chunks: readonly Chunk[], query: SearchQuery, counters: readonly Counter[], top: TopHits | null) {
  const work: PatternWork = { steps: 0, isOver: false }
  const select = compileSelection(query, work)
  let parents = new Uint32Array(0)
  let total = 0
  let estimate = 0
  for (const chunk of top === null || top.isNewestFirst ? chunks.toReversed() : chunks) {
    const selection = select(chunk)
    const { rows, count } = selection
    if (count === 0) continue
    total += count
    const weights = query.estimate ? chunk.column(SAMPLE_WEIGHT_FIELD) : null
    if (query.estimate) for (let n = 0; n < count; n++) estimate += weightAt(weights, rows[n] ?? 0)
    if (parents.length < count) parents = new Uint32Array(chunk.rows)
    for (const counter of counters) counter.count(chunk, { rows, parents, count }, weights)
    top?.add(chunk, selection)
  }
  return { total, total_estimate: estimate, is_over: work.isOver }
}

/** Every field whose column a query reads. */
export function fieldsOf(query: SearchQuery): readonly string[] {
  const counted = (aggregations: readonly Aggregation[]): readonly string[] =>
    aggregations.flatMap((aggregation) => [
      aggregation.field.name,
      ...(aggregation.kind === 'cardinality' ? [] : counted(aggregation.then)),
    ])
  return [
    ...new Set([
      DATE_FIELD,
      UUID_FIELD,
      ...(query.estimate ? [SAMPLE_WEIGHT_FIELD] : []),
      ...query.filters.map(({ field }) => field.name),
      ...query.sort.map(({ field }) => field.name),
      ...counted(query.aggregations),
    ]),
  ]
}
