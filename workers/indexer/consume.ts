import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_RETRY_DELAY_SECONDS,
  MAX_UNPACK_TRIES,
  QUEUE_SEND_DEADLINE_MS,
  RETRY_DELAY_SECONDS,
} from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import { type SymbolUploadMessage, symbolUploadMessageSchema } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { type IndexUploadDeps, indexUpload } from './index-upload.ts'

export interface ConsumeDeps extends Omit<IndexUploadDeps, 'held'> {
  readonly queue: Sender<SymbolUploadMessage>
  readonly deadQueue: Sender<SymbolUploadMessage>
  readonly log: Log
}

/** One message, as the queue hands it over. */
export type QueuedMessage = Pick<Message, 'body' | 'ack' | 'retry'>

/** Longest reason that a message carries. */
const MAX_REASON_CHARS = 200

/**
 * Unpacks or checks the upload that a message names. A failure of the platform sends a copy with one try more after a delay, and the fifth
 * sends it to the dead letters; whatever happens, the handler does not throw.
 */
export async function consumeUpload(message: QueuedMessage, deps: ConsumeDeps): Promise<void> {
  const parsed = symbolUploadMessageSchema.safeParse(message.body)
  if (!parsed.success) {
    deps.log('indexer', 'message_unreadable')
    message.ack()
    return
  }
  const { upload_id, file_key } = parsed.data
  const held = new HeldBytes()
  try {
    const { kind, ...facts } = await indexUpload(upload_id, file_key, { ...deps, held })
    deps.log('indexer', kind, { upload_id, held_bytes: held.peakBytes, ...facts })
    message.ack()
  } catch (thrown) {
    await tryAgain(message, parsed.data, errorText(thrown), deps)
  }
}

async function tryAgain(
  message: QueuedMessage,
  failed: SymbolUploadMessage,
  reason: string,
  { queue, deadQueue, log }: ConsumeDeps,
): Promise<void> {
  const copy = { ...failed, tries: failed.tries + 1, reason: reason.slice(0, MAX_REASON_CHARS) }
  const isDead = copy.tries >= MAX_UNPACK_TRIES
  const delaySeconds = Math.min(MAX_RETRY_DELAY_SECONDS, RETRY_DELAY_SECONDS * 2 ** failed.tries)
  log('indexer', isDead ? 'dead' : 'retry', { upload_id: failed.upload_id, tries: copy.tries, reason: copy.reason })
  try {
    const sent = isDead ? deadQueue.send(copy) : queue.send(copy, { delaySeconds })
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, sent)
    message.ack()
  } catch (thrown) {
    log('indexer', 'retry_by_queue', { upload_id: failed.upload_id, error: errorText(thrown) })
    message.retry({ delaySeconds })
  }
}
