import type { Clock } from '#shared/clock.ts'
import type { UploadRepository } from '#shared/db/uploads.ts'
import { withDeadline } from '#shared/deadline.ts'
import { QUEUE_SEND_DEADLINE_MS, RECONCILE_BATCH, RECONCILE_RESEND_MS } from '#shared/limits.ts'
import type { SymbolUploadMessage } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'

export interface ReconcileUploadsDeps {
  readonly uploads: Pick<UploadRepository, 'unsettled' | 'recordSent'>
  readonly queue: Pick<Sender<SymbolUploadMessage>, 'send'>
  readonly clock: Clock
}

/**
 * The same net for symbol uploads: a zip that was received and is neither unpacked nor failed is sent to the indexer again, at most once
 * an hour (unpacking a gigabyte takes minutes), and at a fleet's start whatever its age. Unpacking twice is harmless: what is stored is skipped.
 */
export async function reconcileUploads(
  deps: ReconcileUploadsDeps,
  anyAge: boolean,
): Promise<{ readonly sent: number }> {
  const nowMs = deps.clock()
  const dueBeforeMs = anyAge ? nowMs + 1 : nowMs - RECONCILE_RESEND_MS
  const uploadIds = await deps.uploads.unsettled(dueBeforeMs, RECONCILE_BATCH)
  for (const upload_id of uploadIds) {
    const message = { v: 1 as const, upload_id, tries: 0, first_seen: nowMs }
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, deps.queue.send(message))
    await deps.uploads.recordSent(upload_id, nowMs)
  }
  return { sent: uploadIds.length }
}
