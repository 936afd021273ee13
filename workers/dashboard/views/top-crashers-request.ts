import { DAY_MS, dayOf, todayMs } from './day-series.ts'
import { choiceOf, withMore } from './search-parameters.ts'

/** The choices of the top crashers, under the peer's names (specs/webapp.md 1). The first of each is the default. */
export const DAYS = ['7', '1', '3', '14', '28'] as const
export const SIZES = ['50', '100', '200', '300'] as const
export const REPORT_TYPES = ['crash', 'hang', 'any'] as const
/** `realtime` counts the running day too; `byday` whole days only. */
export const MODES = ['realtime', 'byday'] as const
/** Whether the window is of when reports were received, or of when their builds were made. */
export const RANGES = ['report', 'build'] as const

export interface TopCrashersRequest {
  readonly product: string | null
  readonly version: string | null
  readonly processType: string | null
  readonly platform: string | null
  readonly channel: string | null
  /** Another version that each signature is shown in too. */
  readonly compare: string | null
  readonly days: number
  readonly size: number
  readonly reportType: (typeof REPORT_TYPES)[number]
  readonly mode: (typeof MODES)[number]
  readonly range: (typeof RANGES)[number]
}

export function readTopCrashersRequest(params: URLSearchParams): TopCrashersRequest {
  const one = (name: string) => {
    const value = params.getAll(name).at(-1) ?? ''
    // `any` is how the peer's addresses say "all".
    return value === '' || value === 'any' || value.includes('\0') ? null : value
  }
  return {
    product: one('product'),
    version: one('version'),
    processType: one('process_type'),
    platform: one('platform'),
    channel: one('release_channel'),
    compare: one('_compare'),
    days: Number(choiceOf(params, 'days', DAYS)),
    size: Number(choiceOf(params, '_facets_size', SIZES)),
    reportType: choiceOf(params, '_report_type', REPORT_TYPES),
    mode: choiceOf(params, '_tcbs_mode', MODES),
    range: choiceOf(params, '_range_type', RANGES),
  }
}

/** SuperSearch's filters of the choices, without a window. */
export function filtersOfRequest(request: TopCrashersRequest): URLSearchParams {
  const { product, version, processType, platform, channel, reportType } = request
  const filters = [
    ['product', product],
    ['version', version],
    ['release_channel', channel],
    ['process_type', processType],
    ['platform', platform === null ? null : `=${platform}`],
    ['report_type', reportType === 'any' ? null : reportType],
  ] as const
  return new URLSearchParams(filters.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/** The three windows of a ranking, as filters: what is shown, and the two of whole days that are compared. */
export interface RankingWindows {
  readonly shown: URLSearchParams
  readonly whole: URLSearchParams
  readonly previous: URLSearchParams
  /** Days of the trend, the first shown to the last. */
  readonly fromMs: number
  readonly toMs: number
}

export function rankingWindows(request: TopCrashersRequest, nowMs: number): RankingWindows {
  const filters = filtersOfRequest(request)
  const { days, mode, range } = request
  const today = todayMs(nowMs)
  const day = (back: number) => dayOf(today - back * DAY_MS)
  const build = (back: number) => `${day(back).replaceAll('-', '')}000000`
  const between = (from: number, to: number | null) => {
    if (range === 'report') {
      return withMore(filters, ['date', `>=${day(from)}`], ...(to === null ? [] : [['date', `<${day(to)}`] as const]))
    }
    // A build crashes on the day it was made at the earliest.
    return withMore(
      filters,
      ['date', `>=${day(from)}`],
      ...(to === null ? [] : [['date', `<${day(to)}`] as const]),
      ['build_id', `>=${build(from)}`],
      ...(to === null ? [] : [['build_id', `<${build(to)}`] as const]),
    )
  }
  return {
    shown: between(days, mode === 'byday' ? 0 : null),
    whole: between(days, 0),
    previous: between(2 * days, days),
    fromMs: today - days * DAY_MS,
    toMs: mode === 'byday' ? today - 1 : nowMs,
  }
}
