import type { RangeSource } from '../../range-source.ts'
import { buildSymbolIndex } from '../build-index.ts'
import { openSymbolIndex } from '../open-index.ts'
import type { BlockCache, IndexBuilt, OpenedIndex, SymbolIndex, SymText } from '../symbol-index.ts'

/** The index built and opened in memory, with what a reader costs counted. */

/** A text that comes in chunks of this size, so that every line is cut somewhere. */
export function textOf(bytes: Uint8Array, chunkBytes = 65_536): SymText {
  return {
    async open() {
      let at = 0
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (at >= bytes.length) return controller.close()
          controller.enqueue(bytes.slice(at, at + chunkBytes))
          at += chunkBytes
        },
      })
    },
  }
}

export interface BuiltInMemory {
  readonly built: IndexBuilt
  readonly index: Uint8Array
}

/** Builds the index of a whole file, into a sink that can or cannot forget what was written. */
export async function buildInMemory(
  bytes: Uint8Array,
  chunkBytes?: number,
  symEtag = 'etag-1',
  canRestart = true,
): Promise<BuiltInMemory> {
  let written: Uint8Array[] = []
  const sink = {
    // The builder may use its buffer again.
    write: async (part: Uint8Array) => void written.push(part.slice()),
    ...(canRestart && {
      async restart() {
        written = []
      },
    }),
  }
  const built = await buildSymbolIndex(textOf(bytes, chunkBytes), sink, { sym_etag: symEtag })
  return { built, index: joined(written) }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Reads that are counted. */
export interface CountedSource extends RangeSource {
  reads: number
  bytes: number
}

export function countedSource(bytes: Uint8Array): CountedSource {
  return {
    size: bytes.length,
    reads: 0,
    bytes: 0,
    async read(offset, length) {
      const part = bytes.slice(Math.max(0, offset), offset + length)
      this.reads += 1
      this.bytes += part.length
      return part
    },
  }
}

/** A cache that keeps everything, and shares loads that are under way. */
export function keepingCache(): BlockCache {
  const kept = new Map<string, Promise<unknown>>()
  return {
    get<Block>(key: string, load: () => Promise<{ readonly block: Block; readonly bytes: number }>): Promise<Block> {
      const known = kept.get(key)
      // A key is only ever asked for with one kind of block.
      if (known !== undefined) return known as Promise<Block>
      const loading = load().then(({ block }) => block)
      kept.set(key, loading)
      loading.catch(() => kept.delete(key))
      return loading
    },
  }
}

/** A cache that keeps nothing: every block is read and decoded again. */
export function forgettingCache(): BlockCache {
  return { get: async (_, load) => (await load()).block }
}

/** Opens index bytes. */
export function openInMemory(index: Uint8Array, cache: BlockCache = keepingCache()): Promise<OpenedIndex> {
  return openSymbolIndex(countedSource(index), cache, 'content-1')
}

/** Builds and opens; throws when that does not give an index. */
export async function indexOf(bytes: Uint8Array, chunkBytes?: number): Promise<SymbolIndex> {
  const { index } = await buildInMemory(bytes, chunkBytes)
  const opened = await openInMemory(index)
  if (opened.kind !== 'open') throw new Error(`the index is ${JSON.stringify(opened)}`)
  return opened.index
}
