import type { AnnotationRegistry } from '#shared/annotations/registry.ts'
import type { TextScrub } from '#shared/permission-schema.ts'
import { PROCESSED_KEYS } from '#shared/processed-keys.ts'
import { isRecord, type JsonRecord, type Rule } from './rule.ts'

/** Keys of the processed crash whose text a program or a person wrote. The structured Java exception holds its message. */
function freeTextKeys({ annotations }: AnnotationRegistry): readonly string[] {
  return [
    ...annotations.flatMap(({ freeText, copy }) => (freeText === true && copy !== undefined ? [copy.key] : [])),
    ...PROCESSED_KEYS.flatMap(({ key, node }) => (node.freeText === true ? [key] : [])),
    'java_exception',
  ]
}

/**
 * Ours, before the signature, so that neither it nor search nor the public copy holds what tells of the person (DESIGN.md section 5).
 * The raw crash keeps the text as it was sent, for viewers with view_pii.
 */
export const scrubFreeText: Rule = {
  name: 'ScrubFreeText',
  predicate: ({ scrub }) => scrub !== null,
  action({ processed, scrub, registry }) {
    if (scrub === null) return
    for (const key of freeTextKeys(registry)) {
      if (processed[key] !== undefined) processed[key] = scrubbed(processed[key], scrub)
    }
  },
}

/** The value with every text in it scrubbed. It nests at most MAX_JSON_DEPTH deep: CopyFromRawCrash takes no deeper one. */
function scrubbed(value: unknown, scrub: TextScrub): unknown {
  if (typeof value === 'string') return scrub(value)
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, scrub))
  if (!isRecord(value)) return value
  const copy: JsonRecord = Object.create(null)
  for (const [key, inner] of Object.entries(value)) copy[key] = scrubbed(inner, scrub)
  return copy
}
