import type { StoredPart, UploadSession } from '#shared/db/upload-parts.ts'
import type { Upload } from '#shared/db/uploads.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  MAX_PART_BYTES_IN_FLIGHT,
  MAX_SYNC_INFLATED_BYTES,
  MAX_UPLOAD_PARTS,
  QUEUE_SEND_DEADLINE_MS,
  R2_DEADLINE_MS,
  UPLOAD_PART_BYTES,
} from '#shared/limits.ts'
import type { SymbolUploadMessage } from '#shared/messages.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { stagedFileKey } from '#shared/symbols/key.ts'
import { type SessionEnd, settleSession, settleStaged } from '#shared/symbols/settle-session.ts'
import { readAtMost, type UploadBody } from './upload-body.ts'
import {
  isOwner,
  notYours,
  refuseV2,
  type UploadV2Answer,
  type UploadV2Deps,
  type UploadV2Refused,
  unknownUpload,
} from './upload-v2.ts'
import type { Uploader } from './uploader.ts'

export interface PartDeps extends UploadV2Deps {
  /** What all requests of this isolate hold of parts. */
  readonly partsInFlight: HeldBytes
}

/** The file that a request names, once it is clear that its sender may go on with it. */
type Found = { readonly kind: 'found'; readonly upload: Upload; readonly session: UploadSession } | UploadV2Refused

async function findSession(sessionId: string, uploader: Uploader, deps: PartDeps): Promise<Found> {
  const session = await deps.parts.find(sessionId)
  const upload = session === null ? null : await deps.uploads.find(session.uploadId)
  if (session === null || upload === null) return unknownUpload()
  return isOwner(uploader, upload) ? { kind: 'found', upload, session } : notYours()
}

/**
 * `PUT <url>?part=n`: takes one part, checks its hash, and hands it to R2's multipart upload of the file. `PUT <url>`: takes a
 * whole file of up to one part, checks it against what was declared, and makes it visible with one put.
 * A part that is sent again replaces itself. Throws when the platform fails.
 */
export async function putPart(
  request: Request,
  sessionId: string,
  body: UploadBody,
  uploader: Uploader,
  deps: PartDeps,
): Promise<UploadV2Answer> {
  const found = await findSession(sessionId, uploader, deps)
  if (found.kind === 'refused') return found
  const { upload, session } = found
  const part = new URL(request.url).searchParams.get('part')
  const number = part === null ? null : readPartNumber(part)
  if (number === 'bad') return refuseV2(400, 'bad_part_number', `part must be a number from 1 to ${MAX_UPLOAD_PARTS}`)
  if (session.state !== 'open') {
    if (number === null) return answerEnd(session, endOf(session))
    return refuseV2(409, 'already_received', 'All parts of this file are there already', { state: session.state })
  }
  if (session.expiresAtMs <= deps.clock() || upload.failedReason !== null) {
    return refuseV2(410, 'expired', 'This upload has expired; start a new one')
  }
  const digest = readDigest(request.headers)
  if (digest === null) {
    return refuseV2(400, 'no_digest', 'Send the SHA-256 of the part: Content-Digest: sha-256=:<base64>:')
  }
  const sent = request.headers.get('Content-Length')
  const length = Number(sent ?? UPLOAD_PART_BYTES)
  if (length > UPLOAD_PART_BYTES) return partTooLarge()
  // A whole file is held twice: as it came, and as it goes to R2 once it is checked.
  const reserved = number === null ? 2 * length : length
  if (deps.partsInFlight.currentBytes + reserved > MAX_PART_BYTES_IN_FLIGHT) return { kind: 'no_room' }

  deps.partsInFlight.add(reserved)
  try {
    const read = await readAtMost(body, UPLOAD_PART_BYTES, sent === null ? 0 : length)
    if (read.kind === 'too_large') return partTooLarge()
    const sha256 = await sha256Of(read.bytes)
    if (base64(sha256) !== digest) {
      return refuseV2(400, 'wrong_digest', 'The part does not have the SHA-256 that was sent with it; send it again')
    }
    if (number === null) return await storeWhole(upload, session, read.bytes, deps)
    if (read.bytes.length === 0) return refuseV2(400, 'part_empty', 'A part has at least one byte')
    return await storePart(upload, session, { part: number, sha256: hex(sha256) }, read.bytes, deps)
  } finally {
    deps.partsInFlight.add(-reserved)
  }
}

