import { createReadStream, type Dirent, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { SymHeaderReader } from '#shared/breakpad/sym-header.ts'
import { parseSymbolKey, type SymbolKey } from '#shared/symbols/key.ts'

/** Bytes of a sym file that are read to find its MODULE line; real headers end within a few hundred. */
const HEADER_BYTES = 64 * 1024

/** One thing that a path of the command line stands for. */
export type SymbolFile =
  /** A file that goes into a zip under `key`; `gzip` when its content must be inflated first. */
  | { readonly kind: 'file'; readonly path: string; readonly key: SymbolKey; readonly gzip: boolean }
  /** A zip of symbols, which is uploaded as it is. */
  | { readonly kind: 'zip'; readonly path: string }
  /** A file that is no symbol. Within a folder that is normal; named on the command line it is an error. */
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string; readonly named: boolean }

/**
 * Finds the symbol files of some paths: files, folders (walked) and zips. A sym file goes where its MODULE line says; any other
 * file must lie in the symbol server's layout already, `<debug file>/<debug id>/<file>`.
 */
export async function findSymbolFiles(paths: readonly string[]): Promise<readonly SymbolFile[]> {
  const found: SymbolFile[] = []
  const keys = new Map<SymbolKey, string>()
  for (const named of paths) {
    for (const file of filesUnder(named)) {
      const symbolFile = await identify(file, file === named)
      const earlier = symbolFile.kind === 'file' ? keys.get(symbolFile.key) : undefined
      if (symbolFile.kind === 'file') keys.set(symbolFile.key, earlier ?? file)
      found.push(earlier === undefined ? symbolFile : skip(file, `has the key of ${earlier}`, false))
    }
  }
  return found
}

const skip = (file: string, reason: string, named: boolean): SymbolFile => ({
  kind: 'skipped',
  path: file,
  reason,
  named,
})

function filesUnder(named: string): readonly string[] {
  if (!statSync(named, { throwIfNoEntry: false })?.isDirectory()) return [named]
  return readdirSync(named, { recursive: true, withFileTypes: true })
    .filter((entry: Dirent) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
}

async function identify(file: string, named: boolean): Promise<SymbolFile> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return skip(file, 'no such file', named)
  const name = file.toLowerCase()
  if (name.endsWith('.zip')) return { kind: 'zip', path: file }
  if (name.endsWith('.sym') || name.endsWith('.sym.gz')) return identifySym(file, name.endsWith('.gz'), named)
  const key = parseSymbolKey(path.resolve(file).split(path.sep).slice(-3).join('/'))
  if (key !== null) return { kind: 'file', path: file, key, gzip: false }
  return skip(file, 'neither a sym file nor at <debug file>/<debug id>/<file>', named)
}

async function identifySym(file: string, gzip: boolean, named: boolean): Promise<SymbolFile> {
  const header = await readHeader(file, gzip)
  if (header === null) return skip(file, 'the first line is no MODULE line', named)
  const key = parseSymbolKey(`${header.debugFile}/${header.debugId}/${symFileName(header.debugFile)}`)
  if (key !== null) return { kind: 'file', path: file, key, gzip }
  return skip(file, 'the MODULE line names a module that no symbol server can hold', named)
}

/** The sym file of a debug file: `.pdb` is replaced, any other name keeps its ending (`libc.so.6` → `libc.so.6.sym`). */
export function symFileName(debugFile: string): string {
  return `${debugFile.replace(/\.pdb$/i, '')}.sym`
}

async function readHeader(file: string, gzip: boolean) {
  const reader = new SymHeaderReader()
  let bytes = 0
  const readStart = async (content: AsyncIterable<Uint8Array>) => {
    for await (const chunk of content) {
      reader.push(chunk)
      bytes += chunk.length
      if (bytes >= HEADER_BYTES) return
    }
  }
  try {
    if (gzip) await pipeline(createReadStream(file), createGunzip(), readStart)
    else await pipeline(createReadStream(file, { end: HEADER_BYTES - 1 }), readStart)
  } catch {
    // Not gzip, cut off or unreadable: whatever was read decides.
  }
  return reader.header()
}
