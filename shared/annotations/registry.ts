import { CRASH_ANNOTATIONS } from '../annotations.ts'
import type { SchemaNode } from '../permission-schema.ts'
import { processedCrashSchema } from '../processed-crash.ts'
import { rawCrashSchema } from '../raw-crash-schema.ts'
import { type FieldCatalog, fieldCatalog } from '../search/fields.ts'
import { ANYTHING_SHOWN, type CrashAnnotation } from './annotation.ts'
import { type AnnotationsDocument, type DeploymentAnnotation, NO_ANNOTATIONS } from './annotations-document.ts'

/** All that is known of crash annotations in a deployment: the built-in ones and those of its annotations.json. */
export interface AnnotationRegistry {
  readonly document: AnnotationsDocument
  readonly annotations: readonly CrashAnnotation[]
  readonly rawCrashSchema: SchemaNode
  readonly processedCrashSchema: SchemaNode
  readonly fields: FieldCatalog
}

/** The registry of a deployment. Made once a document, not once a crash. */
export function annotationRegistry(document: AnnotationsDocument): AnnotationRegistry {
  const annotations = [...CRASH_ANNOTATIONS, ...document.annotations.map(crashAnnotation)]
  return {
    document,
    annotations,
    rawCrashSchema: rawCrashSchema(annotations),
    processedCrashSchema: processedCrashSchema(annotations),
    fields: fieldCatalog(document),
  }
}

/** The registry where a deployment adds nothing. */
export const BUILT_IN_REGISTRY: AnnotationRegistry = annotationRegistry(NO_ANNOTATIONS)

function crashAnnotation(entry: DeploymentAnnotation): CrashAnnotation {
  const { name, type, permission, description, key, free_text } = entry
  return {
    name,
    type,
    visibility: permission,
    description,
    ...(free_text ? { freeText: true as const } : {}),
    copy: { key, visibility: permission, ...(type === 'object' ? { node: ANYTHING_SHOWN } : {}) },
  }
}
