import { gunzip } from './byte-streams.ts'

/** The stored bytes begin as gzip and are no whole gzip stream. No try will mend it. */
export class DamagedGzip extends Error {
  override readonly name = 'DamagedGzip'
}

/** A sym file's bytes as text, whether they are gzip or not. Throws {@link DamagedGzip}, and what the chunks throw. */
export async function* plainText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const source = new Peeked(chunks)
  if (!(await source.isGzip())) {
    yield* source.chunks()
    return
  }
  try {
    yield* gunzip(source.chunks())
  } catch {
    if (source.trouble !== null) throw source.trouble.thrown
    throw new DamagedGzip('the stored bytes are no whole gzip stream')
  }
}

/** Chunks whose first two bytes are looked at before they are read. Remembers what the source threw: behind a transform it looks like damaged data. */
class Peeked {
  readonly #source: AsyncIterator<Uint8Array>
  #first: Uint8Array = new Uint8Array(0)
  trouble: { readonly thrown: unknown } | null = null

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async isGzip(): Promise<boolean> {
    while (this.#first.length < 2) {
      const { done, value } = await this.#source.next()
      if (done) break
      this.#first = this.#first.length === 0 ? value : joined(this.#first, value)
    }
    return this.#first[0] === 0x1f && this.#first[1] === 0x8b
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    try {
      if (this.#first.length > 0) yield this.#first
      for (;;) {
        const { done, value } = await this.#source.next()
        if (done) return
        yield value
      }
    } catch (thrown) {
      this.trouble = { thrown }
      throw thrown
    } finally {
      await this.#source.return?.()
    }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** A stream that asks for a chunk only when its reader wants one. */
export function streamOf(chunks: AsyncGenerator<Uint8Array, void, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return()
      },
    },
    { highWaterMark: 0 },
  )
}
