import { MAX_MINIDUMP_STREAMS } from '../limits.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'

/** Stream types of a minidump: Microsoft's, Breakpad's for Linux (0x4767…, "Gg"), Crashpad's ("CP"). */
export const STREAM = {
  threadList: 3,
  moduleList: 4,
  memoryList: 5,
  exception: 6,
  systemInfo: 7,
  memory64List: 9,
  miscInfo: 15,
  breakpadInfo: 0x4767_0001,
  linuxCpuInfo: 0x4767_0003,
  linuxProcStatus: 0x4767_0004,
  linuxLsbRelease: 0x4767_0005,
  linuxCommandLine: 0x4767_0006,
  linuxEnvironment: 0x4767_0007,
  linuxAuxv: 0x4767_0008,
  linuxMaps: 0x4767_0009,
  linuxDsoDebug: 0x4767_000a,
  crashpadInfo: 0x4350_0001,
} as const

/** Why bytes are no minidump that can be read. */
export type UnreadableReason =
  | 'empty'
  | 'not_a_minidump'
  /** Written on a big-endian machine; none of the processors that we read is one. */
  | 'big_endian'
  | 'unknown_version'
  /** The stream directory lies outside the file: the dump was cut, or its header is wrong. */
  | 'directory_cut'
  | 'too_many_streams'

/**
 * The stream directory of a minidump. Where a stream says that it lies outside the file, it is not there. Of what lies inside, nothing is believed
 * before it is read.
 *
 *     const directory = readDirectory(dump)
 *     if (directory.kind === 'directory') {
 *       for (const place of placesOf(directory, STREAM.linuxEnvironment)) for (const piece of dump.pieces(place) ?? []) piece.fill(0)
 *       const main = mainThread(dump, directory) // threads.ts: its `stack` says where that memory lies in the file, and its address
 *     }
 */
export interface MinidumpDirectory {
  readonly kind: 'directory'
  /** In file order. A type may come more than once; readers of one stream take the first, as stock does. */
  readonly streams: readonly Stream[]
  /** Streams of which only the beginning is in the file: what is there is somebody's data all the same. */
  readonly cut: readonly Stream[]
}

export interface Stream {
  readonly type: number
  readonly place: Place
}

export type DirectoryReading = MinidumpDirectory | { readonly kind: 'unreadable'; readonly reason: UnreadableReason }

const MDMP = 0x504d_444d
const MDMP_BIG_ENDIAN = 0x4d44_4d50
const VERSION = 0xa793
const HEADER_BYTES = 32
const ENTRY_BYTES = 12

/** Reads header and directory. Never throws. */
export function readDirectory(dump: DumpBytes): DirectoryReading {
  if (dump.length === 0) return unreadable('empty')
  const header = dump.view({ at: 0, bytes: HEADER_BYTES })
  if (header === null) return unreadable('not_a_minidump')
  const signature = header.getUint32(0, true)
  if (signature === MDMP_BIG_ENDIAN) return unreadable('big_endian')
  if (signature !== MDMP) return unreadable('not_a_minidump')
  if (header.getUint16(4, true) !== VERSION) return unreadable('unknown_version')
  const count = header.getUint32(8, true)
  if (count > MAX_MINIDUMP_STREAMS) return unreadable('too_many_streams')
  const table = dump.view({ at: header.getUint32(12, true), bytes: count * ENTRY_BYTES })
  if (table === null) return unreadable('directory_cut')
  const streams = Array.from({ length: count }, (_, index) => ({
    type: table.getUint32(index * ENTRY_BYTES, true),
    place: placeAt(table, index * ENTRY_BYTES + 4),
  }))
  const cut = streams.filter(({ place }) => !isInside(dump, place) && place.at < dump.length)
  return {
    kind: 'directory',
    streams: streams.filter(({ place }) => isInside(dump, place)),
    cut: cut.map(({ type, place: { at } }) => ({ type, place: { at, bytes: dump.length - at } })),
  }
}

/** All places of the streams of a type. */
export function placesOf(directory: MinidumpDirectory, type: number): readonly Place[] {
  return directory.streams.filter((stream) => stream.type === type).map(({ place }) => place)
}

/** The first stream of a type, cut to `maxBytes`; null where there is none. */
export function streamView(
  dump: DumpBytes,
  directory: MinidumpDirectory,
  type: number,
  maxBytes: number,
): DataView | null {
  const [place] = placesOf(directory, type)
  return place === undefined ? null : dump.view({ at: place.at, bytes: Math.min(place.bytes, maxBytes) })
}

/** A location descriptor: size, then offset. */
export function placeAt(view: DataView, offset: number): Place {
  return { bytes: view.getUint32(offset, true), at: view.getUint32(offset + 4, true) }
}

/**
 * The entries of a stream that is a count and then `count` entries, at most `maxEntries`. Some writers align the entries to 8 bytes, which
 * the size of the stream tells. A list that leaves its stream ends there.
 */
export function listEntries(
  dump: DumpBytes,
  directory: MinidumpDirectory,
  type: number,
  entryBytes: number,
  maxEntries: number,
): readonly DataView[] {
  const [place] = placesOf(directory, type)
  const head = place === undefined ? null : dump.view({ at: place.at, bytes: 4 })
  if (place === undefined || head === null || place.bytes < 4) return []
  const count = head.getUint32(0, true)
  const first = place.bytes === 8 + count * entryBytes ? 8 : 4
  const whole = Math.min(count, maxEntries, Math.floor((place.bytes - first) / entryBytes))
  const entries = dump.view({ at: place.at + first, bytes: Math.max(0, whole) * entryBytes })
  if (entries === null) return []
  return Array.from(
    { length: Math.max(0, whole) },
    (_, index) => new DataView(entries.buffer, entries.byteOffset + index * entryBytes, entryBytes),
  )
}

function isInside(dump: DumpBytes, { at, bytes }: Place): boolean {
  return bytes > 0 && at + bytes <= dump.length
}

function unreadable(reason: UnreadableReason): DirectoryReading {
  return { kind: 'unreadable', reason }
}
