import { ANONYMOUS } from '../auth/permissions.ts'
import { type CrashId, crashIdSchema } from '../crash-id.ts'
import { searchDocument } from './document.ts'
import { parseSearchQuery } from './query.ts'
import type { SearchBackend } from './search-backend.ts'
import { SEMANTICS_NOW_MS } from './semantics-case.ts'

/** What becomes of a crash that is indexed again or removed: some steps on an engine that holds nothing else, and what is seen at their end. */
export interface LifecycleCase {
  readonly name: string
  readonly run: (backend: SearchBackend) => Promise<unknown>
  readonly expected: unknown
}

const idOf = (serial: number, day = '261118'): CrashId =>
  crashIdSchema.parse(`${String(serial).padStart(8, '0')}-0000-4000-8000-000000${day}`)
const FIRST = idOf(1)
const SECOND = idOf(2, '261110')
/** Later than any removal. */
const FAR_FUTURE_MS = Date.parse('9000-01-01T00:00:00Z')

const documentOf = (uuid: CrashId, signature: string, startedAtMs: number, more: object = {}) =>
  searchDocument({ uuid, signature, date_processed: '2026-11-18T11:00:00Z', ...more }, startedAtMs)

/** What a search for everything of the last days sees. */
async function seen(backend: SearchBackend) {
  const parsed = parseSearchQuery(
    new URLSearchParams('_columns=signature&_sort=signature&_facets=signature'),
    ANONYMOUS,
    SEMANTICS_NOW_MS,
  )
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  const { hits, total, facets } = await backend.query(parsed.query)
  return { total, signatures: hits.map(({ signature }) => signature), facets }
}

const one = (signature: string) => ({
  total: 1,
  signatures: [signature],
  facets: { signature: [{ term: signature, count: 1 }] },
})
const NOTHING = { total: 0, signatures: [], facets: { signature: [] } }

export const LIFECYCLE_CASES: readonly LifecycleCase[] = [
  {
    name: 'a crash that is processed again is one crash, as it was processed last',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'old', 1)])
      await backend.index([documentOf(FIRST, 'new', 2)])
      return seen(backend)
    },
    expected: one('new'),
  },
  {
    name: 'an earlier processing that comes late changes nothing',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'new', 2)])
      await backend.index([documentOf(FIRST, 'old', 1)])
      return seen(backend)
    },
    expected: one('new'),
  },
  {
    name: 'of two processings in one batch the later stays',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'new', 2), documentOf(FIRST, 'old', 1)])
      return seen(backend)
    },
    expected: one('new'),
  },
  {
    name: 'a processing that found less leaves nothing of what the one before had found',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'old', 1, { product: 'WaterWolf' })])
      await backend.index([documentOf(FIRST, 'new', 2)])
      const parsed = parseSearchQuery(new URLSearchParams('product=__null__'), ANONYMOUS, SEMANTICS_NOW_MS)
      return parsed.kind === 'bad' ? parsed : (await backend.query(parsed.query)).total
    },
    expected: 1,
  },
  {
    name: 'a crash that was resent under its old id is found by its new date',
    run: async (backend) => {
      await backend.index([documentOf(idOf(1, '250105'), 'resent', 1)])
      return seen(backend)
    },
    expected: one('resent'),
  },
  {
    name: 'crashes of one old week that were resent in two weeks are each found once',
    run: async (backend) => {
      await backend.index([
        documentOf(idOf(1, '250105'), 'resent', 1),
        documentOf(idOf(2, '250105'), 'resent', 1, { date_processed: '2026-11-12T00:00:00Z' }),
      ])
      return seen(backend)
    },
    expected: {
      total: 2,
      signatures: ['resent', 'resent'],
      facets: { signature: [{ term: 'resent', count: 2 }] },
    },
  },
  {
    name: 'a removed crash is in no answer, and missing',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'gone', 1), documentOf(SECOND, 'kept', 1)])
      await backend.remove([FIRST])
      return [await seen(backend), await backend.missing([FIRST, SECOND])]
    },
    expected: [one('kept'), [FIRST]],
  },
  {
    name: 'a processing that was started before the removal does not bring the crash back',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'gone', 2)])
      await backend.remove([FIRST])
      await backend.index([documentOf(FIRST, 'gone', 1), documentOf(FIRST, 'gone', 2)])
      return [await seen(backend), await backend.missing([FIRST])]
    },
    expected: [NOTHING, [FIRST]],
  },
  {
    name: 'a processing that was started after the removal does',
    run: async (backend) => {
      await backend.index([documentOf(FIRST, 'gone', 1)])
      await backend.remove([FIRST])
      await backend.index([documentOf(FIRST, 'back', FAR_FUTURE_MS)])
      return [await seen(backend), await backend.missing([FIRST])]
    },
    expected: [one('back'), []],
  },
  {
    name: 'missing crashes come in the order asked',
    run: async (backend) => {
      await backend.index([documentOf(SECOND, 'a', 1)])
      return backend.missing([idOf(9, '250105'), SECOND, FIRST])
    },
    expected: [idOf(9, '250105'), FIRST],
  },
]
