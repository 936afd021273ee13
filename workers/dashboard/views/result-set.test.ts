import { describe, expect, it } from 'vitest'
import { parseDateWindow } from '#shared/search/date-window.ts'
import { neighbourQuery, neighboursOf, reportHref, resultSetOf, resultSetQuery } from './result-set.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12)
const windowOf = (...dates: readonly string[]) => {
  const date = parseDateWindow(dates, NOW_MS)
  if (date.kind !== 'window') throw new Error('bad dates')
  return { date }
}

describe('a result set', () => {
  it('stands in the address of a report and is read from there', () => {
    const href = reportHref('abc', { query: 'signature=~x&_sort=-date', at: 12 })
    const params = new URL(href, 'http://a').searchParams
    expect(resultSetOf(params)).toEqual({ query: 'signature=%7Ex&_sort=-date', at: 12 })
    expect(reportHref('abc')).toBe('/report/index/abc')
    expect(reportHref('abc', { query: 'x'.repeat(5_000), at: 1 })).toBe('/report/index/abc')
  })

  it.each([
    '',
    'in=a',
    'at=1',
    'in=a&at=-1',
    'in=a&at=x',
    'in=a&at=10000',
    'in=a&at=1e3',
    `in=${'a'.repeat(5_000)}&at=1`,
  ])('is none in %j', (query) => {
    expect(resultSetOf(new URLSearchParams(query))).toBeNull()
  })

  it('keeps filters and order, drops what a page shows, and its dates stand still', () => {
    const params = new URLSearchParams(
      'product=A&signature=~x&_sort=-uptime&_columns=date&_facets=version&_results_offset=50',
    )
    const query = new URLSearchParams(resultSetQuery(params, windowOf()))
    expect([...query.keys()]).toEqual(['product', 'signature', '_sort', 'date', 'date'])
    // The same window, whenever it is read.
    const again = parseDateWindow(query.getAll('date'), NOW_MS + 86_400_000)
    expect(again).toEqual(windowOf().date)
  })

  it('asks for the ids around the hit, newest first unless it says otherwise', () => {
    const asked = (query: string, at: number) => Object.fromEntries(neighbourQuery({ query, at }))
    expect(asked('product=A&_facets=url&_results_number=1000&_aggs.x=y', 57)).toEqual({
      product: 'A',
      _sort: '-date',
      _columns: 'uuid',
      _facets_size: '0',
      _results_offset: '47',
      _results_number: '21',
    })
    expect(asked('_sort=uptime', 3)).toMatchObject({ _sort: 'uptime', _results_offset: '0' })
    expect(asked('', 9_999)).toMatchObject({ _results_offset: '9989', _results_number: '11' })
  })

  it('finds the report among them, also when new crashes pushed it down', () => {
    const set = { query: '', at: 12 }
    const ids = ['c', 'd', 'e', 'f']
    expect(neighboursOf('d', set, ids, 99)).toEqual({ at: 3, total: 99, previous: 'c', next: 'e' })
    expect(neighboursOf('f', set, ids, 6)).toEqual({ at: 5, total: 6, previous: 'e', next: null })
    expect(neighboursOf('c', { ...set, at: 0 }, ids, 4)).toMatchObject({ at: 0, previous: null })
    expect(neighboursOf('gone', set, ids, 99)).toBeNull()
  })
})
