import type { CrashId } from '#shared/crash-id.ts'
import { MAX_OPENED_THREADS, MAX_SOUGHT_CHARS } from '#shared/limits.ts'
import { shownText } from './json-value.ts'
import { type ResultSet, resultSetOf } from './result-set.ts'

/** The parts of a report, each with an address of its own. */
export const REPORT_TABS = ['crash', 'annotations', 'modules', 'extensions', 'raw', 'debug'] as const
export type ReportTab = (typeof REPORT_TABS)[number]

/** What the address of a report asks for. Anything else in it is ignored: it is an address that somebody typed. */
export interface ReportState {
  readonly crashId: CrashId
  readonly tab: ReportTab
  readonly open: ReadonlySet<number> | 'all'
  readonly sought: string
  readonly set: ResultSet | null
}

/** Reads the address. */
export function reportState(crashId: CrashId, params: URLSearchParams): ReportState {
  const asked = params.get('tab')
  const threads = params.getAll('thread')
  const numbers = threads.filter((thread) => /^\d{1,6}$/.test(thread)).map(Number)
  return {
    crashId,
    tab: REPORT_TABS.find((tab) => tab === asked) ?? 'crash',
    open: threads.includes('all') ? 'all' : new Set(numbers.slice(0, MAX_OPENED_THREADS)),
    // As rows show it: an override in a link would turn the page's own text around.
    sought: shownText((params.get('find') ?? '').trim().slice(0, MAX_SOUGHT_CHARS)),
    set: resultSetOf(params),
  }
}

/** The address of the same report in another state. Its result set goes along. */
export function stateHref(
  state: ReportState,
  change: { readonly tab?: ReportTab; readonly open?: number | 'all' } = {},
): string {
  const params = new URLSearchParams()
  if (change.tab !== undefined && change.tab !== 'crash') params.set('tab', change.tab)
  if (change.open !== undefined) {
    if (state.sought !== '') params.set('find', state.sought)
    const opened = state.open === 'all' || change.open === 'all' ? ['all'] : [...new Set([...state.open, change.open])]
    for (const thread of opened) params.append('thread', String(thread))
  }
  for (const [name, value] of stateFields(state)) params.set(name, value)
  const query = params.toString()
  return `/report/index/${state.crashId}${query === '' ? '' : `?${query}`}`
}

/** The result set as fields of a form or an address. */
export function stateFields({ set }: ReportState): readonly (readonly [name: string, value: string])[] {
  return set === null
    ? []
    : [
        ['in', set.query],
        ['at', String(set.at)],
      ]
}
