import { crc32, createInflateRaw } from 'node:zlib'

/** `bad_gzip`: not gzip, damaged or cut short. `inflated_too_large`: more bytes than the caller takes. */
export type GunzipReason = 'bad_gzip' | 'inflated_too_large'

/** A body that its sender called gzip and that cannot be used as such. */
export class GunzipError extends Error {
  readonly reason: GunzipReason

  constructor(reason: GunzipReason) {
    super(`gunzip: ${reason}`)
    this.name = 'GunzipError'
    this.reason = reason
  }
}

const FIXED_HEADER_BYTES = 10
const TRAILER_BYTES = 8
const DEFLATE = 8
const HEADER_CRC = 2
const EXTRA_FIELD = 4
const FILE_NAME = 8
const COMMENT = 16
const RESERVED_FLAGS = 0xe0
const OUTPUT_CHUNK_BYTES = 64 * 1024

/**
 * Inflates the first gzip member of a stream and ignores what follows it, as Antenna does (specs/collector.md 1.1). The output is
 * counted as it is made, so a bomb ends within one chunk of the cap. Reads the source to its end; does not close it.
 * Throws {@link GunzipError}; an error of the source passes through.
 *
 * Why raw deflate with our own header and trailer: measured on Node 24 and workerd of 2026-10 with bytes after the member, `DecompressionStream`
 * fails in both (in workerd before its first output), and `createGunzip` fails on `01 02 03`, ignores zeros, and joins a second member.
 * `createInflateRaw` stops at the member's end in both and says where that was.
 */
export async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  maxInflatedBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  const input = new GzipInput(source[Symbol.asyncIterator]())
  await skipHeader(input)
  let inflated = 0
  let checksum = 0
  for await (const bytes of inflate(input)) {
    inflated += bytes.length
    if (inflated > maxInflatedBytes) throw new GunzipError('inflated_too_large')
    checksum = crc32(bytes, checksum)
    yield bytes
  }
  const trailer = new DataView((await input.take(TRAILER_BYTES)).buffer)
  if (trailer.getUint32(0, true) !== checksum || trailer.getUint32(4, true) !== inflated % 2 ** 32) {
    throw new GunzipError('bad_gzip')
  }
  await input.drain()
}

/** Reads a member's header (RFC 1952): ten bytes, then the optional fields that its flags name. */
async function skipHeader(input: GzipInput): Promise<void> {
  const [magic1, magic2, method, flags = 0] = await input.take(FIXED_HEADER_BYTES)
  if (magic1 !== 0x1f || magic2 !== 0x8b || method !== DEFLATE || (flags & RESERVED_FLAGS) !== 0) {
    throw new GunzipError('bad_gzip')
  }
  if ((flags & EXTRA_FIELD) !== 0) {
    const [low = 0, high = 0] = await input.take(2)
    await input.take(low + high * 256)
  }
  if ((flags & FILE_NAME) !== 0) await input.skipPastZero()
  if ((flags & COMMENT) !== 0) await input.skipPastZero()
  if ((flags & HEADER_CRC) !== 0) await input.take(2)
}

/** Inflates up to the end of the deflate stream and leaves `input` right behind it. */
async function* inflate(input: GzipInput): AsyncGenerator<Uint8Array, void, void> {
  const inflater = createInflateRaw({ chunkSize: OUTPUT_CHUNK_BYTES })
  let fed = 0
  let lastChunk: Uint8Array = new Uint8Array(0)
  const sourceFailures: unknown[] = []
  const feedNext = (): void => {
    input.chunk().then(
      (chunk) => {
        if (inflater.destroyed) return
        if (chunk === null) return void inflater.end()
        fed += chunk.length
        lastChunk = chunk
        // The callback waits for the output to be taken, so input is read no faster. Bytes left over mark the member's end.
        inflater.write(chunk, (error) => {
          if (error) return
          if (inflater.bytesWritten < fed) inflater.end()
          else feedNext()
        })
      },
      (thrown: unknown) => {
        sourceFailures.push(thrown)
        inflater.destroy(new Error('the source failed'))
      },
    )
  }
  feedNext()
  try {
    for await (const bytes of inflater) yield bytes
  } catch {
    throw sourceFailures.length === 0 ? new GunzipError('bad_gzip') : sourceFailures[0]
  } finally {
    inflater.destroy()
  }
  input.putBack(lastChunk.subarray(lastChunk.length - (fed - inflater.bytesWritten)))
}

/** A cursor over the compressed bytes. */
class GzipInput {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterator<Uint8Array>) {
    this.#source = source
  }

  /** The next bytes there are, or null at the end. */
  async chunk(): Promise<Uint8Array | null> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#source.next()
      if (done) return null
      this.#held = value
    }
    const chunk = this.#held
    this.#held = chunk.subarray(chunk.length)
    return chunk
  }

  putBack(bytes: Uint8Array): void {
    this.#held = bytes
  }

  /** Exactly `count` bytes, as a copy. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(count)
    for (let filled = 0; filled < count; ) {
      const chunk = await this.#chunkOrFail()
      const wanted = chunk.subarray(0, count - filled)
      taken.set(wanted, filled)
      filled += wanted.length
      this.putBack(chunk.subarray(wanted.length))
    }
    return taken
  }

  async skipPastZero(): Promise<void> {
    for (;;) {
      const chunk = await this.#chunkOrFail()
      const at = chunk.indexOf(0)
      if (at >= 0) return this.putBack(chunk.subarray(at + 1))
    }
  }

  async drain(): Promise<void> {
    while ((await this.chunk()) !== null);
  }

  async #chunkOrFail(): Promise<Uint8Array> {
    const chunk = await this.chunk()
    if (chunk === null) throw new GunzipError('bad_gzip')
    return chunk
  }
}
