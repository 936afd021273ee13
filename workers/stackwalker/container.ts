import { Container } from '@cloudflare/containers'
import { z } from 'zod'
import { systemRandomBytes } from '#shared/clock.ts'
import type { Env } from './env.ts'
import { partialSymbols } from './partial-symbols.ts'
import type { StackwalkService } from './walk.ts'

/** Instances that walks are spread over; `max_instances` in wrangler.toml. */
const INSTANCES = 4

/**
 * The Rust service of container/ in production. It has no way to the internet: hostile minidumps are read in there. Symbols come through the one host
 * that its owner answers for. Not started in development, where there is no Docker engine: see STACKWALKER_URL.
 */
export class StackwalkerContainer extends Container<Env> {
  override defaultPort = 8080
  /** A start costs seconds, and the cache of symbols on its disk is lost with it. */
  override sleepAfter = '10m'
  override enableInternet = false
}

const outboundEnvSchema = z.object({ SYMBOLS_WORKER: z.custom<Env['SYMBOLS_WORKER']>() })

StackwalkerContainer.outboundByHost = {
  'symbols.internal': (request, env) => partialSymbols(request, outboundEnvSchema.parse(env).SYMBOLS_WORKER),
}

/** One of the containers; a busy one answers so, and the retry may meet another. */
export function containerService(env: Env): StackwalkService {
  const [draw = 0] = systemRandomBytes(new Uint8Array(1))
  const container = env.CONTAINER.getByName(`stackwalker-${draw % INSTANCES}`)
  return { fetch: (url, init) => container.fetch(url, init) }
}
