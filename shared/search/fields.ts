import type { AnnotationsDocument, DeploymentAnnotation } from '../annotations/annotations-document.ts'
import { CRASH_ANNOTATIONS } from '../annotations.ts'
import type { SchemaNode, Visibility } from '../permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from '../processed-crash.ts'
import { PROCESSED_KEYS } from '../processed-keys.ts'
import { type FieldForm, type FieldRow, OWN_ROWS, PEER_ROWS } from './built-in-fields.ts'

/** How a field's values are compared; it decides the operators (specs/webapp.md 2.3). */
export type FieldType = 'str' | 'int' | 'float' | 'date' | 'bool' | 'enum'

/** What may stand before a value; the empty text is a value alone. `!` before any of them turns it round (specs/webapp.md 2.3). */
export type FieldOperator = '' | '=' | '~' | '^' | '$' | '@' | '>=' | '<=' | '>' | '<' | '__null__' | '__true__'

/** The operators of each type. */
export const OPERATORS: Readonly<Record<FieldType, readonly FieldOperator[]>> = {
  str: ['', '=', '~', '^', '$', '@', '__null__'],
  enum: ['', '__null__'],
  int: ['', '>=', '<=', '>', '<', '__null__'],
  float: ['', '>=', '<=', '>', '<', '__null__'],
  date: ['>=', '<=', '>', '<', '__null__'],
  bool: ['', '__true__', '__null__'],
}

/** One search field, as data: documentation, the query parser and the index read the same row. */
export interface SearchField {
  readonly name: string
  readonly type: FieldType
  /** Those of its type; fewer where a deployment's annotations.json says so. */
  readonly operators: readonly FieldOperator[]
  /** Where the value lies in the processed crash; dots go one object deeper. Some names differ from the key (`date`, `platform`). */
  readonly source: string
  /** A protected field is indexed, but a viewer without view_pii can neither see it nor ask for it. */
  readonly permission: Visibility
  /** A bare value matches words, whatever their case (`platform=linux`). Otherwise it is the whole value. */
  readonly analysed: boolean
  /** The value is several, joined by `;` (an array in the processed crash is joined for the index). A facet counts each once a crash, in lower case as the peer does (specs/webapp.md 3.1). */
  readonly list: boolean
  readonly description: string
}

/** The field that every query bounds and that decides nothing about where a document lies. */
export const DATE_FIELD = 'date'
/** The crash id as a search field. */
export const UUID_FIELD = 'uuid'

/** Modules without symbols, as `file/version/debug id[/code id]`: the scheduler counts them by a facet. */
export const MISSING_SYMBOLS_FIELD = 'missing_symbols'
/** Between the values of a list field. */
export const LIST_SEPARATOR = ';'

/** What a form is to the parser and to the index. */
const FORMS: Readonly<Record<FieldForm, Pick<SearchField, 'type' | 'analysed' | 'list'>>> = {
  text: { type: 'str', analysed: true, list: false },
  word: { type: 'str', analysed: false, list: false },
  choice: { type: 'enum', analysed: false, list: false },
  list: { type: 'str', analysed: true, list: true },
  int: { type: 'int', analysed: false, list: false },
  float: { type: 'float', analysed: false, list: false },
  bool: { type: 'bool', analysed: false, list: false },
  date: { type: 'date', analysed: false, list: false },
}

const KEY_DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ...PROCESSED_KEYS.map(({ key, description }) => [key, description] as const),
  ...CRASH_ANNOTATIONS.flatMap(({ copy, description }) =>
    copy === undefined ? [] : [[copy.key, description] as const],
  ),
])

function builtInField({ name, form, source, description }: FieldRow): SearchField {
  return {
    name,
    ...FORMS[form],
    operators: OPERATORS[FORMS[form].type],
    source,
    permission: visibilityAt(PROCESSED_CRASH_SCHEMA, source.split('.')),
    description: description ?? KEY_DESCRIPTIONS.get(source) ?? '',
  }
}

/** Who may see what lies at a path: nobody who may not see all on the way. What the schema does not know is protected. */
function visibilityAt(node: SchemaNode | undefined, path: readonly string[]): Visibility {
  if (node === undefined || node.visibility === 'protected') return 'protected'
  const [key, ...rest] = path
  return key === undefined ? 'public' : visibilityAt(node.properties?.[key], rest)
}

/** The fields that a query and a search document know: the built-in ones and those of the deployment's annotations.json. */
export interface FieldCatalog {
  readonly fields: readonly SearchField[]
  /** The field of that name, or null. Safe for names of strangers, `__proto__` among them. */
  find(name: string): SearchField | null
}

function catalogOf(all: readonly SearchField[]): FieldCatalog {
  const byName: ReadonlyMap<string, SearchField> = new Map(all.map((field) => [field.name, field]))
  return { fields: all, find: (name) => byName.get(name) ?? null }
}

/** Every field that can be searched in any deployment: the peer's 156, then ours. */
export const BUILT_IN_FIELDS: FieldCatalog = catalogOf([...PEER_ROWS, ...OWN_ROWS].map(builtInField))

/** The built-in fields and those of a deployment's annotations. */
export function fieldCatalog(annotations: AnnotationsDocument): FieldCatalog {
  return annotations.annotations.length === 0
    ? BUILT_IN_FIELDS
    : catalogOf([...BUILT_IN_FIELDS.fields, ...annotations.annotations.flatMap(annotationField)])
}

function annotationField(annotation: DeploymentAnnotation): readonly SearchField[] {
  if (!annotation.search) return []
  const type = searchType(annotation)
  if (type === null) return []
  const { key, description, permission } = annotation
  return [
    {
      name: key,
      type,
      operators: annotation.operators ?? OPERATORS[type],
      source: key,
      permission,
      analysed: type === 'str' && annotation.analysed,
      list: false,
      description,
    },
  ]
}

/** Text that takes no operator but a value alone is a choice of values; an object cannot be searched. */
function searchType({ type, operators }: DeploymentAnnotation): FieldType | null {
  switch (type) {
    case 'string':
      return operators?.every((operator) => OPERATORS.enum.includes(operator)) === true ? 'enum' : 'str'
    case 'integer':
      return 'int'
    case 'number':
      return 'float'
    case 'boolean':
      return 'bool'
    case 'object':
      return null
  }
}
