import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS, SYM_CHUNK_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import type { SymText } from './index/symbol-index.ts'
import { plainText, streamOf } from './sym-text.ts'

/** The sym file was replaced or deleted while its text was read. */
export class SymFileChanged extends Error {
  override readonly name = 'SymFileChanged'
}

/**
 * The text of a stored sym file in the version that has this etag, inflated where it is stored as gzip: its first bytes tell, since objects that
 * were copied in by migration may lack the content encoding. `open` and the stream throw {@link SymFileChanged}, DamagedGzip, and what R2 throws.
 */
export function storedSymText(bucket: Pick<Bucket, 'get'>, objectKey: string, etag: string): SymText {
  return {
    async open() {
      const get = bucket.get(objectKey, { onlyIf: { etagMatches: etag } })
      const object = await withDeadline('R2 sym file', R2_DEADLINE_MS, get)
      if (object === null || !('body' in object)) throw new SymFileChanged(`${objectKey} changed`)
      return streamOf(plainText(chunksOf(object.body)))
    },
  }
}

/** The chunks of a stored object, none of which is waited for longer than SYM_CHUNK_DEADLINE_MS. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await withDeadline('R2 sym chunk', SYM_CHUNK_DEADLINE_MS, reader.read())
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
