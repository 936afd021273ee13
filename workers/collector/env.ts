import type { CrashMessage } from '#shared/messages.ts'

/** What the collector may touch: no D1, no other Worker. */
export interface Env {
  readonly CRASHES: R2Bucket
  readonly CONFIG: R2Bucket
  readonly CRASH_QUEUE: Queue<CrashMessage>
  readonly SUBMITTER_TOKEN?: string
  readonly MAYDAY_VERSION?: string
  readonly RULESET?: string
}
