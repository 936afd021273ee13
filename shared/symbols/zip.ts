import {
  ERR_BAD_FORMAT,
  ERR_CENTRAL_DIRECTORY_NOT_FOUND,
  ERR_ENCRYPTED,
  ERR_EOCDR_NOT_FOUND,
  ERR_OVERLAPPING_ENTRY,
  ERR_UNSUPPORTED_COMPRESSION,
  type FileEntry,
  ZipReader,
} from '@zip.js/zip.js/lib/zip-core-reader.js'
import { MAX_SYMBOL_FILE_BYTES, MAX_ZIP_BYTES, MAX_ZIP_DIRECTORY_BYTES, MAX_ZIP_ENTRIES } from '../limits.ts'
import { errorText } from '../log.ts'
import type { HeldBytes } from './held-bytes.ts'
import { readMemberName, type SymbolKey } from './key.ts'
import { BlockReader, type RangeSource } from './range-source.ts'
import type { ZipRefusal } from './zip-refusal.ts'

/** A symbol file inside a zip. Sizes and CRC are what the zip declares: the uploader wrote them, nothing is checked yet. */
export interface ZipMember {
  readonly key: SymbolKey
  readonly name: string
  readonly method: 'stored' | 'deflated'
  readonly compressedBytes: number
  readonly declaredBytes: number
  readonly declaredCrc32: number
  /** Where its local header is. */
  readonly offset: number
  /** Reads the local header and answers where the data begins; refuses an entry that shares bytes with an earlier one. */
  locate(): Promise<{ readonly kind: 'located'; readonly dataOffset: number } | Refused>
}

export interface Refused {
  readonly kind: 'refused'
  readonly refusal: ZipRefusal
}

/** The names in a zip, all of them good. Members stand in the order of their data, so that reading them reads forward. */
export interface ZipListing {
  readonly kind: 'listed'
  readonly reader: BlockReader
  readonly members: readonly ZipMember[]
  readonly ignoredNames: readonly string[]
  readonly entries: number
  /** Sum of the declared sizes. Validation refuses a member that inflates to more, so no unpack exceeds it. */
  readonly declaredBytes: number
}

/** Names that never go into the store: the peer's default list. It looks at names, although its text speaks of content. */
const DENIED_SNIPPETS = ['qcom/proprietary']
const STORED = 0
const DEFLATED = 8

/** The first denied snippet in a name. */
export function deniedSnippet(name: string): string | undefined {
  return DENIED_SNIPPETS.find((denied) => name.includes(denied))
}

class DirectoryTooLarge extends Error {
  override readonly name = 'DirectoryTooLarge'
}

/**
 * Lists a symbols zip: every name is checked before anything is read of the data. Throws only when the source fails.
 * The central directory is held whole, under MAX_ZIP_DIRECTORY_BYTES; the zip itself is read by range.
 */
export async function listZip(source: RangeSource, held: HeldBytes): Promise<ZipListing | Refused> {
  const reader = new BlockReader(source, held)
  try {
    const entries = await readDirectory(reader)
    return entries.kind === 'refused' ? entries : listEntries(reader, entries.entries)
  } catch (thrown) {
    return { kind: 'refused', refusal: directoryRefusal(reader, thrown) }
  }
}

async function readDirectory(reader: BlockReader) {
  const zip = new ZipReader(directoryReader(reader), {
    // Names are ours to judge: the refusal names the pattern, as the peer's does.
    filenameValidation: 'tolerant',
    maxAppendedDataSize: 0,
  })
  const entries = []
  for await (const entry of zip.getEntriesGenerator()) {
    entries.push(entry)
    if (entries.length > MAX_ZIP_ENTRIES) return refuse({ reason: 'too_many_entries', most: MAX_ZIP_ENTRIES })
  }
  return { kind: 'read', entries } as const
}

/** What the library needs of a reader. It only reads headers through it: data goes past it (see ADR 0006). */
function directoryReader(reader: BlockReader) {
  return {
    size: reader.size,
    get readable(): ReadableStream {
      throw new Error('a symbols zip is read by range only')
    },
    async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
      if (length > MAX_ZIP_DIRECTORY_BYTES) throw new DirectoryTooLarge('central directory')
      return reader.read(offset, length)
    },
  }
}

