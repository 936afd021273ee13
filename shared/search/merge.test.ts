import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { aggregate } from './aggregate.ts'
import { fitHits, mergePartials } from './merge.ts'
import { parseSearchQuery, type SearchQuery } from './query.ts'
import { SEMANTICS_NOW_MS, semanticsDocuments } from './semantics.ts'

function queryOf(search: string): SearchQuery {
  const parsed = parseSearchQuery(new URLSearchParams(search), ANONYMOUS, SEMANTICS_NOW_MS)
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  return parsed.query
}

const PLENTY = 1_000_000

describe('the merge of partial answers', () => {
  it('is what one shard with all documents answers, however the documents are spread', () => {
    const crash = fc.record(
      { signature: fc.constantFrom('a', 'b', 'c'), uptime: fc.nat(3), product: fc.constantFrom('p', 'q') },
      { requiredKeys: [] },
    )
    const search = fc.constantFrom(
      '_sort=-uptime&_sort=signature&_results_number=3&_results_offset=2&_facets=product&_facets=uptime&_facets_size=2',
      'uptime=>0&_results_number=4',
      'signature=!a&_sort=product&_facets=signature',
    )
    fc.assert(
      fc.property(
        fc.array(crash, { maxLength: 30 }),
        search,
        fc.integer({ min: 1, max: 5 }),
        (crashes, text, shards) => {
          const query = queryOf(text)
          const documents = semanticsDocuments(crashes)
          const spread = Array.from({ length: shards }, (_, shard) => documents.filter((_, n) => n % shards === shard))
          const partials = spread.map((part) => aggregate(part, query, PLENTY))
          expect(mergePartials(query, partials)).toEqual(mergePartials(query, [aggregate(documents, query, PLENTY)]))
        },
      ),
    )
  })

  it('keeps the most frequent terms of a facet that is too large, and says so', () => {
    const query = queryOf('')
    const signatures = ['often', 'often', 'rare1', 'rare2', 'rare3'].map((signature) => ({ signature }))
    const partial = aggregate(semanticsDocuments(signatures), query, 60)
    const { facets, warnings } = mergePartials(query, [partial])
    expect(facets).toEqual({ signature: [{ term: 'often', count: 2 }] })
    expect(warnings).toMatchObject([{ type: 'warning', param: '_facets', msg: expect.stringContaining('signature') }])
  })

  it('has no more hits in a part than the page can need', () => {
    const crashes = Array.from({ length: 50 }, (_, uptime) => ({ uptime }))
    const partial = aggregate(
      semanticsDocuments(crashes),
      queryOf('_sort=uptime&_results_number=3&_results_offset=1'),
      PLENTY,
    )
    expect(partial.total).toBe(50)
    expect(partial.top.map(({ keys }) => keys)).toEqual([[0], [1], [2], [3]])
  })
})

describe('a page of hits', () => {
  it('is left as it is when it fits', () => {
    const hits = [{ signature: 'x'.repeat(10), uptime: null }]
    expect(fitHits(hits, 100)).toEqual({ hits, isCut: false })
  })

  it('has its long texts cut to their share when it does not, and numbers left alone', () => {
    const hits = [{ signature: 'x'.repeat(100), uptime: 5 }]
    expect(fitHits(hits, 60)).toEqual({ hits: [{ signature: 'x'.repeat(10), uptime: 5 }], isCut: true })
  })
})
