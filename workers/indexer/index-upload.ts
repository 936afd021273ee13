import type { Clock } from '#shared/clock.ts'
import type { UploadRepository } from '#shared/db/uploads.ts'
import type { Bucket } from '#shared/ports.ts'
import { dropStagedZip, finishUpload } from '#shared/symbols/finish-upload.ts'
import type { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { stagedZipKey } from '#shared/symbols/key.ts'
import { r2RangeSource } from '#shared/symbols/range-source.ts'
import { listZip } from '#shared/symbols/zip.ts'
import type { ZipRefusal } from '#shared/symbols/zip-refusal.ts'

export interface IndexUploadDeps {
  readonly bucket: Bucket
  readonly uploads: UploadRepository
  readonly clock: Clock
  readonly held: HeldBytes
}

/** What became of one queued upload. `settled`: another delivery of the message did it already, or gave it up. */
export type IndexUploadOutcome =
  | { readonly kind: 'unpacked'; readonly storedFiles: number; readonly skippedFiles: number }
  | { readonly kind: 'refused'; readonly reason: ZipRefusal['reason'] }
  | { readonly kind: 'settled' }
  | { readonly kind: 'unknown_upload' }
  | { readonly kind: 'zip_gone' }

/** Unpacks one staged zip and closes its books. Throws when the platform fails; running it again does what is left. */
export async function indexUpload(uploadId: number, deps: IndexUploadDeps): Promise<IndexUploadOutcome> {
  const upload = await deps.uploads.find(uploadId)
  if (upload === null) return { kind: 'unknown_upload' }
  if (upload.completedAtMs !== null || upload.failedReason !== null) {
    await dropStagedZip(deps.bucket, uploadId)
    return { kind: 'settled' }
  }
  const source = await r2RangeSource(deps.bucket, stagedZipKey(uploadId))
  if (source === null) {
    await deps.uploads.fail(uploadId, 'The uploaded zip is gone; send it again')
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
