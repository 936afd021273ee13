import { Hono } from 'hono'
import { checkHeartbeat, heartbeatResponse } from '#shared/http/heartbeat.ts'
import type { Env } from './env.ts'

/** The processor's routes: it is reached by queues and RPC, so there is nothing but heartbeats. */
export const app = new Hono<{ Bindings: Env }>()

app.get('/__lbheartbeat__', (context) => context.body(null, 200))

app.get('/__heartbeat__', async ({ env }) =>
  heartbeatResponse(
    await checkHeartbeat([
      { name: 'R2 CRASHES', ask: () => env.CRASHES.head('__heartbeat__') },
      { name: 'R2 CONFIG', ask: () => env.CONFIG.head('__heartbeat__') },
      { name: 'queue crashes', ask: () => env.CRASH_QUEUE.metrics() },
      { name: 'queue crashes-priority', ask: () => env.CRASH_PRIORITY_QUEUE.metrics() },
      { name: 'queue crashes-reprocess', ask: () => env.CRASH_REPROCESS_QUEUE.metrics() },
      { name: 'SEARCH', ask: () => env.SEARCH.missing([]) },
      // Crashes wait in the queue meanwhile.
      { name: 'STACKWALKER', severity: 'warning', ask: () => env.STACKWALKER.ping() },
    ]),
  ),
)
