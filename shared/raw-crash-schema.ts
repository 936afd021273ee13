import { ANYTHING_SHOWN, type CrashAnnotation } from './annotations/annotation.ts'
import { HIDDEN, type SchemaNode, shown, shownObject } from './permission-schema.ts'

/** Who may see what of a raw crash as it is stored (flat), where these annotations are known. */
export function rawCrashSchema(annotations: readonly CrashAnnotation[]): SchemaNode {
  return shownObject({
    ...Object.fromEntries(annotations.map((annotation) => [annotation.name, annotationNode(annotation)])),
    metadata: HIDDEN,
    submitted_timestamp: shown('string'),
    uuid: shown('string'),
    version: shown('integer'),
  })
}

/** Multipart sends text and a JSON `extra` numbers for the same annotation: any plain value is of the right type. */
function annotationNode({ visibility, freeText, copy }: CrashAnnotation): SchemaNode {
  if (visibility === 'protected') return HIDDEN
  if (copy?.node === ANYTHING_SHOWN) return ANYTHING_SHOWN
  return { ...shown('string', 'number', 'boolean'), ...(freeText === undefined ? {} : { freeText }) }
}
