import type { SymbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { withDeadline } from '#shared/deadline.ts'
import { RETRY_DELAY_SECONDS, RPC_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import { crashMessageSchema, type SymbolMessage, symbolMessageSchema } from '#shared/messages.ts'
import type { CrashStoreRpc } from '#shared/store/crash-store.ts'

/** Why a message without a reason died: the queue itself gave up delivering it. */
const RETRIES_EXHAUSTED = 'retries_exhausted'

export interface DeadLetterDeps {
  readonly crashStore: Pick<CrashStoreRpc, 'recordFailure'>
  readonly uploads: { fail(uploadId: number, reason: string): Promise<void> }
  readonly indexes: Pick<SymbolIndexBooks, 'record'>
  readonly log: Log
}

/** One dead message, as the queue hands it over. */
export type DeadMessage = Pick<Message, 'body' | 'ack' | 'retry'>

/**
 * Keeps what died: a crash as failed with its reason, a symbol upload as failed, a sym file as one whose index failed. Acks only after it is kept; a body that is
 * neither names nothing that could be kept, so it is logged and acked.
 */
export async function consumeDeadLetters(messages: readonly DeadMessage[], deps: DeadLetterDeps): Promise<void> {
  await Promise.all(messages.map((message) => consumeDeadLetter(message, deps)))
}

async function consumeDeadLetter(message: DeadMessage, deps: DeadLetterDeps): Promise<void> {
  const { crashStore, log } = deps
  try {
    const crash = crashMessageSchema.safeParse(message.body)
    const symbols = symbolMessageSchema.safeParse(message.body)
    if (crash.success) {
      const { crash_id, reason = RETRIES_EXHAUSTED } = crash.data
      await withDeadline('record failure', RPC_DEADLINE_MS, crashStore.recordFailure(crash_id, reason))
      log('scheduler', 'dead_crash', { crash_id, reason })
    } else if (symbols.success) {
      await keepSymbols(symbols.data, deps)
    } else {
      log('scheduler', 'dead_message_unreadable')
    }
    message.ack()
  } catch (thrown) {
    log('scheduler', 'dead_letter_retried', { error: errorText(thrown) })
    message.retry({ delaySeconds: RETRY_DELAY_SECONDS })
  }
}

async function keepSymbols(dead: SymbolMessage, { uploads, indexes, log }: DeadLetterDeps): Promise<void> {
  const { reason = RETRIES_EXHAUSTED } = dead
  if ('upload_id' in dead) {
    await uploads.fail(dead.upload_id, reason)
    log('scheduler', 'dead_upload', { upload_id: dead.upload_id, reason })
    return
  }
  await indexes.record([{ objectKey: dead.object_key, state: { state: 'failed', reason } }])
  log('scheduler', 'dead_sym_file', { object_key: dead.object_key, reason })
}
