import { type AnnotationRegistry, BUILT_IN_REGISTRY } from './annotations/registry.ts'
import { may, type Viewer } from './auth/permissions.ts'
import { publicPart, type SchemaNode, type TextScrub } from './permission-schema.ts'
import { type RawCrash, rawCrashJson } from './raw-crash.ts'
import { scrubFreeText } from './scrub.ts'
import type { RedactedJson } from './store/crash-store.ts'

/**
 * The only way a crash leaves the processor. Viewers with view_pii see all that is stored; everybody else sees what the schemas list as public,
 * and nothing that they do not know (specs/processor.md 1.5), with free text scrubbed unless the
 * preset says otherwise.
 */

/** The raw crash as it is stored (flat), reduced to what the viewer may see. */
export function redactRawCrash(
  rawCrash: RawCrash,
  viewer: Viewer,
  scrub: TextScrub | null = scrubFreeText,
  registry: AnnotationRegistry = BUILT_IN_REGISTRY,
): RedactedJson {
  return redact(JSON.parse(rawCrashJson(rawCrash)), registry.rawCrashSchema, viewer, scrub)
}

/** The processed crash, reduced to what the viewer may see. */
export function redactProcessedCrash(
  processedCrash: object,
  viewer: Viewer,
  scrub: TextScrub | null = scrubFreeText,
  registry: AnnotationRegistry = BUILT_IN_REGISTRY,
): RedactedJson {
  return redact(processedCrash, registry.processedCrashSchema, viewer, scrub)
}

function redact(crash: object, schema: SchemaNode, viewer: Viewer, scrub: TextScrub | null): RedactedJson {
  const shownCrash = may(viewer, 'view_pii') ? crash : (publicPart(crash, schema, scrub ?? ((text) => text)) ?? {})
  return branded(JSON.stringify(shownCrash))
}

/** A response's body is a byte stream, the only kind that RPC carries. */
function branded(json: string): RedactedJson {
  return new Response(json).body as RedactedJson
}
