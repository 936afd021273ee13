import { env } from 'cloudflare:workers'
import { ACCEPT_EVERYTHING } from '#shared/throttle/built-in-rulesets.ts'
import { type CollectorDeps, createApp } from '../app.ts'
import { collectorWorld, ONE_LINE, reportOf } from './collector-world.ts'

/** A multipart body. */
export interface ReportBody {
  readonly body: Uint8Array<ArrayBuffer>
  readonly boundary: string
}

/** The collector's routes over the real bucket, and what came of the reports that it was sent. A test changes what it breaks. */
export function collectorApp(changes: Partial<CollectorDeps> = {}) {
  const { deps, sent, logged } = collectorWorld()
  const waiting: Promise<unknown>[] = []
  const app = createApp({
    ...{ ...deps, ...ONE_LINE, book: () => {}, heartbeatChecks: [], version: 'test' },
    rulesets: { current: async () => ACCEPT_EVERYTHING, problem: () => null },
    ...changes,
  })
  const context = {
    waitUntil: (work: Promise<unknown>) => void waiting.push(work),
    passThroughOnException: () => {},
    props: {},
  }
  return {
    async send(report: ReportBody) {
      const request = reportOf(report.body, report.boundary, { Authorization: 'Bearer secret' })
      const response = await app.fetch(request, env, context)
      const body = await response.text()
      const crashId = /^CrashID=bp-([0-9a-f-]{36})\n$/.exec(body)?.[1] ?? ''
      return { status: response.status, retryAfter: response.headers.get('Retry-After'), body, crashId }
    },
    /** All that goes on behind the answer. */
    settle: () => Promise.all(waiting),
    queued: () => sent.map(({ crash_id }) => crash_id),
    outcomes: () => logged.map(([outcome]) => outcome),
    logged,
  }
}
