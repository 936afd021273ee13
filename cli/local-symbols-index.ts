import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { FORMAT_VERSION } from '#shared/symbols/index/index-file.ts'
import { openSymbolIndex } from '#shared/symbols/index/open-index.ts'
import type { BlockCache, SymbolIndex } from '#shared/symbols/index/symbol-index.ts'
import { indexSymFile } from './index-symbols.ts'

/** Indexes of local sym files are kept up to this size, least recently used first: about a hundred browsers' worth. */
const MAX_CACHE_BYTES = 4 * 1024 ** 3

/** The index of a local sym file, open, or why there is none. */
export type LocalIndex =
  | { readonly kind: 'open'; readonly index: SymbolIndex; close(): Promise<void> }
  | { readonly kind: 'corrupt'; readonly line: number; readonly reason: string }

/** Where the user's caches of this program are, as the XDG base directories say. */
export function userCacheFolder(environment: NodeJS.ProcessEnv, name: string): string {
  return path.join(environment.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'mayday', name)
}

/**
 * Opens the block index of a sym file on a disk, out of the cache folder or built now (`building` hears how much of the file was read). A file of another size or
 * time is another file. Throws what the file system throws.
 */
export async function openLocalIndex(
  file: string,
  cacheFolder: string,
  blocks: BlockCache,
  building: (readBytes: number, totalBytes: number) => void,
): Promise<LocalIndex> {
  const { size, mtimeMs } = statSync(file)
  const fingerprint = createHash('sha256')
    .update([FORMAT_VERSION, realpathSync(file), size, mtimeMs].join('\0'))
    .digest('hex')
    .slice(0, 32)
  const kept = path.join(cacheFolder, `${fingerprint}.symindex`)
  const known = await openKept(kept, fingerprint, blocks)
  if (known !== null) return known
  mkdirSync(cacheFolder, { recursive: true })
  const partial = `${kept}.${process.pid}`
  const built = await indexSymFile(file, partial, (readBytes) => building(readBytes, size), fingerprint)
  // It has no line: what is damaged are the bytes that the lines are packed in.
  if (built.kind === 'damaged_gzip') return { kind: 'corrupt', line: 0, reason: 'damaged_gzip' }
  renameSync(partial, kept)
  forgetOldest(cacheFolder, kept)
  const opened = await openKept(kept, `${fingerprint} new`, blocks)
  if (opened === null) throw new Error(`${kept}: the index just built does not open`)
  return opened
}

/** Null when it is not there, or no index of this version. */
async function openKept(kept: string, contentId: string, blocks: BlockCache): Promise<LocalIndex | null> {
  let handle: FileHandle
  try {
    handle = await open(kept)
    const now = new Date()
    utimesSync(kept, now, now)
  } catch {
    return null
  }
  const { size } = await handle.stat()
  const source = {
    size,
    async read(offset: number, length: number) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset)
      return bytes.subarray(0, bytesRead)
    },
  }
  const opened = await openSymbolIndex(source, blocks, contentId)
  if (opened.kind === 'open') return { kind: 'open', index: opened.index, close: () => handle.close() }
  await handle.close()
  return opened.kind === 'corrupt' ? { kind: 'corrupt', line: opened.line, reason: opened.reason } : null
}

function forgetOldest(cacheFolder: string, butNot: string): void {
  const files = readdirSync(cacheFolder).flatMap((name) => {
    const file = path.join(cacheFolder, name)
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat === undefined || file === butNot ? [] : [{ file, bytes: stat.size, usedMs: stat.mtimeMs }]
  })
  let bytes = files.reduce((sum, file) => sum + file.bytes, statSync(butNot).size)
  for (const oldest of files.sort((left, right) => left.usedMs - right.usedMs)) {
    if (bytes <= MAX_CACHE_BYTES) return
    rmSync(oldest.file, { force: true })
    bytes -= oldest.bytes
  }
}
