import { checkHeartbeat, heartbeatResponse } from '#shared/http/heartbeat.ts'
import type { Env } from './env.ts'

async function askSymbols(symbols: Fetcher): Promise<void> {
  const { ok, status } = await symbols.fetch('http://symbols/__lbheartbeat__')
  if (!ok) throw new Error(`the symbols Worker answers ${status}`)
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/__lbheartbeat__') return new Response(null, { status: 200 })
    if (pathname === '/__heartbeat__') {
      return heartbeatResponse(await checkHeartbeat([{ name: 'symbols', ask: () => askSymbols(env.SYMBOLS_WORKER) }]))
    }
    return Response.json({ title: '404 Not Found' }, { status: 404 })
  },
} satisfies ExportedHandler<Env>
