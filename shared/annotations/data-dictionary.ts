import { CRASH_ANNOTATIONS } from '../annotations.ts'
import { csvLine } from '../csv.ts'
import type { SchemaNode, Visibility } from '../permission-schema.ts'
import { PROCESSED_KEYS } from '../processed-keys.ts'
import type { SearchField } from '../search/fields.ts'
import { type CrashAnnotation, copiedNode } from './annotation.ts'
import type { AnnotationRegistry } from './registry.ts'

/** What is described: a crash annotation as the client sends it, or a key of the processed crash. */
export const DATASETS = ['annotation', 'processed'] as const
export type Dataset = (typeof DATASETS)[number]

/** All that is known of one annotation or key. It says nothing of any crash, so everybody may read it. */
export interface DictionaryEntry {
  readonly dataset: Dataset
  readonly name: string
  readonly type: string
  readonly visibility: Visibility
  /** Whether text of it is scrubbed for viewers without view_pii. */
  readonly scrubbed: boolean
  readonly description: string
  /** Whether the deployment's annotations.json brought it, and why it is public there. */
  readonly ofDeployment: boolean
  readonly reason: string
  /** The annotation that a key is copied from, or the key that an annotation is copied to; null where a rule of its own does it, or none. */
  readonly counterpart: string | null
  readonly fields: readonly SearchField[]
}

/** The data dictionary of a deployment: annotations, then keys, each in the order of code points. */
export function dataDictionary(registry: AnnotationRegistry): readonly DictionaryEntry[] {
  const annotations = registry.annotations.map((annotation) => annotationEntry(annotation, registry))
  const copies = registry.annotations.flatMap((annotation) => copyEntry(annotation, registry))
  const keys = PROCESSED_KEYS.map(({ key, node, description }): DictionaryEntry => {
    return {
      dataset: 'processed',
      name: key,
      type: typeOf(node),
      visibility: node.visibility,
      scrubbed: isScrubbed(node),
      description,
      ofDeployment: false,
      reason: '',
      counterpart: null,
      fields: fieldsOf(key, registry),
    }
  })
  return [...annotations.toSorted(byName), ...[...copies, ...keys].toSorted(byName)]
}

/** One entry, or null. Safe for names of strangers. */
export function findEntry(registry: AnnotationRegistry, dataset: string, name: string): DictionaryEntry | null {
  return dataDictionary(registry).find((entry) => entry.dataset === dataset && entry.name === name) ?? null
}

function annotationEntry(annotation: CrashAnnotation, registry: AnnotationRegistry): DictionaryEntry {
  const { name, type, visibility, freeText, description, copy } = annotation
  return {
    dataset: 'annotation',
    name,
    type,
    visibility,
    scrubbed: visibility === 'public' && freeText === true,
    description,
    ...origin(annotation, registry),
    counterpart: copy?.key ?? null,
    fields: copy === undefined ? [] : fieldsOf(copy.key, registry),
  }
}

function copyEntry(annotation: CrashAnnotation, registry: AnnotationRegistry): readonly DictionaryEntry[] {
  const node = copiedNode(annotation)
  if (annotation.copy === undefined || node === null) return []
  return [
    {
      ...annotationEntry(annotation, registry),
      dataset: 'processed',
      name: annotation.copy.key,
      visibility: node.visibility,
      scrubbed: isScrubbed(node),
      counterpart: annotation.name,
    },
  ]
}

const BUILT_IN: ReadonlySet<CrashAnnotation> = new Set(CRASH_ANNOTATIONS)

function origin(annotation: CrashAnnotation, { document }: AnnotationRegistry) {
  if (BUILT_IN.has(annotation)) return { ofDeployment: false, reason: '' }
  return {
    ofDeployment: true,
    reason: document.annotations.find(({ name }) => name === annotation.name)?.reason ?? '',
  }
}

function fieldsOf(key: string, { fields }: AnnotationRegistry): readonly SearchField[] {
  return fields.fields.filter(({ source }) => source === key || source.startsWith(`${key}.`))
}

function isScrubbed({ visibility, freeText }: SchemaNode): boolean {
  return visibility === 'public' && freeText === true
}

function typeOf({ types, items }: SchemaNode): string {
  if (types.length === 0) return 'any'
  return types
    .map((type) => (type === 'array' && items !== undefined ? `array of ${typeOf(items)}` : type))
    .join(' or ')
}

/** The order of code points must not depend on the machine's language. */
function byName(left: DictionaryEntry, right: DictionaryEntry): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}

const CSV_COLUMNS = [
  'dataset',
  'name',
  'type',
  'permission',
  'scrubbed',
  'counterpart',
  'search_fields',
  'search_types',
  'operators',
  'origin',
  'reason',
  'description',
] as const

/** The whole dictionary as CSV (RFC 4180), one line an entry; several search fields of one key are joined by `;`. */
export function dictionaryCsv(registry: AnnotationRegistry): string {
  const lines = dataDictionary(registry).map((entry) =>
    csvLine([
      entry.dataset,
      entry.name,
      entry.type,
      entry.visibility,
      entry.scrubbed ? 'yes' : 'no',
      entry.counterpart ?? '',
      entry.fields.map(({ name }) => name).join(';'),
      entry.fields.map(({ type }) => type).join(';'),
      entry.fields.map(({ operators }) => operators.map((operator) => operator || 'none').join(' ')).join(';'),
      entry.ofDeployment ? 'deployment' : 'built in',
      entry.reason,
      entry.description,
    ]),
  )
  return [csvLine(CSV_COLUMNS), ...lines].join('')
}
