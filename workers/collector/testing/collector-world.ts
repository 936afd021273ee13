import { env } from 'cloudflare:workers'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import type { LogFields } from '#shared/log.ts'
import type { CrashMessage } from '#shared/messages.ts'
import { NO_PRODUCTS } from '#shared/products/products.ts'
import { ACCEPT_EVERYTHING } from '#shared/throttle/built-in-rulesets.ts'
import type { CollectorDeps } from '../app.ts'
import { BytesInFlight } from '../bytes-in-flight.ts'
import { duplicatesOf } from '../duplicates.ts'
import type { SubmitDeps } from '../submit.ts'

/** What a submission needs, with the real bucket, and what it sent, logged and deferred. */
export function collectorWorld(changes: Partial<SubmitDeps> = {}) {
  const sent: CrashMessage[] = []
  const logged: [string, LogFields][] = []
  const deferred: Promise<unknown>[] = []
  const deps: SubmitDeps = {
    bucket: env.CRASHES,
    queue: { send: async (message) => void sent.push(message) },
    ruleset: async () => ACCEPT_EVERYTHING,
    draw: () => 99,
    ruleCounts: { count: () => {} },
    duplicates: duplicatesOf(env.DUPLICATES),
    products: async () => NO_PRODUCTS,
    submitterToken: 'secret',
    bytesInFlight: new BytesInFlight(60 * 1024 * 1024),
    clock: systemClock,
    randomBytes: systemRandomBytes,
    log: (_stage, outcome, fields = {}) => logged.push([outcome, fields]),
    defer: (work) => void deferred.push(work),
    bodyDeadlineMs: 5_000,
    oversize: 'refuse',
    saveBudgetMs: 10_000,
    ...changes,
  }
  return { deps, sent, logged, settle: () => Promise.all(deferred) }
}

/** A report as a reporter sends it. */
export function reportOf(
  body: Uint8Array<ArrayBuffer>,
  boundary: string,
  headers: Readonly<Record<string, string>> = {},
): Request {
  return new Request('http://collector/submit', {
    method: 'POST',
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, ...headers },
    body,
  })
}

/** A collector without products, whose answers have one line. */
export const ONE_LINE: Pick<CollectorDeps, 'products' | 'furtherLines' | 'duplicates'> = {
  duplicates: duplicatesOf(env.DUPLICATES),
  products: { current: async () => NO_PRODUCTS, problem: () => null },
  furtherLines: async () => '',
}
