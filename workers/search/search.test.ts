import { describe, expect, it } from 'vitest'
import { MAX_FACET_BYTES, MAX_INDEXED_CHARS, MAX_INDEXED_TEXT_BYTES, QUERY_DEADLINE_MS } from '#shared/limits.ts'
import { searchDocument } from '#shared/search/document.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { BUILT_IN_FIELDS } from '#shared/search/fields.ts'
import { weekOfCrash } from '#shared/search/shards.ts'
import { indexDocuments, missingCrashes, querySearch, removeCrashes } from './search.ts'
import { documentOf, freshSearch, idOf, LAST_WEEK, queryOf, THIS_WEEK } from './search-rig.ts'

const dead = () => Promise.reject(new Error('broken for the test'))

describe('a document', () => {
  it('has no key for a column that is not the viewer’s to see', async () => {
    const search = freshSearch()
    await search.index({ signature: 'a', url: 'https://canary.example/' })
    const answer = await search.query('_columns=url&_columns=signature')
    expect(answer.hits).toEqual([{ signature: 'a' }])
    expect(JSON.stringify(answer)).not.toContain('canary')
  })

  it('that was resent under an old crash id is found by its date, and weeks without crashes are not asked', async () => {
    const search = freshSearch()
    const resent = searchDocument({ uuid: idOf('260105'), signature: 'old', date_processed: '2026-11-17T00:00:00Z' }, 1)
    await indexDocuments(search.deps, [resent])
    search.asked.length = 0
    expect(await search.query('_columns=signature')).toMatchObject({
      total: 1,
      hits: [{ signature: 'old' }],
      errors: [],
    })
    expect(new Set(search.asked)).toEqual(new Set([LAST_WEEK, THIS_WEEK, '2026W02']))
    expect(await missingCrashes(search.deps, [idOf('260105')])).toEqual([])
  })
})

describe('a week in several shards', () => {
  const documents = Array.from({ length: 20 }, (_, serial) => documentOf(serial, 1, { signature: `s${serial % 3}` }))
  const ids = documents.map(({ crash_id }) => crash_id)

  it('answers as one', async () => {
    const search = freshSearch({}, 3)
    await indexDocuments(search.deps, documents)
    const sizes = await Promise.all(
      [THIS_WEEK, `${THIS_WEEK}/1`, `${THIS_WEEK}/2`].map(async (shard) => {
        const missing = await search.stubOf(shard).missing(ids)
        return ids.length - missing.length
      }),
    )
    expect(sizes).toEqual([7, 7, 6])
    const answer = await search.query('_columns=uuid&_sort=uuid&_facets=signature')
    expect(answer.hits).toEqual(ids.map((uuid) => ({ uuid })))
    expect(answer.facets).toEqual({
      signature: [
        { term: 's0', count: 7 },
        { term: 's1', count: 7 },
        { term: 's2', count: 6 },
      ],
    })
  })

  it.each([
    ['fewer', 3, 1],
    ['more', 1, 3],
  ])('loses nothing when the variable says %s later, whoever knows of it', async (_, before, after) => {
    const search = freshSearch({}, before)
    await indexDocuments(search.deps, documents)
    const later = () => ({ ...search.deps, shardsPerWeek: after, splitsOfWeek: new Map() })
    const query = queryOf('_columns=uuid&_sort=uuid')
    expect(await querySearch(later(), query)).toMatchObject({ total: 20, hits: ids.map((uuid) => ({ uuid })) })
    expect(await missingCrashes(later(), [...ids, idOf('261118', 99)])).toEqual([idOf('261118', 99)])
    await indexDocuments(
      later(),
      documents.map((document) => ({ ...document, started_at_ms: 2 })),
    )
    await removeCrashes(later(), ids.slice(0, 5))
    expect(await querySearch(later(), query)).toMatchObject({ total: 15 })
    expect(await missingCrashes(later(), ids)).toEqual(ids.slice(0, 5))
  })

  it('is split as the variable says at its first crash, not by questions before', async () => {
    const search = freshSearch({}, 1)
    await search.query('')
    await missingCrashes(search.deps, ids)
    const later = { ...search.deps, shardsPerWeek: 2 }
    await indexDocuments(later, documents)
    expect(later.splitsOfWeek.get(weekOfCrash(idOf('261118')))).toBe(2)
    expect(await querySearch(later, queryOf(''))).toMatchObject({ total: 20 })
  })
})

