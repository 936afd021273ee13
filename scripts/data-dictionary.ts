import { type DictionaryEntry, dataDictionary } from '#shared/annotations/data-dictionary.ts'
import { BUILT_IN_REGISTRY } from '#shared/annotations/registry.ts'
import type { SchemaNode } from '#shared/permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from '#shared/processed-crash.ts'
import type { SearchField } from '#shared/search/fields.ts'
import { code, row } from './markdown-table.ts'

/** The page that says what every crash annotation and key of the processed crash is, and who may see it: made from the schemas themselves. */
export function dataDictionaryPage(generated: string): string {
  const entries = dataDictionary(BUILT_IN_REGISTRY)
  const annotations = entries.filter(({ dataset }) => dataset === 'annotation')
  const keys = entries.filter(({ dataset }) => dataset === 'processed')
  return [
    '# Data dictionary',
    '',
    generated,
    '',
    'An annotation or key that is not listed here is kept and is protected: only viewers with `view_pii` see it. A deployment lists its own in',
    '[`annotations.json`](../howto/add-annotations.md); its dashboard shows both under `/documentation/datadictionary/`. *Scrubbed* text is shown to others',
    'without user names of home paths, e-mail addresses, URL queries and long secrets, unless `PRESET=mozilla`.',
    '',
    '## Crash annotations',
    '',
    '| Annotation | Type | Raw crash | Processed key | Processed crash | Search field | What it is |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...annotations.map((annotation) => annotationRow(annotation, keys)),
    '',
    '## Keys of the processed crash',
    '',
    'What a rule of its own writes; copied annotations are above.',
    '',
    '| Key | Type | Who may see it | Search field | What it is |',
    '| --- | --- | --- | --- | --- |',
    ...keys.filter(({ counterpart }) => counterpart === null).map(keyRow),
    '',
    '## Protected parts of public keys',
    '',
    ...protectedPaths(PROCESSED_CRASH_SCHEMA, '').map((path) => `- \`${path}\``),
    '',
    'The stackwalk of another dump lies under the dump’s name (`upload_file_minidump_…`), with the same parts.',
    '',
  ].join('\n')
}

function annotationRow(annotation: DictionaryEntry, keys: readonly DictionaryEntry[]): string {
  const { name, type, counterpart, fields, description } = annotation
  const copy = keys.find((key) => key.counterpart === name)
  return row(
    code(name),
    type,
    seenBy(annotation),
    counterpart === null ? '' : code(counterpart),
    copy === undefined ? '' : seenBy(copy),
    names(fields),
    description,
  )
}

function keyRow(key: DictionaryEntry): string {
  return row(code(key.name), key.type, seenBy(key), names(key.fields), key.description)
}

function names(fields: readonly SearchField[]): string {
  return fields.map(({ name }) => code(name)).join(', ')
}

function seenBy({ visibility, scrubbed }: DictionaryEntry): string {
  return scrubbed ? 'public, scrubbed' : visibility
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
