import type { Clock } from '#shared/clock.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { MAX_PRIORITY_REMEMBERED, PRIORITY_RESEND_MS, QUEUE_SEND_DEADLINE_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { CrashMessage } from '#shared/messages.ts'
import type { Sender } from '#shared/ports.ts'

/** Puts a crash that somebody is waiting for at the front. */
export interface CrashPriority {
  /** Sends the crash to the priority queue, unless this isolate has just done so. Never fails: the crash is queued anyway. */
  ask(crashId: CrashId): Promise<void>
}

/**
 * Priority through the `crashes-priority` queue, at most once in PRIORITY_RESEND_MS a crash and isolate. The memory is the
 * isolate's own: a second isolate may send the same crash, which costs one message and harms nothing (processing is idempotent).
 */
export function crashPriority(deps: {
  readonly queue: Pick<Sender<CrashMessage>, 'send'>
  readonly clock: Clock
  readonly log: Log
}): CrashPriority {
  const sentAtMs = new Map<CrashId, number>()
  return {
    async ask(crashId) {
      const nowMs = deps.clock()
      const lastMs = sentAtMs.get(crashId)
      if (lastMs !== undefined && nowMs - lastMs < PRIORITY_RESEND_MS) return
      // Re-inserted, so that a Map's order is the order of sending and its first key the oldest.
      sentAtMs.delete(crashId)
      sentAtMs.set(crashId, nowMs)
      const oldest = sentAtMs.keys().next().value
      if (sentAtMs.size > MAX_PRIORITY_REMEMBERED && oldest !== undefined) sentAtMs.delete(oldest)
      const message: CrashMessage = { v: 1, crash_id: crashId, tries: 0, first_seen: nowMs }
      try {
        await withDeadline('queue crashes-priority', QUEUE_SEND_DEADLINE_MS, deps.queue.send(message))
        deps.log('dashboard', 'priority_sent', { crash_id: crashId })
      } catch (thrown) {
        sentAtMs.delete(crashId)
        deps.log('dashboard', 'priority_failed', { crash_id: crashId, error: errorText(thrown) })
      }
    },
  }
}
