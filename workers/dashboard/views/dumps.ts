import { asList, asRecord, asText } from './json-value.ts'

/** The name of the main minidump. */
export const MAIN_DUMP = 'upload_file_minidump'

/** A file that came with a report. */
export interface DumpFile {
  readonly name: string
  /** A stackwalk is made of minidumps alone; everything else is an attachment. */
  readonly kind: 'minidump' | 'attachment'
  /** Of an attachment, its file name as sent. */
  readonly fileName: string | null
  /** SHA-256 as received; protected. */
  readonly checksum: string | null
  /** What the stackwalker said of it. */
  readonly status: string | null
}

type Json = Readonly<Record<string, unknown>>

/** The files of a report by name, for viewers who may see its metadata; else just the main minidump. */
export function dumpFiles(rawCrash: unknown, crash: Json = {}): readonly DumpFile[] {
  const metadata = asRecord(asRecord(rawCrash).metadata)
  const checksums = asRecord(metadata.dump_checksums)
  const fileNames = new Map(Object.entries(asRecord(metadata.attachments)))
  const minidumps = new Set([MAIN_DUMP, ...asList(crash.additional_minidumps).map(String)])
  const names = Object.keys(checksums)
  return (names.length === 0 ? [MAIN_DUMP] : names).map((name) => ({
    name,
    kind: !fileNames.has(name) && (minidumps.has(name) || name.startsWith(`${MAIN_DUMP}_`)) ? 'minidump' : 'attachment',
    fileName: asText(fileNames.get(name) ?? null),
    checksum: asText(checksums[name]),
    status: asText(name === MAIN_DUMP ? crash.mdsw_status_string : asRecord(crash[name]).mdsw_status_string),
  }))
}
