import type { FieldCatalog } from '#shared/search/fields.ts'
import { DAY_MS, dayOf, todayMs } from './day-series.ts'
import { choiceOf, filtersOf, withMore, withSet } from './search-parameters.ts'

/** The tabs of a signature, in order. Each is a page of its own, so that only its queries are asked. */
export const SIGNATURE_TABS = [
  'summary',
  'aggregations',
  'reports',
  'graphs',
  'correlations',
  'comments',
  'bugs',
] as const
export type SignatureTab = (typeof SIGNATURE_TABS)[number]

/** Whole days before the running one that the page looks at where the address says nothing. */
const DEFAULT_DAYS = 7
/** Whole days of a trend: one half against the other. */
export const TREND_DAYS = 14

/** What `/signature/` was asked for. */
export type SignatureRequest =
  | {
      readonly kind: 'signature'
      readonly signature: string
      readonly tab: SignatureTab
      /** SuperSearch's filters without the signature. */
      readonly filters: URLSearchParams
      /** Those and the signature. */
      readonly query: URLSearchParams
      /** The same over TREND_DAYS and the running day. */
      readonly trendQuery: URLSearchParams
    }
  | { readonly kind: 'bad'; readonly message: string }

export function readSignatureRequest(params: URLSearchParams, catalog: FieldCatalog, nowMs: number): SignatureRequest {
  const [signature, second] = params.getAll('signature')
  if (signature === undefined || signature === '') return { kind: 'bad', message: 'Name a signature: `signature=…`.' }
  if (second !== undefined) return { kind: 'bad', message: 'Name one signature: this page is of one.' }
  if (signature.includes('\0')) return { kind: 'bad', message: 'The signature holds a NUL character.' }
  const exact = ['signature', `=${signature}`] as const
  const named = filtersOf(withSet(params, { signature: null }), catalog)
  const filters = named.has('date') ? named : withMore(named, ['date', `>=${daysAgo(nowMs, DEFAULT_DAYS)}`])
  return {
    kind: 'signature',
    signature,
    tab: choiceOf(params, '_tab', SIGNATURE_TABS),
    filters,
    query: withMore(filters, exact),
    trendQuery: withMore(withSet(named, { date: null }), ['date', `>=${daysAgo(nowMs, TREND_DAYS)}`], exact),
  }
}

/** The day so many days before the running one. */
export function daysAgo(nowMs: number, days: number): string {
  return dayOf(todayMs(nowMs) - days * DAY_MS)
}

/** The address of a signature's page. */
export function signaturePath(signature: string, filters: URLSearchParams = new URLSearchParams()): string {
  return `/signature/?${withMore(new URLSearchParams({ signature }), ...[...filters].filter(([name]) => name !== 'signature'))}`
}
