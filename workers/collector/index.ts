import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { MAX_REPORT_BYTES_IN_FLIGHT, REPORT_BODY_DEADLINE_MS, SAVE_BUDGET_MS } from '#shared/limits.ts'
import { consoleLog } from '#shared/log.ts'
import { BUILT_IN_RULESETS } from '#shared/throttle/built-in-rulesets.ts'
import type { BuiltInRulesetName } from '#shared/throttle/ruleset-names.ts'
import { type RulesetSource, rulesetSource } from '#shared/throttle/ruleset-source.ts'
import { drawFrom } from '#shared/throttle/throttle.ts'
import { createApp } from './app.ts'
import { BytesInFlight } from './bytes-in-flight.ts'
import type { Env } from './env.ts'

/** One a Worker isolate: all its requests share the isolate's memory. */
const bytesInFlight = new BytesInFlight(MAX_REPORT_BYTES_IN_FLIGHT)

let rulesets: RulesetSource | null = null

/** The throttle rules in force: one source an isolate. */
function rulesetsOf(env: Pick<Env, 'CONFIG'>, builtIn: BuiltInRulesetName): RulesetSource {
  rulesets ??= rulesetSource(BUILT_IN_RULESETS[builtIn], {
    ...{ config: env.CONFIG, stage: 'collector', keepsLastGood: true },
    ...{ clock: systemClock, log: consoleLog },
  })
  return rulesets
}

/** The collector: `POST /submit`, health, nothing else. */
export default {
  fetch(request, env, context) {
    const config = readConfig(env, 'SUBMITTER_TOKEN', 'MAYDAY_VERSION', 'RULESET')
    const rulesets = rulesetsOf(env, config.RULESET)
    const app = createApp({
      bucket: env.CRASHES,
      queue: env.CRASH_QUEUE,
      rulesets,
      draw: drawFrom(systemRandomBytes),
      ruleCounts: { count: () => {} },
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
        { name: 'ruleset', severity: 'warning', ask: () => isInForce(rulesets, context) },
      ],
    })
    return app.fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>

/** Throws where `throttle.json` is there and not in force: intake goes on by the one before, but somebody should know. */
async function isInForce(source: RulesetSource, context: ExecutionContext): Promise<void> {
  await source.current((work) => context.waitUntil(work))
  const problem = source.problem()
  if (problem !== null) throw new Error(problem)
}
