import type { SymbolFileRepository, SymbolFileRow } from '#shared/db/symbol-files.ts'
import { debugIdOf, parseBuildId } from '#shared/symbols/build-id.ts'
import { type ElfFile, readElf } from '#shared/symbols/elf.ts'
import { symbolKeySegments, symbolObjectKey } from '#shared/symbols/key.ts'
import { r2RangeSource } from '#shared/symbols/range-source.ts'
import type { ReadBucket } from './stored-file.ts'

/** What a debugger wants of a module that it knows by id alone. `breakpad` is its sym file. */
export type FileKind = 'debuginfo' | 'executable' | 'breakpad'

export interface FileOfIdDeps {
  readonly bucket: ReadBucket
  readonly files: Pick<SymbolFileRepository, 'findByIds'>
}

/** The stored file that serves a request by id. */
export interface FileOfId {
  readonly objectKey: string
  readonly file: string
  readonly bytes: number
  /** `.dbg.gz`, as the peer's Linux builds upload split-off debug files. */
  readonly isGzipFile: boolean
}

const GZIP_DEBUG_FILE = /\.(?:dbg|debug)\.gz$/i
const DEBUG_FILE = /\.(?:dbg|debug)$/i
/** Never an ELF file, so not read: text, PDBs, compressed Windows files (`.pd_`), other archives. */
const OTHER_FILE = /(?:\.sym|\.pdb|_|\.gz|\.bz2|\.zip|\.txt)$/i
const WINDOWS_PROGRAM = /\.(?:exe|dll|sys|drv|ocx)$/i

/**
 * Finds the stored file of an id (a build id, or a debug id) that is of this kind; the newest where several are.
 * Candidates are the files whose key has the id, or the debug id that Breakpad's tools make of it. Whether an ELF
 * file has code or DWARF, and whose it is, its own section table decides, not its name: an unstripped program serves
 * both kinds, a split-off debug file only one. Throws when R2 or D1 fails.
 */
export async function findFileOfId(
  deps: FileOfIdDeps,
  idText: string,
  kind: FileKind,
  alsoTry: boolean,
): Promise<FileOfId | null> {
  const id = idText.toUpperCase()
  const buildId = parseBuildId(id)
  const rows = await deps.files.findByIds(buildId === null ? [id] : [id, debugIdOf(buildId)], alsoTry)
  for (const row of inOrderOf(kind, rows)) {
    const { file } = symbolKeySegments(row.key)
    const objectKey = symbolObjectKey(row.key, row.trySymbols)
    if (!mayServe(kind, file)) continue
    const source = await r2RangeSource(deps.bucket, objectKey)
    if (source === null) continue
    const isGzipFile = GZIP_DEBUG_FILE.test(file)
    const found = { objectKey, file, bytes: source.size, isGzipFile }
    if (kind === 'breakpad' || isGzipFile || isWindowsFile(kind, file)) return found
    const elf = await readElf(source)
    if (elf.kind === 'elf' && isOf(elf, id) && (kind === 'debuginfo' ? elf.hasDebugInfo : elf.hasCode)) return found
  }
  return null
}

/**
 * Regular symbols before try symbols; split-off debug files before whole programs for DWARF, since they are smaller.
 */
function inOrderOf(kind: FileKind, rows: readonly SymbolFileRow[]): readonly SymbolFileRow[] {
  const rank = ({ key, trySymbols }: SymbolFileRow) =>
    (trySymbols ? 2 : 0) + ((kind === 'debuginfo') === DEBUG_FILE.test(symbolKeySegments(key).file) ? 0 : 1)
  return rows.toSorted((left, right) => rank(left) - rank(right))
}

function mayServe(kind: FileKind, file: string): boolean {
  if (kind === 'breakpad') return /\.sym$/i.test(file)
  return !OTHER_FILE.test(file) || isWindowsFile(kind, file) || (kind === 'debuginfo' && GZIP_DEBUG_FILE.test(file))
}

/** Their ids are not build ids, so only the unified layout comes here; the name says what they are. */
function isWindowsFile(kind: FileKind, file: string): boolean {
  return kind === 'debuginfo' ? /\.pdb$/i.test(file) : WINDOWS_PROGRAM.test(file)
}

/** A key can say anything: a file that knows its own build id must be the one asked for. */
function isOf({ buildId }: ElfFile, id: string): boolean {
  return buildId === null || buildId === id || debugIdOf(buildId) === id
}
