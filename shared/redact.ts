import { CRASH_ANNOTATIONS } from './annotations.ts'
import { may, type Viewer } from './auth/permissions.ts'
import { HIDDEN, publicPart, type SchemaNode, shown, shownObject } from './permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from './processed-crash.ts'
import { type RawCrash, rawCrashJson } from './raw-crash.ts'
import type { RedactedJson } from './store/crash-store.ts'

/**
 * The only way a crash leaves the processor. Viewers with view_pii see all that is stored; everybody else sees what the schemas list as public,
 * and nothing that they do not know (specs/processor.md 1.5).
 */

const RAW_CRASH_SCHEMA: SchemaNode = shownObject({
  ...Object.fromEntries(
    CRASH_ANNOTATIONS.map(({ name, visibility }) => [
      name,
      // Multipart sends text and a JSON `extra` numbers for the same annotation: any plain value is of the right type.
      visibility === 'public' ? shown('string', 'number', 'boolean') : HIDDEN,
    ]),
  ),
  metadata: HIDDEN,
  submitted_timestamp: shown('string'),
  uuid: shown('string'),
  version: shown('integer'),
})

/** The raw crash as it is stored (flat), reduced to what the viewer may see. */
export function redactRawCrash(rawCrash: RawCrash, viewer: Viewer): RedactedJson {
  return redact(JSON.parse(rawCrashJson(rawCrash)), RAW_CRASH_SCHEMA, viewer)
}

/** The processed crash, reduced to what the viewer may see. */
export function redactProcessedCrash(processedCrash: object, viewer: Viewer): RedactedJson {
  return redact(processedCrash, PROCESSED_CRASH_SCHEMA, viewer)
}

function redact(crash: object, schema: SchemaNode, viewer: Viewer): RedactedJson {
  return branded(JSON.stringify(may(viewer, 'view_pii') ? crash : (publicPart(crash, schema) ?? {})))
}

/** A response's body is a byte stream, the only kind that RPC carries. */
function branded(json: string): RedactedJson {
  return new Response(json).body as RedactedJson
}
