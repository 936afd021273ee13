import { z } from 'zod'
import { CRASH_ANNOTATIONS } from '../annotations.ts'
import { MAX_DEPLOYMENT_ANNOTATIONS } from '../limits.ts'
import { OTHER_DUMP_KEY } from '../processed-crash.ts'
import { PROCESSED_KEYS } from '../processed-keys.ts'
import { BUILT_IN_FIELDS, type FieldOperator, OPERATORS } from '../search/fields.ts'
import { processedKeyOf } from './processed-key.ts'

/**
 * The annotations document (`annotations.json` in R2 CONFIG): crash annotations that a deployment's own products send. From one entry follow who may
 * see it in the raw crash, its typed key in the processed crash, a search field, and its page in the data dictionary. What is not listed stays
 * protected and unsearchable. An entry can add, never change what is built in.
 */

/** Fields that the collector writes beside the annotations, or takes out of every report: no entry can be about them. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'uuid',
  'submitted_timestamp',
  'version',
  'metadata',
  'dump_checksums',
  'collector_notes',
  'TelemetryClientId',
  'TelemetryServerURL',
  'TelemetrySessionId',
])

const BUILT_IN_NAMES: ReadonlySet<string> = new Set([...CRASH_ANNOTATIONS.map(({ name }) => name), ...RESERVED_NAMES])

/** A client that writes `comments` for `Comments` means the same thing. */
const PROTECTED_NAMES: ReadonlySet<string> = new Set(
  CRASH_ANNOTATIONS.filter(({ visibility }) => visibility === 'protected').map(({ name }) => name.toLowerCase()),
)

const BUILT_IN_KEYS: ReadonlySet<string> = new Set([
  ...PROCESSED_KEYS.map(({ key }) => key),
  ...CRASH_ANNOTATIONS.flatMap(({ copy }) => (copy === undefined ? [] : [copy.key])),
  ...BUILT_IN_FIELDS.fields.map(({ name }) => name),
])

/** The search type of each type of annotation; an object cannot be searched. */
const SEARCH_TYPES = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', object: null } as const

const line = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .regex(/^[^\p{Cc}]*$/u, 'holds control characters')

const entrySchema = z.strictObject({
  /** As the client sends it. */
  name: z.string().regex(/^[!-~]{1,100}$/, 'is not 1 to 100 visible ASCII characters'),
  /** What CopyFromRawCrash reads from the text that was sent. An object is JSON. */
  type: z.enum(['string', 'integer', 'number', 'boolean', 'object']),
  description: line(1_000).min(1),
  permission: z.enum(['public', 'protected']),
  /** Why everybody may see it: who decided, and where that is written. */
  reason: line(1_000).default(''),
  /** The key in the processed crash and the name of the search field. Without one it is made of the name: `RenderBackend` gives `render_backend`. */
  key: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,99}$/, 'is not a lower-case name such as `render_backend`')
    .optional(),
  /** Whether there is a search field. An object never has one. */
  search: z.boolean().optional(),
  /** Of a string: a bare value in a search matches words, whatever their case. Otherwise it is the whole value. */
  analysed: z.boolean().default(false),
  /** What may stand before a value in a search; fewer than its type has. A string with none but `""` and `__null__` is a choice of values. */
  operators: z.array(z.string().max(10)).min(1).max(12).optional(),
  /** Of a public string: it is scrubbed of user names, addresses and secrets, as built-in texts are. */
  free_text: z.boolean().default(false),
})

type Entry = z.infer<typeof entrySchema>

/** An annotation of a deployment, with nothing left open. */
export interface DeploymentAnnotation extends Omit<Entry, 'key' | 'search' | 'operators'> {
  readonly key: string
  readonly search: boolean
  readonly operators?: readonly FieldOperator[] | undefined
}

export interface AnnotationsDocument {
  readonly version: 1
  readonly annotations: readonly DeploymentAnnotation[]
}

/** Where a deployment says nothing. */
export const NO_ANNOTATIONS: AnnotationsDocument = { version: 1, annotations: [] }

