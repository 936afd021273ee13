import type { Clock } from '../clock.ts'
import type { Upload, UploadFile, UploadOwner, UploadRepository } from '../db/uploads.ts'
import { UPLOAD_ROWS_BATCH } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { gzip, reframeAsGzip } from './byte-streams.ts'
import type { HeldBytes } from './held-bytes.ts'
import { isSymFile, type SymbolKey, symbolObjectKey } from './key.ts'
import type { SymbolOwners, SymbolUploader } from './ownership.ts'
import { putStream } from './put-stream.ts'
import type { BlockReader } from './range-source.ts'
import {
  hasContent,
  headSymbol,
  type StoredSymbol,
  symbolPutOptions,
  symbolRow,
  symbolUploader,
} from './stored-symbol.ts'
import { memberContent, type ValidMember, validateZip } from './validate-zip.ts'
import type { Refused, ZipListing } from './zip.ts'

export interface UnpackDeps {
  readonly bucket: Bucket
  readonly uploads: Pick<UploadRepository, 'storedKeys' | 'addFiles'>
  readonly owners: SymbolOwners
  readonly clock: Clock
  readonly held: HeldBytes
}

/** The upload that a zip belongs to. */
export type UnpackTarget = Pick<Upload, 'id' | 'trySymbols' | keyof UploadOwner>

export type UnpackOutcome =
  | {
      readonly kind: 'unpacked'
      readonly storedFiles: number
      readonly skippedKeys: readonly string[]
      /** Keys that another product owns. */
      readonly refusedKeys: readonly string[]
    }
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

  const uploader = symbolUploader(upload)
  const done = await deps.uploads.storedKeys(upload.id)
  const placed = await placeMembers(deps, upload, done, validated.members)
  const skippedKeys = placed.filter(({ place }) => place.kind === 'same').map(({ valid }) => valid.member.key)
  const granted = await deps.owners.claim(
    uploader,
    placed.filter(({ place }) => place.kind === 'free').map(({ valid }) => valid.member.key),
  )
  const refusedKeys: SymbolKey[] = []
  let storedFiles = done.size
  let rows: UploadFile[] = []
  for (const { valid, place } of placed) {
    if (place.kind === 'same') continue
    if (place.kind === 'free' && granted.get(valid.member.key)?.kind === 'refused') {
      refusedKeys.push(valid.member.key)
      continue
    }
    rows.push(place.kind === 'ours' ? place.row : await storeMember(deps, uploader, zip.reader, valid, place))
    storedFiles++
    if (rows.length >= UPLOAD_ROWS_BATCH) {
      await deps.uploads.addFiles(upload.id, rows)
      rows = []
    }
  }
  await deps.uploads.addFiles(upload.id, rows)
  return { kind: 'unpacked', storedFiles, skippedKeys, refusedKeys }
}

/** What lies where a member goes: the same content, what an earlier try of this upload stored, or room. */
type Place =
  | { readonly kind: 'same' }
  | { readonly kind: 'ours'; readonly row: UploadFile }
  | { readonly kind: 'free'; readonly objectKey: string; readonly there: StoredSymbol | null }

async function placeMembers(
  deps: UnpackDeps,
  upload: UnpackTarget,
  done: ReadonlySet<string>,
  members: readonly ValidMember[],
): Promise<readonly { readonly valid: ValidMember; readonly place: Place }[]> {
  const placed: { valid: ValidMember; place: Place }[] = []
  for (const valid of members) {
    const objectKey = symbolObjectKey(valid.member.key, upload.trySymbols)
    if (done.has(objectKey)) continue
    const there = await headSymbol(deps.bucket, objectKey)
    placed.push({ valid, place: placeOf(deps, upload, valid, objectKey, there) })
  }
  return placed
}

function placeOf(
  deps: UnpackDeps,
  upload: UnpackTarget,
  { member, facts }: ValidMember,
  objectKey: string,
  there: StoredSymbol | null,
): Place {
  if (there === null || !hasContent(there, facts)) return { kind: 'free', objectKey, there }
  if (there.facts?.uploadId !== upload.id) return { kind: 'same' }
  const { storedBytes } = there
  const stored = { objectKey, storedBytes, update: there.facts.update, createdAtMs: deps.clock() }
  return { kind: 'ours', row: symbolRow(member.key, facts, stored) }
}

async function storeMember(
  deps: UnpackDeps,
  uploader: SymbolUploader,
  reader: BlockReader,
  valid: ValidMember,
  { objectKey, there }: Extract<Place, { kind: 'free' }>,
): Promise<UploadFile> {
  const { member, facts } = valid
  const update = there !== null
  if (update) {
    const overwrite = { key: member.key, md5Before: there.facts?.md5 ?? null, md5After: facts.md5 }
    await deps.owners.recordOverwrite(uploader, overwrite, deps.clock())
  }
  const options = symbolPutOptions(member.key, { ...facts, uploadId: uploader.uploadId, update })
  const storedBytes = await putStream(deps.bucket, objectKey, storedForm(reader, valid), options, deps.held)
  return symbolRow(member.key, facts, { objectKey, storedBytes, update, createdAtMs: deps.clock() })
}

/** The bytes that go into the store: sym files as gzip, without recompressing what the zip compressed; others as they are. */
function storedForm(reader: BlockReader, { member, dataOffset, facts }: ValidMember): AsyncIterable<Uint8Array> {
  if (!isSymFile(member.key)) return memberContent(reader, member, dataOffset)
  const data = reader.stream(dataOffset, member.compressedBytes)
  switch (member.method) {
    case 'deflated':
      return reframeAsGzip(data, facts.crc32, facts.originalBytes)
    case 'stored':
      return gzip(data)
  }
}
