import type { Clock } from '../clock.ts'
import type { UploadFile, UploadRepository } from '../db/uploads.ts'
import { UPLOAD_ROWS_BATCH } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { gzip, reframeAsGzip } from './byte-streams.ts'
import type { HeldBytes } from './held-bytes.ts'
import { isSymFile, symbolObjectKey } from './key.ts'
import { putStream } from './put-stream.ts'
import type { BlockReader } from './range-source.ts'
import { headSymbol, type StoredSymbol, symbolPutOptions } from './stored-symbol.ts'
import { memberContent, type ValidMember, validateZip } from './validate-zip.ts'
import type { Refused, ZipListing } from './zip.ts'

export interface UnpackDeps {
  readonly bucket: Bucket
  readonly uploads: Pick<UploadRepository, 'storedKeys' | 'addFiles'>
  readonly clock: Clock
  readonly held: HeldBytes
}

/** The upload that a zip belongs to. */
export interface UnpackTarget {
  readonly id: number
  readonly trySymbols: boolean
}

export type UnpackOutcome =
  | { readonly kind: 'unpacked'; readonly storedFiles: number; readonly skippedKeys: readonly string[] }
  | Refused

/**
 * Validates every member of a zip, then stores each that is not stored already. A refused zip leaves nothing in the store. When the
 * platform fails half-way it throws, what is stored stays, and running it again does the rest: files that this upload
 * wrote are known by their rows, or by their metadata where the row is missing.
 *
 * Storing goes by the member's key. A sym file whose MODULE line names another module is stored like any other and its row has the MODULE
 * line's names (Tecken does the same; a code-id lookup then finds what the file says that it is).
 */
export async function unpackZip(deps: UnpackDeps, upload: UnpackTarget, zip: ZipListing): Promise<UnpackOutcome> {
  const validated = await validateZip(zip)
  if (validated.kind === 'refused') return validated

  const done = await deps.uploads.storedKeys(upload.id)
  const skippedKeys: string[] = []
  let storedFiles = done.size
  let rows: UploadFile[] = []
  for (const valid of validated.members) {
    const objectKey = symbolObjectKey(valid.member.key, upload.trySymbols)
    if (done.has(objectKey)) continue
    const stored = await storeMember(deps, upload, zip.reader, valid, objectKey)
    if (stored === null) {
      skippedKeys.push(valid.member.key)
      continue
    }
    storedFiles++
    rows.push(stored)
    if (rows.length >= UPLOAD_ROWS_BATCH) {
      await deps.uploads.addFiles(upload.id, rows)
      rows = []
    }
  }
  await deps.uploads.addFiles(upload.id, rows)
  return { kind: 'unpacked', storedFiles, skippedKeys }
}

/** Stores one member and answers its row, or null when the same content is there already. */
async function storeMember(
  deps: UnpackDeps,
  upload: UnpackTarget,
  reader: BlockReader,
  valid: ValidMember,
  objectKey: string,
): Promise<UploadFile | null> {
  const there = await headSymbol(deps.bucket, objectKey)
  if (there !== null && hasContent(there, valid)) {
    const isOurs = there.facts?.uploadId === upload.id
    return isOurs ? fileRow(deps.clock, valid, objectKey, there.storedBytes, there.facts.update) : null
  }
  const update = there !== null
  const { originalBytes, md5 } = valid
  const options = symbolPutOptions(valid.member.key, { originalBytes, md5, uploadId: upload.id, update })
  const storedBytes = await putStream(deps.bucket, objectKey, storedForm(reader, valid), options, deps.held)
  return fileRow(deps.clock, valid, objectKey, storedBytes, update)
}

/** Size and MD5 both: files of one size are not the same file. */
function hasContent(there: StoredSymbol, valid: ValidMember): boolean {
  return there.facts?.originalBytes === valid.originalBytes && there.facts.md5 === valid.md5
}

/** The bytes that go into the store: sym files as gzip, without recompressing what the zip compressed; others as they are. */
function storedForm(reader: BlockReader, valid: ValidMember): AsyncIterable<Uint8Array> {
  const { member, dataOffset } = valid
  if (!isSymFile(member.key)) return memberContent(reader, member, dataOffset)
  const data = reader.stream(dataOffset, member.compressedBytes)
  switch (member.method) {
    case 'deflated':
      return reframeAsGzip(data, valid.crc32, valid.originalBytes)
    case 'stored':
      return gzip(data)
  }
}

function fileRow(
  clock: Clock,
  valid: ValidMember,
  objectKey: string,
  storedBytes: number,
  update: boolean,
): UploadFile {
  return {
    objectKey,
    storedBytes,
    originalBytes: valid.originalBytes,
    compressed: isSymFile(valid.member.key),
    update,
    header: valid.header,
    createdAtMs: clock(),
  }
}
