import type { Clock } from '../clock.ts'
import type { UploadPartRepository, UploadSession } from '../db/upload-parts.ts'
import type { Upload, UploadFile, UploadRepository } from '../db/uploads.ts'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { contentHash } from './content-hash.ts'
import { contentRefusalText, readDeclared } from './declared-content.ts'
import type { HeldBytes } from './held-bytes.ts'
import { isSymFile, stagedFileKey, symbolObjectKey } from './key.ts'
import { OWNERSHIP_REFUSAL_TEXT, type SymbolOwners } from './ownership.ts'
import { ObjectWriter } from './put-stream.ts'
import { BlockReader, r2RangeSource } from './range-source.ts'
import {
  hasContent,
  headSymbol,
  type StoredSymbol,
  symbolPutOptions,
  symbolRow,
  symbolUploader,
} from './stored-symbol.ts'

export interface SettleDeps {
  readonly bucket: Bucket
  readonly uploads: UploadRepository
  readonly parts: UploadPartRepository
  readonly owners: SymbolOwners
  readonly clock: Clock
  readonly held: HeldBytes
}

/** How one file of a v2 upload ended. Only `stored` wrote something under its key. */
export type SessionEnd =
  | { readonly kind: 'stored' }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly reason: string }

/** The bytes of a file in its stored form, gzip for sym files. */
type StoredForm = AsyncIterable<Uint8Array>

/**
 * Checks one whole file of a v2 upload and makes it visible: in a single pass its bytes are inflated, measured and written to
 * the final key, whose put ends only when size and MD5 are the declared ones. So wrong content is never visible, not even for a moment,
 * and what was stored under the key stays until right content replaces it (docs/adr/0008). Throws when the platform fails;
 * running it again does what is left.
 */
export async function settleSession(
  deps: SettleDeps,
  upload: Upload,
  session: UploadSession,
  stored: StoredForm,
): Promise<SessionEnd> {
  const end = await storeDeclared(deps, upload, session, stored)
  await deps.parts.settle(session.id, end.kind, end.kind === 'failed' ? end.reason : undefined)
  return end
}

/** The same for a file that lies staged in R2, which is dropped once the books are right. */
export async function settleStaged(deps: SettleDeps, upload: Upload, session: UploadSession): Promise<SessionEnd> {
  const key = stagedFileKey(session.id)
  const source = await r2RangeSource(deps.bucket, key)
  if (source === null) return endOfGone(deps, session)
  const reader = new BlockReader(source, deps.held)
  try {
    const end = await settleSession(deps, upload, session, reader.stream(0, reader.size))
    await dropStagedFile(deps.bucket, session.id)
    return end
  } finally {
    reader.close()
  }
}

/** Deletes a staged file; one that is gone already is fine. */
export async function dropStagedFile(bucket: Bucket, sessionId: string): Promise<void> {
  await withDeadline('R2 delete', R2_DEADLINE_MS, bucket.delete(stagedFileKey(sessionId)))
}

/** Another request may have settled the file meanwhile; then that is how it ended. */
async function endOfGone(deps: SettleDeps, session: UploadSession): Promise<SessionEnd> {
  const now = await deps.parts.find(session.id)
  const reason = `${session.key}: its parts are gone; upload it again`
  if (now?.state === 'stored' || now?.state === 'skipped') return { kind: now.state }
  if (now?.state === 'failed') return { kind: 'failed', reason: now.failedReason ?? reason }
  await deps.parts.settle(session.id, 'failed', reason)
  return { kind: 'failed', reason }
}

