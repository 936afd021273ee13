import type { Clock } from '#shared/clock.ts'
import { withDeadline } from '#shared/deadline.ts'
import { INDEXING_RETRY_AFTER_SECONDS, MAX_INDEXES_REMEMBERED, MAX_TORN_READS, R2_DEADLINE_MS } from '#shared/limits.ts'
import type { Log } from '#shared/log.ts'
import type { Bucket } from '#shared/ports.ts'
import { DecodedBlocks } from '#shared/symbols/index/block-cache.ts'
import { DamagedIndex } from '#shared/symbols/index/damaged-index.ts'
import { FORMAT_VERSION } from '#shared/symbols/index/index-file.ts'
import { openSymbolIndex } from '#shared/symbols/index/open-index.ts'
import type { BlockCache, SymbolIndex } from '#shared/symbols/index/symbol-index.ts'
import { indexObjectKey, parseSymbolKey, type SymbolKey, symbolObjectKey } from '#shared/symbols/key.ts'
import type { Misses } from '#shared/symbols/missing.ts'
import type { RangeSource } from '#shared/symbols/range-source.ts'
import {
  IndexChanged,
  indexRangeSource,
  readIndexEnd,
  type StoredIndex,
  withEnd,
} from '#shared/symbols/stored-index.ts'
import { symFileName } from '#shared/symbols/sym-file-name.ts'
import type { NoSymbols } from '#shared/symbols/symbols-rpc.ts'
import type { Connections } from './connections.ts'
import type { IndexRequests, IndexRequestsDeps } from './index-requests.ts'

/** What an isolate remembers of stored indexes: which there are, and their decoded blocks. */
export class SymbolIndexes {
  readonly blocks: DecodedBlocks
  readonly #stored = new Map<string, StoredIndex>()

  constructor(blocks: DecodedBlocks) {
    this.blocks = blocks
  }

  remembered(symObjectKey: string): StoredIndex | undefined {
    return this.#stored.get(symObjectKey)
  }

