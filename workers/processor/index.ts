import { systemClock } from '#shared/clock.ts'
import { consoleLog } from '#shared/log.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { app } from './app.ts'
import { consumeCrashes } from './consume.ts'
import type { Env } from './env.ts'
import { processCrash } from './process.ts'
import { RULESETS } from './rules/rulesets.ts'

export { CrashStore } from './crash-store.ts'

const lists = defaultSignatureLists()

/** The queue that a batch came from, and its dead-letter queue. A deployment may put a prefix before the names. */
function queuesOf(env: Env, queueName: string) {
  if (queueName.endsWith('-priority'))
    return { queue: env.CRASH_PRIORITY_QUEUE, deadQueue: env.CRASH_PRIORITY_DEAD_QUEUE }
  if (queueName.endsWith('-reprocess'))
    return { queue: env.CRASH_REPROCESS_QUEUE, deadQueue: env.CRASH_REPROCESS_DEAD_QUEUE }
  return { queue: env.CRASH_QUEUE, deadQueue: env.CRASH_DEAD_QUEUE }
}

export default {
  fetch: app.fetch,

  async queue(batch, env) {
    await consumeCrashes(batch.messages, {
      ...queuesOf(env, batch.queue),
      isReprocessing: batch.queue.endsWith('-reprocess'),
      processCrash: (request) =>
        processCrash(request, {
          crashes: env.CRASHES,
          stackwalker: env.STACKWALKER,
          search: env.SEARCH,
          lists,
          rulesets: RULESETS,
          clock: systemClock,
          log: consoleLog,
        }),
      clock: systemClock,
      log: consoleLog,
    })
  },
} satisfies ExportedHandler<Env>
