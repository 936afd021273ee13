import { drizzle } from 'drizzle-orm/d1'
import { systemClock } from '#shared/clock.ts'
import { tokenRepository } from '#shared/db/tokens.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { consoleLog } from '#shared/log.ts'
import { symbolsApp } from './app.ts'
import type { Env } from './env.ts'

function appOf(env: Env) {
  const db = drizzle(env.DB)
  const uploads = uploadRepository(db)
  return symbolsApp({
    upload: {
      bucket: env.SYMBOLS,
      uploads,
      tokens: tokenRepository(db),
      queue: env.UPLOAD_QUEUE,
      clock: systemClock,
      log: consoleLog,
    },
    download: { bucket: env.SYMBOLS, clock: systemClock },
    heartbeat: [
      { name: 'R2 SYMBOLS', ask: () => env.SYMBOLS.head('heartbeat') },
      { name: 'D1 DB', ask: () => uploads.ping() },
      { name: 'queue UPLOAD_QUEUE', ask: () => env.UPLOAD_QUEUE.metrics() },
    ],
  })
}

export default {
  fetch: (request, env) => appOf(env).fetch(request),
} satisfies ExportedHandler<Env>
