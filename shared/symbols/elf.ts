import { MAX_ELF_NAMES_BYTES, MAX_ELF_SECTIONS } from '../limits.ts'
import { type BuildId, parseBuildId } from './build-id.ts'
import type { RangeSource } from './range-source.ts'

/** What a stored ELF file can serve. */
export interface ElfFile {
  readonly kind: 'elf'
  /** Null where the linker was not asked for one. */
  readonly buildId: BuildId | null
  /** DWARF is in it: an unstripped program, or the part that was split off. */
  readonly hasDebugInfo: boolean
  /** Code is in it: a split-off debug file has the code's sections without their bytes. */
  readonly hasCode: boolean
}

const MAGIC = 0x7f454c46
const SHT_PROGBITS = 1
const SHT_NOTE = 7
const SHF_EXECINSTR = 4
const NT_GNU_BUILD_ID = 3
const HEAD_BYTES = 64
const MAX_NOTE_BYTES = 1_024

interface Section {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly bytes: number
}

/**
 * Reads the section table of an ELF file of either width and byte order, with at most four small reads. `not_elf`
 * also for one whose table leaves the file or is larger than any linker makes it: files are strangers' bytes. Throws
 * when the source does.
 */
export async function readElf(source: RangeSource): Promise<ElfFile | { readonly kind: 'not_elf' }> {
  const sections = await readSections(source)
  if (sections === null) return { kind: 'not_elf' }
  const note = sections.find(({ type, name }) => type === SHT_NOTE && name === '.note.gnu.build-id')
  return {
    kind: 'elf',
    buildId: note === undefined ? null : await readBuildId(source, note),
    hasDebugInfo: sections.some(({ name, type }) => type === SHT_PROGBITS && /^\.z?debug_info$/.test(name)),
    hasCode: sections.some(({ type, flags }) => type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0),
  }
}

async function readSections(source: RangeSource): Promise<readonly Section[] | null> {
  const head = view(await source.read(0, HEAD_BYTES))
  if (head.byteLength < HEAD_BYTES || head.getUint32(0) !== MAGIC) return null
  const layout = layoutOf(head)
  if (layout === null) return null
  const { count, entryBytes, namesIndex, offset } = layout
  const table = view(await source.read(offset, count * entryBytes))
  if (table.byteLength < count * entryBytes) return null
  const entries = Array.from({ length: count }, (_, at) =>
    layout.entry(new DataView(table.buffer, table.byteOffset + at * entryBytes, entryBytes)),
  )
  const names = entries[namesIndex]
  if (names === undefined || names.bytes > MAX_ELF_NAMES_BYTES) return null
  const text = await source.read(names.offset, names.bytes)
  return entries.map((entry) => ({ ...entry, name: nameAt(text, entry.nameOffset) }))
}

/** Where the section table is and how one of its entries reads; null for a file without one. */
function layoutOf(head: DataView) {
  const is64 = head.getUint8(4) === 2
  const little = head.getUint8(5) === 1
  const word = (from: DataView, at: number) =>
    is64 ? Number(from.getBigUint64(at, little)) : from.getUint32(at, little)
  const counts = is64 ? 58 : 46
  const layout = {
    offset: word(head, is64 ? 40 : 32),
    entryBytes: head.getUint16(counts, little),
    count: head.getUint16(counts + 2, little),
    namesIndex: head.getUint16(counts + 4, little),
    entry: (from: DataView) => ({
      nameOffset: from.getUint32(0, little),
      type: from.getUint32(4, little),
      flags: word(from, 8),
      offset: word(from, is64 ? 24 : 16),
      bytes: word(from, is64 ? 32 : 20),
    }),
  }
  const isSane = layout.count > 0 && layout.count <= MAX_ELF_SECTIONS && layout.entryBytes === (is64 ? 64 : 40)
  return isSane ? layout : null
}

async function readBuildId(source: RangeSource, note: Section): Promise<BuildId | null> {
  const bytes = await source.read(note.offset, Math.min(note.bytes, MAX_NOTE_BYTES))
  const data = view(bytes)
  if (data.byteLength < 16) return null
  // The note's own byte order is the file's; the type tells it.
  const little = data.getUint32(8, true) === NT_GNU_BUILD_ID
  const nameBytes = data.getUint32(0, little)
  const idBytes = data.getUint32(4, little)
  if (data.getUint32(8, little) !== NT_GNU_BUILD_ID || nameBytes !== 4) return null
  const id = bytes.subarray(16, 16 + idBytes)
  return id.length < idBytes
    ? null
    : parseBuildId(Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join(''))
}

function nameAt(text: Uint8Array, offset: number): string {
  const end = text.indexOf(0, offset)
  return new TextDecoder().decode(text.subarray(offset, end === -1 ? offset : end))
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
