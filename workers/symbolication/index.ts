import type { Hono } from 'hono'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { MAX_SYMBOLICATION_BYTES_IN_FLIGHT } from '#shared/limits.ts'
import { consoleLog } from '#shared/log.ts'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { symbolicationApp } from './app.ts'
import type { Env } from './env.ts'
import { MemoryBudget } from './memory-budget.ts'
import { accessBySymbolsWorker, EVERYBODY } from './symbol-access.ts'

/** One an isolate: all its requests share the isolate's memory. */
const budget = new MemoryBudget(MAX_SYMBOLICATION_BYTES_IN_FLIGHT, systemClock)

async function askSymbols(symbols: Fetcher): Promise<void> {
  const { ok, status } = await symbols.fetch('http://symbols/__lbheartbeat__')
  if (!ok) throw new Error(`the symbols Worker answers ${status}`)
}

function appOf(env: Env): Hono {
  const { SYMBOL_ACCESS } = readConfig(env, 'SYMBOL_ACCESS')
  return symbolicationApp({
    symbols: env.SYMBOLS,
    // Lists of the deployment lie in R2 CONFIG, which this stage is not bound to (DESIGN.md section 1).
    signatureLists: { current: async () => defaultSignatureLists() },
    counter: { count: (pings) => env.PINGS.index(pings) },
    access: SYMBOL_ACCESS === 'private' ? accessBySymbolsWorker(env.SYMBOLS_WORKER, consoleLog) : EVERYBODY,
    budget,
    clock: systemClock,
    log: consoleLog,
    heartbeat: [{ name: 'symbols', ask: () => askSymbols(env.SYMBOLS_WORKER) }],
  })
}

/** One an isolate: making the routes costs more than a small answer. */
const apps = new WeakMap<Env, Hono>()

export default {
  fetch(request, env) {
    const app = apps.get(env) ?? appOf(env)
    apps.set(env, app)
    return app.fetch(request)
  },
} satisfies ExportedHandler<Env>