describe('removed and missing crashes', () => {
  it('are told exactly, in the order asked, across weeks', async () => {
    const search = freshSearch()
    const gone = idOf('261110', 2)
    const indexed = [idOf('261118', 1), gone, idOf('250101', 3)]
    await indexDocuments(
      search.deps,
      indexed.map((uuid) => searchDocument({ uuid }, 1)),
    )
    const never = [idOf('261118', 7), idOf('240101', 8)]
    expect(await missingCrashes(search.deps, [...never, ...indexed])).toEqual(never)
    await removeCrashes(search.deps, [gone, idOf('261118', 7)])
    expect(await missingCrashes(search.deps, [...indexed, ...never])).toEqual([gone, ...never])
    expect(await search.query('_facets_size=0')).toMatchObject({ total: 1 })
    expect(await missingCrashes(search.deps, [])).toEqual([])
  })

  it('are never guessed: a dead shard is an error', async () => {
    const search = freshSearch({ [LAST_WEEK]: { missing: dead, remove: dead, index: dead } })
    const ids = [idOf('261118'), idOf('261110')]
    await expect(missingCrashes(search.deps, ids)).rejects.toThrow('broken for the test')
    await expect(removeCrashes(search.deps, ids)).rejects.toThrow('broken for the test')
    await expect(search.index({}, {})).rejects.toThrow('broken for the test')
  })
})

describe('a shard', () => {
  it('that is dead is named in errors, and the others answer', async () => {
    const search = freshSearch({ [LAST_WEEK]: { query: dead } })
    await search.index({ signature: 'a' }, { signature: 'b' }, { signature: 'c' })
    expect(await search.query('_columns=signature')).toEqual({
      total: 2,
      hits: [{ signature: 'a' }, { signature: 'c' }],
      facets: {
        signature: [
          { term: 'a', count: 1 },
          { term: 'c', count: 1 },
        ],
      },
      errors: [{ type: 'shards', index: LAST_WEEK, shards_count: 1 }],
    })
    expect(search.logged).toEqual([
      ['search', 'shard_failed', { shard: LAST_WEEK, error: 'Error: broken for the test' }],
    ])
  })

  it('that is late is not waited for beyond the deadline', async () => {
    const search = freshSearch({ [LAST_WEEK]: { query: () => new Promise(() => {}) } })
    await search.index({ signature: 'a' }, { signature: 'b' })
    let asked = 0
    const windowMs = QUERY_DEADLINE_MS * 0.55
    const times = [0, windowMs - 1_000]
    const deps = { ...search.deps, clock: () => times[asked++] ?? windowMs }
    const answer = await querySearch(deps, queryOf('_columns=signature'))
    expect(answer).toMatchObject({
      total: 1,
      hits: [{ signature: 'a' }],
      errors: [{ type: 'shards', index: LAST_WEEK }],
    })
  })

  it('that dies before the columns are read costs its hits, not the answer', async () => {
    const search = freshSearch({ [THIS_WEEK]: { hits: dead } })
    await search.index({ signature: 'a' }, { signature: 'b' })
    expect(await search.query('_columns=signature')).toMatchObject({
      total: 2,
      hits: [{ signature: 'b' }],
      errors: [{ type: 'shards', index: THIS_WEEK }],
    })
  })
})

