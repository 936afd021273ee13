import { BODY_CHUNK_BYTES } from '#shared/limits.ts'

/** Why reading a body ended before its end. */
export type BodyFailure = 'body_too_large' | 'body_timeout' | 'body_aborted' | 'too_many_bytes_in_flight'

/** Thrown out of the body's bytes, so that it passes through gunzip and multipart; payload.ts turns it into an outcome. */
export class BodyError extends Error {
  readonly reason: BodyFailure

  constructor(reason: BodyFailure) {
    super(`body: ${reason}`)
    this.name = 'BodyError'
    this.reason = reason
  }
}

/** The wire bytes of a request, counted against the cap of one report and read against the clock. */
export class WireBody {
  #wireBytes = 0
  #timer: ReturnType<typeof setTimeout> | null = null
  readonly #reader: BodyReader | null
  readonly #maxBytes: number
  readonly #deadlineMs: number

  constructor(stream: ReadableStream<Uint8Array> | null, maxBytes: number, deadlineMs: number) {
    this.#reader = stream === null ? null : readerOf(stream)
    this.#maxBytes = maxBytes
    this.#deadlineMs = deadlineMs
  }

  /** Bytes that have arrived so far. */
  get wireBytes(): number {
    return this.#wireBytes
  }

  /** Yields the body once. Throws {@link BodyError}. */
  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    if (this.#reader === null) return
    // The client's own pauses count: 1 byte a second is how a slow-loris attack holds a connection.
    const late = new Promise<never>((_, reject) => {
      this.#timer = setTimeout(() => reject(new BodyError('body_timeout')), this.#deadlineMs)
    })
    for (;;) {
      const { done, value } = await Promise.race([late, readOrAbort(this.#reader)])
      if (done) return
      this.#wireBytes += value.length
      if (this.#wireBytes > this.#maxBytes) throw new BodyError('body_too_large')
      yield value
    }
  }

  /** Stops reading, wherever it is: what still comes is not wanted. */
  close(): void {
    clearTimeout(this.#timer)
    this.#reader?.cancel().catch(() => undefined)
  }
}

/** A client that goes away, or sends less than it announced, makes the read fail: its fault, and it will not hear the answer. */
async function readOrAbort(reader: BodyReader): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read()
  } catch {
    throw new BodyError('body_aborted')
  }
}

interface BodyReader {
  read(): Promise<ReadableStreamReadResult<Uint8Array>>
  cancel(): Promise<void>
}

/**
 * A reader that takes up to BODY_CHUNK_BYTES at once. A plain reader gets 4 KiB of a request from workerd, and each chunk costs the same on its way
 * through gunzip and multipart: three times the CPU for a 25 MiB dump (`npm run bench -- collector`).
 */
function readerOf(stream: ReadableStream<Uint8Array>): BodyReader {
  try {
    const reader = stream.getReader({ mode: 'byob' })
    return { read: () => reader.read(new Uint8Array(BODY_CHUNK_BYTES)), cancel: () => reader.cancel() }
  } catch {
    // A stream that is made in JavaScript, as tests do, may have no reads into a buffer.
    return stream.getReader()
  }
}
