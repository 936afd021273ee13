import { CRASH_ANNOTATIONS } from './annotations.ts'
import { may, type Viewer } from './auth/permissions.ts'
import { HIDDEN, publicPart, type SchemaNode, shown, shownObject, type TextScrub } from './permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from './processed-crash.ts'
import { type RawCrash, rawCrashJson } from './raw-crash.ts'
import { scrubFreeText } from './scrub.ts'
import type { RedactedJson } from './store/crash-store.ts'

/**
 * The only way a crash leaves the processor. Viewers with view_pii see all that is stored; everybody else sees what the schemas list as public,
 * and nothing that they do not know (specs/processor.md 1.5), with free text scrubbed unless the
 * preset says otherwise.
 */

const RAW_CRASH_SCHEMA: SchemaNode = shownObject({
  ...Object.fromEntries(
    CRASH_ANNOTATIONS.map(({ name, visibility, freeText }) => [
      name,
      // Multipart sends text and a JSON `extra` numbers for the same annotation: any plain value is of the right type.
      visibility === 'public'
        ? { ...shown('string', 'number', 'boolean'), ...(freeText === undefined ? {} : { freeText }) }
        : HIDDEN,
    ]),
  ),
  metadata: HIDDEN,
  submitted_timestamp: shown('string'),
  uuid: shown('string'),
  version: shown('integer'),
})

/** The raw crash as it is stored (flat), reduced to what the viewer may see. */
export function redactRawCrash(
  rawCrash: RawCrash,
  viewer: Viewer,
  scrub: TextScrub | null = scrubFreeText,
): RedactedJson {
  return redact(JSON.parse(rawCrashJson(rawCrash)), RAW_CRASH_SCHEMA, viewer, scrub)
}

/** The processed crash, reduced to what the viewer may see. */
export function redactProcessedCrash(
  processedCrash: object,
  viewer: Viewer,
  scrub: TextScrub | null = scrubFreeText,
): RedactedJson {
  return redact(processedCrash, PROCESSED_CRASH_SCHEMA, viewer, scrub)
}

function redact(crash: object, schema: SchemaNode, viewer: Viewer, scrub: TextScrub | null): RedactedJson {
  const shownCrash = may(viewer, 'view_pii') ? crash : (publicPart(crash, schema, scrub ?? ((text) => text)) ?? {})
  return branded(JSON.stringify(shownCrash))
}

/** A response's body is a byte stream, the only kind that RPC carries. */
function branded(json: string): RedactedJson {
  return new Response(json).body as RedactedJson
}
