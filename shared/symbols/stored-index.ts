import { z } from 'zod'
import { withDeadline } from '../deadline.ts'
import { INDEX_END_MAX_BYTES, INDEX_END_MIN_BYTES, INDEX_END_SHARE, R2_DEADLINE_MS } from '../limits.ts'
import { errorText } from '../log.ts'
import type { Bucket } from '../ports.ts'
import { indexObjectKey } from './key.ts'
import type { PutOptions } from './put-stream.ts'
import type { RangeSource } from './range-source.ts'

/** What R2 says of a stored block index without a look at its bytes. */
export interface StoredIndex {
  /** R2's own. Another index under the same key has another. */
  readonly etag: string
  readonly bytes: number
  /** The etag of the sym file that it was built from: of another one it says nothing. */
  readonly symEtag: string
  /** Of the format. */
  readonly version: number
}

const metadataSchema = z.object({ sym_etag: z.string().min(1), index_version: z.coerce.number().int().nonnegative() })

/** How an index is stored. */
export function indexPutOptions(symEtag: string, version: number): PutOptions {
  return {
    httpMetadata: { contentType: 'application/octet-stream' },
    customMetadata: { sym_etag: symEtag, index_version: String(version) },
  }
}

/** Reads what an object beside a sym file says of itself; null when it is no index of ours. */
export function storedIndexOf(object: {
  readonly etag: string
  readonly size: number
  readonly customMetadata?: Record<string, string>
}): StoredIndex | null {
  const { success, data } = metadataSchema.safeParse(object.customMetadata ?? {})
  if (!success) return null
  return { etag: object.etag, bytes: object.size, symEtag: data.sym_etag, version: data.index_version }
}

/** An index with its last bytes, in which its upper index is. */
export interface IndexEnd {
  readonly stored: StoredIndex
  readonly bytes: Uint8Array
}

/**
 * Reads the end of a sym file's index with one range read; null when there is none. `symBytes`, the file's size in the store, tells how much of it is wanted. Throws
 * when R2 fails.
 */
export async function readIndexEnd(
  bucket: Pick<Bucket, 'get'>,
  symObjectKey: string,
  symBytes: number,
): Promise<IndexEnd | null> {
  const share = Math.ceil(symBytes / INDEX_END_SHARE)
  const suffix = Math.min(INDEX_END_MAX_BYTES, Math.max(INDEX_END_MIN_BYTES, share))
  const get = bucket.get(indexObjectKey(symObjectKey), { range: { suffix } })
  const object = await withDeadline('R2 index', R2_DEADLINE_MS, get.catch(nullIfEmpty))
  if (object === null) return null
  const bytes = new Uint8Array(await withDeadline('R2 index body', R2_DEADLINE_MS, object.arrayBuffer()))
  const stored = storedIndexOf(object)
  return stored === null ? null : { stored, bytes }
}

/** R2 refuses any range of an object without bytes (error 10039, seen in workerd): such an object is no index. */
function nullIfEmpty(thrown: unknown): null {
  if (errorText(thrown).includes('(10039)')) return null
  throw thrown
}

/** The index was replaced or deleted while it was read: what was read so far is of no use, start again. */
export class IndexChanged extends Error {
  override readonly name = 'IndexChanged'
}

/**
 * The bytes of one very index, by range. Throws {@link IndexChanged} when the index is another one by now, so that two reads never mix two indexes, and
 * else when R2 fails.
 */
export function indexRangeSource(
  bucket: Pick<Bucket, 'get'>,
  symObjectKey: string,
  { etag, bytes: size }: StoredIndex,
): RangeSource {
  return {
    size,
    async read(offset, length) {
      const wanted = Math.min(length, size - offset)
      if (wanted <= 0) return new Uint8Array(0)
      const options = { range: { offset, length: wanted }, onlyIf: { etagMatches: etag } }
      const get = async () => {
        const object = await bucket.get(indexObjectKey(symObjectKey), options)
        return object !== null && 'body' in object ? object.arrayBuffer() : null
      }
      // One timer for both: of hundreds of reads in a request timers are a tenth of the time.
      const bytes = await withDeadline('R2 index', R2_DEADLINE_MS, get())
      if (bytes === null) throw new IndexChanged(`${symObjectKey}: its index changed`)
      return new Uint8Array(bytes)
    },
  }
}

/** A source whose last bytes are at hand and not read again. */
export function withEnd(source: RangeSource, end: Uint8Array): RangeSource {
  const endOffset = source.size - end.length
  return {
    size: source.size,
    async read(offset, length) {
      if (offset < endOffset) return source.read(offset, length)
      return end.subarray(offset - endOffset, offset - endOffset + length)
    },
  }
}
