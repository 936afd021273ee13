import type { FieldType, SearchField } from '#shared/search/fields.ts'
import type { Answer } from '../deps.ts'
import { searchFields } from '../field-catalog.ts'

/** The peer's two names of each type: of the query, and of what a value is checked as. */
const TYPE_NAMES: Readonly<Record<FieldType, { readonly query: string; readonly data: string }>> = {
  str: { query: 'string', data: 'str' },
  enum: { query: 'enum', data: 'enum' },
  int: { query: 'integer', data: 'int' },
  float: { query: 'float', data: 'float' },
  bool: { query: 'bool', data: 'bool' },
  date: { query: 'date', data: 'datetime' },
}

/** How the peer's engine would hold a field: scripts tell lists and analysed texts by it. */
const STORAGE: Readonly<Record<FieldType, object>> = {
  str: { type: 'keyword' },
  enum: { type: 'keyword' },
  int: { type: 'long' },
  float: { type: 'double' },
  bool: { type: 'boolean' },
  date: { type: 'date' },
}
const LIST_STORAGE = { type: 'text', analyzer: 'semicolon_keyword', fielddata: true }
const ANALYSED_STORAGE = { type: 'text', fields: { full: { type: 'keyword' } } }

/** `GET /api/SuperSearchFields/`: every field by its name, with the peer's keys (specs/webapp.md 2.2) and `operators`. The same for everybody: names are not protected, values are. */
export const superSearchFields: Answer = async (_, deps) => {
  const { fields } = await searchFields(deps)
  return Response.json(Object.fromEntries(fields.map((field) => [field.name, shownField(field)])))
}

function shownField({ name, type, operators, source, permission, analysed, list, description }: SearchField): object {
  const path = ['processed_crash', ...source.split('.')]
  const permissions = permission === 'protected' ? ['crashstats.view_pii'] : []
  return {
    name,
    description,
    query_type: TYPE_NAMES[type].query,
    data_validation_type: TYPE_NAMES[type].data,
    operators: operators.map((operator) => operator || 'none'),
    permissions_needed: permissions,
    webapp_permissions_needed: permissions,
    default_value: null,
    form_field_choices: null,
    has_full_version: analysed && !list,
    namespace: path.slice(0, -1).join('.'),
    in_database_name: path.at(-1),
    is_exposed: true,
    is_returned: true,
    storage_mapping: list ? LIST_STORAGE : analysed ? ANALYSED_STORAGE : STORAGE[type],
  }
}
