import { z } from 'zod'
import type { CrashId } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { crashIdOfRawCrashKey, failedCrashKey, processedCrashKey, rawCrashKey, rawCrashPrefix } from './crash-keys.ts'
import type { CrashState, RawCrashPage } from './crash-store.ts'

/** Where crashes stand. A state is derived from keys and stored nowhere twice (specs/reliability.md 6c). All functions throw when R2 does not answer. */

/** What is kept of a crash that died. */
export interface Failure {
  readonly reason: string
  readonly failedAtMs: number
}

const failedCrashSchema = z
  .object({ reason: z.string(), failed_at: z.iso.datetime() })
  .transform(({ reason, failed_at }): Failure => ({ reason, failedAtMs: Date.parse(failed_at) }))

/** The raw crashes of a day (`YYYYMMDD`), a page at a time. */
export async function listRawCrashes(bucket: Bucket, day: string, cursor: string | null): Promise<RawCrashPage> {
  const options = { prefix: rawCrashPrefix(day), ...(cursor === null ? {} : { cursor }) }
  const page = await withDeadline('R2 list raw crashes', R2_DEADLINE_MS, bucket.list(options))
  return {
    crashes: page.objects.flatMap(({ key, uploaded }) => {
      const crashId = crashIdOfRawCrashKey(key)
      return crashId === null ? [] : [{ crashId, savedAtMs: uploaded.getTime() }]
    }),
    cursor: page.truncated ? page.cursor : null,
  }
}

/** When the raw crash, the commit mark of a report, was written last; null where there is none. */
export async function savedAtMs(bucket: Bucket, crashId: CrashId): Promise<number | null> {
  const head = await withDeadline('R2 head raw crash', R2_DEADLINE_MS, bucket.head(rawCrashKey(crashId)))
  return head === null ? null : head.uploaded.getTime()
}

/** Whether the raw crash is there. */
export async function isSaved(bucket: Bucket, crashId: CrashId): Promise<boolean> {
  return (await savedAtMs(bucket, crashId)) !== null
}

/** Where one crash stands. A crash that failed and was then processed is processed. */
export async function crashState(bucket: Bucket, crashId: CrashId): Promise<CrashState> {
  const heads = [bucket.head(processedCrashKey(crashId)), bucket.head(failedCrashKey(crashId))]
  const [processed, failed] = await withDeadline('R2 head crash', R2_DEADLINE_MS, Promise.all(heads))
  if (processed !== null) return 'processed'
  return failed === null ? 'saved' : 'failed'
}

/** Keeps the crash as failed. A crash that retention has removed is not brought back. */
export async function writeFailedCrash(bucket: Bucket, crashId: CrashId, reason: string, atMs: number): Promise<void> {
  if (!(await isSaved(bucket, crashId))) return
  const json = JSON.stringify({ reason, failed_at: new Date(atMs).toISOString() })
  const put = bucket.put(failedCrashKey(crashId), json, { httpMetadata: { contentType: 'application/json' } })
  await withDeadline('R2 put failed crash', R2_DEADLINE_MS, put)
}

/** Takes the mark of failure from a crash that is processed now. Nothing happens where there is none. */
export async function deleteFailedCrash(bucket: Bucket, crashId: CrashId): Promise<void> {
  await withDeadline('R2 delete failed crash', R2_DEADLINE_MS, bucket.delete(failedCrashKey(crashId)))
}

/** Why and when a crash failed, or null where it did not. */
export async function readFailure(bucket: Bucket, crashId: CrashId): Promise<Failure | null> {
  const object = await withDeadline('R2 get failed crash', R2_DEADLINE_MS, bucket.get(failedCrashKey(crashId)))
  if (object === null) return null
  return failedCrashSchema.parse(await withDeadline('R2 read failed crash', R2_DEADLINE_MS, object.json()))
}
