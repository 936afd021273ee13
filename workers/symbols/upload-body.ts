import { DeadlineExceeded, withDeadline } from '#shared/deadline.ts'
import { DRAIN_DEADLINE_MS, MAX_DRAIN_BYTES, MAX_UPLOAD_BYTES, UPLOAD_IDLE_MS } from '#shared/limits.ts'

/** Why the bytes of an upload ended before their end. All are the client's doing. */
export type UploadBodyReason = 'body_too_large' | 'body_idle' | 'body_aborted'

/** Thrown out of the body's bytes, so that it passes through the multipart reader. */
export class UploadBodyError extends Error {
  readonly reason: UploadBodyReason

  constructor(reason: UploadBodyReason) {
    super(`upload body: ${reason}`)
    this.name = 'UploadBodyError'
    this.reason = reason
  }
}

/** The bytes of an upload's request, counted and never waited for longer than UPLOAD_IDLE_MS. */
export class UploadBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null
  #bytes = 0

  constructor(stream: ReadableStream<Uint8Array> | null) {
    this.#reader = stream?.getReader() ?? null
  }

  /** Yields the body once. Throws {@link UploadBodyError}. */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const chunk = await this.#next()
      if (chunk === null) return
      this.#bytes += chunk.length
      if (this.#bytes > MAX_UPLOAD_BYTES) throw new UploadBodyError('body_too_large')
      yield chunk
    }
  }

  /**
   * Reads what is left and drops it, within MAX_DRAIN_BYTES and DRAIN_DEADLINE_MS: a client that is answered while it still
   * sends sees a broken connection instead of the answer (bug 1655944). Never throws.
   */
  async drain(): Promise<void> {
    try {
      await withDeadline('drain', DRAIN_DEADLINE_MS, this.#readAway())
    } catch {
      // The client is gone, or too slow: it is answered all the same.
    }
    this.cancel()
  }

  /** Asks for no more bytes: the sender is told to stop. */
  cancel(): void {
    this.#reader?.cancel().catch(() => undefined)
  }

  async #readAway(): Promise<void> {
    let drained = 0
    while (drained <= MAX_DRAIN_BYTES) {
      const chunk = await this.#next()
      if (chunk === null) return
      drained += chunk.length
    }
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#reader === null) return null
    try {
      const { done, value } = await withDeadline('upload body', UPLOAD_IDLE_MS, this.#reader.read())
      return done ? null : value
    } catch (thrown) {
      throw new UploadBodyError(thrown instanceof DeadlineExceeded ? 'body_idle' : 'body_aborted')
    }
  }
}

/**
 * Reads a body of up to `mostBytes` whole. The buffer has `expectedBytes` where the client says how many it sends, and grows where it does not. Throws {@link UploadBodyError}.
 */
export async function readAtMost(
  body: UploadBody,
  mostBytes: number,
  expectedBytes = 0,
): Promise<{ readonly kind: 'read'; readonly bytes: Uint8Array<ArrayBuffer> } | { readonly kind: 'too_large' }> {
  let bytes = new Uint8Array(Math.min(mostBytes, expectedBytes))
  let length = 0
  for await (const chunk of body.chunks()) {
    if (length + chunk.length > mostBytes) return { kind: 'too_large' }
    if (length + chunk.length > bytes.length) {
      const grown = new Uint8Array(Math.min(mostBytes, Math.max(length + chunk.length, 2 * bytes.length)))
      grown.set(bytes.subarray(0, length))
      bytes = grown
    }
    bytes.set(chunk, length)
    length += chunk.length
  }
  return { kind: 'read', bytes: bytes.subarray(0, length) }
}
