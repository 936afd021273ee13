import type { UploadSession } from '#shared/db/upload-parts.ts'
import type { Upload } from '#shared/db/uploads.ts'
import { withDeadline } from '#shared/deadline.ts'
import { R2_DEADLINE_MS } from '#shared/limits.ts'
import { stagedFileKey } from '#shared/symbols/key.ts'
import { dropStagedFile, type SettleDeps, settleStaged, settleUpload } from '#shared/symbols/settle-session.ts'

/** What became of a v2 upload. `open`: its uploader still sends. */
export type IndexPartsOutcome =
  | { readonly kind: 'checked'; readonly files: number; readonly end: 'open' | 'completed' | 'failed' }
  | { readonly kind: 'expired'; readonly files: number }

/**
 * Checks the files of a v2 upload that are whole and not yet checked, closes the upload's books where that was the last of them, and clears away
 * what an uploader left half-way. reconcile sends every open upload here once an hour, so nothing stays behind.
 */
export async function indexParts(
  upload: Upload,
  fileKey: string | undefined,
  deps: SettleDeps,
): Promise<IndexPartsOutcome> {
  const sessions = await deps.parts.ofUpload(upload.id)
  const whole = sessions.filter(({ state, key }) => state === 'received' && (fileKey === undefined || key === fileKey))
  for (const session of whole) await settleStaged(deps, upload, session)
  const { kind: end } = await settleUpload(deps, upload.id)
  const late = sessions.filter(({ state, expiresAtMs }) => state === 'open' && expiresAtMs <= deps.clock())
  if (end !== 'open' || late.length === 0) return { kind: 'checked', files: whole.length, end }
  for (const session of late) await forget(deps, session)
  await deps.uploads.fail(
    upload.id,
    `${late.length} files did not arrive in time; start a new upload, the others are skipped then`,
  )
  return { kind: 'expired', files: late.length }
}

/** Drops the parts of a file that nobody will finish. */
async function forget(deps: SettleDeps, session: UploadSession): Promise<void> {
  if (session.r2UploadId !== null) {
    const begun = deps.bucket.resumeMultipartUpload(stagedFileKey(session.id), session.r2UploadId)
    // R2 may have forgotten it first.
    await withDeadline('R2 abort', R2_DEADLINE_MS, begun.abort()).catch(() => undefined)
  }
  await dropStagedFile(deps.bucket, session.id)
  await deps.parts.settle(session.id, 'failed', `${session.key} did not arrive in time`)
}
