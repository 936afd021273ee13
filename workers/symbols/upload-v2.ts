import type { RandomBytes } from '#shared/clock.ts'
import type { NewUploadSession, UploadPartRepository } from '#shared/db/upload-parts.ts'
import type { Upload } from '#shared/db/uploads.ts'
import {
  MAX_MANIFEST_BYTES,
  MAX_MANIFEST_FILES,
  R2_CONCURRENCY,
  UPLOAD_PART_BYTES,
  UPLOAD_SESSION_MS,
} from '#shared/limits.ts'
import type { DeclaredFile } from '#shared/symbols/declared-content.ts'
import { requestUploadIndexes } from '#shared/symbols/index-requests.ts'
import { isSymFile, type SymbolKey, symbolObjectKey } from '#shared/symbols/key.ts'
import { OWNERSHIP_REFUSAL_TEXT } from '#shared/symbols/ownership.ts'
import { settleUpload } from '#shared/symbols/settle-session.ts'
import { hasContent, headSymbol, symbolUploader } from '#shared/symbols/stored-symbol.ts'
import { shownUpload } from './answer.ts'
import { UPLOAD_PROTOCOL } from './auth-info.ts'
import { type ManifestFile, readManifest } from './manifest.ts'
import type { UploadDeps } from './upload.ts'
import { readAtMost, type UploadBody, type UploadBodyReason } from './upload-body.ts'
import { isTryUpload, mayUpload, type Uploader } from './uploader.ts'

export interface UploadV2Deps extends UploadDeps {
  readonly parts: UploadPartRepository
  readonly randomBytes: RandomBytes
}

/** Why a v2 request is refused. Clients read the code, people the text (docs/howto/upload-symbols.md). */
export type UploadV2Refusal =
  | UploadBodyReason
  | 'malformed_manifest'
  | 'too_many_files'
  | 'manifest_too_large'
  | 'quota_exceeded'
  | 'unknown_upload'
  | 'not_yours'
  | 'expired'
  | 'bad_part_number'
  | 'no_digest'
  | 'wrong_digest'
  | 'part_too_large'
  | 'part_empty'
  | 'already_received'
  | 'parts_missing'
  | 'wrong_content'
  | 'files_missing'
  | 'upload_failed'

/** What becomes of one v2 request. `no_room`: other parts fill this isolate; the same request works in a moment. */
export type UploadV2Answer =
  | { readonly kind: 'answered'; readonly status: 200 | 201 | 202; readonly body: unknown }
  | {
      readonly kind: 'refused'
      readonly status: 400 | 403 | 404 | 408 | 409 | 410 | 413
      readonly reason: UploadV2Refusal
      readonly text: string
      /** More for the client to go on with, such as the parts that are missing. */
      readonly details: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'no_room' }

export type UploadV2Refused = Extract<UploadV2Answer, { kind: 'refused' }>

export function refuseV2(
  status: UploadV2Refused['status'],
  reason: UploadV2Refusal,
  text: string,
  details: Readonly<Record<string, unknown>> = {},
): UploadV2Refused {
  return { kind: 'refused', status, reason, text, details }
}

type Action =
  | { readonly type: 'skip' }
  | { readonly type: 'error'; readonly msg: string }
  | {
      readonly type: 'upload'
      readonly url: string
      readonly content_encoding: 'gzip' | null
      readonly part_bytes: number
      readonly expires_at: number
    }

/**
 * Opens a v2 upload: the client names its files, and each gets its action: upload (in parts, to a URL of its own), skip (the same
 * content is stored) or error. Answers in the request's order. Throws when the platform fails.
 */
