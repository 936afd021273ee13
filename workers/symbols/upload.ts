import type { Clock } from '#shared/clock.ts'
import type { SymbolIndexBooks } from '#shared/db/symbol-indexes.ts'
import type { TokenRepository } from '#shared/db/tokens.ts'
import type { Upload, UploadRepository } from '#shared/db/uploads.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_SYNC_INFLATED_BYTES,
  MAX_SYNC_ZIP_BYTES,
  MAX_SYNC_ZIP_ENTRIES,
  MAX_UPLOAD_BYTES,
  MAX_UPLOAD_FIELDS_BYTES,
  QUEUE_SEND_DEADLINE_MS,
} from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { SymbolMessage, SymbolUploadMessage } from '#shared/messages.ts'
import { MultipartError, parseMultipartType } from '#shared/multipart-headers.ts'
import type { Bucket, Sender } from '#shared/ports.ts'
import type { BuildTurn } from '#shared/symbols/build-turn.ts'
import { finishUpload } from '#shared/symbols/finish-upload.ts'
import { stagedZipKey } from '#shared/symbols/key.ts'
import type { SymbolOwners } from '#shared/symbols/ownership.ts'
import { r2RangeSource } from '#shared/symbols/range-source.ts'
import { indexUploadNow } from '#shared/symbols/upload-indexes.ts'
import { listZip, type Refused, type ZipListing } from '#shared/symbols/zip.ts'
import { type ZipRefusal, zipRefusalText } from '#shared/symbols/zip-refusal.ts'
import { Intake, type StagedZip } from './intake.ts'
import { readAtMost, UploadBody, UploadBodyError, type UploadBodyReason } from './upload-body.ts'
import { brokenTransfer, type FetchZipDeps, fetchZip, type UrlRefusal } from './upload-by-url.ts'
import { extension, isZipName, readUploadForm, readUrlForm, type UploadForm } from './upload-form.ts'
import { checkUploader, isTryUpload, type Uploader, type UploaderRefusal } from './uploader.ts'

export interface UploadDeps {
  readonly bucket: Bucket
  readonly uploads: UploadRepository
  readonly owners: SymbolOwners
  readonly tokens: TokenRepository
  readonly download: FetchZipDeps
  readonly indexes: SymbolIndexBooks
  /** The isolate's. */
  readonly turn: BuildTurn
  readonly queue: Sender<SymbolMessage>
  readonly clock: Clock
  readonly log: Log
}

/** Why an upload is refused; every reason is the client's to mend. */
export type UploadRefusal =
  | UploaderRefusal
  | UploadBodyReason
  | ZipRefusal['reason']
  | 'no_file'
  | UrlRefusal
  | 'unrecognized_extension'
  | 'bad_multipart'
  | 'fields_too_large'
  | 'quota_exceeded'

/** What becomes of one POST /upload/. An upload whose `completedAtMs` is null is unpacked by the indexer. */
export type UploadAnswer =
  | { readonly kind: 'accepted'; readonly upload: Upload }
  | {
      readonly kind: 'refused'
      readonly status: 400 | 403 | 408 | 413 | 502
      readonly reason: UploadRefusal
      readonly text: string
    }
  | { readonly kind: 'unavailable' }

/** The peer's width of an upload's file name. */
const MAX_FILENAME_CHARS = 100
const NO_FILE = 'Must be multipart form data with at least one file'

