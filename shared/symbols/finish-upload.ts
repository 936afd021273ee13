import type { UploadRepository } from '../db/uploads.ts'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { contentHash } from './content-hash.ts'
import { stagedZipKey } from './key.ts'
import { type UnpackDeps, type UnpackOutcome, type UnpackTarget, unpackZip } from './unpack.ts'
import type { Refused, ZipListing, ZipMember } from './zip.ts'
import { zipRefusalText } from './zip-refusal.ts'

export interface FinishDeps extends UnpackDeps {
  readonly uploads: UploadRepository
}

/**
 * Unpacks a staged zip, closes its upload's books, and drops the staged zip, in this order: an upload is only complete when all
 * of its files are stored, and the zip is there as long as a retry may need it. Throws when the platform fails.
 */
export async function finishUpload(
  deps: FinishDeps,
  upload: UnpackTarget,
  zip: ZipListing | Refused,
): Promise<UnpackOutcome> {
  const outcome = zip.kind === 'refused' ? zip : await unpackZip(deps, upload, zip)
  switch (outcome.kind) {
    case 'unpacked':
      await deps.uploads.complete(upload.id, {
        skippedKeys: outcome.skippedKeys,
        refusedKeys: outcome.refusedKeys,
        ignoredKeys: zip.kind === 'refused' ? [] : zip.ignoredNames,
        contentHash: contentHash(zip.kind === 'refused' ? [] : zip.members.map(memberSize)),
        completedAtMs: deps.clock(),
      })
      break
    case 'refused':
      await deps.uploads.fail(upload.id, zipRefusalText(outcome.refusal))
      break
  }
  if (zip.kind === 'listed') zip.reader.close()
  await dropStagedZip(deps.bucket, upload.id)
  return outcome
}

function memberSize({ key, declaredBytes }: ZipMember) {
  return { key, sizeBytes: declaredBytes }
}

/** Deletes a staged zip; one that is gone already is fine. */
export async function dropStagedZip(bucket: Bucket, uploadId: number): Promise<void> {
  await withDeadline('R2 delete', R2_DEADLINE_MS, bucket.delete(stagedZipKey(uploadId)))
}
