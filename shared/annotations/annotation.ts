import { type JsonType, type SchemaNode, SHOWN_FREE_TEXT, shown, type Visibility } from '../permission-schema.ts'

/** What is known of a crash annotation. An annotation that is not listed is kept and protected. */
export interface CrashAnnotation {
  readonly name: string
  readonly type: Exclude<JsonType, 'array'>
  /** Who may see it in the raw crash. */
  readonly visibility: Visibility
  readonly description: string
  /** Text that a program or a person wrote: it may hold a user name, an address or a secret, and is scrubbed (shared/scrub.ts). */
  readonly freeText?: true
  /** Where CopyFromRawCrash writes it in the processed crash, and who may see it there. */
  readonly copy?: AnnotationCopy
}

export interface AnnotationCopy {
  readonly key: string
  readonly visibility: Visibility
  /** Written where the report has no such annotation. */
  readonly whenAbsent?: boolean
  /** Of an object: what may be in it, and who may see which part. */
  readonly node?: SchemaNode
}

type Type = CrashAnnotation['type']

/** Public in both crashes, copied under `key`. */
export const copied = (name: string, key: string, type: Type, description: string): CrashAnnotation => ({
  name,
  type,
  visibility: 'public',
  description,
  copy: { key, visibility: 'public' },
})

/** Public free text, copied under `key`. */
export const told = (name: string, key: string, description: string): CrashAnnotation => ({
  ...copied(name, key, 'string', description),
  freeText: true,
})

/** Public in the raw crash; a rule of its own writes the processed crash, if any. */
export const read = (name: string, type: Type, description: string): CrashAnnotation => ({
  name,
  type,
  visibility: 'public',
  description,
})

/** Protected in both crashes, copied under `key`. */
export const hidden = (name: string, key: string, description: string): CrashAnnotation => ({
  name,
  type: 'string',
  visibility: 'protected',
  description,
  copy: { key, visibility: 'protected' },
})

/** Protected in the raw crash, and not copied as it is. */
export const kept = (name: string, type: Type, description: string): CrashAnnotation => ({
  name,
  type,
  visibility: 'protected',
  description,
})

/** Public with all that is in it: an object whose deployment said so, and why. */
export const ANYTHING_SHOWN: SchemaNode = {
  ...shown('object', 'array', 'string', 'number', 'boolean'),
  get patternProperties() {
    return { pattern: /^/, node: ANYTHING_SHOWN }
  },
  get items() {
    return ANYTHING_SHOWN
  },
}

/** What CopyFromRawCrash's copy of an annotation may hold. */
export function copiedNode({ type, copy, freeText }: CrashAnnotation): SchemaNode | null {
  if (copy === undefined) return null
  if (copy.visibility === 'protected') return { types: [type], visibility: 'protected' }
  return copy.node ?? (freeText === true ? SHOWN_FREE_TEXT : shown(type))
}
