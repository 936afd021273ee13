import type { Clock, RandomBytes } from '#shared/clock.ts'
import { type CrashId, createCrashId, parseCrashId } from '#shared/crash-id.ts'
import type { JsonValue } from '#shared/raw-crash.ts'
import { isSubmitter } from './submitter.ts'

export interface IdentityDeps {
  /** The bearer that may choose the crash id; empty: nobody. */
  readonly submitterToken: string
  readonly clock: Clock
  readonly randomBytes: RandomBytes
}

/** The crash id of a report: a new one, or the one that a re-submitter chose and may choose. */
export type Identity =
  | { readonly kind: 'crash_id'; readonly crashId: CrashId; readonly crashIdFrom: 'ours' | 'chosen' }
  | { readonly kind: 'unauthorized_uuid' }
  | { readonly kind: 'malformed'; readonly reason: 'invalid_uuid' }

/** A new crash id, or the one that a re-submitter chose (specs/collector.md 1.4). */
export async function identify(uuid: JsonValue | undefined, headers: Headers, deps: IdentityDeps): Promise<Identity> {
  if (uuid === undefined) {
    return { kind: 'crash_id', crashId: createCrashId(deps.clock, deps.randomBytes), crashIdFrom: 'ours' }
  }
  if (!(await isSubmitter(headers, deps.submitterToken))) return { kind: 'unauthorized_uuid' }
  const crashId = typeof uuid === 'string' ? parseCrashId(uuid) : null
  if (crashId === null || !hasSubmittableDigit(crashId)) return { kind: 'malformed', reason: 'invalid_uuid' }
  return { kind: 'crash_id', crashId, crashIdFrom: 'chosen' }
}

/** A stored crash was accepted or deferred: throttle digit 0 or 1 (specs/collector.md 1.7). */
function hasSubmittableDigit(crashId: CrashId): boolean {
  return ['0', '1'].includes(crashId.charAt(crashId.length - 7))
}
