import { z } from 'zod'
import type { CrashId } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { parseRawCrash, type RawCrash } from '../raw-crash.ts'
import { dumpKey, dumpNamesKey, rawCrashKey } from './crash-keys.ts'

/** A stored raw crash. The etag names this very content: a processed crash remembers it. */
export type RawCrashReading =
  | { readonly kind: 'found'; readonly rawCrash: RawCrash; readonly etag: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: 'not_json' | 'not_an_object' }

/** A stored dump. The body must be read or cancelled. */
export type StoredDump =
  | { readonly kind: 'found'; readonly body: ReadableStream<Uint8Array>; readonly bytes: number }
  | { readonly kind: 'missing' }

const dumpNamesSchema = z.array(z.string()).catch([])

/** Reads the raw crash of a report. Throws when R2 does not answer. */
export async function readRawCrash(bucket: Bucket, crashId: CrashId): Promise<RawCrashReading> {
  const object = await withDeadline('R2 get raw crash', R2_DEADLINE_MS, bucket.get(rawCrashKey(crashId)))
  if (object === null) return { kind: 'missing' }
  const parsing = parseRawCrash(await withDeadline('R2 read raw crash', R2_DEADLINE_MS, object.text()), crashId)
  return parsing.kind === 'parsed' ? { kind: 'found', rawCrash: parsing.rawCrash, etag: object.etag } : parsing
}

/** Reads one dump (`upload_file_minidump` for the main one) as a stream. Throws when R2 does not answer. */
export async function readDump(bucket: Bucket, crashId: CrashId, dumpName: string): Promise<StoredDump> {
  const object = await withDeadline('R2 get dump', R2_DEADLINE_MS, bucket.get(dumpKey(crashId, dumpName)))
  return object === null ? { kind: 'missing' } : { kind: 'found', body: object.body, bytes: object.size }
}

/**
 * The names of a report's dumps, sorted. Our raw crash has them in `metadata.dump_checksums`; for migrated data
 * without it they come from `v1/dump_names/<id>`. Throws when R2 does not answer.
 */
export async function readDumpNames(bucket: Bucket, rawCrash: RawCrash): Promise<readonly string[]> {
  const { dump_checksums } = rawCrash.metadata
  if (dump_checksums !== undefined) return Object.keys(dump_checksums).sort()
  const object = await withDeadline('R2 get dump names', R2_DEADLINE_MS, bucket.get(dumpNamesKey(rawCrash.uuid)))
  if (object === null) return []
  const text = await withDeadline('R2 read dump names', R2_DEADLINE_MS, object.text())
  try {
    return dumpNamesSchema.parse(JSON.parse(text)).sort()
  } catch {
    return []
  }
}
