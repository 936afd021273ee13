import type { RangeSource } from '../range-source.ts'
import { BlockReads, type ReadEnd } from './block-reads.ts'
import { DamagedIndex } from './damaged-index.ts'
import { type IndexContents, indexContents } from './index-contents.ts'
import { FORMAT_VERSION, inflateBlock, readTail, TAIL_BYTES } from './index-file.ts'
import { answersOf } from './kept-answers.ts'
import { partialRecords } from './partial-records.ts'
import { symbolsAt } from './symbol-at.ts'
import type { BlockCache, IndexedModule, OpenedIndex, SymbolIndex } from './symbol-index.ts'
import { type ModuleLines, readUpperIndex, type UpperIndex } from './upper-index.ts'

/** What the first read brings: the tail and, of all but gigantic files, the whole upper index, which is about a thousandth of it. */
const MIN_END_BYTES = 32 * 1024
const MAX_END_BYTES = 512 * 1024
const END_SHARE = 640
/** An upper index that claims more, packed or unpacked, is not ours: of a file of 1 GB it is 300 KB. */
const MAX_UPPER_BYTES = 32 * 1024 * 1024
/** What unpacked directories take of memory, by their bytes. */
const UNPACKED_FACTOR = 12

/** The end of an index, unpacked. */
type End =
  | { readonly kind: 'upper'; readonly upper: UpperIndex; readonly seed: number; readonly read: ReadEnd }
  | { readonly kind: 'other_version'; readonly version: number }

/**
 * Opens a block index with one read of its end. `contentId` names these very bytes (an R2 etag will do): what is decoded is kept in `cache`
 * under it. Throws what `source` throws. Lookups throw {@link DamagedIndex} when a block is not what was built.
 */
export async function openSymbolIndex(source: RangeSource, cache: BlockCache, contentId: string): Promise<OpenedIndex> {
  try {
    const end = await cache.get(`${contentId}/end`, () => readEnd(source))
    if (end.kind === 'other_version') return end
    const { refused } = end.upper
    if (refused !== null) return { kind: 'corrupt', ...refused }
    return { kind: 'open', index: symbolIndex(end, source, cache, contentId) }
  } catch (thrown) {
    if (thrown instanceof DamagedIndex) return { kind: 'damaged', reason: thrown.message }
    throw thrown
  }
}

async function readEnd(source: RangeSource): Promise<{ block: End; bytes: number }> {
  const wanted = Math.min(source.size, MAX_END_BYTES, Math.max(MIN_END_BYTES, Math.ceil(source.size / END_SHARE)))
  const bytes = await source.read(source.size - wanted, wanted)
  if (bytes.length !== wanted || wanted < TAIL_BYTES) throw new DamagedIndex('too short for an index')
  const { version, seed, upper } = readTail(bytes.subarray(-TAIL_BYTES), source.size)
  if (version !== FORMAT_VERSION) return { block: { kind: 'other_version', version }, bytes: 64 }
  if (upper.length > MAX_UPPER_BYTES) throw new DamagedIndex('the upper index is too long')
  const missing = upper.length + TAIL_BYTES - wanted
  const packed =
    missing <= 0
      ? bytes.subarray(-upper.length - TAIL_BYTES, -TAIL_BYTES)
      : joined(await source.read(upper.offset, missing), bytes.subarray(0, -TAIL_BYTES))
  const raw = inflateBlock(packed, upper.offset, seed, MAX_UPPER_BYTES)
  // The blocks before the upper index came with it: those of a small file are all there.
  const read = { offset: source.size - wanted, bytes: bytes.slice(0, Math.max(0, -missing)) }
  const size = raw.length * UNPACKED_FACTOR + read.bytes.length
  return { block: { kind: 'upper', upper: readUpperIndex(raw, upper.offset), seed, read }, bytes: size }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

function symbolIndex(
  { upper, seed, read }: End & { kind: 'upper' },
  source: RangeSource,
  cache: BlockCache,
  contentId: string,
): SymbolIndex {
  // Where all answers are at hand nobody needs them.
  let opened: IndexContents | null = null
  const contents = () => {
    opened ??= indexContents(upper, new BlockReads(source, cache, contentId, seed, read))
    return opened
  }
  return {
    module: indexedModule(upper.module),
    sym_etag: upper.symEtag,
    lookup: answersOf(cache, contentId, (addresses) => symbolsAt(contents(), addresses)),
    records: (addresses, maxTextBytes) => partialRecords(contents(), addresses, maxTextBytes),
  }
}

function indexedModule({ os, arch, debugId, debugFile, codeId, codeFile }: ModuleLines): IndexedModule {
  return {
    os,
    arch,
    debug_id: debugId,
    debug_file: debugFile,
    code_id: codeId === '' ? null : codeId,
    code_file: codeFile === '' ? null : codeFile,
  }
}
