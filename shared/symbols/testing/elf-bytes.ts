/** What an ELF file for tests has. */
export interface ElfParts {
  readonly buildId?: string
  readonly debugInfo?: boolean
  /** `nobits`: as in a split-off debug file, which names the code's section and has no bytes of it. */
  readonly code?: 'progbits' | 'nobits'
  readonly width?: 32 | 64
  readonly order?: 'little' | 'big'
}

interface Section {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly data: Uint8Array
}

const text = (value: string) => new TextEncoder().encode(value)

/** A small ELF file: header, the sections' data, the section table at the end, as linkers write it. */
export function elfBytes(parts: ElfParts): Uint8Array {
  const { width = 64, order = 'little' } = parts
  const little = order === 'little'
  const is64 = width === 64
  const sections: Section[] = [{ name: '', type: 0, flags: 0, data: new Uint8Array(0) }]
  if (parts.code !== undefined) {
    const isThere = parts.code === 'progbits'
    sections.push({ name: '.text', type: isThere ? 1 : 8, flags: 6, data: text(isThere ? 'code' : '') })
  }
  if (parts.debugInfo === true) sections.push({ name: '.debug_info', type: 1, flags: 0, data: text('DWARF') })
  if (parts.buildId !== undefined) {
    sections.push({ name: '.note.gnu.build-id', type: 7, flags: 2, data: buildIdNote(parts.buildId, little) })
  }
  const names = text(`${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`)
  sections.push({ name: '.shstrtab', type: 3, flags: 0, data: names })

  const headBytes = 64
  const entryBytes = is64 ? 64 : 40
  const tableOffset = headBytes + sections.reduce((sum, { data }) => sum + data.length, 0)
  const bytes = new Uint8Array(tableOffset + sections.length * entryBytes)
  const view = new DataView(bytes.buffer)
  const word = (at: number, value: number) =>
    is64 ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, little ? 1 : 2, 1])
  word(is64 ? 40 : 32, tableOffset)
  const counts = is64 ? 58 : 46
  view.setUint16(counts, entryBytes, little)
  view.setUint16(counts + 2, sections.length, little)
  view.setUint16(counts + 4, sections.length - 1, little)

  let dataAt = headBytes
  let nameAt = 0
  for (const [index, { name, type, flags, data }] of sections.entries()) {
    bytes.set(data, dataAt)
    const at = tableOffset + index * entryBytes
    view.setUint32(at, nameAt, little)
    view.setUint32(at + 4, type, little)
    word(at + 8, flags)
    word(at + (is64 ? 24 : 16), dataAt)
    word(at + (is64 ? 32 : 20), data.length)
    dataAt += data.length
    nameAt += name.length + 1
  }
  return bytes
}

function buildIdNote(buildId: string, little: boolean): Uint8Array {
  const id = Uint8Array.from(buildId.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  const note = new Uint8Array(16 + id.length)
  const view = new DataView(note.buffer)
  view.setUint32(0, 4, little)
  view.setUint32(4, id.length, little)
  view.setUint32(8, 3, little)
  note.set(text('GNU\0'), 12)
  note.set(id, 16)
  return note
}
