import { REPROCESS_WATCH_MS } from '#shared/limits.ts'

/** Where a reprocessing stands that the viewer of a page has asked for. */
export type ReprocessWait =
  | { readonly kind: 'none' }
  /** Queued, no result yet. `asksAgain`: the page still refreshes itself. */
  | { readonly kind: 'queued'; readonly queuedAtMs: number; readonly asksAgain: boolean }
  | { readonly kind: 'done'; readonly queuedAtMs: number; readonly startedAtMs: number }

/** A page's clock and the processor's may differ by this; a later `queued` is no time of ours. */
const MAX_CLOCK_SKEW_MS = 60_000

/**
 * Reads `?queued=` of a report page (epoch milliseconds, as the redirect after the button set it) against the time at which the shown result was started;
 * null where there is none. Anything else there is ignored: it is an address that somebody typed.
 */
export function reprocessWait(queued: string | undefined, startedAtMs: number | null, nowMs: number): ReprocessWait {
  const queuedAtMs = /^\d{13}$/.test(queued ?? '') ? Number(queued) : null
  if (queuedAtMs === null || queuedAtMs > nowMs + MAX_CLOCK_SKEW_MS) return { kind: 'none' }
  if (startedAtMs !== null && startedAtMs >= queuedAtMs) return { kind: 'done', queuedAtMs, startedAtMs }
  return { kind: 'queued', queuedAtMs, asksAgain: nowMs - queuedAtMs < REPROCESS_WATCH_MS }
}
