import type { CrashId } from '../crash-id.ts'
import { withDeadline } from '../deadline.ts'
import { MAX_ANNOTATION_BYTES, R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { isJsonObject, type JsonValue, storedJson } from '../raw-crash.ts'
import { rawCrashKey } from './crash-keys.ts'

/** What became of comments that came after their report. `changed`: another writer was first, ask again. */
export type CommentsOutcome = 'added' | 'unchanged' | 'missing' | 'changed' | 'unreadable'

/**
 * Adds a person's comments to a stored raw crash, below those that are there, with a note. Comments that it has already change nothing, so a retry is
 * harmless. Without comments it only says whether there is a raw crash. The etag changes with the content: the processor, told of the crash again, processes it anew.
 * Throws when R2 does not answer one operation within `deadlineMs`.
 */
export async function addComments(
  bucket: Bucket,
  crashId: CrashId,
  comments: string | null,
  note: string,
  deadlineMs: () => number = () => R2_DEADLINE_MS,
): Promise<CommentsOutcome> {
  const key = rawCrashKey(crashId)
  if (comments === null) {
    const head = await withDeadline('R2 head raw crash', deadlineMs(), bucket.head(key))
    return head === null ? 'missing' : 'unchanged'
  }
  const object = await withDeadline('R2 get raw crash', deadlineMs(), bucket.get(key))
  if (object === null) return 'missing'
  const stored = parse(await withDeadline('R2 read raw crash', deadlineMs(), object.text()))
  if (stored === null) return 'unreadable'
  const changed = withComments(stored, comments, note)
  if (changed === null) return 'unchanged'
  const put = bucket.put(key, storedJson(changed), { onlyIf: { etagMatches: object.etag } })
  return (await withDeadline('R2 put raw crash', deadlineMs(), put)) === null ? 'changed' : 'added'
}

type JsonObject = { readonly [key: string]: JsonValue }

/** The raw crash with the comments in it, all else as it was, whichever release wrote it; null where there is nothing to add. */
function withComments(stored: JsonObject, comments: string, note: string): JsonObject | null {
  const before = typeof stored.Comments === 'string' ? stored.Comments : ''
  if (`\n\n${before}\n\n`.includes(`\n\n${comments}\n\n`)) return null
  const together = before.trim() === '' ? comments : `${before}\n\n${comments}`
  if (new TextEncoder().encode(together).length <= MAX_ANNOTATION_BYTES) {
    return { ...stored, ...withNote(stored, note), Comments: together }
  }
  const noted = withNote(stored, `${note}: dropped, over ${MAX_ANNOTATION_BYTES} bytes together`)
  return noted === null ? null : { ...stored, ...noted }
}

/** The metadata with one more note; null where it has that note. */
function withNote(stored: JsonObject, note: string): { readonly metadata: JsonObject } | null {
  const metadata = stored.metadata !== undefined && isJsonObject(stored.metadata) ? stored.metadata : {}
  const notes = Array.isArray(metadata.collector_notes) ? metadata.collector_notes : []
  return notes.includes(note) ? null : { metadata: { ...metadata, collector_notes: [...notes, note] } }
}

function parse(json: string): JsonObject | null {
  try {
    const value: JsonValue = JSON.parse(json)
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