async function storeWhole(
  upload: Upload,
  session: UploadSession,
  bytes: Uint8Array,
  deps: PartDeps,
): Promise<UploadV2Answer> {
  async function* chunks() {
    yield bytes
  }
  const held = new HeldBytes()
  held.add(bytes.length)
  const end = await settleSession({ ...deps, held }, upload, session, chunks())
  logEnd(deps, session, end, held)
  return answerEnd(session, end)
}

async function storePart(
  upload: Upload,
  session: UploadSession,
  { part, sha256 }: Pick<StoredPart, 'part' | 'sha256'>,
  bytes: Uint8Array,
  deps: PartDeps,
): Promise<UploadV2Answer> {
  const r2UploadId = session.r2UploadId ?? (await beginR2Upload(session, deps))
  const r2Upload = deps.bucket.resumeMultipartUpload(stagedFileKey(session.id), r2UploadId)
  const { etag } = await withDeadline('R2 part', R2_DEADLINE_MS, r2Upload.uploadPart(part, bytes))
  await deps.parts.putPart(session.id, { part, etag, sha256, sizeBytes: bytes.length })
  const held_bytes = deps.partsInFlight.currentBytes
  deps.log('symbols', 'part_stored', { upload_id: upload.id, part, bytes: bytes.length, held_bytes })
  return { kind: 'answered', status: 200, body: { part, size: bytes.length, sha256 } }
}

/** Of parts that come first at the same time one begins the upload; the others drop theirs. */
async function beginR2Upload(session: UploadSession, { bucket, parts }: PartDeps): Promise<string> {
  const key = stagedFileKey(session.id)
  const begun = await withDeadline('R2 upload', R2_DEADLINE_MS, bucket.createMultipartUpload(key))
  const holder = await parts.claimR2Upload(session.id, begun.uploadId)
  if (holder !== begun.uploadId) await withDeadline('R2 abort', R2_DEADLINE_MS, begun.abort()).catch(() => undefined)
  return holder
}

/** `GET <url>`: which parts are there, so that a client goes on where it was cut. */
export async function listParts(sessionId: string, uploader: Uploader, deps: PartDeps): Promise<UploadV2Answer> {
  const found = await findSession(sessionId, uploader, deps)
  if (found.kind === 'refused') return found
  const { session } = found
  const parts = session.state === 'open' ? await deps.parts.parts(session.id) : []
  const body = {
    key: session.key,
    state: session.state,
    ...(session.failedReason !== null && { error: session.failedReason }),
    expires_at: Math.floor(session.expiresAtMs / 1_000),
    parts: parts.map(({ part, sizeBytes, sha256 }) => ({ part, size: sizeBytes, sha256 })),
  }
  return { kind: 'answered', status: 200, body }
}

/**
 * `POST <url>/complete`: all parts are sent. Files of up to MAX_SYNC_INFLATED_BYTES are checked and visible with the answer 200; larger
 * ones get 202 and are checked by the indexer. Repeating it answers the same, and goes on where a cut request stopped.
 */
