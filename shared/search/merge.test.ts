import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { chunkOf } from './chunk.ts'
import { answerChunks, answerTerms } from './chunk-query.ts'
import { mergeFacets, mergePage, mergeTotals, unknownTerms } from './merge.ts'
import { parseSearchQuery } from './query.ts'
import type { SearchQuery } from './search-query.ts'
import { SEMANTICS_NOW_MS, semanticsDocuments } from './semantics-case.ts'

function queryOf(search: string): SearchQuery {
  const parsed = parseSearchQuery(new URLSearchParams(search), ANONYMOUS, SEMANTICS_NOW_MS)
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  return parsed.query
}

/** So many crashes of each signature. */
const crashes = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([signature, count]) =>
    Array.from({ length: count }, (_, uptime) => ({ signature, uptime })),
  )

/** The answer of shards that have room for so many terms of one letter; `asksAgain`: as the search Worker does. */
function answer(search: string, shards: readonly object[][], terms: number, asksAgain = true) {
  const query = queryOf(search)
  const hasDetails = query.aggregations.some(
    (aggregation) => aggregation.kind !== 'cardinality' && aggregation.then.length > 0,
  )
  const maxBytes = terms * (32 + 2) * (hasDetails ? 2 : 1)
  const chunks = shards.map((shard) => [chunkOf(semanticsDocuments(shard))])
  const partials = chunks.map((ofShard) => answerChunks(ofShard, query, maxBytes))
  const wanted = unknownTerms(
    query,
    partials.map(({ facets }) => facets),
  )
  const merged = mergeFacets(
    query,
    partials.map(({ facets }, n) => {
      const ofShard = wanted[n]
      const again =
        asksAgain && ofShard
          ? { wanted: ofShard, facets: answerTerms(chunks[n] ?? [], query, ofShard, 1_000_000) }
          : null
      return { facets, again }
    }),
  )
  return { ...merged, wanted }
}

const PLENTY = 1_000

describe('the facets of several shards', () => {
  it('are added up, without a second question where every term is there', () => {
    const { facets, warnings, wanted } = answer('', [crashes({ a: 2, b: 1 }), crashes({ b: 2, c: 1 })], PLENTY)
    expect(facets).toEqual({
      signature: [
        { term: 'b', count: 3 },
        { term: 'a', count: 2 },
        { term: 'c', count: 1 },
      ],
    })
    expect([warnings, wanted]).toEqual([[], [null, null]])
  })

  it('are exact where shards sent a part: what may win is asked for again', () => {
    const shards = [crashes({ a: 9, b: 8, c: 1 }), crashes({ b: 5, c: 2, a: 1 })]
    const { facets, warnings, wanted } = answer('_facets_size=1', shards, 2)
    expect(facets).toEqual({ signature: [{ term: 'b', count: 13 }] })
    expect(warnings).toEqual([])
    expect(wanted).toEqual([null, { signature: ['a'] }])
  })

  it('are said to be inexact when the second question was not answered', () => {
    const shards = [crashes({ a: 9, b: 8, c: 1 }), crashes({ b: 5, c: 2, a: 1 })]
    expect(answer('_facets_size=2', shards, 2, false).warnings).toMatchObject([{ param: '_facets' }])
    expect(answer('_facets_size=2', shards, 2).warnings).toEqual([])
  })

  it('are said to be inexact where a term that nobody sent could be among the first', () => {
    const shards = [crashes({ a: 3, x: 2 }), crashes({ b: 3, x: 2 })]
    expect(answer('_facets_size=1', shards, 1).warnings).toMatchObject([
      { type: 'warning', param: '_facets', msg: expect.stringContaining('signature') },
    ])
  })

  it('are said to be inexact where a term that nobody sent could come before the last', () => {
    const shards = [crashes({ w: 3 }), crashes({ x: 9, y: 5, w: 1 })]
    expect(answer('_facets_size=2', shards, 1).warnings).toHaveLength(1)
    const { facets, warnings } = answer('_facets_size=2', shards, 2)
    expect(facets).toEqual({
      signature: [
        { term: 'x', count: 9 },
        { term: 'y', count: 5 },
      ],
    })
    expect(warnings).toEqual([])
  })

  it('of one shard are exact as far as they go', () => {
    const shard = crashes({ a: 3, b: 2, c: 1 })
    expect(answer('_facets_size=2', [shard], 2).warnings).toEqual([])
    expect(answer('_facets_size=3', [shard], 2).warnings).toHaveLength(1)
  })

  it('have in each term what all shards counted, asked for again where it was not worked out', () => {
    const shards = [crashes({ a: 3, b: 2 }), crashes({ b: 3, a: 2, c: 4 })]
    const { facets, warnings, wanted } = answer('_facets_size=1&_aggs.signature=_cardinality.uptime', shards, PLENTY)
    expect(facets).toEqual({ signature: [{ term: 'a', count: 5, facets: { cardinality_uptime: { value: 3 } } }] })
    expect(warnings).toEqual([])
    expect(wanted).toEqual([null, { signature: ['a'] }])
  })

  it('of a histogram are all there, ascending', () => {
    const { facets } = answer(
      '_facets=_histogram.uptime&_facets_size=1',
      [crashes({ a: 2 }), crashes({ b: 3 })],
      PLENTY,
    )
    expect(facets).toEqual({
      histogram_uptime: [
        { term: 0, count: 2 },
        { term: 1, count: 2 },
        { term: 2, count: 1 },
      ],
    })
  })
})

describe('the page of several shards', () => {
  const documents = semanticsDocuments(
    Array.from({ length: 50 }, (_, n) => ({ uptime: n % 5, signature: `s${n % 3}` })),
  )
  const half = (which: number) => [chunkOf(documents.filter((_, n) => n % 2 === which))]

  it.each(['', '_sort=uptime&_sort=-signature', '_sort=-date', '_sort=date', '_sort=reason'])(
    'is that of one shard with all of them: %s',
    (sort) => {
      const query = queryOf(`${sort}&_results_number=7&_results_offset=4&_facets_size=0`)
      const parts = [half(0), half(1)].map((chunks) => answerChunks(chunks, query, 0))
      const whole = answerChunks([chunkOf(documents)], query, 0)
      expect(mergePage(query, parts)).toEqual(mergePage(query, [whole]))
      expect(mergePage(query, parts)).toHaveLength(7)
      expect(mergeTotals(query, parts)).toEqual({ total: 50 })
    },
  )

  it('needs no more of a shard than offset and number', () => {
    const query = queryOf('_sort=uptime&_results_number=3&_results_offset=1&_facets_size=0')
    const { top, total } = answerChunks([chunkOf(documents)], query, 0)
    expect(total).toBe(50)
    expect(top.map(({ keys }) => keys)).toEqual([[0], [0], [0], [0]])
  })
})