export async function openUpload(
  origin: string,
  body: UploadBody,
  uploader: Uploader,
  deps: UploadV2Deps,
): Promise<UploadV2Answer> {
  const read = await readAtMost(body, MAX_MANIFEST_BYTES)
  if (read.kind === 'too_large') {
    return refuseV2(413, 'manifest_too_large', `The request has at most ${MAX_MANIFEST_BYTES} bytes; split it`)
  }
  const manifest = readManifest(new TextDecoder().decode(read.bytes))
  switch (manifest.kind) {
    case 'malformed':
      return refuseV2(400, 'malformed_manifest', 'malformed JSON request body')
    case 'too_many_files':
      return refuseV2(400, 'too_many_files', 'too many files', { most: MAX_MANIFEST_FILES })
    case 'manifest': {
      const trySymbols = isTryUpload(uploader.viewer, manifest.trySymbols ? '1' : '')
      const opened = await openSessions(declaredFiles(manifest.files), trySymbols, uploader, deps)
      if (opened.kind === 'refused') return opened
      const { id, createdAtMs, sessions } = opened
      deps.log('symbols', 'upload_opened', {
        upload_id: id,
        files: manifest.files.length,
        skipped: skippedKeys(sessions).length,
      })
      const answer = {
        id,
        created_at: epochSeconds(createdAtMs),
        user: uploader.email,
        try_symbols: trySymbols,
        upload_protocol: UPLOAD_PROTOCOL,
        files: manifest.files.map((file) => ({ key: file.key, action: actionOf(file, opened, origin) })),
      }
      return { kind: 'answered', status: 201, body: answer }
    }
  }
}

/** The good files of a manifest, each key once. */
function declaredFiles(files: readonly ManifestFile[]): readonly DeclaredFile[] {
  const declared = files.flatMap((entry) => (entry.kind === 'declared' ? [entry.file] : []))
  return [...new Map(declared.map((file) => [file.key, file])).values()]
}

function actionOf(entry: ManifestFile, { sessions }: Opened, origin: string): Action {
  if (entry.kind === 'error') return { type: 'error', msg: entry.text }
  const session = sessions.get(entry.file.key)
  if (session === undefined) return { type: 'error', msg: OWNERSHIP_REFUSAL_TEXT }
  if (session.state === 'skipped') return { type: 'skip' }
  return {
    type: 'upload',
    url: `${origin}/upload/v2/files/${session.id}`,
    content_encoding: isSymFile(session.key) ? 'gzip' : null,
    part_bytes: UPLOAD_PART_BYTES,
    expires_at: epochSeconds(session.expiresAtMs),
  }
}

/** An opened upload. A file without a session belongs to another product. */
interface Opened {
  readonly kind: 'opened'
  readonly id: number
  readonly createdAtMs: number
  readonly sessions: ReadonlyMap<SymbolKey, NewUploadSession>
}

async function openSessions(
  files: readonly DeclaredFile[],
  trySymbols: boolean,
  uploader: Uploader,
  deps: UploadV2Deps,
): Promise<Opened | UploadV2Refused> {
  const stored = await storedAlready(files, trySymbols, deps)
  const wanted = files.filter(({ key }) => !stored.has(key))
  const { email, product, isAdmin, sourceRevision } = uploader
  const quota = await deps.owners.quota(product, sumBytes(wanted))
  if (quota.kind === 'exceeded') return refuseV2(403, 'quota_exceeded', quota.text)

  const createdAtMs = deps.clock()
  const id = await deps.uploads.begin({
    ...{ email, product, isAdmin, sourceRevision, createdAtMs },
    ...{ kind: 'parts', filename: '', downloadedFrom: null },
  })
  const decisions = await deps.owners.claim(
    symbolUploader({ id, email, product, isAdmin, trySymbols }),
    wanted.map(({ key }) => key),
  )
  const sessions = new Map(
    files
      .filter(({ key }) => decisions.get(key)?.kind !== 'refused')
      .map((file): [SymbolKey, NewUploadSession] => [
        file.key,
        {
          ...file,
          id: newSessionId(deps.randomBytes),
          uploadId: id,
          state: stored.has(file.key) ? 'skipped' : 'open',
          expiresAtMs: createdAtMs + UPLOAD_SESSION_MS,
        },
      ]),
  )
  await deps.parts.open([...sessions.values()])
  await deps.uploads.received(id, { sizeBytes: sumBytes(files), trySymbols, skippedKeys: skippedKeys(sessions) })
  if ([...sessions.values()].every(({ state }) => state === 'skipped')) {
    // Nothing is to be sent, so nobody will come back to say that it was.
    await deps.uploads.close(id, createdAtMs)
    await settleUpload(deps, id)
  }
  return { kind: 'opened', id, createdAtMs, sessions }
}

