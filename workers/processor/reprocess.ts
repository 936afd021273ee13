import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { QUEUE_SEND_DEADLINE_MS, REPROCESS_BATCH } from '#shared/limits.ts'
import type { Log } from '#shared/log.ts'
import type { CrashMessage, RulesetName } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'
import type { Reprocessing } from '#shared/store/crash-store.ts'

export interface ReprocessDeps {
  readonly queue: Pick<Sender<CrashMessage>, 'sendBatch'>
  readonly clock: Clock
  readonly log: Log
}

/**
 * Queues crashes to be processed again, each once, in batches. The permission is asked for here too, beside the queue that it guards. Throws when the queue
 * does not take a batch; the batches before it stay queued, and processing a crash once more than asked is harmless.
 */
export async function reprocess(
  crashIds: readonly CrashId[],
  ruleset: RulesetName,
  viewer: Viewer,
  { queue, clock, log }: ReprocessDeps,
): Promise<Reprocessing> {
  if (!may(viewer, 'reprocess_crashes')) return { kind: 'forbidden' }
  const queuedAtMs = clock()
  const messages = [...new Set(crashIds)].map((crash_id) => ({
    body: { v: 1 as const, crash_id, ruleset, tries: 0, first_seen: queuedAtMs },
  }))
  for (let at = 0; at < messages.length; at += REPROCESS_BATCH) {
    const batch = messages.slice(at, at + REPROCESS_BATCH)
    await withDeadline('queue crashes-reprocess', QUEUE_SEND_DEADLINE_MS, queue.sendBatch(batch))
  }
  log('processor', 'reprocess_queued', { crashes: messages.length, ruleset, by: viewer.email })
  return { kind: 'queued', queuedAtMs }
}
