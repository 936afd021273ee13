import type { Viewer } from '../../auth/permissions.ts'
import type { FieldCatalog } from '../fields.ts'
import { parseSearchQuery } from '../query.ts'
import type { SearchBackend } from '../search-backend.ts'
import type { SearchAnswer } from '../search-rpc.ts'
import { GENERATED_NOW_MS, type History } from './generated.ts'

const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }

/** Does to an engine what happened. */
export async function live(backend: SearchBackend, { index, remove, late }: History): Promise<void> {
  for (const documents of index) await backend.index(documents)
  await backend.remove(remove)
  await backend.index(late)
}

/** What two engines answer to one query. What an engine says is not exact is not compared, and `isInexact` says so. Null for a bad query. */
export interface Answers {
  readonly expected: Partial<SearchAnswer>
  readonly seen: Partial<SearchAnswer>
  readonly isInexact: boolean
}

export async function answersTo(
  params: readonly (readonly [string, string])[],
  catalog: FieldCatalog,
  naive: SearchBackend,
  engine: SearchBackend,
): Promise<Answers | null> {
  const parsed = parseSearchQuery(
    new URLSearchParams(params.map(([name, value]) => [name, value])),
    INVESTIGATOR,
    GENERATED_NOW_MS,
    catalog,
  )
  if (parsed.kind === 'bad') return null
  const [expected, seen] = [await naive.query(parsed.query), await engine.query(parsed.query)]
  const warnings = seen.errors.filter(({ type }) => type === 'warning')
  const isInexact = warnings.length > 0
  const compared = ({ hits, total, total_estimate, facets, errors }: SearchAnswer): Partial<SearchAnswer> => ({
    hits,
    total,
    ...(total_estimate === undefined ? {} : { total_estimate }),
    ...(isInexact ? {} : { facets }),
    errors: errors.filter((error) => !warnings.includes(error)),
  })
  return { expected: compared(expected), seen: compared(seen), isInexact }
}
