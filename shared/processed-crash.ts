import { copiedNode } from './annotations/annotation.ts'
import { CRASH_ANNOTATIONS } from './annotations.ts'
import type { CrashId } from './crash-id.ts'
import { type SchemaNode, shownObject } from './permission-schema.ts'
import { PROCESSED_KEYS, type ProcessedKey, STACKWALK_KEYS } from './processed-keys.ts'

/**
 * What the rules make of a raw crash (specs/processor.md 1.3 and 1.5). Keys are the peer's. Rules write what annotations and the
 * stackwalker said, so a value has the type that {@link PROCESSED_CRASH_SCHEMA} says only after redact().
 */
export interface ProcessedCrash {
  readonly uuid: CrashId
  readonly signature: string
  readonly [key: string]: unknown
}

const nodes = (keys: readonly ProcessedKey[]): Readonly<Record<string, SchemaNode>> =>
  Object.fromEntries(keys.map(({ key, node }) => [key, node]))

const copiedAnnotations: Readonly<Record<string, SchemaNode>> = Object.fromEntries(
  CRASH_ANNOTATIONS.flatMap((annotation) => {
    const node = copiedNode(annotation)
    return node === null || annotation.copy === undefined ? [] : [[annotation.copy.key, node]]
  }),
)

/** Who may see what of a processed crash. */
export const PROCESSED_CRASH_SCHEMA: SchemaNode = {
  ...shownObject({ ...copiedAnnotations, ...nodes(PROCESSED_KEYS) }),
  patternProperties: { pattern: /^upload_file_minidump_[a-zA-Z0-9_-]+$/, node: shownObject(nodes(STACKWALK_KEYS)) },
}
