import { INFLATE_SLICE_BYTES } from '../limits.ts'

/** A platform transform, as far as it is used here: Workers and Node describe theirs in types that do not fit each other. */
interface ByteTransform {
  readonly writable: { getWriter(): ByteWriter }
  readonly readable: ReadableStream<Uint8Array>
}

interface ByteWriter {
  write(chunk: unknown): Promise<void>
  close(): Promise<void>
  abort(reason: unknown): Promise<void>
}

/**
 * Sends chunks through a platform transform (DecompressionStream, CompressionStream) and yields what comes out. It is fed in slices of
 * INFLATE_SLICE_BYTES, because a transform inflates all that it is given before the reader takes any of it.
 * An error of the chunks and an error of the transform both come out here.
 */
export async function* through(
  chunks: AsyncIterable<Uint8Array>,
  transform: ByteTransform,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = transform.readable.getReader()
  const fed = feed(chunks, transform.writable.getWriter())
  // The reader below sees the same error; without this an early return would leave it unheard.
  fed.catch(() => undefined)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    await fed
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function feed(chunks: AsyncIterable<Uint8Array>, writer: ByteWriter): Promise<void> {
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += INFLATE_SLICE_BYTES) {
        await writer.write(chunk.subarray(at, at + INFLATE_SLICE_BYTES))
      }
    }
    await writer.close()
  } catch (thrown) {
    await writer.abort(thrown).catch(() => undefined)
    throw thrown
  }
}

/** The bytes that a raw deflate stream inflates to. Throws a TypeError for damaged, unfinished or trailing data. */
export function inflateRaw(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  return through(chunks, new DecompressionStream('deflate-raw'))
}

/** The bytes that one gzip member inflates to. Throws a TypeError for damaged, unfinished or trailing data. */
export function gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  return through(chunks, new DecompressionStream('gzip'))
}

/** The bytes as one gzip member. */
export function gzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  return through(chunks, new CompressionStream('gzip'))
}

/** RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system. */
const GZIP_HEADER = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/**
 * Dresses a zip's raw deflate bytes as a gzip member without inflating them: header, the bytes, CRC-32 and size.
 * Both must be the real ones; a client checks them.
 */
export async function* reframeAsGzip(
  deflated: AsyncIterable<Uint8Array>,
  crc32: number,
  inflatedBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  yield GZIP_HEADER
  yield* deflated
  const trailer = new DataView(new ArrayBuffer(8))
  trailer.setUint32(0, crc32, true)
  trailer.setUint32(4, inflatedBytes % 2 ** 32, true)
  yield new Uint8Array(trailer.buffer)
}
