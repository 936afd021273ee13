import { MAX_MINIDUMP_MEMORY_RANGES } from '../limits.ts'
import { listEntries, type MinidumpDirectory, placeAt, placesOf, STREAM } from './directory.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'

/** Memory of the process that lies in the dump. */
export interface MemoryRange {
  readonly address: bigint
  readonly place: Place
}

const RANGE_BYTES = 16

/**
 * All memory in the dump that lies inside the file: MemoryList, then Memory64List (full dumps of Windows, whose ranges follow each other from one
 * offset on). The first MAX_MINIDUMP_MEMORY_RANGES of each list. Ranges may overlap, in addresses and in the file.
 */
export function readMemoryRanges(dump: DumpBytes, directory: MinidumpDirectory): readonly MemoryRange[] {
  const ranges = listEntries(dump, directory, STREAM.memoryList, RANGE_BYTES, MAX_MINIDUMP_MEMORY_RANGES).map(
    (entry) => ({ address: entry.getBigUint64(0, true), place: placeAt(entry, 8) }),
  )
  return [...ranges, ...memory64Ranges(dump, directory)].filter(
    ({ place }) => place.bytes > 0 && place.at + place.bytes <= dump.length,
  )
}

function memory64Ranges(dump: DumpBytes, directory: MinidumpDirectory): readonly MemoryRange[] {
  const [stream] = placesOf(directory, STREAM.memory64List)
  if (stream === undefined || stream.bytes < RANGE_BYTES) return []
  const head = dump.view({ at: stream.at, bytes: RANGE_BYTES })
  if (head === null) return []
  const whole = Math.floor(stream.bytes / RANGE_BYTES) - 1
  const count = Number(BigInt.asUintN(32, head.getBigUint64(0, true)))
  const bytes = Math.min(count, whole, MAX_MINIDUMP_MEMORY_RANGES) * RANGE_BYTES
  const list = dump.view({ at: stream.at + RANGE_BYTES, bytes })
  if (list === null) return []
  const ranges: MemoryRange[] = []
  let at = Number(head.getBigUint64(8, true))
  for (let offset = 0; offset < bytes; offset += RANGE_BYTES) {
    const size = Number(list.getBigUint64(offset + 8, true))
    if (at + size > dump.length) break
    ranges.push({ address: list.getBigUint64(offset, true), place: { at, bytes: size } })
    at += size
  }
  return ranges
}

/** Where the memory from `address` to the end of its range lies; null where the dump does not have it. */
export function memoryFrom(ranges: Iterable<MemoryRange>, address: bigint): Place | null {
  for (const range of ranges) {
    const into = address - range.address
    if (into >= 0n && into < BigInt(range.place.bytes))
      return { at: range.place.at + Number(into), bytes: range.place.bytes - Number(into) }
  }
  return null
}
