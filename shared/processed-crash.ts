import { type CrashAnnotation, copiedNode } from './annotations/annotation.ts'
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

/** The key of a stackwalk of another dump: the dump's name. */
export const OTHER_DUMP_KEY = /^upload_file_minidump_[a-zA-Z0-9_-]+$/

/** Who may see what of a processed crash, where these annotations are known. */
export function processedCrashSchema(annotations: readonly CrashAnnotation[]): SchemaNode {
  const copies = annotations.flatMap((annotation) => {
    const node = copiedNode(annotation)
    return node === null || annotation.copy === undefined ? [] : [[annotation.copy.key, node] as const]
  })
  return {
    // What a rule writes comes last: no annotation stands for it.
    ...shownObject({ ...Object.fromEntries(copies), ...nodes(PROCESSED_KEYS) }),
    patternProperties: { pattern: OTHER_DUMP_KEY, node: shownObject(nodes(STACKWALK_KEYS)) },
  }
}

/** The same where a deployment adds no annotations. */
export const PROCESSED_CRASH_SCHEMA: SchemaNode = processedCrashSchema(CRASH_ANNOTATIONS)
