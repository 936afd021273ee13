import { readConfig } from '#shared/config.ts'
import { heartbeatResponse } from '#shared/http/heartbeat.ts'
import type { Env } from './env.ts'
import { askStages } from './heartbeat.ts'
import { stageOf } from './routes.ts'

const HEARTBEAT = /^\/__heartbeat__(?:\/([a-z]+))?$/

function stagesOf(env: Env) {
  return {
    collector: env.COLLECTOR,
    processor: env.PROCESSOR,
    stackwalker: env.STACKWALKER,
    symbols: env.SYMBOLS,
    indexer: env.INDEXER,
    symbolication: env.SYMBOLICATION,
    search: env.SEARCH,
    dashboard: env.DASHBOARD,
    scheduler: env.SCHEDULER,
  }
}

async function heartbeat(stages: ReturnType<typeof stagesOf>, stageName: string | undefined): Promise<Response> {
  if (stageName === undefined) return heartbeatResponse(await askStages(stages))
  const asked = Object.entries(stages).filter(([name]) => name === stageName)
  if (asked.length > 0) return heartbeatResponse(await askStages(Object.fromEntries(asked)))
  return Response.json({ error: `No stage '${stageName}'. Stages: ${Object.keys(stages).join(', ')}` }, { status: 404 })
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    const heartbeatPath = HEARTBEAT.exec(pathname)
    if (heartbeatPath !== null) return heartbeat(stagesOf(env), heartbeatPath[1])
    if (pathname === '/__lbheartbeat__') return new Response(null, { status: 200 })
    if (pathname === '/__version__') return Response.json({ version: readConfig(env, 'MAYDAY_VERSION').MAYDAY_VERSION })
    return stagesOf(env)[stageOf(pathname)].fetch(request)
  },

  /** Cron reaches only the Worker that has the port in development, so the gateway has the trigger and the scheduler the jobs. */
  async scheduled(controller, env) {
    await env.CRON.run(controller.cron, controller.scheduledTime)
  },
} satisfies ExportedHandler<Env>
