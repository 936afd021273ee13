import type { Viewer } from '#shared/auth/permissions.ts'
import type { Clock } from '#shared/clock.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'
import type { Upload, UploadRepository } from '#shared/db/uploads.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_SYNC_INFLATED_BYTES,
  MAX_SYNC_ZIP_BYTES,
  MAX_SYNC_ZIP_ENTRIES,
  MAX_UPLOAD_BYTES,
  QUEUE_SEND_DEADLINE_MS,
} from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { SymbolUploadMessage } from '#shared/messages.ts'
import { MultipartError, parseMultipartType } from '#shared/multipart-headers.ts'
import type { Bucket, Sender } from '#shared/ports.ts'
import { finishUpload } from '#shared/symbols/finish-upload.ts'
import { stagedZipKey } from '#shared/symbols/key.ts'
import { r2RangeSource } from '#shared/symbols/range-source.ts'
import { listZip, type Refused, type ZipListing } from '#shared/symbols/zip.ts'
import { type ZipRefusal, zipRefusalText } from '#shared/symbols/zip-refusal.ts'
import { Intake, type StagedZip } from './intake.ts'
import { UploadBody, UploadBodyError, type UploadBodyReason } from './upload-body.ts'
import { readUploadForm } from './upload-form.ts'
import { checkUploader, isTryUpload, type UploaderRefusal } from './uploader.ts'

export interface UploadDeps {
  readonly bucket: Bucket
  readonly uploads: UploadRepository
  readonly tokens: TokenRepository
  readonly queue: Sender<SymbolUploadMessage>
  readonly clock: Clock
  readonly log: Log
}

/** Why an upload is refused; every reason is the client's to mend. */
export type UploadRefusal =
  | UploaderRefusal
  | UploadBodyReason
  | ZipRefusal['reason']
  | 'no_file'
  | 'unrecognized_extension'
  | 'bad_multipart'

/** What becomes of one POST /upload/. An upload whose `completedAtMs` is null is unpacked by the indexer. */
export type UploadAnswer =
  | { readonly kind: 'accepted'; readonly upload: Upload }
  | {
      readonly kind: 'refused'
      readonly status: 400 | 403 | 408 | 413
      readonly reason: UploadRefusal
      readonly text: string
    }
  | { readonly kind: 'unavailable' }

const NO_FILE = 'Must be multipart form data with at least one file'

/**
 * Takes one zip of symbols: who sends it → its bytes into R2 as they arrive → its names → unpack now when it is small, else by the
 * indexer → the answer. A refusal leaves no file in the store; its upload's row keeps the reason.
 */
export async function receiveUpload(request: Request, deps: UploadDeps): Promise<UploadAnswer> {
  const body = new UploadBody(request.body)
  const intake = new Intake(deps)
  try {
    const answer = await receive(request, body, intake, deps)
    if (answer.kind === 'refused') {
      deps.log('symbols', 'upload_refused', { reason: answer.reason, upload_id: intake.uploadId })
      await intake.giveUp(answer.text)
      await body.drain()
    }
    return answer
  } catch (thrown) {
    // Storage or the database failed. The client keeps its zip and sends it again: a retry skips what is stored.
    deps.log('symbols', 'upload_unavailable', { error: errorText(thrown), upload_id: intake.uploadId })
    await intake.giveUp('The service could not take the upload; send it again')
    await body.drain()
    return { kind: 'unavailable' }
  }
}

async function receive(request: Request, body: UploadBody, intake: Intake, deps: UploadDeps): Promise<UploadAnswer> {
  const uploader = await checkUploader(request.headers, deps.tokens, deps.clock)
  if (uploader.kind === 'refused') return refuse(403, uploader.reason, uploader.text)

  const type = parseMultipartType(request.headers.get('Content-Type') ?? '')
  if (type.kind !== 'multipart') return refuse(400, 'no_file', NO_FILE)
  if (Number(request.headers.get('Content-Length') ?? 0) > MAX_UPLOAD_BYTES) return bodyRefusal('body_too_large')

  const form = await readForm(body, type.boundary, uploader, intake)
  switch (form.kind) {
    case 'refused':
      return form
    case 'no_file':
      return refuse(400, 'no_file', NO_FILE)
    case 'unrecognized_extension':
      return refuse(400, 'unrecognized_extension', `Unrecognized archive file extension "${form.extension}"`)
    case 'zip':
      return unpackOrQueue(form.staged, isTryUpload(uploader.viewer, form.tryField), intake, deps)
  }
}