/**
 * Takes one zip of symbols: who sends it → its bytes into R2 as they arrive → its names → unpack and index now when it is small, else by
 * the indexer → the answer. A refusal leaves no file in the store; its upload's row keeps the reason.
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
  const check = await checkUploader(request.headers, deps.tokens, deps.clock)
  if (check.kind === 'refused') return refuse(403, check.reason, check.text)
  const { uploader } = check

  const form = await readForm(request.headers, body, uploader, intake)
  switch (form.kind) {
    case 'refused':
      return form
    case 'no_file':
      return refuse(400, 'no_file', NO_FILE)
    case 'unrecognized_extension':
      return unrecognizedExtension(form.extension)
    case 'url': {
      const staged = await stageFromUrl(form.url, uploader, intake, deps)
      return staged.kind === 'refused' ? staged : unpackOrQueue(staged.zip, uploader, form.tryField, intake, deps)
    }
    case 'zip':
      return unpackOrQueue(form.staged, uploader, form.tryField, intake, deps)
  }
}

const URLENCODED = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

async function readForm(
  headers: Headers,
  body: UploadBody,
  uploader: Uploader,
  intake: Intake,
): Promise<UploadForm<StagedZip> | UploadRefused> {
  const contentType = headers.get('Content-Type') ?? ''
  const type = parseMultipartType(contentType)
  try {
    if (URLENCODED.test(contentType)) {
      const read = await readAtMost(body, MAX_UPLOAD_FIELDS_BYTES)
      if (read.kind === 'read') return readUrlForm(new TextDecoder().decode(read.bytes))
      return refuse(413, 'fields_too_large', `A form of fields has at most ${MAX_UPLOAD_FIELDS_BYTES} bytes`)
    }
    if (type.kind !== 'multipart') return { kind: 'no_file' }
    if (Number(headers.get('Content-Length') ?? 0) > MAX_UPLOAD_BYTES) return bodyRefusal('body_too_large')
    return await readUploadForm(body.chunks(), type.boundary, (filename, bytes) =>
      intake.stage(uploader, filename, bytes),
    )
  } catch (thrown) {
    if (thrown instanceof UploadBodyError) return bodyRefusal(thrown.reason)
    if (thrown instanceof MultipartError) {
      return refuse(400, 'bad_multipart', `Malformed multipart form data: ${thrown.reason}`)
    }
    throw thrown
  }
}

/** Fetches the zip of an upload by URL to where an uploaded one would lie. */
async function stageFromUrl(
  url: string,
  uploader: Uploader,
  intake: Intake,
  deps: UploadDeps,
): Promise<{ readonly kind: 'staged'; readonly zip: StagedZip } | UploadRefused> {
  const fetched = await fetchZip(url, deps.download)
  if (fetched.kind === 'refused') return fetched
  const { filename, redirectUrls, body } = fetched
  if (!isZipName(filename)) {
    body.cancel()
    return unrecognizedExtension(extension(filename))
  }
  try {
    const zip = await intake.stage(uploader, filename.slice(-MAX_FILENAME_CHARS), body.chunks(), { url, redirectUrls })
    return { kind: 'staged', zip }
  } catch (thrown) {
    if (!(thrown instanceof UploadBodyError)) throw thrown
    return thrown.reason === 'body_too_large' ? bodyRefusal(thrown.reason) : brokenTransfer()
  } finally {
    body.cancel()
  }
}

async function unpackOrQueue(
  staged: StagedZip,
  uploader: Uploader,
  tryField: string,
  intake: Intake,
  deps: UploadDeps,
): Promise<UploadAnswer> {
  const { id, sizeBytes } = staged
  const { email, product, isAdmin } = uploader
  const trySymbols = isTryUpload(uploader.viewer, tryField)
  await deps.uploads.received(id, { sizeBytes, trySymbols })
  const source = await r2RangeSource(deps.bucket, stagedZipKey(id))
  if (source === null) throw new Error(`staged zip ${id} is gone`)
  const zip = await listZip(source, intake.held)
  const quota = await deps.owners.quota(product, zip.kind === 'listed' ? zip.declaredBytes : 0)
  if (quota.kind === 'exceeded') return refuse(403, 'quota_exceeded', quota.text)
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
  const outcome = await finishUpload({ ...deps, held: intake.held }, { id, trySymbols, email, product, isAdmin }, zip)
  intake.finished()
  switch (outcome.kind) {
    case 'unpacked': {
      const indexes = await indexUploadNow({ ...deps, held: intake.held }, id)
      deps.log('symbols', 'upload_unpacked', {
        upload_id: id,
        stored: outcome.storedFiles,
        skipped: outcome.skippedKeys.length,
        indexed: indexes.built,
        held_bytes: intake.held.peakBytes,
      })
      return accept(deps, id)
    }
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

function unrecognizedExtension(found: string): UploadRefused {
  return refuse(400, 'unrecognized_extension', `Unrecognized archive file extension "${found}"`)
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
