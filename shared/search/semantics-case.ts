import { ANONYMOUS, type Viewer } from '../auth/permissions.ts'
import { utcDay } from '../clock.ts'
import type { UnknownNames } from './aggregation-tree.ts'
import { searchDocument } from './document.ts'
import { parseSearchQuery } from './query.ts'
import type { SearchBackend } from './search-backend.ts'
import type { SearchAnswer, SearchDocument } from './search-rpc.ts'

/** One row of the table of `semantics.ts`: processed crashes, a query string, the answer. */
export interface SemanticsCase {
  readonly name: string
  /** Processed crashes; what they leave out of `uuid` and `date_processed` is filled in, alternating between two weeks. */
  readonly crashes: readonly object[]
  readonly search: string
  readonly viewer?: Viewer
  /** `refused` is SuperSearchUnredacted. */
  readonly unknown?: UnknownNames
  /** `bad` is the parameter that is refused. What is not named here may be anything. */
  readonly expected: { readonly bad: string } | Partial<SemanticsOutcome>
}

export interface SemanticsOutcome {
  readonly total: number
  readonly total_estimate: number | undefined
  readonly hits: SearchAnswer['hits']
  readonly facets: SearchAnswer['facets']
  readonly errors: SearchAnswer['errors']
  /** The parameters of the warnings. */
  readonly warned: readonly string[]
}

/** When every case is asked: Wednesday noon of 2026W47. */
export const SEMANTICS_NOW_MS = Date.parse('2026-11-18T12:00:00Z')
export const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }

const DAY_MS = 86_400_000

/** The documents of a case. The first crash is the newest; even ones are of this week and odd ones of the week before. */
export function semanticsDocuments(crashes: readonly object[]): readonly SearchDocument[] {
  return crashes.map((crash, n) => {
    const receivedMs = SEMANTICS_NOW_MS - (n % 2) * 4 * DAY_MS - (n + 1) * 1000
    const serial = String(n).padStart(8, '0')
    const uuid = `${serial}-0000-4000-8000-000000${utcDay(receivedMs).slice(2)}`
    return searchDocument({ uuid, date_processed: new Date(receivedMs).toISOString(), ...crash }, 1)
  })
}

/** Runs one case on an engine that holds nothing else. The outcome has the keys that the case expects: compare with toEqual. */
export async function semanticsOutcome(
  { crashes, search, viewer, unknown, expected }: SemanticsCase,
  backend: Pick<SearchBackend, 'index' | 'query'>,
): Promise<SemanticsCase['expected']> {
  const params = new URLSearchParams(search)
  const parsed = parseSearchQuery(params, viewer ?? ANONYMOUS, SEMANTICS_NOW_MS, undefined, unknown)
  if (parsed.kind === 'bad') return { bad: parsed.param }
  await backend.index(semanticsDocuments(crashes))
  const { total, total_estimate, hits, facets, errors } = await backend.query(parsed.query)
  const warned = parsed.warnings.map(({ param }) => param)
  const outcome: SemanticsOutcome = { total, total_estimate, hits, facets, errors, warned }
  return Object.fromEntries(Object.entries(outcome).filter(([key]) => key in expected))
}

/** Crashes of these signatures. */
export const named = (...signatures: readonly string[]) => signatures.map((signature) => ({ signature }))
/** Terms that occur once each. */
export const once = (...terms: readonly (string | number)[]) => terms.map((term) => ({ term, count: 1 }))
/** One case for each query over the same crashes: `[query, total]`. */
export const totals = (name: string, crashes: readonly object[], rows: readonly (readonly [string, number])[]) =>
  rows.map(([search, total]): SemanticsCase => ({ name: `${name}: ${search}`, crashes, search, expected: { total } }))
/** Queries that are refused: `[query, parameter]`. */
export const refused = (name: string, rows: readonly (readonly [search: string, bad: string])[]) =>
  rows.map(([search, bad]): SemanticsCase => ({ name: `${name}: ${search}`, crashes: [], search, expected: { bad } }))
