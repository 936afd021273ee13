import type { SymbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  INDEX_BUSY_DELAY_SECONDS,
  MAX_RETRY_DELAY_SECONDS,
  MAX_UNPACK_TRIES,
  PLATFORM_RETRY_WINDOW_MS,
  QUEUE_SEND_DEADLINE_MS,
  RETRY_DELAY_SECONDS,
} from '#shared/limits.ts'
import { errorText, type Log, type LogFields } from '#shared/log.ts'
import {
  type SymbolMessage,
  type SymbolUploadMessage,
  type SymFileMessage,
  symbolMessageSchema,
} from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'
import type { BuildTurn } from '#shared/symbols/build-turn.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { requestUploadIndexes } from '#shared/symbols/index-requests.ts'
import { indexSymFile } from './index-sym-file.ts'
import { type IndexUploadDeps, indexUpload } from './index-upload.ts'

export interface ConsumeDeps extends Omit<IndexUploadDeps, 'held'> {
  readonly indexes: SymbolIndexBooks
  readonly turn: BuildTurn
  readonly queue: Sender<SymbolMessage>
  readonly deadQueue: Sender<SymbolMessage>
  readonly log: Log
}

/** One message, as the queue hands it over. */
export type QueuedMessage = Pick<Message, 'body' | 'ack' | 'retry'>

/** Longest reason that a message carries. */
const MAX_REASON_CHARS = 200

/**
 * Unpacks or checks the upload that a message names and asks for the indexes of its sym files, or builds the index of the one sym file that it names. A
 * failure of the platform sends a copy with one try more after a delay, and the fifth sends it to the dead letters; whatever happens, the handler does
 * not throw.
 */
export async function consumeMessage(message: QueuedMessage, deps: ConsumeDeps): Promise<void> {
  const parsed = symbolMessageSchema.safeParse(message.body)
  if (!parsed.success) {
    deps.log('indexer', 'message_unreadable')
    message.ack()
    return
  }
  try {
    const end = 'upload_id' in parsed.data ? await takeUpload(parsed.data, deps) : await takeSymFile(parsed.data, deps)
    if (end === 'later') await sendLater(message, parsed.data, deps)
    else message.ack()
  } catch (thrown) {
    await tryAgain(message, parsed.data, errorText(thrown), deps)
  }
}

/** Each sym file's index is a message of its own: builds are spread over isolates, and one that fails stops no other. */
async function takeUpload({ upload_id, file_key }: SymbolUploadMessage, deps: ConsumeDeps): Promise<'done'> {
  const held = new HeldBytes()
  const { kind, ...facts } = await indexUpload(upload_id, file_key, { ...deps, held })
  deps.log('indexer', kind, { upload_id, held_bytes: held.peakBytes, ...facts })
  const requested = await requestUploadIndexes(deps, upload_id)
  if (requested > 0) deps.log('indexer', 'indexes_requested', { upload_id, files: requested })
  return 'done'
}

async function takeSymFile({ object_key }: SymFileMessage, deps: ConsumeDeps): Promise<'done' | 'later'> {
  const held = new HeldBytes()
  const { kind, ...facts } = await indexSymFile(object_key, { ...deps, held })
  deps.log('indexer', `index_${kind}`, { object_key, held_bytes: held.peakBytes, ...facts })
  return kind === 'busy' || kind === 'changing' ? 'later' : 'done'
}

/** A wait is no failure and counts as none, but it does not go on for ever. */
async function sendLater(message: QueuedMessage, waiting: SymbolMessage, deps: ConsumeDeps): Promise<void> {
  const waitedMs = deps.clock() - waiting.first_seen
  if (waitedMs > PLATFORM_RETRY_WINDOW_MS) {
    await settle(message, { ...waiting, reason: 'index_busy' }, { isDead: true, delaySeconds: 0 }, deps)
    return
  }
  const delaySeconds = Math.min(MAX_RETRY_DELAY_SECONDS, INDEX_BUSY_DELAY_SECONDS + Math.floor(waitedMs / 10_000))
  await settle(message, waiting, { isDead: false, delaySeconds }, deps)
}

async function tryAgain(
  message: QueuedMessage,
  failed: SymbolMessage,
  reason: string,
  deps: ConsumeDeps,
): Promise<void> {
  const copy = { ...failed, tries: failed.tries + 1, reason: reason.slice(0, MAX_REASON_CHARS) }
  const isDead = copy.tries >= MAX_UNPACK_TRIES
  const delaySeconds = Math.min(MAX_RETRY_DELAY_SECONDS, RETRY_DELAY_SECONDS * 2 ** failed.tries)
  deps.log('indexer', isDead ? 'dead' : 'retry', { ...named(failed), tries: copy.tries, reason: copy.reason })
  await settle(message, copy, { isDead, delaySeconds }, deps)
}

/** Sends the copy that stands for the message from now on; where that fails the queue itself delivers it again. */
async function settle(
  message: QueuedMessage,
  copy: SymbolMessage,
  { isDead, delaySeconds }: { readonly isDead: boolean; readonly delaySeconds: number },
  { queue, deadQueue, log }: ConsumeDeps,
): Promise<void> {
  try {
    const sent = isDead ? deadQueue.send(copy) : queue.send(copy, { delaySeconds })
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, sent)
    message.ack()
  } catch (thrown) {
    log('indexer', 'retry_by_queue', { ...named(copy), error: errorText(thrown) })
    message.retry({ delaySeconds })
  }
}

function named(message: SymbolMessage): LogFields {
  return 'upload_id' in message ? { upload_id: message.upload_id } : { object_key: message.object_key }
}
