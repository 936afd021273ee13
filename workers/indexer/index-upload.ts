import type { Upload } from '#shared/db/uploads.ts'
import { dropStagedZip, finishUpload } from '#shared/symbols/finish-upload.ts'
import { stagedZipKey } from '#shared/symbols/key.ts'
import { r2RangeSource } from '#shared/symbols/range-source.ts'
import type { SettleDeps } from '#shared/symbols/settle-session.ts'
import { listZip } from '#shared/symbols/zip.ts'
import type { ZipRefusal } from '#shared/symbols/zip-refusal.ts'
import { type IndexPartsOutcome, indexParts } from './index-parts.ts'

export type IndexUploadDeps = SettleDeps

/** What became of one queued upload. `settled`: another delivery of the message did it already, or gave it up. */
export type IndexUploadOutcome =
  | { readonly kind: 'unpacked'; readonly storedFiles: number; readonly skippedFiles: number }
  | { readonly kind: 'refused'; readonly reason: ZipRefusal['reason'] }
  | { readonly kind: 'settled' }
  | { readonly kind: 'unknown_upload' }
  | { readonly kind: 'zip_gone' }
  | IndexPartsOutcome

/**
 * Does what a queued upload still needs: unpacks a staged zip, or checks the files of a v2 upload that are whole (with `fileKey` that one
 * alone). Throws when the platform fails; running it again does what is left.
 */
export async function indexUpload(
  uploadId: number,
  fileKey: string | undefined,
  deps: IndexUploadDeps,
): Promise<IndexUploadOutcome> {
  const upload = await deps.uploads.find(uploadId)
  if (upload === null) return { kind: 'unknown_upload' }
  switch (upload.kind) {
    case 'zip':
      return indexZip(upload, deps)
    case 'parts':
      return indexParts(upload, fileKey, deps)
  }
}

async function indexZip(upload: Upload, deps: IndexUploadDeps): Promise<IndexUploadOutcome> {
  if (upload.completedAtMs !== null || upload.failedReason !== null) {
    await dropStagedZip(deps.bucket, upload.id)
    return { kind: 'settled' }
  }
  const source = await r2RangeSource(deps.bucket, stagedZipKey(upload.id))
  if (source === null) {
    await deps.uploads.fail(upload.id, 'The uploaded zip is gone; send it again')
    return { kind: 'zip_gone' }
  }
  const outcome = await finishUpload(deps, upload, await listZip(source, deps.held))
  switch (outcome.kind) {
    case 'unpacked':
      return { kind: 'unpacked', storedFiles: outcome.storedFiles, skippedFiles: outcome.skippedKeys.length }
    case 'refused':
      return { kind: 'refused', reason: outcome.refusal.reason }
  }
}
