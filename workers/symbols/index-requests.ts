import type { Clock } from '#shared/clock.ts'
import { withDeadline } from '#shared/deadline.ts'
import { INDEX_REQUEST_MS, MAX_INDEX_REQUESTS_REMEMBERED, QUEUE_SEND_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { SymFileMessage } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'
import { symFileMessage } from '#shared/symbols/index-requests.ts'

export interface IndexRequestsDeps {
  readonly queue: Pick<Sender<SymFileMessage>, 'send'>
  readonly log: Log
}

/**
 * What an isolate remembers of the indexes that it asked the indexer for: a file without one (copied in by migration, of an older format) is asked for on
 * its first request, and then at most once a minute however many clients wait.
 */
export class IndexRequests {
  readonly #clock: Clock
  readonly #askedAtMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sends the message where it is due. Never throws: a message that could not be sent is sent by the next request. */
  async ask(symObjectKey: string, { queue, log }: IndexRequestsDeps): Promise<void> {
    const nowMs = this.#clock()
    if (nowMs - (this.#askedAtMs.get(symObjectKey) ?? Number.NEGATIVE_INFINITY) < INDEX_REQUEST_MS) return
    this.#remember(symObjectKey, nowMs)
    try {
      await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, queue.send(symFileMessage(symObjectKey, nowMs)))
      log('symbols', 'index_requested', { object_key: symObjectKey })
    } catch (thrown) {
      this.#askedAtMs.delete(symObjectKey)
      log('symbols', 'index_not_requested', { object_key: symObjectKey, error: errorText(thrown) })
    }
  }

  #remember(symObjectKey: string, nowMs: number): void {
    this.#askedAtMs.delete(symObjectKey)
    const [oldest] = this.#askedAtMs.keys()
    if (this.#askedAtMs.size >= MAX_INDEX_REQUESTS_REMEMBERED && oldest !== undefined) this.#askedAtMs.delete(oldest)
    this.#askedAtMs.set(symObjectKey, nowMs)
  }
}
