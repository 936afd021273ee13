import { describe, expect, it } from 'vitest'
import { ANONYMOUS } from '../auth/permissions.ts'
import { nextPage } from './cursor.ts'
import { parseSearchQuery } from './query.ts'
import { SEMANTICS_NOW_MS, semanticsDocuments } from './semantics-case.ts'
import { naiveBackend } from './testing/naive.ts'

/** Pages with a cursor until there is none, as a client does; later pages are asked a minute later. */
async function pageThrough(crashes: readonly object[], search: string): Promise<readonly (readonly string[])[]> {
  const backend = naiveBackend()
  await backend.index(semanticsDocuments(crashes))
  const pages: string[][] = []
  let text = ''
  for (;;) {
    const params = new URLSearchParams(`${search}&_columns=date&_columns=uuid`)
    params.set('_cursor', text)
    const parsed = parseSearchQuery(params, ANONYMOUS, SEMANTICS_NOW_MS + pages.length * 60_000)
    if (parsed.kind === 'bad' || parsed.cursor === null) throw new Error(JSON.stringify(parsed))
    const answer = await backend.query(parsed.query)
    pages.push(answer.hits.map(({ uuid }) => String(uuid).slice(0, 8)))
    const next = nextPage(parsed.cursor, parsed.query, answer)
    if (next.kind !== 'after') return pages
    text = next.cursor
  }
}

const at = (date_processed: string) => ({ date_processed })
const CRASHES = [
  at('2026-11-11T12:00:00Z'),
  at('2026-11-12T00:00:00.000001Z'),
  ...Array.from({ length: 5 }, () => at('2026-11-13T00:00:00Z')),
  at('2026-11-14T00:00:00Z'),
  at('2026-11-18T12:00:00Z'),
]
const serial = (n: number) => String(n).padStart(8, '0')

describe('a cursor', () => {
  it.each([
    ['newest first', '', [8, 7, 2, 3, 4, 5, 6, 1, 0]],
    ['newest first, said so', '&_sort=-date', [8, 7, 2, 3, 4, 5, 6, 1, 0]],
    ['oldest first', '&_sort=date', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
  ])(
    'gives every crash once, also those of one instant, also at the ends of the window: %s',
    async (_, sort, order) => {
      for (const number of [1, 2, 3, 4, 9, 100]) {
        const pages = await pageThrough(CRASHES, `_results_number=${number}${sort}`)
        expect(pages.flat()).toEqual(order.map(serial))
        expect(pages).toHaveLength(Math.ceil(9 / number))
      }
    },
  )

  it('ends where there is nothing', async () => {
    expect(await pageThrough([], '_results_number=2')).toEqual([[]])
    expect(await pageThrough(CRASHES, '_results_number=0')).toEqual([[]])
  })

  it.each([
    'x',
    '1.2026-11-18T12:00:00.000000Z',
    '1.2026-11-18.0',
    '1.2026-11-31T12:00:00.000000Z.0',
    '-1.2026-11-18T12:00:00.000000Z.0',
  ])('that we never gave is bad: %s', (text) => {
    expect(parseSearchQuery(new URLSearchParams({ _cursor: text }), ANONYMOUS, SEMANTICS_NOW_MS)).toMatchObject({
      kind: 'bad',
      param: '_cursor',
    })
  })

  it('does not end, but says so, where dates were cut to fit', () => {
    const parsed = parseSearchQuery(new URLSearchParams('_cursor='), ANONYMOUS, SEMANTICS_NOW_MS)
    if (parsed.kind === 'bad' || parsed.cursor === null) throw new Error(JSON.stringify(parsed))
    const page = (date: string) => ({ hits: [{ date }], total: 2, facets: {}, errors: [] })
    for (const date of ['2026-11-18T11:', '2026-11-18']) {
      expect(nextPage(parsed.cursor, parsed.query, page(date))).toEqual({ kind: 'cut' })
    }
  })

  it('never widens the window', () => {
    const parsed = parseSearchQuery(
      new URLSearchParams([
        ['_cursor', '1795003200000.2030-01-01T00:00:00.000000Z.3'],
        ['date', '>=2026-11-01'],
        ['date', '<2026-11-05'],
      ]),
      ANONYMOUS,
      SEMANTICS_NOW_MS,
    )
    expect(parsed).toMatchObject({
      query: { date: { to: { at: '2026-11-05T00:00:00.000000+00:00', inclusive: false } }, results_offset: 3 },
    })
  })

  it('says so where more crashes share one instant than can be skipped', () => {
    const params = new URLSearchParams({ _cursor: '1.2026-11-18T12:00:00.000000Z.9950', _results_number: '51' })
    expect(parseSearchQuery(params, ANONYMOUS, SEMANTICS_NOW_MS)).toMatchObject({ kind: 'bad', param: '_cursor' })
  })
})