  remember(symObjectKey: string, stored: StoredIndex): void {
    this.#stored.delete(symObjectKey)
    const [oldest] = this.#stored.keys()
    if (this.#stored.size >= MAX_INDEXES_REMEMBERED && oldest !== undefined) this.#stored.delete(oldest)
    this.#stored.set(symObjectKey, stored)
  }

  forget(symObjectKey: string): void {
    this.#stored.delete(symObjectKey)
  }
}

export interface IndexReadDeps extends IndexRequestsDeps {
  readonly bucket: Pick<Bucket, 'get' | 'head' | 'delete'>
  /** The isolate's. */
  readonly indexes: SymbolIndexes
  /** The isolate's. */
  readonly requests: IndexRequests
  readonly misses: Misses
  readonly clock: Clock
  readonly log: Log
}

/** What reading one module's index took, while it goes on. */
export interface ReadCost {
  range_reads: number
  read_bytes: number
  cached_blocks: number
}

export function newReadCost(): ReadCost {
  return { range_reads: 0, read_bytes: 0, cached_blocks: 0 }
}

/** A module as a client names it. */
export interface ModuleName {
  readonly debug_file: string
  readonly debug_id: string
}

/** The sym file of a module; null for names that no stored file can have. */
export function symKeyOf({ debug_file, debug_id }: ModuleName): SymbolKey | null {
  return parseSymbolKey(`${debug_file}/${debug_id}/${symFileName(debug_file)}`)
}

/**
 * Lets `work` read the index of a module's sym file: the regular one, or else, with `alsoTry`, the try one. What it answers is what the file says that lies in R2
 * when the request comes: the index must be of this file's etag and every block of one index; where another takes its place in between, `work` starts
 * again. A file without such an index is `indexing`, and the indexer is asked for it. A module without a file is a miss of the books.
 *
 * Cold it costs a HEAD of the file (a miss costs no more), one range read of the index' end, and the reads of `work`; warm the HEAD and those, because a file
 * may be replaced at any time. Throws when R2 fails.
 */
export async function readModuleIndex<T>(
  module: ModuleName,
  alsoTry: boolean,
  connections: Connections,
  cost: ReadCost,
  deps: IndexReadDeps,
  work: (index: SymbolIndex) => Promise<T>,
): Promise<{ readonly kind: 'found'; readonly value: T } | NoSymbols> {
  const key = symKeyOf(module)
  if (key === null) return { kind: 'missing' }
  for (const trySymbols of alsoTry ? [false, true] : [false]) {
    const read = await readStoredIndex(symbolObjectKey(key, trySymbols), connections, cost, deps, work)
    if (read.kind !== 'missing') return read
  }
  deps.misses.note(key)
  return { kind: 'missing' }
}

async function readStoredIndex<T>(
  symObjectKey: string,
  connections: Connections,
  cost: ReadCost,
  deps: IndexReadDeps,
  work: (index: SymbolIndex) => Promise<T>,
): Promise<{ readonly kind: 'found'; readonly value: T } | NoSymbols> {
  const { bucket, indexes } = deps
  for (let torn = 0; torn < MAX_TORN_READS; torn++) {
    const file = await connections.run(() => withDeadline('R2 symbol', R2_DEADLINE_MS, bucket.head(symObjectKey)))
    if (file === null) return { kind: 'missing' }
    const remembered = indexes.remembered(symObjectKey)
    const isRight = remembered?.symEtag === file.etag && remembered.version === FORMAT_VERSION
    const end = isRight ? null : await readEnd(deps, connections, cost, symObjectKey, file.size)
    const stored = isRight ? remembered : end?.stored
    if (stored?.symEtag !== file.etag || stored.version !== FORMAT_VERSION) {
      indexes.forget(symObjectKey)
      return indexing(symObjectKey, deps)
    }
    const counted = countedSource(indexRangeSource(bucket, symObjectKey, stored), connections, cost)
    const source = end === null ? counted : withEnd(counted, end.bytes)
    try {
      const contentId = `${symObjectKey} ${stored.etag}`
      const opened = await openSymbolIndex(source, requestCache(indexes.blocks, cost), contentId)
      switch (opened.kind) {
        case 'open':
          indexes.remember(symObjectKey, stored)
          return { kind: 'found', value: await work(opened.index) }
        case 'corrupt':
          indexes.remember(symObjectKey, stored)
          return { kind: 'corrupt', line: opened.line, reason: opened.reason }
        case 'other_version':
          return indexing(symObjectKey, deps)
        case 'damaged':
          return dropDamaged(symObjectKey, opened.reason, deps)
      }
    } catch (thrown) {
      indexes.forget(symObjectKey)
      if (thrown instanceof DamagedIndex) return dropDamaged(symObjectKey, thrown.message, deps)
      if (!(thrown instanceof IndexChanged)) throw thrown
    }
  }
  return indexing(symObjectKey, deps)
}

async function readEnd(
  { bucket }: IndexReadDeps,
  connections: Connections,
  cost: ReadCost,
  symObjectKey: string,
  symBytes: number,
) {
  const end = await connections.run(() => readIndexEnd(bucket, symObjectKey, symBytes))
  cost.range_reads++
  cost.read_bytes += end?.bytes.length ?? 0
  return end
}

function countedSource(source: RangeSource, connections: Connections, cost: ReadCost): RangeSource {
  return {
    size: source.size,
    async read(offset, length) {
      const bytes = await connections.run(() => source.read(offset, length))
      cost.range_reads++
      cost.read_bytes += bytes.length
      return bytes
    },
  }
}

/**
 * The isolate's blocks, as one request may use them: what it loads it shares with the others once it is there, and waits only for its own loads. A promise
 * of another request never settles when that request is dropped.
 */
function requestCache(blocks: DecodedBlocks, cost: ReadCost): BlockCache {
  const loading = new DecodedBlocks(0)
  return {
    get<Block>(key: string, load: () => Promise<{ readonly block: Block; readonly bytes: number }>) {
      const held = blocks.held<Block>(key)
      if (held !== null) {
        cost.cached_blocks++
        return Promise.resolve(held.block)
      }
      return loading.get(key, async () => {
        const loaded = await load()
        blocks.keep(key, loaded)
        return loaded
      })
    },
  }
}

async function indexing(symObjectKey: string, deps: IndexReadDeps): Promise<NoSymbols> {
  await deps.requests.ask(symObjectKey, deps)
  return { kind: 'indexing', retry_after_seconds: INDEXING_RETRY_AFTER_SECONDS }
}

/** An index whose bytes are not what was written: without it the indexer builds a new one. */
async function dropDamaged(symObjectKey: string, reason: string, deps: IndexReadDeps): Promise<NoSymbols> {
  deps.log('symbols', 'index_damaged', { object_key: symObjectKey, reason })
  await withDeadline('R2 delete', R2_DEADLINE_MS, deps.bucket.delete(indexObjectKey(symObjectKey)))
  return indexing(symObjectKey, deps)
}
