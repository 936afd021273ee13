import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type SymHeader, SymHeaderReader } from '../breakpad/sym-header.ts'
import { inflateRaw } from './byte-streams.ts'
import { isSymFile } from './key.ts'
import { type BlockReader, TooManyReads } from './range-source.ts'
import { type Refused, refuse, type ZipListing, type ZipMember } from './zip.ts'

/** A member that is what it says: its size and CRC were found by inflating all of it. */
export interface ValidMember {
  readonly member: ZipMember
  readonly dataOffset: number
  readonly originalBytes: number
  readonly crc32: number
  readonly md5: string
  /** Null for files that are no sym files, or have no well-formed MODULE line. */
  readonly header: SymHeader | null
}

/**
 * Reads every member of a zip to its end and checks it, before any of them is stored. Declared sizes are an upper bound that is enforced:
 * a member that inflates to one byte more is refused there and then. Throws only when the source fails.
 */
export async function validateZip(
  zip: ZipListing,
): Promise<{ readonly kind: 'valid'; readonly members: readonly ValidMember[] } | Refused> {
  const members: ValidMember[] = []
  for (const member of zip.members) {
    const located = await member.locate()
    if (located.kind === 'refused') return located
    const checked = await validateMember(zip.reader, member, located.dataOffset)
    if (checked.kind === 'refused') return checked
    members.push(checked.member)
  }
  return { kind: 'valid', members }
}

async function validateMember(reader: BlockReader, member: ZipMember, dataOffset: number) {
  const { name, declaredBytes } = member
  const md5 = createHash('md5')
  const header = isSymFile(member.key) ? new SymHeaderReader() : null
  let originalBytes = 0
  let crc = 0
  try {
    for await (const chunk of memberContent(reader, member, dataOffset)) {
      originalBytes += chunk.length
      if (originalBytes > declaredBytes) return refuse({ reason: 'wrong_size', name, declaredBytes })
      crc = crc32(chunk, crc)
      md5.update(chunk)
      header?.push(chunk)
    }
  } catch (thrown) {
    if (reader.trouble !== undefined) throw reader.trouble
    if (thrown instanceof TooManyReads) return refuse({ reason: 'damaged', detail: thrown.message })
    return refuse({ reason: 'bad_data', name })
  }
  if (originalBytes !== declaredBytes) return refuse({ reason: 'wrong_size', name, declaredBytes })
  if (crc !== member.declaredCrc32) return refuse({ reason: 'bad_crc', name })
  const valid: ValidMember = {
    member,
    dataOffset,
    originalBytes,
    crc32: crc,
    md5: md5.digest('hex'),
    header: header?.header() ?? null,
  }
  return { kind: 'valid', member: valid } as const
}

/** The bytes of a member as its uploader has them. */
export function memberContent(
  reader: BlockReader,
  member: ZipMember,
  dataOffset: number,
): AsyncGenerator<Uint8Array, void, void> {
  const data = reader.stream(dataOffset, member.compressedBytes)
  return member.method === 'deflated' ? inflateRaw(data) : data
}
