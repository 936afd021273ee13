import type { Clock } from '#shared/clock.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_PROCESS_TRIES,
  MAX_RETRY_DELAY_SECONDS,
  MAX_SYMBOLS_TRIES,
  PLATFORM_RETRY_WINDOW_MS,
  PROCESS_CONCURRENCY,
  QUEUE_SEND_DEADLINE_MS,
  RETRY_DELAY_SECONDS,
  STACKWALKER_BUSY_DELAY_SECONDS,
} from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import { type CrashMessage, crashMessageSchema } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'
import type { ProcessOutcome, ProcessRequest } from './process.ts'

/** One message, as the queue hands it over. */
export type CrashDelivery = Pick<Message, 'body' | 'attempts' | 'ack' | 'retry'>

export interface ConsumeDeps {
  readonly processCrash: (request: ProcessRequest) => Promise<ProcessOutcome>
  /** The queue that the batch came from. */
  readonly queue: Pick<Sender<CrashMessage>, 'send'>
  readonly deadQueue: Pick<Sender<CrashMessage>, 'send'>
  /** Of `crashes-reprocess`: a processed crash older than the message does not answer it. */
  readonly isReprocessing: boolean
  readonly clock: Clock
  readonly log: Log
}

/**
 * Processes a batch, PROCESS_CONCURRENCY crashes at a time, and settles each message for itself. This is the whole queue policy:
 * trouble of the platform is retried until PLATFORM_RETRY_WINDOW_MS after the first send; a failure of the crash itself sends a copy with
 * `tries` + 1, and MAX_PROCESS_TRIES of those make a dead letter. Never throws.
 */
export async function consumeCrashes(deliveries: readonly CrashDelivery[], deps: ConsumeDeps): Promise<void> {
  const waiting = deliveries.values()
  const lane = async () => {
    for (const delivery of waiting) await consumeCrash(delivery, deps)
  }
  await Promise.all(Array.from({ length: PROCESS_CONCURRENCY }, lane))
}

async function consumeCrash(delivery: CrashDelivery, deps: ConsumeDeps): Promise<void> {
  const parsed = crashMessageSchema.safeParse(delivery.body)
  if (!parsed.success) {
    giveUpUnreadable(delivery, deps)
    return
  }
  const message = parsed.data
  const { crash_id } = message
  try {
    const outcome = await deps.processCrash({
      crashId: crash_id,
      ruleset: message.ruleset ?? 'default',
      notBeforeMs: deps.isReprocessing ? message.first_seen : 0,
      acceptsMissingSymbols:
        delivery.attempts >= MAX_SYMBOLS_TRIES || deps.clock() - message.first_seen >= PLATFORM_RETRY_WINDOW_MS,
    })
    const reason = 'reason' in outcome ? outcome.reason : null
    const detail = 'detail' in outcome ? (outcome.detail ?? null) : null
    deps.log('processor', outcome.kind, { crash_id, tries: message.tries, attempts: delivery.attempts, reason, detail })
    await settle(delivery, message, outcome, deps)
  } catch (thrown) {
    // Only a send to a queue gets here: the message stays and is delivered again.
    deps.log('processor', 'send_failed', { crash_id, error: errorText(thrown) })
    delivery.retry({ delaySeconds: retryDelaySeconds(delivery.attempts) })
  }
}

async function settle(
  delivery: CrashDelivery,
  message: CrashMessage,
  outcome: ProcessOutcome,
  { queue, deadQueue, clock }: ConsumeDeps,
): Promise<void> {
  switch (outcome.kind) {
    case 'processed':
    case 'gone':
      return delivery.ack()
    case 'retry': {
      if (clock() - message.first_seen < PLATFORM_RETRY_WINDOW_MS) {
        const firstSeconds =
          outcome.reason === 'stackwalker_busy' ? STACKWALKER_BUSY_DELAY_SECONDS : RETRY_DELAY_SECONDS
        return delivery.retry({ delaySeconds: retryDelaySeconds(delivery.attempts, firstSeconds) })
      }
      await send(deadQueue, { ...message, reason: outcome.reason })
      return delivery.ack()
    }
    case 'failed': {
      const copy = { ...message, tries: message.tries + 1, reason: outcome.reason }
      if (copy.tries >= MAX_PROCESS_TRIES) await send(deadQueue, copy)
      else await send(queue, copy, retryDelaySeconds(copy.tries))
      return delivery.ack()
    }
  }
}

/**
 * A body of an unknown form names no crash that could be kept as failed. It may be from a newer producer in the middle of a deploy,
 * so it gets some time; reconcile finds the crash in any case.
 */
function giveUpUnreadable(delivery: CrashDelivery, { log }: ConsumeDeps): void {
  const isLast = delivery.attempts >= MAX_PROCESS_TRIES
  log('processor', isLast ? 'message_dropped' : 'message_unreadable', { attempts: delivery.attempts })
  if (isLast) delivery.ack()
  else delivery.retry({ delaySeconds: retryDelaySeconds(delivery.attempts) })
}

async function send(queue: Pick<Sender<CrashMessage>, 'send'>, message: CrashMessage, delaySeconds = 0): Promise<void> {
  await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, queue.send(message, { delaySeconds }))
}

/** Doubles with every attempt (the first is 1), up to a cap. */
function retryDelaySeconds(attempts: number, firstSeconds = RETRY_DELAY_SECONDS): number {
  return Math.min(firstSeconds * 2 ** Math.max(0, attempts - 1), MAX_RETRY_DELAY_SECONDS)
}
