import { copiedNode } from '#shared/annotations/annotation.ts'
import { CRASH_ANNOTATIONS } from '#shared/annotations.ts'
import type { SchemaNode } from '#shared/permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from '#shared/processed-crash.ts'
import { PROCESSED_KEYS } from '#shared/processed-keys.ts'
import { SEARCH_FIELDS } from '#shared/search/fields.ts'

/** The page that says what every crash annotation and key of the processed crash is, and who may see it: made from the schemas themselves. */
export function dataDictionary(generated: string): string {
  return [
    '# Data dictionary',
    '',
    generated,
    '',
    'An annotation or key that is not listed here is kept and is protected: only viewers with `view_pii` see it. *Scrubbed* text is shown to others',
    'without user names of home paths, e-mail addresses, URL queries and long secrets, unless `PRESET=mozilla`.',
    '',
    '## Crash annotations',
    '',
    '| Annotation | Type | Raw crash | Processed key | Processed crash | Search field | What it is |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...annotationRows(),
    '',
    '## Keys of the processed crash',
    '',
    'What a rule of its own writes; copied annotations are above.',
    '',
    '| Key | Type | Who may see it | Search field | What it is |',
    '| --- | --- | --- | --- | --- |',
    ...keyRows(),
    '',
    '## Protected parts of public keys',
    '',
    ...protectedPaths(PROCESSED_CRASH_SCHEMA, '').map((path) => `- \`${path}\``),
    '',
    'The stackwalk of another dump lies under the dump’s name (`upload_file_minidump_…`), with the same parts.',
    '',
  ].join('\n')
}

function annotationRows(): readonly string[] {
  return [...CRASH_ANNOTATIONS].sort(byKey(({ name }) => name)).map((annotation) => {
    const { name, type, visibility, copy, freeText, description } = annotation
    const node = copiedNode(annotation)
    return row(
      code(name),
      type,
      seenBy({ visibility, ...(freeText === undefined ? {} : { freeText }) }),
      copy === undefined ? '' : code(copy.key),
      node === null ? '' : seenBy(node),
      copy === undefined ? '' : searchFields(copy.key),
      description,
    )
  })
}

function keyRows(): readonly string[] {
  return [...PROCESSED_KEYS]
    .sort(byKey(({ key }) => key))
    .map(({ key, node, description }) => row(code(key), typeOf(node), seenBy(node), searchFields(key), description))
}

function searchFields(key: string): string {
  return SEARCH_FIELDS.filter(({ source }) => source === key || source.startsWith(`${key}.`))
    .map(({ name }) => code(name))
    .join(', ')
}

function typeOf({ types, items }: SchemaNode): string {
  if (types.length === 0) return 'any'
  return types
    .map((type) => (type === 'array' && items !== undefined ? `array of ${typeOf(items)}` : type))
    .join(' or ')
}

function seenBy({ visibility, freeText }: Pick<SchemaNode, 'visibility' | 'freeText'>): string {
  return freeText === true && visibility === 'public' ? 'public, scrubbed' : visibility
}

/** `json_dump.threads[].frames[].registers`: what is hidden inside of something that is shown. */
function protectedPaths(node: SchemaNode, path: string): readonly string[] {
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, property]) => {
    const at = path === '' ? name : `${path}.${name}`
    if (property.visibility === 'public') return protectedPaths(property, at)
    return path === '' ? [] : [at]
  })
  return node.items === undefined ? inner : [...inner, ...protectedPaths(node.items, `${path}[]`)]
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const code = (text: string) => `\`${text}\``

/** In the order of code points: the page must not depend on the machine's language. */
function byKey<Item>(keyOf: (item: Item) => string): (left: Item, right: Item) => number {
  return (left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)
}