async function readForm(
  body: UploadBody,
  boundary: string,
  uploader: { email: string; viewer: Viewer },
  intake: Intake,
) {
  try {
    return await readUploadForm(body.chunks(), boundary, (filename, bytes) =>
      intake.stage(uploader.email, filename, bytes),
    )
  } catch (thrown) {
    if (thrown instanceof UploadBodyError) return bodyRefusal(thrown.reason)
    if (thrown instanceof MultipartError) {
      return refuse(400, 'bad_multipart', `Malformed multipart form data: ${thrown.reason}`)
    }
    throw thrown
  }
}

async function unpackOrQueue(
  staged: StagedZip,
  trySymbols: boolean,
  intake: Intake,
  deps: UploadDeps,
): Promise<UploadAnswer> {
  const { id, sizeBytes } = staged
  await deps.uploads.received(id, { sizeBytes, trySymbols })
  const source = await r2RangeSource(deps.bucket, stagedZipKey(id))
  if (source === null) throw new Error(`staged zip ${id} is gone`)
  const zip = await listZip(source, intake.held)
  if (zip.kind === 'listed' && !isSmall(zip, sizeBytes)) {
    const message: SymbolUploadMessage = { v: 1, upload_id: id, tries: 0, first_seen: deps.clock() }
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, deps.queue.send(message))
    zip.reader.close()
    deps.log('symbols', 'upload_queued', {
      upload_id: id,
      bytes: sizeBytes,
      entries: zip.entries,
      held_bytes: intake.held.peakBytes,
    })
    return accept(deps, id)
  }
  const outcome = await finishUpload({ ...deps, held: intake.held }, { id, trySymbols }, zip)
  intake.finished()
  switch (outcome.kind) {
    case 'unpacked':
      deps.log('symbols', 'upload_unpacked', {
        upload_id: id,
        stored: outcome.storedFiles,
        skipped: outcome.skippedKeys.length,
        held_bytes: intake.held.peakBytes,
      })
      return accept(deps, id)
    case 'refused':
      return zipRefusal(outcome)
  }
}

/** What can be unpacked while the client waits. */
function isSmall(zip: ZipListing, sizeBytes: number): boolean {
  return (
    sizeBytes <= MAX_SYNC_ZIP_BYTES &&
    zip.entries <= MAX_SYNC_ZIP_ENTRIES &&
    zip.declaredBytes <= MAX_SYNC_INFLATED_BYTES
  )
}

async function accept(deps: UploadDeps, id: number): Promise<UploadAnswer> {
  const upload = await deps.uploads.find(id)
  if (upload === null) throw new Error(`upload ${id} is gone`)
  return { kind: 'accepted', upload }
}

type UploadRefused = Extract<UploadAnswer, { kind: 'refused' }>

function refuse(status: UploadRefused['status'], reason: UploadRefusal, text: string): UploadRefused {
  return { kind: 'refused', status, reason, text }
}

function zipRefusal({ refusal }: Refused): UploadRefused {
  return refuse(400, refusal.reason, zipRefusalText(refusal))
}

function bodyRefusal(reason: UploadBodyReason): UploadRefused {
  switch (reason) {
    case 'body_too_large':
      return refuse(413, reason, `An upload has at most ${MAX_UPLOAD_BYTES} bytes; split it`)
    case 'body_idle':
      return refuse(408, reason, 'The upload stopped arriving')
    case 'body_aborted':
      return refuse(400, reason, 'The upload ended before its end')
  }
}
