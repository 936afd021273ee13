import { drizzle } from 'drizzle-orm/d1'
import type { Hono } from 'hono'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { sessionRepository } from '#shared/db/sessions.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { userRepository } from '#shared/db/users.ts'
import { checkHeartbeat } from '#shared/http/heartbeat.ts'
import { consoleLog } from '#shared/log.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { signatureListSource } from '#shared/signature/list-source.ts'
import { appWith } from './app.ts'
import { crashPriority } from './crash-priority.ts'
import type { DashboardVariables } from './deps.ts'
import type { Env } from './env.ts'

/** One app an isolate: crash-priority.ts remembers what it has sent. */
let app: Hono<DashboardVariables> | undefined

function appFor(env: Env): Hono<DashboardVariables> {
  const config = readConfig(env, 'MAYDAY_ENV', 'MAYDAY_VERSION')
  const db = drizzle(env.DB)
  return appWith({
    crashStore: env.CRASH_STORE,
    search: env.SEARCH,
    tokens: tokenRepository(db),
    sessions: sessionRepository(db),
    users: userRepository(db),
    priority: crashPriority({ queue: env.CRASH_PRIORITY_QUEUE, clock: systemClock, log: consoleLog }),
    signatureLists: signatureListSource({
      config: env.CONFIG,
      builtIn: defaultSignatureLists(),
      stage: 'dashboard',
      keepsLastGood: false,
      clock: systemClock,
      log: consoleLog,
    }),
    heartbeat: () =>
      checkHeartbeat([
        { name: 'R2 CONFIG', ask: () => env.CONFIG.head('products.json') },
        { name: 'D1 DB', ask: () => env.DB.prepare('select 1').first() },
        { name: 'queue CRASH_PRIORITY_QUEUE', ask: () => env.CRASH_PRIORITY_QUEUE.metrics() },
        { name: 'CrashStore', ask: () => env.CRASH_STORE.states([]) },
        { name: 'search', ask: () => env.SEARCH.missing([]) },
      ]),
    clock: systemClock,
    randomBytes: systemRandomBytes,
    log: consoleLog,
    deployment: config.MAYDAY_ENV,
    version: config.MAYDAY_VERSION,
  })
}

export default {
  fetch(request, env, context) {
    app ??= appFor(env)
    return app.fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>
