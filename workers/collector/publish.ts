import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { QUEUE_SEND_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'

export interface PublishDeps {
  readonly queue: Pick<Sender<CrashMessage>, 'send'>
  readonly clock: Clock
  readonly log: Log
}

/** Tells the processor. A failure is logged only: the client has its id, and reconcile queues the crash later. */
export async function publish(crashId: CrashId, { queue, clock, log }: PublishDeps): Promise<void> {
  const message: CrashMessage = { v: 1, crash_id: crashId, tries: 0, first_seen: clock() }
  try {
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, queue.send(message))
  } catch (thrown) {
    log('collector', 'publish_failed', { crash_id: crashId, reason: errorText(thrown) })
  }
}
