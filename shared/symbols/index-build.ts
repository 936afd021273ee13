import { withDeadline } from '../deadline.ts'
import { INDEX_BUILD_ROUNDS, R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import type { HeldBytes } from './held-bytes.ts'
import { buildSymbolIndex } from './index/build-index.ts'
import { FORMAT_VERSION } from './index/index-file.ts'
import { openSymbolIndex } from './index/open-index.ts'
import type { BlockCache, IndexBuilt, IndexSink, SymText } from './index/symbol-index.ts'
import { indexObjectKey } from './key.ts'
import { ObjectWriter } from './put-stream.ts'
import { indexPutOptions, indexRangeSource, readIndexEnd, withEnd } from './stored-index.ts'
import { SymFileChanged, storedSymText } from './stored-sym-text.ts'
import { DamagedGzip } from './sym-text.ts'

export interface IndexBuildDeps {
  readonly bucket: Bucket
  readonly held: HeldBytes
}

/** What became of one build. */
export type IndexBuildOutcome =
  | { readonly kind: 'indexed'; readonly indexBytes: number; readonly isNew: boolean }
  /** breakpad-symbols refuses the file at this line; its index says so. */
  | { readonly kind: 'corrupt'; readonly line: number; readonly reason: string; readonly isNew: boolean }
  /** There is no such sym file. */
  | { readonly kind: 'gone' }
  /** The file was replaced again and again meanwhile: whoever replaced it asks for a build of its own, and this one may come back later. */
  | { readonly kind: 'changing' }

/**
 * Gives a stored sym file its block index, unless it has one of this format and of this very content. The file streams from R2 and the index into
 * R2: neither is ever whole in memory. An index becomes visible whole, and only while the file is still the one that was read; a file that changed
 * meanwhile is read anew. A file that was `justStored` has no index, so none is looked for. Throws when the platform fails; running it again is harmless.
 */
export async function buildStoredIndex(
  deps: IndexBuildDeps,
  symObjectKey: string,
  justStored = false,
): Promise<IndexBuildOutcome> {
  for (let round = 0; round < INDEX_BUILD_ROUNDS; round++) {
    const file = await headOf(deps, symObjectKey)
    if (file === null) return { kind: 'gone' }
    const there = round === 0 && !justStored ? await presentIndex(deps, symObjectKey, file) : null
    if (there !== null) return there
    const built = await buildOnce(deps, symObjectKey, file.etag)
    if (built !== null) return built
  }
  return { kind: 'changing' }
}

function headOf({ bucket }: IndexBuildDeps, objectKey: string) {
  return withDeadline('R2 head', R2_DEADLINE_MS, bucket.head(objectKey))
}

/** What the index that is there says, where it is of this content and format and whole at its end. */
async function presentIndex(
  { bucket }: IndexBuildDeps,
  symObjectKey: string,
  file: { readonly etag: string; readonly size: number },
): Promise<IndexBuildOutcome | null> {
  const end = await readIndexEnd(bucket, symObjectKey, file.size)
  if (end === null || end.stored.symEtag !== file.etag || end.stored.version !== FORMAT_VERSION) return null
  const source = withEnd(indexRangeSource(bucket, symObjectKey, end.stored), end.bytes)
  const opened = await openSymbolIndex(source, NO_CACHE, end.stored.etag)
  switch (opened.kind) {
    case 'open':
      return { kind: 'indexed', indexBytes: end.stored.bytes, isNew: false }
    case 'corrupt':
      return { kind: 'corrupt', line: opened.line, reason: opened.reason, isNew: false }
    case 'other_version':
    case 'damaged':
      return null
  }
}

/** A look at an index is no reason to keep its blocks. */
const NO_CACHE: BlockCache = {
  get: async (_key, load) => (await load()).block,
}

/** One build, from the first byte to the visible index; null when the file changed meanwhile. */
async function buildOnce(
  deps: IndexBuildDeps,
  symObjectKey: string,
  symEtag: string,
): Promise<IndexBuildOutcome | null> {
  const options = indexPutOptions(symEtag, FORMAT_VERSION)
  const writer = new ObjectWriter(deps.bucket, indexObjectKey(symObjectKey), options, deps.held)
  const sink: IndexSink = { write: (bytes) => writer.write(bytes) }
  try {
    const built = await buildSymbolIndex(storedSymText(deps.bucket, symObjectKey, symEtag), sink, {
      sym_etag: symEtag,
    })
    if ((await headOf(deps, symObjectKey))?.etag !== symEtag) {
      await writer.abort()
      return null
    }
    const indexBytes = await writer.finish()
    return outcomeOf(built, indexBytes)
  } catch (thrown) {
    await writer.abort()
    if (thrown instanceof SymFileChanged) return null
    if (thrown instanceof DamagedGzip) return markDamaged(deps, symObjectKey, symEtag)
    throw thrown
  }
}

/** Something that is no sym file at its first line: what a reader would say of the bytes that cannot be inflated. */
const NO_SYM_TEXT: SymText = {
  open: async () => new Response('the stored bytes are no whole gzip stream\n').body ?? new ReadableStream(),
}

/** An index for bytes that no try will ever read, so that their readers are told instead of waiting for ever. */
async function markDamaged(deps: IndexBuildDeps, symObjectKey: string, symEtag: string): Promise<IndexBuildOutcome> {
  const options = indexPutOptions(symEtag, FORMAT_VERSION)
  const writer = new ObjectWriter(deps.bucket, indexObjectKey(symObjectKey), options, deps.held)
  const built = await buildSymbolIndex(NO_SYM_TEXT, { write: (bytes) => writer.write(bytes) }, { sym_etag: symEtag })
  return outcomeOf(built, await writer.finish())
}

function outcomeOf(built: IndexBuilt, indexBytes: number): IndexBuildOutcome {
  switch (built.kind) {
    case 'indexed':
      return { kind: 'indexed', indexBytes, isNew: true }
    case 'corrupt':
      return { kind: 'corrupt', line: built.line, reason: built.reason, isNew: true }
  }
}
