import { z } from 'zod'
import type { Upload, UploadFile, UploadOwner } from '../db/uploads.ts'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import type { ContentFacts } from './content-reader.ts'
import { isSymFile, type SymbolKey } from './key.ts'
import type { SymbolUploader } from './ownership.ts'
import type { PutOptions } from './put-stream.ts'

/** What a stored symbol file remembers of the upload that wrote it, in R2's custom metadata. */
export interface SymbolFacts {
  /** Bytes of the file as its uploader has it, before compression. */
  readonly originalBytes: number
  /** MD5 of the same bytes, hex. It tells same from changed; it protects nothing. */
  readonly md5: string
  readonly uploadId: number
  /** Whether it replaced other content. */
  readonly update: boolean
}

/** Names as Tecken writes them, so that migrated objects read the same; the last two are ours. */
const metadataSchema = z.object({
  original_size: z.coerce.number().int().nonnegative(),
  original_md5_hash: z.string(),
  upload_id: z.coerce.number().int().default(0),
  update: z.enum(['true', 'false']).default('false'),
})

/** A symbol file in the store. `facts` is null for a migrated object without metadata. */
export interface StoredSymbol {
  readonly storedBytes: number
  readonly facts: SymbolFacts | null
}

/** Looks at a stored symbol file. Throws when R2 fails. */
export async function headSymbol(bucket: Bucket, objectKey: string): Promise<StoredSymbol | null> {
  const head = await withDeadline('R2 head', R2_DEADLINE_MS, bucket.head(objectKey))
  if (head === null) return null
  const { success, data } = metadataSchema.safeParse(head.customMetadata ?? {})
  const facts = success
    ? {
        originalBytes: data.original_size,
        md5: data.original_md5_hash,
        uploadId: data.upload_id,
        update: data.update === 'true',
      }
    : null
  return { storedBytes: head.size, facts }
}

/** Whether a file's content is stored already. Size and MD5 both: files of one size are not the same file. */
export function hasContent(there: StoredSymbol, content: Pick<ContentFacts, 'originalBytes' | 'md5'>): boolean {
  return there.facts?.originalBytes === content.originalBytes && there.facts.md5 === content.md5
}

/** Who asks for the room of an upload's files. */
export function symbolUploader(upload: Pick<Upload, 'id' | 'trySymbols' | keyof UploadOwner>): SymbolUploader {
  const { id, email, product, isAdmin, trySymbols } = upload
  return { uploadId: id, email, product, isAdmin, trySymbols }
}

/** The row of a stored file. */
export function symbolRow(
  key: SymbolKey,
  { originalBytes, header, health }: ContentFacts,
  stored: Pick<UploadFile, 'objectKey' | 'storedBytes' | 'update' | 'createdAtMs'>,
): UploadFile {
  return { ...stored, originalBytes, compressed: isSymFile(key), header, health }
}

/**
 * How a symbol file is stored. Sym files are gzip with that content encoding, and `no-transform` keeps a store or a cache from
 * undoing it (bug 1827506); all else is kept byte for byte: a `.pd_` that gains an encoding is broken for a debugger.
 */
export function symbolPutOptions(key: SymbolKey, facts: SymbolFacts): PutOptions {
  return {
    httpMetadata: isSymFile(key)
      ? { contentType: 'text/plain', contentEncoding: 'gzip', cacheControl: 'no-transform' }
      : { contentType: 'application/octet-stream' },
    customMetadata: {
      original_size: String(facts.originalBytes),
      original_md5_hash: facts.md5,
      upload_id: String(facts.uploadId),
      update: String(facts.update),
    },
  }
}