async function storeDeclared(
  deps: SettleDeps,
  upload: Upload,
  session: UploadSession,
  stored: StoredForm,
): Promise<SessionEnd> {
  const objectKey = symbolObjectKey(session.key, upload.trySymbols)
  const there = await headSymbol(deps.bucket, objectKey)
  const isThere = there !== null && hasContent(there, { originalBytes: session.sizeBytes, md5: session.md5 })
  const isOurs = there?.facts?.uploadId === upload.id
  if (isThere && !isOurs) return { kind: 'skipped' }
  // Stored by an earlier try that did not come to the row: the content is read once more for it, and not stored again.
  if (isThere && (await deps.uploads.storedKeys(upload.id)).has(objectKey)) return { kind: 'stored' }
  const uploader = symbolUploader(upload)
  const decision = (await deps.owners.claim(uploader, [session.key])).get(session.key)
  if (decision?.kind === 'refused') return { kind: 'failed', reason: `${session.key}: ${OWNERSHIP_REFUSAL_TEXT}` }
  const written = await writeDeclared(deps, upload, session, objectKey, there, stored)
  if (written.kind === 'failed') return written
  await deps.uploads.addFiles(upload.id, [written.row])
  return { kind: 'stored' }
}

async function writeDeclared(
  deps: SettleDeps,
  upload: Upload,
  session: UploadSession,
  objectKey: string,
  there: StoredSymbol | null,
  stored: StoredForm,
): Promise<{ readonly kind: 'written'; readonly row: UploadFile } | Extract<SessionEnd, { kind: 'failed' }>> {
  const { key, sizeBytes, md5 } = session
  const wasOurs = there?.facts?.uploadId === upload.id
  const update = wasOurs ? there.facts?.update === true : there !== null
  const options = symbolPutOptions(key, { originalBytes: sizeBytes, md5, uploadId: upload.id, update })
  const writer = new ObjectWriter(deps.bucket, objectKey, options, deps.held)
  try {
    const reading = await readDeclared(session, written(stored, writer))
    if (reading.kind === 'wrong') {
      await writer.abort()
      return { kind: 'failed', reason: contentRefusalText(session, reading.refusal) }
    }
    if (there !== null && !wasOurs) {
      const overwrite = { key, md5Before: there.facts?.md5 ?? null, md5After: md5 }
      await deps.owners.recordOverwrite(symbolUploader(upload), overwrite, deps.clock())
    }
    const storedBytes = await writer.finish()
    const row = symbolRow(key, reading.facts, { objectKey, storedBytes, update, createdAtMs: deps.clock() })
    return { kind: 'written', row }
  } catch (thrown) {
    await writer.abort()
    throw thrown
  }
}

/** The chunks, each of them written before it is handed on. */
async function* written(chunks: StoredForm, writer: ObjectWriter): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    await writer.write(chunk)
    yield chunk
  }
}

/** How a v2 upload stands. `open`: files are missing, or its uploader has not said that all are sent. */
export type UploadEnd =
  | { readonly kind: 'open' }
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly reason: string }

/** Closes the books of a v2 upload once its uploader is done and every file has its end. Calling it again changes nothing. */
export async function settleUpload(deps: Omit<SettleDeps, 'held'>, uploadId: number): Promise<UploadEnd> {
  const upload = await deps.uploads.find(uploadId)
  if (upload === null || upload.closedAtMs === null) return { kind: 'open' }
  if (upload.failedReason !== null) return { kind: 'failed', reason: upload.failedReason }
  if (upload.completedAtMs !== null) return { kind: 'completed' }
  const sessions = await deps.parts.ofUpload(uploadId)
  if (sessions.some(({ state }) => state === 'open' || state === 'received')) return { kind: 'open' }
  const failed = sessions.find(({ state }) => state === 'failed')
  if (failed !== undefined) {
    const reason = failed.failedReason ?? `${failed.key} failed`
    await deps.uploads.fail(uploadId, reason)
    return { kind: 'failed', reason }
  }
  const skipped = sessions.filter(({ state }) => state === 'skipped').map(({ key }) => key)
  await deps.uploads.complete(uploadId, {
    skippedKeys: skipped,
    refusedKeys: upload.refusedKeys,
    ignoredKeys: [],
    contentHash: contentHash(sessions),
    completedAtMs: deps.clock(),
  })
  return { kind: 'completed' }
}

/** How a client must encode a file. */
export function contentEncoding(key: UploadSession['key']): 'gzip' | null {
  return isSymFile(key) ? 'gzip' : null
}
