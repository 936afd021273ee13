import { type CrashId, crashDay, parseCrashId } from '../crash-id.ts'

/**
 * The keys of R2 CRASHES: Socorro's own layout (specs/collector.md 3.1), so that migrated data reads as it is.
 * All are pure functions of the crash id; the day comes from the id, never from a clock.
 */

/** The main dump's name, as clients send it and people see it. */
export const PRIMARY_DUMP_NAME = 'upload_file_minidump'
/** The main dump's folder: the peer's cloud store renames it, and only it. */
export const PRIMARY_DUMP_FOLDER = 'dump'

/** Dump names whose key would lie among another kind of object: a dump `processed_crash` would be read as one. */
export const RESERVED_DUMP_NAMES: ReadonlySet<string> = new Set([
  'digest',
  'dump_names',
  'failed_crash',
  'processed_crash',
  'raw_crash',
])

/** `v1/raw_crash/<YYYYMMDD>/<id>`: the commit mark of a report. */
export function rawCrashKey(crashId: CrashId): string {
  return `${rawCrashPrefix(crashDay(crashId))}${crashId}`
}

/** What the keys of all raw crashes of a day (`YYYYMMDD`) start with. */
export function rawCrashPrefix(day: string): string {
  return `v1/raw_crash/${day}/`
}

/** The crash id of a raw crash's key, or null for a key of anything else. */
export function crashIdOfRawCrashKey(key: string): CrashId | null {
  const crashId = parseCrashId(key.slice(key.lastIndexOf('/') + 1))
  return crashId !== null && rawCrashKey(crashId) === key ? crashId : null
}

/** `v1/<dump name>/<id>`; the main dump lies under `v1/dump/`. */
export function dumpKey(crashId: CrashId, dumpName: string): string {
  return `v1/${dumpName === PRIMARY_DUMP_NAME ? PRIMARY_DUMP_FOLDER : dumpName}/${crashId}`
}

/** `v1/dump_names/<id>`: only migrated data has it, our raw crash names its dumps. */
export function dumpNamesKey(crashId: CrashId): string {
  return `v1/dump_names/${crashId}`
}

/** `v1/processed_crash/<id>`. */
export function processedCrashKey(crashId: CrashId): string {
  return `v1/processed_crash/${crashId}`
}

/** `v1/failed_crash/<id>`: a dead letter with its reason. */
export function failedCrashKey(crashId: CrashId): string {
  return `v1/failed_crash/${crashId}`
}

/** `v1/digest/<digest>`: which crash id the reports of this digest got first (digest-claim.ts). */
export function digestKey(digest: string): string {
  return `v1/digest/${digest}`
}