function skippedKeys(sessions: ReadonlyMap<SymbolKey, NewUploadSession>): readonly SymbolKey[] {
  return [...sessions.values()].filter(({ state }) => state === 'skipped').map(({ key }) => key)
}

function sumBytes(files: readonly DeclaredFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function epochSeconds(atMs: number): number {
  return Math.floor(atMs / 1_000)
}

/** The files whose content is there. A try upload looks at regular symbols first: those serve try builds too (specs/symbols.md 1.4). */
async function storedAlready(
  files: readonly DeclaredFile[],
  trySymbols: boolean,
  { bucket }: UploadV2Deps,
): Promise<ReadonlySet<SymbolKey>> {
  const stores = trySymbols ? [false, true] : [false]
  const stored = new Set<SymbolKey>()
  const waiting = [...files]
  const ask = async () => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      const { key, sizeBytes, md5 } = file
      for (const store of stores) {
        const there = await headSymbol(bucket, symbolObjectKey(key, store))
        if (there === null || !hasContent(there, { originalBytes: sizeBytes, md5 })) continue
        stored.add(key)
        break
      }
    }
  }
  await Promise.all(Array.from({ length: R2_CONCURRENCY }, ask))
  return stored
}

/** 128 bits: an upload URL cannot be guessed, and is worth nothing without its uploader's token. */
const SESSION_ID_BYTES = 16

function newSessionId(randomBytes: RandomBytes): string {
  const bytes = randomBytes(new Uint8Array(SESSION_ID_BYTES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * The uploader says that all files are sent. Answers the upload's record: completed, or (`completed_at` null) soon, once the indexer has
 * checked the large files. Repeating it is harmless.
 */
export async function closeUpload(uploadId: number, uploader: Uploader, deps: UploadV2Deps): Promise<UploadV2Answer> {
  const upload = await deps.uploads.find(uploadId)
  if (upload === null || upload.kind !== 'parts') return unknownUpload()
  if (!isOwner(uploader, upload)) return notYours()
  const sessions = await deps.parts.ofUpload(uploadId)
  const missing = sessions.filter(({ state }) => state === 'open')
  if (missing.length > 0 && upload.failedReason === null) {
    const text = `${missing.length} of ${sessions.length} files are not complete`
    return refuseV2(409, 'files_missing', text, { missing_keys: missing.map(({ key }) => key) })
  }
  await deps.uploads.close(uploadId, deps.clock())
  const end = await settleUpload(deps, uploadId)
  // The indexer asks for those of an upload that it has to check first.
  if (end.kind !== 'open') await requestUploadIndexes(deps, uploadId)
  if (end.kind === 'failed') return refuseV2(400, 'upload_failed', end.reason)
  deps.log('symbols', 'upload_closed', { upload_id: uploadId, end: end.kind })
  const closed = await deps.uploads.find(uploadId)
  return { kind: 'answered', status: 200, body: { upload: shownUpload(closed ?? upload) } }
}

/** Whether this uploader may go on with an upload: its own, for the same product, with a token that may still upload there. */
export function isOwner(uploader: Uploader, upload: Upload): boolean {
  const isSame = uploader.email === upload.email && uploader.product === upload.product
  return isSame && mayUpload(uploader.viewer, upload.trySymbols)
}

export function unknownUpload(): UploadV2Refused {
  return refuseV2(404, 'unknown_upload', 'No such upload')
}

export function notYours(): UploadV2Refused {
  return refuseV2(403, 'not_yours', 'Forbidden')
}
