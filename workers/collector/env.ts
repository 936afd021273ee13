import type { CrashMessage } from '#shared/messages.ts'
import type { Counters } from './counters.ts'

/** What the collector may touch: no D1, no other Worker. */
export interface Env {
  readonly CRASHES: R2Bucket
  readonly CONFIG: R2Bucket
  readonly CRASH_QUEUE: Queue<CrashMessage>
  readonly COUNTERS: DurableObjectNamespace<Counters>
  readonly DUPLICATES: DurableObjectNamespace
  readonly SUBMITTER_TOKEN?: string
  readonly MAYDAY_VERSION?: string
  readonly RULESET?: string
  readonly VIEW_URL_BASE?: string
  readonly VIEW_URL_SECRET?: string
  readonly OVERSIZE?: string
}
