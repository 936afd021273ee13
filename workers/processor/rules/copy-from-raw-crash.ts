import type { CrashAnnotation } from '#shared/annotations/annotation.ts'
import { parseJsonUpTo } from '#shared/bounded-json.ts'
import { MAX_JSON_DEPTH } from '#shared/limits.ts'
import { conforms } from '#shared/permission-schema.ts'
import { always, integerOf, isRecord, type Rule } from './rule.ts'

/** Copies what the registry of annotations says, as the type that it says; a value of another type costs a note (specs/processor.md 1.3, 6). */
export const copyFromRawCrash: Rule = {
  name: 'CopyFromRawCrash',
  predicate: always,
  action(crash) {
    for (const annotation of crash.registry.annotations) {
      const { name, copy } = annotation
      if (copy === undefined) continue
      const value = crash.annotations[name]
      if (value === undefined) {
        if (copy.whenAbsent !== undefined) crash.processed[copy.key] = copy.whenAbsent
        continue
      }
      const converted = convert(annotation, value)
      if (converted.kind === 'note') crash.notes.push(`${name} ${converted.note}`)
      else crash.processed[copy.key] = converted.value
    }
  },
}

type Conversion = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'note'; readonly note: string }

/** Characters of a value in a note: notes are for reading. */
const MAX_NOTED_CHARS = 100

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
])

function convert(annotation: CrashAnnotation, value: unknown): Conversion {
  const text = typeof value === 'string' ? value : isRecord(value) ? JSON.stringify(value) : String(value)
  switch (annotation.type) {
    case 'boolean': {
      const truth = BOOLEANS.get(text.toLowerCase())
      if (truth !== undefined) return converted(truth)
      // Notes are public.
      const isPublic = annotation.visibility === 'public'
      return note(isPublic ? `has non-boolean value ${text.slice(0, MAX_NOTED_CHARS)}` : 'has a non-boolean value')
    }
    case 'integer': {
      const integer = integerOf(text)
      return integer === null ? note('has a non-int value') : converted(integer)
    }
    case 'number': {
      const number = text.trim() === '' ? Number.NaN : Number(text)
      return Number.isFinite(number) ? converted(number) : note('has a non-float value')
    }
    case 'string':
      return converted(text.trimEnd())
    case 'object':
      return object(annotation, value)
  }
}

/** The whole object is kept, also what its schema does not name: redaction shows nobody what it does not know. */
function object({ copy }: CrashAnnotation, value: unknown): Conversion {
  const parsing = typeof value === 'string' ? parseJsonUpTo(MAX_JSON_DEPTH, value) : { kind: 'parsed' as const, value }
  if (parsing.kind === 'malformed' || !isRecord(parsing.value)) return note('value is malformed json')
  if (copy?.node !== undefined && !conforms(parsing.value, copy.node)) return note(`value is malformed ${copy.key}`)
  return converted(parsing.value)
}

function converted(value: unknown): Conversion {
  return { kind: 'value', value }
}

function note(text: string): Conversion {
  return { kind: 'note', note: text }
}
