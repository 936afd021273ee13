import { inflateRaw } from './byte-streams.ts'
import { type ContentFacts, ContentReader } from './content-reader.ts'
import { type BlockReader, TooManyReads } from './range-source.ts'
import { type Refused, refuse, type ZipListing, type ZipMember } from './zip.ts'

/** A member that is what it says: its size and CRC were found by inflating all of it. */
export interface ValidMember {
  readonly member: ZipMember
  readonly dataOffset: number
  readonly facts: ContentFacts
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
  const content = new ContentReader(member.key)
  try {
    for await (const chunk of memberContent(reader, member, dataOffset)) {
      content.push(chunk)
      if (content.bytes > declaredBytes) return refuse({ reason: 'wrong_size', name, declaredBytes })
    }
  } catch (thrown) {
    if (reader.trouble !== undefined) throw reader.trouble
    if (thrown instanceof TooManyReads) return refuse({ reason: 'damaged', detail: thrown.message })
    return refuse({ reason: 'bad_data', name })
  }
  const facts = content.facts()
  if (facts.originalBytes !== declaredBytes) return refuse({ reason: 'wrong_size', name, declaredBytes })
  if (facts.crc32 !== member.declaredCrc32) return refuse({ reason: 'bad_crc', name })
  const valid: ValidMember = { member, dataOffset, facts }
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
