import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { type CrashId, crashIdSchema } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { CLAIM_DEADLINE_MS, MIN_RESEND_MINIDUMP_BYTES, RESEND_WINDOW_MS } from '../limits.ts'
import { errorText } from '../log.ts'
import type { Bucket } from '../ports.ts'
import type { Annotations, ByDumpName, JsonValue } from '../raw-crash.ts'
import { digestKey, PRIMARY_DUMP_NAME } from './crash-keys.ts'

/** What a report and its resends have in common: 64 hex. */
export type ResendDigest = string & { readonly __resendDigest: unique symbol }

/** Annotations that stay the same when a client sends a report again; Throttleable, SubmittedFrom, Comments, Email and URL may not. */
const STABLE_ANNOTATIONS = ['ProductName', 'Version', 'BuildID', 'CrashTime']

/**
 * The digest of a report (DESIGN.md section 4), or null where it has no minidump of at least MIN_RESEND_MINIDUMP_BYTES: reports without one may be alike
 * and yet be two crashes. The same value as JSON number and as text is the same.
 */
export function resendDigest(
  annotations: Annotations,
  dumpChecksums: ByDumpName,
  dumps: ReadonlyMap<string, { readonly length: number }>,
): ResendDigest | null {
  const hasMinidump = [...dumps].some(
    ([dumpName, { length }]) => dumpName.startsWith(PRIMARY_DUMP_NAME) && length >= MIN_RESEND_MINIDUMP_BYTES,
  )
  if (!hasMinidump) return null
  const same = [Object.entries(dumpChecksums).sort(), STABLE_ANNOTATIONS.map((name) => asText(annotations[name]))]
  return createHash('sha256')
    .update(new TextEncoder().encode(JSON.stringify(same)))
    .digest('hex') as ResendDigest
}

function asText(value: JsonValue | undefined): string | null {
  if (value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Whose crash id the reports of a digest have. `won`: ours. `expired`: ours too, once {@link renewClaim} said so. `lost`: that of a report that came first.
 * `unclear`: storage did not say, and a later report may or may not find our id.
 */
export type Claim =
  | { readonly kind: 'won' }
  | { readonly kind: 'expired'; readonly etag: string }
  | { readonly kind: 'lost'; readonly firstId: CrashId }
  | { readonly kind: 'unclear'; readonly reason: string }

const claimSchema = z.object({ crash_id: crashIdSchema, claimed_at: z.number() })

/**
 * Claims a digest for a crash id: of reports that come at once exactly one wins. One storage round trip, because the claim of a first report is asked for
 * at the same time; two where that one was written in between. Never throws.
 */
export async function claimDigest(
  bucket: Bucket,
  digest: ResendDigest,
  crashId: CrashId,
  clock: Clock,
): Promise<Claim> {
  try {
    return await withDeadline('R2 claim', CLAIM_DEADLINE_MS, claim(bucket, digest, crashId, clock()))
  } catch (thrown) {
    return { kind: 'unclear', reason: errorText(thrown) }
  }
}

async function claim(bucket: Bucket, digest: ResendDigest, crashId: CrashId, nowMs: number): Promise<Claim> {
  const [written, before] = await Promise.all([
    bucket.put(digestKey(digest), claimJson(crashId, nowMs), { onlyIf: { etagDoesNotMatch: '*' } }),
    readClaim(bucket, digest),
  ])
  if (written !== null) return { kind: 'won' }
  const first = before ?? (await readClaim(bucket, digest))
  if (first === null) return { kind: 'unclear', reason: 'the claim went away' }
  // Our own put of before, whose reply was lost on the way.
  if (first.crash_id === crashId) return { kind: 'won' }
  if (nowMs - first.claimed_at >= RESEND_WINDOW_MS) return { kind: 'expired', etag: first.etag }
  return { kind: 'lost', firstId: first.crash_id }
}

/** Makes an expired claim ours, unless another report did so first. It may fail: the next resend is then a report of its own. */
export async function renewClaim(
  bucket: Bucket,
  digest: ResendDigest,
  crashId: CrashId,
  etag: string,
  clock: Clock,
): Promise<void> {
  const put = bucket.put(digestKey(digest), claimJson(crashId, clock()), { onlyIf: { etagMatches: etag } })
  await withDeadline('R2 renew claim', CLAIM_DEADLINE_MS, put)
}

async function readClaim(bucket: Bucket, digest: ResendDigest) {
  const object = await bucket.get(digestKey(digest))
  return object === null ? null : { ...claimSchema.parse(JSON.parse(await object.text())), etag: object.etag }
}

function claimJson(crashId: CrashId, claimedAtMs: number): string {
  return JSON.stringify({ crash_id: crashId, claimed_at: claimedAtMs })
}
