import type { Clock } from '#shared/clock.ts'
import type { DownloadedFrom, UploadRepository } from '#shared/db/uploads.ts'
import type { Bucket } from '#shared/ports.ts'
import { dropStagedZip } from '#shared/symbols/finish-upload.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { stagedZipKey } from '#shared/symbols/key.ts'
import { putStream } from '#shared/symbols/put-stream.ts'
import type { Uploader } from './uploader.ts'

interface IntakeDeps {
  readonly bucket: Bucket
  readonly uploads: UploadRepository
  readonly clock: Clock
}

/** A zip that lies under its upload's id in R2. */
export interface StagedZip {
  readonly id: number
  readonly sizeBytes: number
}

/** What one request has begun and must end: its upload's row and its staged zip. */
export class Intake {
  readonly held = new HeldBytes()
  readonly #deps: IntakeDeps
  #uploadId: number | null = null
  #isFinished = false

  constructor(deps: IntakeDeps) {
    this.#deps = deps
  }

  get uploadId(): number | null {
    return this.#uploadId
  }

  async stage(
    uploader: Uploader,
    filename: string,
    bytes: AsyncIterable<Uint8Array>,
    downloadedFrom: DownloadedFrom | null = null,
  ): Promise<StagedZip> {
    const { uploads, bucket, clock } = this.#deps
    const { email, product, isAdmin, sourceRevision } = uploader
    const createdAtMs = clock()
    const id = await uploads.begin({
      ...{ email, product, isAdmin, sourceRevision, createdAtMs },
      ...{ kind: 'zip', filename, downloadedFrom },
    })
    this.#uploadId = id
    const options = { httpMetadata: { contentType: 'application/zip' } }
    return { id, sizeBytes: await putStream(bucket, stagedZipKey(id), bytes, options, this.held) }
  }

  /** The row says how it ended, and the staged zip is gone. */
  finished(): void {
    this.#isFinished = true
  }

  /** Ends a begun upload as failed, as well as storage allows; a sweep finds what is left. */
  async giveUp(reason: string): Promise<void> {
    if (this.#uploadId === null || this.#isFinished) return
    const { uploads, bucket } = this.#deps
    await Promise.allSettled([uploads.fail(this.#uploadId, reason), dropStagedZip(bucket, this.#uploadId)])
  }
}
