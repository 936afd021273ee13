import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { DeclaredFile } from '#shared/symbols/declared-content.ts'
import { HeldBytes } from '#shared/symbols/held-bytes.ts'
import { isSymFile, type SymbolKey } from '#shared/symbols/key.ts'
import type { RangeSource } from '#shared/symbols/range-source.ts'
import { memberContent } from '#shared/symbols/validate-zip.ts'
import { listZip, type ZipListing, type ZipMember } from '#shared/symbols/zip.ts'
import type { SymbolFile } from './symbol-files.ts'

/** A symbol file, wherever it lies. `open` yields its bytes before compression, and may be called again. */
export interface SymbolContent {
  readonly key: SymbolKey
  /** What people call it: its path, or its zip's. */
  readonly name: string
  open(): AsyncIterable<Uint8Array>
}

/** The symbol files behind a path of the command line; null for a zip that cannot be read as one of symbols: the server says why. */
export async function contentsOf(
  file: Extract<SymbolFile, { kind: 'file' | 'zip' }>,
): Promise<readonly SymbolContent[] | null> {
  switch (file.kind) {
    case 'file':
      return [{ key: file.key, name: file.path, open: () => readPlain(file.path, file.gzip) }]
    case 'zip': {
      const zip = await listZip(fileRangeSource(file.path), new HeldBytes())
      if (zip.kind === 'refused') return null
      return zip.members.map((member) => ({
        key: member.key,
        name: `${file.path}: ${member.name}`,
        open: () => readMember(zip, member),
      }))
    }
  }
}

async function* readPlain(path: string, gzip: boolean): AsyncGenerator<Uint8Array, void, void> {
  const stored = createReadStream(path)
  if (!gzip) {
    yield* stored
    return
  }
  const gunzip = createGunzip()
  const fed = pipeline(stored, gunzip)
  // The reader below hears of the same error.
  fed.catch(() => undefined)
  yield* gunzip
  await fed
}

async function* readMember(zip: ZipListing, member: ZipMember): AsyncGenerator<Uint8Array, void, void> {
  const located = await member.locate()
  if (located.kind === 'refused') throw new Error(`the zip is damaged at ${member.name}`)
  yield* memberContent(zip.reader, member, located.dataOffset)
}

/** A file that is read by range. It stays open as long as the command runs. */
function fileRangeSource(path: string): RangeSource {
  const file = openSync(path, 'r')
  return {
    size: fstatSync(file).size,
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    },
  }
}

/** Reads a file to its end: what a server is told of it before it is sent. */
export async function measure(content: SymbolContent): Promise<DeclaredFile> {
  const md5 = createHash('md5')
  let sizeBytes = 0
  for await (const chunk of content.open()) {
    md5.update(chunk)
    sizeBytes += chunk.length
  }
  return { key: content.key, sizeBytes, md5: md5.digest('hex') }
}

/** Writes the form that travels: gzip for sym files, all else as it is. The same content gives the same bytes, so parts of an earlier run fit. */
export async function encode(content: SymbolContent, spool: string): Promise<number> {
  if (isSymFile(content.key)) await pipeline(content.open(), createGzip(), createWriteStream(spool))
  else await pipeline(content.open(), createWriteStream(spool))
  return statSync(spool).size
}
