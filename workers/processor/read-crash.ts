import { type AnnotationRegistry, BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import { may, type Viewer } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import type { Bucket } from '#shared/ports.ts'
import { redactProcessedCrash, redactRawCrash } from '#shared/redact.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import { isSaved, readFailure } from '#shared/store/crash-states.ts'
import type { CrashReading, DumpReading } from '#shared/store/crash-store.ts'
import { readProcessedCrash } from '#shared/store/processed-crash-store.ts'
import { readDump, readDumpNames, readRawCrash } from '#shared/store/raw-crash-store.ts'

/** Reading crashes for a viewer. `scrub` is what is done with free text for viewers without view_pii; null: nothing. `registry` says what is public. All functions throw when R2 does not answer. */

/** The raw crash. It is there from the moment that the client has its crash id, so it is never `pending`. */
export async function readRaw(
  crashes: Bucket,
  crashId: CrashId,
  viewer: Viewer,
  scrub: TextScrub | null = scrubFreeText,
  registry: AnnotationRegistry = BUILT_IN_REGISTRY,
): Promise<CrashReading> {
  const raw = await readRawCrash(crashes, crashId)
  switch (raw.kind) {
    case 'found':
      return { kind: 'found', json: redactRawCrash(raw.rawCrash, viewer, scrub, registry) }
    case 'missing':
      return { kind: 'unknown' }
    case 'unreadable':
      return { kind: 'failed', reason: 'raw_crash_unreadable' }
  }
}

/** The processed crash, or where the crash stands. */
export async function readProcessed(
  crashes: Bucket,
  crashId: CrashId,
  viewer: Viewer,
  scrub: TextScrub | null = scrubFreeText,
  registry: AnnotationRegistry = BUILT_IN_REGISTRY,
): Promise<CrashReading> {
  const processed = await readProcessedCrash(crashes, crashId)
  if (processed.kind === 'found')
    return { kind: 'found', json: redactProcessedCrash(JSON.parse(processed.json), viewer, scrub, registry) }
  const failure = await readFailure(crashes, crashId)
  if (failure !== null) return { kind: 'failed', ...failure }
  return { kind: (await isSaved(crashes, crashId)) ? 'pending' : 'unknown' }
}

/** A dump as it was sent. Only names that the report has: another would be the key of another kind of object. */
export async function readDumpFor(
  crashes: Bucket,
  crashId: CrashId,
  name: string,
  viewer: Viewer,
): Promise<DumpReading> {
  if (!may(viewer, 'view_rawdump')) return { kind: 'forbidden' }
  const raw = await readRawCrash(crashes, crashId)
  if (raw.kind !== 'found') return { kind: 'unknown' }
  const names = await readDumpNames(crashes, raw.rawCrash)
  if (!names.includes(name)) return { kind: 'unknown' }
  const dump = await readDump(crashes, crashId, name)
  return dump.kind === 'found' ? { kind: 'found', body: dump.body, bytes: dump.bytes } : { kind: 'unknown' }
}
