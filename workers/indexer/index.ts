import { drizzle } from 'drizzle-orm/d1'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { symbolOwnersIn } from '#shared/db/symbol-owners.ts'
import { uploadPartRepository } from '#shared/db/upload-parts.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { checkHeartbeat, heartbeatResponse } from '#shared/http/heartbeat.ts'
import { consoleLog } from '#shared/log.ts'
import { BuildTurn } from '#shared/symbols/build-turn.ts'
import { countedBucket } from '#shared/symbols/counted-bucket.ts'
import { consumeMessage } from './consume.ts'
import type { Env } from './env.ts'

/** One build an isolate, whatever messages it gets at once. */
const turn = new BuildTurn(systemClock)

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/__lbheartbeat__') return new Response(null, { status: 200 })
    if (pathname !== '/__heartbeat__') return Response.json({ error: 'Not Found' }, { status: 404 })
    return heartbeatResponse(
      await checkHeartbeat([
        { name: 'R2 SYMBOLS', ask: () => env.SYMBOLS.head('heartbeat') },
        { name: 'D1 DB', ask: () => uploadRepository(drizzle(env.DB)).ping() },
        { name: 'queue UPLOAD_QUEUE', ask: () => env.UPLOAD_QUEUE.metrics() },
        { name: 'queue UPLOAD_DEAD_QUEUE', ask: () => env.UPLOAD_DEAD_QUEUE.metrics() },
      ]),
    )
  },

  async queue(batch, env) {
    const db = drizzle(env.DB)
    const { UPLOAD_QUOTA_BYTES_PER_PRODUCT } = readConfig(env, 'UPLOAD_QUOTA_BYTES_PER_PRODUCT')
    const deps = {
      uploads: uploadRepository(db),
      parts: uploadPartRepository(db),
      owners: symbolOwnersIn(db, UPLOAD_QUOTA_BYTES_PER_PRODUCT),
      indexes: symbolIndexBooks(db),
      turn,
      queue: env.UPLOAD_QUEUE,
      deadQueue: env.UPLOAD_DEAD_QUEUE,
      clock: systemClock,
    }
    // One after the other: each may hold as much as an isolate can spare.
    for (const message of batch.messages) {
      const counted = countedBucket(env.SYMBOLS)
      await consumeMessage(message, { ...deps, bucket: counted.bucket, log: counted.counting(consoleLog) })
    }
  },
} satisfies ExportedHandler<Env>
