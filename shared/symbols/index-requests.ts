import type { Clock } from '../clock.ts'
import type { SymbolIndexBooks } from '../db/symbol-indexes.ts'
import { withDeadline } from '../deadline.ts'
import { QUEUE_SEND_DEADLINE_MS, RECONCILE_BATCH } from '../limits.ts'
import type { SymFileMessage } from '../messages.ts'
import type { Sender } from '../ports.ts'

export interface IndexRequestDeps {
  readonly indexes: Pick<SymbolIndexBooks, 'pendingOf'>
  readonly queue: Pick<Sender<SymFileMessage>, 'sendBatch'>
  readonly clock: Clock
}

/** Asks the indexer for the indexes that an upload's sym files lack; answers how many. Throws when D1 or the queue fails; asking twice is harmless. */
export async function requestUploadIndexes(deps: IndexRequestDeps, uploadId: number): Promise<number> {
  const pending = await deps.indexes.pendingOf(uploadId)
  await requestIndexes(
    deps,
    pending.map(({ objectKey }) => objectKey),
  )
  return pending.length
}

/** Asks the indexer for the indexes of these sym files. Throws when the queue fails. */
export async function requestIndexes(
  { queue, clock }: Pick<IndexRequestDeps, 'queue' | 'clock'>,
  objectKeys: readonly string[],
): Promise<void> {
  for (let at = 0; at < objectKeys.length; at += RECONCILE_BATCH) {
    const batch = objectKeys.slice(at, at + RECONCILE_BATCH)
    const sent = queue.sendBatch(batch.map((key) => ({ body: symFileMessage(key, clock()) })))
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, sent)
  }
}

/** The first message for a sym file that needs an index. */
export function symFileMessage(objectKey: string, nowMs: number): SymFileMessage {
  return { v: 1, object_key: objectKey, tries: 0, first_seen: nowMs }
}