export async function completeFile(sessionId: string, uploader: Uploader, deps: PartDeps): Promise<UploadV2Answer> {
  const found = await findSession(sessionId, uploader, deps)
  if (found.kind === 'refused') return found
  const { upload, session } = found
  if (session.state === 'open') {
    if (session.expiresAtMs <= deps.clock()) return refuseV2(410, 'expired', 'This upload has expired; start a new one')
    const refused = await joinParts(session, deps)
    if (refused !== null) return refused
    await deps.parts.received(session.id)
  } else if (session.state !== 'received') {
    return answerEnd(session, endOf(session))
  }
  if (session.sizeBytes > MAX_SYNC_INFLATED_BYTES) {
    const message = { v: 1 as const, upload_id: upload.id, file_key: session.key, tries: 0, first_seen: deps.clock() }
    await withDeadline('queue send', QUEUE_SEND_DEADLINE_MS, deps.queue.send(message satisfies SymbolUploadMessage))
    return { kind: 'answered', status: 202, body: { key: session.key, state: 'received' } }
  }
  const held = new HeldBytes()
  const end = await settleStaged({ ...deps, held }, upload, session)
  logEnd(deps, session, end, held)
  return answerEnd(session, end)
}

/** Makes the parts one staged object; null when they are. Done twice, the second finds the object there. */
async function joinParts(session: UploadSession, { bucket, parts }: PartDeps): Promise<UploadV2Refused | null> {
  const there = await parts.parts(session.id)
  const missing = missingParts(there)
  if (missing.length > 0) {
    const text = `Parts are missing or too short: each but the last has ${UPLOAD_PART_BYTES} bytes`
    return refuseV2(409, 'parts_missing', text, { missing_parts: missing })
  }
  const key = stagedFileKey(session.id)
  const r2Upload = bucket.resumeMultipartUpload(key, session.r2UploadId ?? '')
  try {
    const joined = there.map(({ part, etag }) => ({ partNumber: part, etag }))
    await withDeadline('R2 complete', R2_DEADLINE_MS, r2Upload.complete(joined))
  } catch (thrown) {
    const head = await withDeadline('R2 head', R2_DEADLINE_MS, bucket.head(key))
    if (head?.size !== there.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)) throw thrown
  }
  return null
}

/** Which parts are missing or short between the first and the last; part 1 when there is none. At most a hundred are named. */
export function missingParts(there: readonly Pick<StoredPart, 'part' | 'sizeBytes'>[]): readonly number[] {
  const sizes = new Map(there.map(({ part, sizeBytes }) => [part, sizeBytes]))
  const last = Math.max(1, ...sizes.keys())
  const missing: number[] = []
  for (let part = 1; part <= last && missing.length < MAX_NAMED_PARTS; part++) {
    const size = sizes.get(part)
    if (size === undefined || (part < last && size !== UPLOAD_PART_BYTES)) missing.push(part)
  }
  return missing
}

const MAX_NAMED_PARTS = 100

function answerEnd(session: UploadSession, end: SessionEnd): UploadV2Answer {
  switch (end.kind) {
    case 'stored':
    case 'skipped':
      return { kind: 'answered', status: 200, body: { key: session.key, state: end.kind } }
    case 'failed':
      return refuseV2(400, 'wrong_content', end.reason, { key: session.key, state: 'failed' })
  }
}

/** How a settled file ended, as its row says. */
function endOf({ state, failedReason, key }: UploadSession): SessionEnd {
  if (state === 'failed') return { kind: 'failed', reason: failedReason ?? `${key} failed` }
  return { kind: state === 'skipped' ? 'skipped' : 'stored' }
}

function logEnd({ log }: PartDeps, session: UploadSession, end: SessionEnd, held: HeldBytes): void {
  log('symbols', `file_${end.kind}`, {
    upload_id: session.uploadId,
    bytes: session.sizeBytes,
    held_bytes: held.peakBytes,
  })
}

function partTooLarge(): UploadV2Refused {
  return refuseV2(
    413,
    'part_too_large',
    `A part has at most ${UPLOAD_PART_BYTES} bytes; send the file in parts with ?part=1, 2, …`,
  )
}

function readPartNumber(text: string): number | 'bad' {
  const number = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= MAX_UPLOAD_PARTS ? number : 'bad'
}

/** The SHA-256 of RFC 9530's `Content-Digest`, base64; null when there is none. Other algorithms beside it are let be. */
function readDigest(headers: Headers): string | null {
  return /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(headers.get('Content-Digest') ?? '')?.[1] ?? null
}

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
