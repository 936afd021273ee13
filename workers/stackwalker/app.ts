import { Hono } from 'hono'
import { checkHeartbeat, heartbeatResponse } from '#shared/http/heartbeat.ts'
import type { Env } from './env.ts'
import { pingService, stackwalkService } from './service.ts'

/** The stackwalker Worker's routes: heartbeats. Walks come by RPC. */
export const app = new Hono<{ Bindings: Env }>()

app.get('/__lbheartbeat__', (context) => context.body(null, 200))

app.get('/__heartbeat__', async ({ env }) =>
  heartbeatResponse(
    await checkHeartbeat([
      {
        name: 'stackwalker service',
        // Without it the fleet works on, and crashes wait in the queue.
        severity: 'warning',
        ask: () => pingService(stackwalkService(env)),
      },
    ]),
  ),
)