function directoryRefusal(reader: BlockReader, thrown: unknown): ZipRefusal {
  if (reader.trouble !== undefined) throw reader.trouble
  if (thrown instanceof DirectoryTooLarge) return { reason: 'directory_too_large', mostBytes: MAX_ZIP_DIRECTORY_BYTES }
  const detail = thrown instanceof Error ? thrown.message : errorText(thrown)
  const nothingFound = [ERR_EOCDR_NOT_FOUND, ERR_BAD_FORMAT, ERR_CENTRAL_DIRECTORY_NOT_FOUND]
  return nothingFound.includes(detail) ? { reason: 'not_a_zip' } : { reason: 'damaged', detail }
}

type Entry = Awaited<ReturnType<ZipReader<unknown>['getEntries']>>[number]

function listEntries(reader: BlockReader, entries: readonly Entry[]): ZipListing | Refused {
  const members = new Map<SymbolKey, ZipMember>()
  const ignoredNames: string[] = []
  for (const entry of entries) {
    const read = readEntry(reader, entry)
    switch (read.kind) {
      case 'refused':
        return read
      case 'ignored':
        if (!entry.filename.endsWith('/')) ignoredNames.push(entry.filename)
        break
      case 'member': {
        const { member } = read
        const earlier = members.get(member.key)
        if (earlier !== undefined && earlier.declaredBytes !== member.declaredBytes) {
          const sizes = [earlier.declaredBytes, member.declaredBytes] as const
          return refuse({ reason: 'duplicate_member', name: member.name, sizes })
        }
        // Of two with one size the later counts, as when a zip is unpacked to disk.
        members.set(member.key, member)
        break
      }
    }
  }
  const sorted = [...members.values()].sort((left, right) => left.offset - right.offset)
  const declaredBytes = sorted.reduce((sum, member) => sum + member.declaredBytes, 0)
  if (declaredBytes > MAX_ZIP_BYTES) return refuse({ reason: 'inflates_too_large', mostBytes: MAX_ZIP_BYTES })
  return { kind: 'listed', reader, members: sorted, ignoredNames, entries: entries.length, declaredBytes }
}

type EntryReading = { readonly kind: 'member'; readonly member: ZipMember } | { readonly kind: 'ignored' } | Refused

function readEntry(reader: BlockReader, entry: Entry): EntryReading {
  const name = entry.filename
  const snippet = deniedSnippet(name)
  if (snippet !== undefined) return refuse({ reason: 'denied_snippet', snippet })
  const memberName = readMemberName(name)
  if (memberName.kind === 'ignored') return { kind: 'ignored' }
  if (memberName.kind === 'unrecognized' || entry.directory) return refuse({ reason: 'unrecognized_pattern', name })
  if (entry.encrypted) return refuse({ reason: 'encrypted', name })
  const method = entry.compressionMethod
  if (method !== STORED && method !== DEFLATED) return refuse({ reason: 'unsupported_compression', name, method })
  if (entry.uncompressedSize > MAX_SYMBOL_FILE_BYTES) {
    return refuse({ reason: 'entry_too_large', name, mostBytes: MAX_SYMBOL_FILE_BYTES })
  }
  const member: ZipMember = {
    key: memberName.key,
    name,
    method: method === STORED ? 'stored' : 'deflated',
    compressedBytes: entry.compressedSize,
    declaredBytes: entry.uncompressedSize,
    declaredCrc32: entry.crc32 ?? 0,
    offset: entry.offset,
    locate: () => locate(reader, entry),
  }
  return { kind: 'member', member }
}

async function locate(reader: BlockReader, entry: FileEntry) {
  try {
    await entry.getData(new WritableStream(), { checkOverlappingEntryOnly: true })
    const dataOffset = entry.localDirectory?.dataOffset
    if (dataOffset === undefined) throw new Error('no local header')
    return { kind: 'located', dataOffset } as const
  } catch (thrown) {
    if (reader.trouble !== undefined) throw reader.trouble
    return refuse(entryRefusal(entry, thrown))
  }
}

function entryRefusal(entry: FileEntry, thrown: unknown): ZipRefusal {
  const name = entry.filename
  const detail = thrown instanceof Error ? thrown.message : errorText(thrown)
  switch (detail) {
    case ERR_OVERLAPPING_ENTRY:
      return { reason: 'overlapping_entries', name }
    case ERR_ENCRYPTED:
      return { reason: 'encrypted', name }
    case ERR_UNSUPPORTED_COMPRESSION:
      return { reason: 'unsupported_compression', name, method: entry.compressionMethod }
    default:
      return { reason: 'damaged', detail }
  }
}

export function refuse(refusal: ZipRefusal): Refused {
  return { kind: 'refused', refusal }
}
