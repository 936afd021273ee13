import { WorkerEntrypoint } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { systemClock } from '#shared/clock.ts'
import { jobStatesIn } from '#shared/db/job-states.ts'
import { missingProcessedCrashes } from '#shared/db/missing-processed-crashes.ts'
import { missingSymbolsIn } from '#shared/db/missing-symbols.ts'
import { productVersionRepository } from '#shared/db/product-versions.ts'
import { signatureRepository } from '#shared/db/signatures.ts'
import { symbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import { uploadRepository } from '#shared/db/uploads.ts'
import { checkHeartbeat, heartbeatResponse } from '#shared/http/heartbeat.ts'
import { consoleLog } from '#shared/log.ts'
import { consumeDeadLetters } from './dead-letters.ts'
import type { Env } from './env.ts'
import { runJobs } from './jobs.ts'

/** Cron arrives here from the gateway, which has the trigger. */
export class Cron extends WorkerEntrypoint<Env> {
  async run(cron: string, scheduledTimeMs: number): Promise<void> {
    const db = drizzle(this.env.DB)
    await runJobs(cron, scheduledTimeMs, {
      crashes: {
        crashStore: this.env.CRASH_STORE,
        search: this.env.SEARCH,
        queue: this.env.CRASH_QUEUE,
        sent: missingProcessedCrashes(db),
        clock: systemClock,
      },
      uploads: { uploads: uploadRepository(db), queue: this.env.UPLOAD_QUEUE, clock: systemClock },
      missingSymbols: { search: this.env.SEARCH, missing: missingSymbolsIn(db), clock: systemClock },
      signatures: { search: this.env.SEARCH, signatures: signatureRepository(db), clock: systemClock },
      productVersions: { search: this.env.SEARCH, versions: productVersionRepository(db), clock: systemClock },
      indexes: {
        symbols: this.env.SYMBOLS,
        queue: this.env.UPLOAD_QUEUE,
        states: jobStatesIn(db),
        clock: systemClock,
      },
      log: consoleLog,
    })
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === '/__lbheartbeat__') return new Response(null, { status: 200 })
    if (pathname !== '/__heartbeat__') return Response.json({ error: 'Not Found' }, { status: 404 })
    return heartbeatResponse(
      await checkHeartbeat([
        { name: 'D1 DB', ask: () => missingProcessedCrashes(drizzle(env.DB)).open(1) },
        { name: 'queue CRASH_QUEUE', ask: () => env.CRASH_QUEUE.metrics() },
        { name: 'queue UPLOAD_QUEUE', ask: () => env.UPLOAD_QUEUE.metrics() },
        { name: 'search', ask: () => env.SEARCH.missing([]) },
        { name: 'CrashStore', ask: () => env.CRASH_STORE.states([]) },
      ]),
    )
  },

  async queue(batch, env) {
    const db = drizzle(env.DB)
    await consumeDeadLetters(batch.messages, {
      crashStore: env.CRASH_STORE,
      uploads: uploadRepository(db),
      indexes: symbolIndexBooks(db),
      log: consoleLog,
    })
  },
} satisfies ExportedHandler<Env>