describe('hostile values', () => {
  const emoji = `${'x'.repeat(MAX_INDEXED_TEXT_BYTES - 1)}💥`

  it.each([
    ['82,000 characters', 'é'.repeat(82_000), 'é'.repeat(MAX_INDEXED_TEXT_BYTES / 2)],
    ['an emoji on the cut', emoji, 'x'.repeat(MAX_INDEXED_TEXT_BYTES - 1)],
    ['NUL', 'a\0b', 'a\0b'],
    ['a name of the prototype', '__proto__', '__proto__'],
    ['SQL', `'); drop table documents; --`, `'); drop table documents; --`],
    ['half an emoji', 'a\ud83d', 'a\ud83d'],
  ])('come back as they were indexed: %s', async (_, signature, indexed) => {
    const search = freshSearch()
    await search.index({ signature, proto_signature: signature, reason: signature })
    const answer = await search.query('_columns=signature&_columns=reason&_facets=signature&_sort=signature')
    expect(answer.hits).toEqual([{ signature: indexed, reason: indexed }])
    expect(answer.facets).toEqual({ signature: [{ term: indexed, count: 1 }] })
    expect(answer.errors).toEqual([])
  })

  it('in every text field at once fit into one row', async () => {
    const search = freshSearch()
    const sources = BUILT_IN_FIELDS.fields
      .filter(({ name }) => name !== 'uuid' && name !== 'date')
      .map(({ source }) => source)
    await search.index(Object.fromEntries(sources.map((source) => [source, '\0'.repeat(82_000)])))
    expect(await search.query('')).toMatchObject({ total: 1, errors: [] })
  })

  it('of a full page are cut so that the answer fits, with a warning', async () => {
    const search = freshSearch()
    const long = 'x'.repeat(MAX_INDEXED_CHARS)
    const crashes = Array.from({ length: 200 }, () => ({ signature: long, reason: long, address: long }))
    await search.index(...crashes)
    const answer = await search.query(
      '_columns=signature&_columns=reason&_columns=address&_results_number=200&_facets_size=0',
    )
    expect(answer.hits.length).toBe(200)
    expect(answer.errors).toMatchObject([{ type: 'warning', param: '_columns' }])
    expect(JSON.stringify(answer).length).toBeLessThan(8 * 1024 * 1024)
  })
})

describe('facets that no RPC can hold', () => {
  /** Long terms, so that a few thousand are too many: 1,500 of 10,000 characters are 30 MB. */
  const term = (n: number) => `${String(n).padStart(5, '0')}${'x'.repeat(9_000)}`
  const often = Array.from({ length: 30 }, () => ({ signature: 'often', uptime: 1 }))
  const rare = Array.from({ length: 1_500 }, (_, n) => ({ signature: term(n), uptime: n }))

  it('have the exact counts of what is frequent, without a warning', async () => {
    const search = freshSearch()
    await search.index(...often, ...rare)
    const answer = await search.query('_facets=signature&_facets_size=1&_results_number=0&_aggs.signature=uptime')
    expect(answer.facets).toEqual({
      signature: [{ term: 'often', count: 30, facets: { uptime: [{ term: 1, count: 30 }] } }],
    })
    expect(answer.errors).toEqual([])
    const partial = await search.stubOf(THIS_WEEK).query(queryOf('_facets=signature'), MAX_FACET_BYTES / 4)
    expect(partial.partial.facets.signature).toMatchObject({ cut_count: 1 })
  })

  it('have what a shard left out of its first answer, asked for again', async () => {
    const search = freshSearch()
    const ofThisWeek = [...rare.map(({ signature }) => signature), 'zz'].map((signature, n) =>
      documentOf(n, 1, { signature }),
    )
    const date = '2026-11-15T00:00:00.000000+00:00'
    const ofLastWeek = Array.from({ length: 9 }, (_, n) => ({
      crash_id: idOf('261115', n),
      started_at_ms: 1,
      values: { date, signature: 'zz' },
    }))
    await indexDocuments(search.deps, [...ofThisWeek, ...ofLastWeek])
    const answer = await search.query('_facets=signature&_facets_size=1&_results_number=0')
    expect(answer.facets).toEqual({ signature: [{ term: 'zz', count: 10 }] })
    expect(answer.errors).toEqual([])
  })

  it('are said to be inexact where a rare one may be missing', async () => {
    const search = freshSearch()
    await search.index(...rare)
    const answer = await search.query('_facets=signature&_facets_size=5&_results_number=0')
    expect(facetTerms(answer.facets, 'signature')).toHaveLength(5)
    expect(answer.errors).toMatchObject([
      { type: 'warning', param: '_facets', msg: expect.stringContaining('signature') },
    ])
  })
})

describe('a thousand crashes', () => {
  it('are paged without a gap or a double, and counted exactly', async () => {
    const search = freshSearch()
    await search.index(...Array.from({ length: 1000 }, (_, n) => ({ signature: `s${n % 7}`, uptime: n % 10 })))
    const pages = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        search.query(`_columns=uuid&_sort=-uptime&_results_number=100&_results_offset=${n * 100}`),
      ),
    )
    const uuids = pages.flatMap(({ hits }) => hits.map(({ uuid }) => uuid))
    expect(new Set(uuids).size).toBe(1000)
    expect(pages[0]?.total).toBe(1000)
    expect(facetTerms(pages[0]?.facets ?? {}, 'signature').map(({ count }) => count)).toEqual([
      143, 143, 143, 143, 143, 143, 142,
    ])
  })
})