const annotationSchema = entrySchema.transform((entry, context): DeploymentAnnotation => {
  const key = entry.key ?? processedKeyOf(entry.name)
  const problem = (path: keyof Entry, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message, input: entry[path] })
  if (BUILT_IN_NAMES.has(entry.name) || PROTECTED_NAMES.has(entry.name.toLowerCase()))
    problem('name', `${entry.name} is built in and cannot be changed`)
  if (key === null) problem('key', `no key can be made of the name ${entry.name}: give one`)
  else if (BUILT_IN_KEYS.has(key) || OTHER_DUMP_KEY.test(key))
    problem('key', `${key} is a built-in key or search field: give another key`)
  if (entry.permission === 'public' && entry.reason.trim() === '')
    problem('reason', 'a public annotation needs a reason')
  if (entry.search === true && entry.type === 'object') problem('search', 'an object cannot be searched')
  if (entry.analysed && entry.type !== 'string') problem('analysed', 'only a string is analysed')
  if (entry.free_text && entry.type !== 'string') problem('free_text', 'only a string is free text')
  const searchType = entry.search === false ? null : SEARCH_TYPES[entry.type]
  const allowed: readonly FieldOperator[] = searchType === null ? [] : OPERATORS[searchType]
  const operators = allowed.filter((operator) => entry.operators?.includes(operator))
  const unfit = entry.operators?.find((operator) => !allowed.some((fit) => fit === operator))
  if (unfit !== undefined)
    problem(
      'operators',
      allowed.length === 0
        ? 'it is not searched'
        : `“${unfit}” is no operator of its type: ${allowed.map((fit) => `“${fit}”`).join(' ')}`,
    )
  return {
    ...entry,
    key: key ?? '',
    search: searchType !== null,
    operators: entry.operators === undefined ? undefined : operators,
  }
})

/** Reads the document's version and entries; says of every problem which entry has it. */
export const annotationsSchema = z.strictObject({
  version: z.literal(1),
  annotations: z
    .array(annotationSchema)
    .max(MAX_DEPLOYMENT_ANNOTATIONS)
    .superRefine((annotations, context) => {
      for (const [at, { name, key }] of annotations.entries()) {
        const earlier = annotations.slice(0, at)
        if (earlier.some((other) => other.name.toLowerCase() === name.toLowerCase()))
          context.addIssue({ code: 'custom', path: [at, 'name'], message: `${name} is listed twice` })
        if (earlier.some((other) => other.key === key))
          context.addIssue({ code: 'custom', path: [at, 'key'], message: `${key} is the key of another annotation` })
      }
    }),
})

/** A mistake in a document: where (`annotations.3.reason`), in which entry, and what. */
export interface AnnotationsProblem {
  readonly path: string
  /** The entry's `name`; null where the mistake is in none, or the name itself is none. */
  readonly annotation: string | null
  readonly problem: string
}

export type AnnotationsParsing =
  | { readonly kind: 'parsed'; readonly document: AnnotationsDocument }
  | { readonly kind: 'malformed'; readonly problems: readonly AnnotationsProblem[] }

/** Reads an annotations document. Of a malformed one nothing is used: half of a document would be another document. */
export function parseAnnotations(json: string): AnnotationsParsing {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { kind: 'malformed', problems: [{ path: '(document)', annotation: null, problem: 'is not JSON' }] }
  }
  const parsed = annotationsSchema.safeParse(value)
  if (parsed.success) return { kind: 'parsed', document: parsed.data }
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: path.join('.') || '(document)',
    annotation: typeof path[1] === 'number' ? nameAt(value, path[1]) : null,
    problem: message,
  }))
  return { kind: 'malformed', problems }
}

const namedSchema = z.object({ annotations: z.array(z.unknown()) })
const nameSchema = z.object({ name: entrySchema.shape.name })

function nameAt(value: unknown, at: number): string | null {
  const named = nameSchema.safeParse(namedSchema.safeParse(value).data?.annotations[at])
  return named.success ? named.data.name : null
}
