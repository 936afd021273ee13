import type { Hono } from 'hono'
import { consoleLog } from '#shared/log.ts'
import { appWith } from './app.ts'
import { closedApp } from './closed-app.ts'
import type { DashboardVariables } from './deps.ts'
import type { Env } from './env.ts'
import { dashboardDeps } from './wiring.ts'

/** One app an isolate: crash-priority.ts remembers what it has sent. */
let app: Hono<DashboardVariables> | undefined

function appOrClosed(env: Env): Hono<DashboardVariables> {
  try {
    return appWith(dashboardDeps(env))
  } catch (thrown) {
    return closedApp(thrown, consoleLog)
  }
}

export default {
  fetch(request, env, context) {
    app ??= appOrClosed(env)
    return app.fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>
