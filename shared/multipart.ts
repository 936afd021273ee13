import { Buffer } from 'node:buffer'
import { MultipartError, type MultipartLimits, type PartHeaders, parsePartHeaders } from './multipart-headers.ts'

/**
 * A streaming, byte-exact reader of multipart bodies (RFC 2046). `request.formData()` cannot serve: it turns a binary part
 * without a filename into text and refuses `multipart/mixed` (specs/collector.md 1.8). docs/adr/0005 has what the parsers of
 * others do with the same cases.
 *
 * The grammar is the peer's: CRLF only; preamble and epilogue allowed; a closing delimiter is needed, its trailing CRLF
 * is not; a delimiter with anything behind it (even spaces) and a part without headers are errors.
 */

/** One part. The body must be read before the next part is asked for; what was not read is skipped. */
export interface Part extends PartHeaders {
  readonly body: AsyncIterable<Uint8Array>
}

const CR = 13
const CRLF = new Uint8Array([CR, 10])
const DOUBLE_CRLF = new Uint8Array([CR, 10, CR, 10])
const DASH = 45
const NOTHING = new Uint8Array(0)

/**
 * Yields the parts of a body in order, and reads the body to its end (the epilogue too). Holds one chunk of the source, the headers of
 * a part, and a delimiter's length of lookahead, never a part.
 * Throws {@link MultipartError} for a bad structure; an error of the source passes through.
 */
export async function* readParts(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: MultipartLimits,
): AsyncGenerator<Part, void, void> {
  const reader = new PartReader(source[Symbol.asyncIterator](), boundary)
  for await (const _preamble of reader.untilDelimiter());
  for (let parts = 1; await reader.partFollows(); parts++) {
    if (parts > limits.maxParts) throw new MultipartError('too_many_parts')
    const headers = parsePartHeaders(await reader.headerBlock(limits.maxPartHeaderBytes))
    const body = reader.untilDelimiter()
    yield { ...headers, body }
    for await (const _unread of body);
  }
  await reader.drain()
}

/** The cursor over the source: what was read and not yet given out is `#held`. */
class PartReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #delimiter: Uint8Array
  // The first delimiter may be the body's first bytes: an imagined CRLF in front makes it like the others.
  #held: Uint8Array = CRLF

  constructor(source: AsyncIterator<Uint8Array>, boundary: string) {
    this.#source = source
    this.#delimiter = delimiterOf(boundary)
  }

  /** The bytes up to the next delimiter, which is consumed. A second run over the same body yields nothing. */
  async *untilDelimiter(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const at = indexOfBytes(this.#held, this.#delimiter)
      if (at >= 0) {
        const last = this.#held.subarray(0, at)
        this.#held = this.#held.subarray(at + this.#delimiter.length)
        if (last.length > 0) yield last
        return
      }
      // A delimiter may begin at a CR among the last bytes. Mostly there is none, and nothing is held back and copied.
      const cr = this.#held.indexOf(CR, Math.max(0, this.#held.length - this.#delimiter.length + 1))
      const bytes = cr < 0 ? this.#held : this.#held.subarray(0, cr)
      this.#held = this.#held.subarray(bytes.length)
      if (bytes.length > 0) yield bytes
      await this.#readMore()
    }
  }

  /** Behind a delimiter: true at the line end that starts a part, false at the `--` that closes the body. */
  async partFollows(): Promise<boolean> {
    while (this.#held.length < 2) await this.#readMore()
    const [first, second] = this.#held
    this.#held = this.#held.subarray(2)
    if (first === CRLF[0] && second === CRLF[1]) return true
    if (first === DASH && second === DASH) return false
    throw new MultipartError('bad_delimiter_line')
  }

  /** The header lines of a part without the empty line that ends them. */
  async headerBlock(maxBytes: number): Promise<Uint8Array> {
    for (;;) {
      if (startsWith(this.#held, CRLF)) throw new MultipartError('part_without_headers')
      const at = indexOfBytes(this.#held, DOUBLE_CRLF)
      if (at > maxBytes || (at < 0 && this.#held.length > maxBytes + DOUBLE_CRLF.length)) {
        throw new MultipartError('part_headers_too_large')
      }
      if (at >= 0) {
        const block = this.#held.subarray(0, at)
        this.#held = this.#held.subarray(at + DOUBLE_CRLF.length)
        return block
      }
      await this.#readMore()
    }
  }

  /** Reads and drops the epilogue: a source may only fail (a bad gzip trailer, too many bytes) at its end. */
  async drain(): Promise<void> {
    this.#held = NOTHING
    while (!(await this.#source.next()).done);
  }

  async #readMore(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done) throw new MultipartError('no_closing_delimiter')
    if (this.#held.length === 0) {
      this.#held = value
      return
    }
    const joined = new Uint8Array(this.#held.length + value.length)
    joined.set(this.#held)
    joined.set(value, this.#held.length)
    this.#held = joined
  }
}

/** CRLF, `--` and the boundary. */
function delimiterOf(boundary: string): Uint8Array {
  return new TextEncoder().encode(`\r\n--${boundary}`)
}

/**
 * Where `wanted` begins in `bytes`, or -1. The platform's own search looks at several GB of a dump a second, where a loop of ours does 2; the worst that it meets, a
 * dump of nothing but CRs under a boundary of one letter, is 130 MB/s (`npm run bench -- collector`).
 */
function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wanted)
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, at) => bytes[at] === byte)
}
