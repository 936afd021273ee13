import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { type Clock, utcDay } from '#shared/clock.ts'
import type { MissedInCrashes, MissingSymbols } from '#shared/db/missing-symbols.ts'
import { withDeadline } from '#shared/deadline.ts'
import { MAX_MISSING_MODULES_A_DAY, MISSES_KEPT_DAYS, MISSING_SYMBOLS_DAYS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { facetTerms } from '#shared/search/facet-terms.ts'
import { DATE_FIELD, MISSING_SYMBOLS_FIELD } from '#shared/search/fields.ts'
import { instantOf } from '#shared/search/instant.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { FacetTerm, SearchRpc } from '#shared/search/search-rpc.ts'
import { isModuleCodeId, isModuleDebugId } from '#shared/symbols/missing.ts'

export interface MissingSymbolsDeps {
  readonly search: Pick<SearchRpc, 'query'>
  readonly missing: Pick<MissingSymbols, 'setDay' | 'forget'>
  readonly clock: Clock
}

/** What one run did. A day is skipped when a shard did not answer: a part of its crashes would pass for all of them. */
export interface MissingSymbolsReport {
  readonly days: number
  readonly skipped_days: number
  readonly modules: number
}

const DAY_MS = 86_400_000

/**
 * Counts the distinct crashes that lack each module's symbols, for today and the days before that crashes still come in for. Each day's count
 * replaces the one before, so that a crash counts once however often this runs, and no more once it was reprocessed with symbols.
 */
export async function countMissingSymbols({
  search,
  missing,
  clock,
}: MissingSymbolsDeps): Promise<MissingSymbolsReport> {
  const nowMs = clock()
  const report = { days: 0, skipped_days: 0, modules: 0 }
  for (let daysAgo = 0; daysAgo < MISSING_SYMBOLS_DAYS; daysAgo++) {
    const fromMs = nowMs - (nowMs % DAY_MS) - daysAgo * DAY_MS
    const { facets, errors } = await withDeadline(
      'search query',
      RPC_DEADLINE_MS,
      search.query(dayQuery(fromMs, nowMs)),
    )
    if (errors.some(({ type }) => type === 'shards')) {
      report.skipped_days++
      continue
    }
    const modules = facetTerms(facets, MISSING_SYMBOLS_FIELD).flatMap(readMissedModule)
    await missing.setDay(utcDay(fromMs), modules, { fromMs, toMs: Math.min(nowMs, fromMs + DAY_MS - 1) })
    report.days++
    report.modules += modules.length
  }
  await missing.forget(nowMs - MISSES_KEPT_DAYS * DAY_MS)
  return report
}

function dayQuery(fromMs: number, nowMs: number): SearchQuery {
  const params = new URLSearchParams([
    [DATE_FIELD, `>=${instantOf(fromMs)}`],
    [DATE_FIELD, `<${instantOf(fromMs + DAY_MS)}`],
    ['_facets', MISSING_SYMBOLS_FIELD],
    ['_facets_size', String(MAX_MISSING_MODULES_A_DAY)],
    ['_results_number', '0'],
  ])
  const parsed = parseSearchQuery(params, ANONYMOUS, nowMs)
  if (parsed.kind === 'bad') throw new Error(`the missing symbols job asked a bad query: ${parsed.message}`)
  return parsed.query
}

/** The parts of a term: a slash in a name is written `\\/` (specs/processor.md 1.3, rule 44). */
const PART = /(?<=^|\/)(?:\\\/|[^/])*(?=\/|$)/g

/** Reads `file/version/debug id[/code id]`; nothing for a module that has no id to look for, or a text that is none. */
function readMissedModule({ term, count }: FacetTerm): readonly MissedInCrashes[] {
  const [file = '', , debugId = '', codeId = '', ...more] = (String(term).match(PART) ?? []).map((part) =>
    part.replaceAll('\\/', '/'),
  )
  if (file === '' || more.length > 0) return []
  const ids = {
    debugId: isModuleDebugId(debugId.toUpperCase()) ? debugId.toUpperCase() : null,
    codeId: isModuleCodeId(codeId.toUpperCase()) ? codeId.toUpperCase() : null,
  }
  if (ids.debugId === null && ids.codeId === null) return []
  return [{ debugFile: null, codeFile: file, ...ids, crashes: count }]
}
