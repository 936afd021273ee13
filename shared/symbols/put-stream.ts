import type { R2PutOptions } from '@cloudflare/workers-types'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS, R2_PART_BYTES } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import type { HeldBytes } from './held-bytes.ts'

export type PutOptions = Pick<R2PutOptions, 'httpMetadata' | 'customMetadata'>

/** Buffers begin this small: most symbol files are smaller than a part by far. */
const FIRST_BUFFER_BYTES = 64 * 1024

/**
 * Stores a stream of unknown length under one key and answers its size. The object becomes visible whole at the end, or, when the
 * chunks or R2 fail, not at all.
 */
export async function putStream(
  bucket: Bucket,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  options: PutOptions,
  held: HeldBytes,
): Promise<number> {
  const writer = new ObjectWriter(bucket, key, options, held)
  try {
    for await (const chunk of chunks) await writer.write(chunk)
    return await writer.finish()
  } catch (thrown) {
    await writer.abort()
    throw thrown
  }
}

/**
 * Writes one object of unknown length. Up to R2_PART_BYTES it is one put; a longer one is an R2 multipart upload of equal parts. One
 * part is held at a time. Nothing is visible before `finish`; without it, `abort` must be called.
 */
export class ObjectWriter {
  readonly #buffer: PartBuffer
  readonly #parts: Parts

  constructor(bucket: Bucket, key: string, options: PutOptions, held: HeldBytes) {
    this.#buffer = new PartBuffer(held)
    this.#parts = new Parts(bucket, key, options)
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      rest = this.#buffer.take(rest)
      if (this.#buffer.isFull) await this.#parts.add(this.#buffer.empty())
    }
  }

  /** Makes the object visible and answers its size. When it throws, `abort` is still due. */
  async finish(): Promise<number> {
    const bytes = await this.#parts.finish(this.#buffer.empty())
    this.#buffer.drop()
    return bytes
  }

  async abort(): Promise<void> {
    this.#buffer.drop()
    await this.#parts.abort()
  }
}

/** A buffer that grows to one part's size. */
class PartBuffer {
  readonly #held: HeldBytes
  #bytes = new Uint8Array(0)
  #length = 0

  constructor(held: HeldBytes) {
    this.#held = held
  }

  get isFull(): boolean {
    return this.#length === R2_PART_BYTES
  }

  /** Takes what fits and answers the rest. */
  take(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, R2_PART_BYTES - this.#length)
    this.#grow(this.#length + taken.length)
    this.#bytes.set(taken, this.#length)
    this.#length += taken.length
    return chunk.subarray(taken.length)
  }

  /** The bytes taken so far; they are valid until the next `take`. */
  empty(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return bytes
  }

  drop(): void {
    this.#held.add(-this.#bytes.length)
    this.#bytes = new Uint8Array(0)
  }

  #grow(needed: number): void {
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.min(R2_PART_BYTES, Math.max(FIRST_BUFFER_BYTES, needed, 2 * this.#bytes.length)))
    this.#held.add(grown.length)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#held.add(-this.#bytes.length)
    this.#bytes = grown
  }
}

type MultipartUpload = Awaited<ReturnType<Bucket['createMultipartUpload']>>
type UploadedPart = Awaited<ReturnType<MultipartUpload['uploadPart']>>

/** The parts of one object; a multipart upload is only begun once a whole part is there. */
class Parts {
  readonly #bucket: Bucket
  readonly #key: string
  readonly #options: PutOptions
  readonly #uploaded: UploadedPart[] = []
  #upload: MultipartUpload | null = null
  #bytes = 0

  constructor(bucket: Bucket, key: string, options: PutOptions) {
    this.#bucket = bucket
    this.#key = key
    this.#options = options
  }

  async add(part: Uint8Array): Promise<void> {
    this.#upload ??= await withDeadline('R2 upload', R2_DEADLINE_MS, this.#begin())
    const put = this.#upload.uploadPart(this.#uploaded.length + 1, part)
    this.#uploaded.push(await withDeadline('R2 part', R2_DEADLINE_MS, put))
    this.#bytes += part.length
  }

  #begin(): Promise<MultipartUpload> {
    return this.#bucket.createMultipartUpload(this.#key, this.#options)
  }

  async finish(last: Uint8Array): Promise<number> {
    if (this.#upload === null) {
      await withDeadline('R2 put', R2_DEADLINE_MS, this.#bucket.put(this.#key, last, this.#options))
      return last.length
    }
    if (last.length > 0) await this.add(last)
    await withDeadline('R2 complete', R2_DEADLINE_MS, this.#upload.complete(this.#uploaded))
    return this.#bytes
  }

  /** Best effort: R2 forgets an unfinished upload by itself after a week. */
  async abort(): Promise<void> {
    if (this.#upload === null) return
    await withDeadline('R2 abort', R2_DEADLINE_MS, this.#upload.abort()).catch(() => undefined)
  }
}
