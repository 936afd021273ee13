import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { MAX_REPORT_BYTES_IN_FLIGHT, REPORT_BODY_DEADLINE_MS, SAVE_BUDGET_MS } from '#shared/limits.ts'
import { consoleLog } from '#shared/log.ts'
import { ACCEPT_EVERYTHING } from '#shared/throttle/ruleset.ts'
import { createApp } from './app.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import type { Env } from './env.ts'

/** One a Worker isolate: all its requests share the isolate's memory. */
const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)

/** The collector: `POST /submit`, health, nothing else. */
export default {
  fetch(request, env, context) {
    const config = readConfig(env, 'SUBMITTER_TOKEN', 'MAYDAY_VERSION')
    const app = createApp({
      bucket: env.CRASHES,
      queue: env.CRASH_QUEUE,
      ruleset: ACCEPT_EVERYTHING,
      submitterToken: config.SUBMITTER_TOKEN,
      bytesInFlight,
      clock: systemClock,
      randomBytes: systemRandomBytes,
      log: consoleLog,
      bodyDeadlineMs: REPORT_BODY_DEADLINE_MS,
      saveBudgetMs: SAVE_BUDGET_MS,
      version: config.MAYDAY_VERSION,
      heartbeatChecks: [
        { name: 'r2_crashes', ask: () => env.CRASHES.head('heartbeat') },
        { name: 'r2_config', ask: () => env.CONFIG.head('heartbeat') },
        { name: 'queue_crashes', ask: () => env.CRASH_QUEUE.metrics() },
      ],
    })
    return app.fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>
