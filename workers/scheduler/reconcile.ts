import { type Clock, utcDay } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import type { MissingProcessedCrashes } from '#shared/db/missing-processed-crashes.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  QUEUE_SEND_DEADLINE_MS,
  RECONCILE_BATCH,
  RECONCILE_MIN_AGE_MS,
  RECONCILE_RESEND_MS,
  RPC_DEADLINE_MS,
} from '#shared/limits.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { QueueMetrics, Sender } from '#shared/ports.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'
import type { CrashStoreRpc, RawCrashPage } from '#shared/store/crash-store.ts'

const DAY_MS = 86_400_000

export interface ReconcileDeps {
  readonly crashStore: Pick<CrashStoreRpc, 'listRawCrashes' | 'states'>
  readonly search: Pick<SearchRpc, 'missing'>
  readonly queue: Pick<Sender<CrashMessage>, 'sendBatch'> & QueueMetrics
  readonly sent: MissingProcessedCrashes
  readonly clock: Clock
}

/** What one run saw and did. */
export interface ReconcileReport {
  /** Raw crashes old enough to be looked at. */
  readonly checked: number
  /** Of those, neither in the index nor a dead letter. */
  readonly missing: number
  /** Of those, sent to the queue by this run. */
  readonly sent: number
}

/**
 * The net under the fleet: finds raw crashes of today and yesterday that are not in the index and sends them to the queue again.
 * A crash id that a client holds is never lost: a send may fail after the save, and local queues live in memory only.
 *
 * `anyAge` is for the start of a fleet, when no message can be on its way. Otherwise a crash is left alone while it is
 * younger than five minutes or than the queue's oldest message, and is sent at most once an hour.
 */
export async function reconcile(deps: ReconcileDeps, anyAge: boolean): Promise<ReconcileReport> {
  const startedAtMs = deps.clock()
  const savedBeforeMs = anyAge ? Number.POSITIVE_INFINITY : await waitingSince(deps, startedAtMs)
  const report = { checked: 0, missing: 0, sent: 0 }
  for (const day of [utcDay(startedAtMs), utcDay(startedAtMs - DAY_MS)]) {
    let cursor: string | null = null
    do {
      const page: RawCrashPage = await withDeadline(
        'list raw crashes',
        RPC_DEADLINE_MS,
        deps.crashStore.listRawCrashes(day, cursor),
      )
      const crashIds = page.crashes.flatMap(({ crashId, savedAtMs }) => (savedAtMs < savedBeforeMs ? [crashId] : []))
      const missing = await missingOf(deps, crashIds)
      report.checked += crashIds.length
      report.missing += missing.length
      report.sent += await sendAgain(deps, missing, startedAtMs, anyAge)
      cursor = page.cursor
    } while (cursor !== null)
  }
  await closeProcessed(deps)
  return report
}

/** Raw crashes saved before this instant have no message waiting in the queue. */
async function waitingSince({ queue }: ReconcileDeps, nowMs: number): Promise<number> {
  const { oldestMessageTimestamp } = await withDeadline('queue metrics', QUEUE_SEND_DEADLINE_MS, queue.metrics())
  const youngEnoughMs = nowMs - RECONCILE_MIN_AGE_MS
  return oldestMessageTimestamp === undefined
    ? youngEnoughMs
    : Math.min(youngEnoughMs, oldestMessageTimestamp.getTime())
}

/** Not in the index, and not given up on either. One that is processed but not indexed is processed again, which indexes it. */
async function missingOf({ search, crashStore }: ReconcileDeps, crashIds: readonly CrashId[]): Promise<CrashId[]> {
  if (crashIds.length === 0) return []
  const missing = await withDeadline('search missing', RPC_DEADLINE_MS, search.missing(crashIds))
  if (missing.length === 0) return []
  const states = await withDeadline('crash states', RPC_DEADLINE_MS, crashStore.states(missing))
  return missing.filter((_, at) => states[at] !== 'failed')
}

async function sendAgain(
  { queue, sent }: ReconcileDeps,
  missing: readonly CrashId[],
  nowMs: number,
  anyAge: boolean,
): Promise<number> {
  // At a start the queue is empty, whatever was sent before the stop.
  const recent = anyAge ? new Set<CrashId>() : await sent.sentSince(missing, nowMs - RECONCILE_RESEND_MS)
  const due = missing.filter((crashId) => !recent.has(crashId))
  for (let at = 0; at < due.length; at += RECONCILE_BATCH) {
    const batch = due.slice(at, at + RECONCILE_BATCH)
    const messages = batch.map((crash_id) => ({ body: { v: 1 as const, crash_id, tries: 0, first_seen: nowMs } }))
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, queue.sendBatch(messages))
    // Recorded after the send: a crash sent twice is harmless, one recorded and not sent waits an hour.
    await sent.recordSent(batch, nowMs)
  }
  return due.length
}

async function closeProcessed({ crashStore, sent, clock }: ReconcileDeps): Promise<void> {
  const open = await sent.open(RECONCILE_BATCH)
  if (open.length === 0) return
  const states = await withDeadline('crash states', RPC_DEADLINE_MS, crashStore.states(open))
  await sent.recordProcessed(
    open.filter((_, at) => states[at] !== 'saved'),
    clock(),
  )
}
