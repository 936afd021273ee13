import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { counterOf } from './aggregate.ts'
import { chunkOf } from './chunk.ts'
import { parseSearchQuery } from './query.ts'
import type { Aggregation } from './search-query.ts'
import { SEMANTICS_NOW_MS, semanticsDocuments } from './semantics-case.ts'

function aggregationOf(search: string): Aggregation {
  const parsed = parseSearchQuery(new URLSearchParams(search), ANONYMOUS, SEMANTICS_NOW_MS)
  const aggregation = parsed.kind === 'bad' ? undefined : parsed.query.aggregations[0]
  if (aggregation === undefined) throw new Error(search)
  return aggregation
}

/** What is counted over crashes of these signatures, with so many buckets. */
function counted(search: string, signatures: readonly string[], left: number) {
  const counter = counterOf(aggregationOf(search), 0, { left }, false)
  const chunk = chunkOf(semanticsDocuments(signatures.map((signature, n) => ({ signature, reason: `r${n}` }))))
  const rows = Uint16Array.from(signatures.keys())
  counter.count(chunk, { rows, parents: new Uint32Array(rows.length), count: rows.length }, null)
  return counter.partial(0, 1_000_000, 10, 10)
}

describe('more terms than a query may count', () => {
  it('are left out, with those that were met first counted in full, and nobody can tell how often the others occur', () => {
    expect(counted('_facets=signature', ['a', 'b', 'c', 'a', 'd', 'b', 'a'], 2)).toMatchObject({
      terms: ['a', 'b'],
      counts: [3, 2],
      cut_count: Number.POSITIVE_INFINITY,
    })
    expect(counted('_facets=signature', ['a', 'b', 'a'], 2)).toMatchObject({
      terms: ['a', 'b'],
      counts: [2, 1],
      cut_count: 0,
    })
  })

  it('count for the aggregations inside too', () => {
    const partial = counted('_aggs.signature=reason', ['a', 'a', 'a', 'a'], 6)
    expect(partial).toMatchObject({ terms: ['a'], counts: [4], cut_count: 0 })
    expect(partial).toMatchObject({ details: [{ reason: { cut_count: Number.POSITIVE_INFINITY } }] })
  })

  it('make a number of different values a lower bound that is said to be one', () => {
    expect(counted('_facets=_cardinality.signature', ['a', 'b', 'c'], 2)).toMatchObject({ is_cut: true })
    expect(counted('_facets=_cardinality.signature', ['a', 'b', 'c'], 3)).toMatchObject({ is_cut: false })
  })
})
