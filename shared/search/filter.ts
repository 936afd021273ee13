import { type BadParameter, badParameter, type SearchWarning, searchWarning } from './bad-parameter.ts'
import type { SearchField } from './fields.ts'
import type { SearchValue } from './search-rpc.ts'

/** One comparison with a field's value. `not` turns it round, and then a missing value passes. */
export type Condition = { readonly not: boolean } & (
  | { readonly operator: 'is'; readonly values: readonly SearchValue[] }
  /** Any word of any of the values, whatever its case. */
  | { readonly operator: 'has_word'; readonly values: readonly string[] }
  | { readonly operator: 'contains' | 'starts_with' | 'ends_with'; readonly value: string }
  | { readonly operator: 'above' | 'at_least' | 'below' | 'at_most'; readonly value: number }
  | { readonly operator: 'is_missing' }
)

/**
 * What one field must satisfy: one of `any` (if there are some) and each of `all`. Ranges narrow, all else widens:
 * `uptime=>5&uptime=<9` is a range, `signature=~a&signature=~b` a choice (specs/webapp.md 2.3).
 */
export interface FieldFilter {
  readonly field: string
  readonly any: readonly Condition[]
  readonly all: readonly Condition[]
}

/** The filter of one field, or what is wrong. `filter` is null when every value was blank. */
export type ParsedFilter =
  | { readonly kind: 'filter'; readonly filter: FieldFilter | null; readonly warnings: readonly SearchWarning[] }
  | BadParameter

type ParsedValue =
  | { readonly kind: 'choice' | 'range'; readonly condition: Condition }
  | { readonly kind: 'bare'; readonly not: boolean; readonly value: SearchValue }
  | { readonly kind: 'dropped' }
  | BadParameter

/** Reads the values of one parameter, `<field>=[!][operator]value`, repeated. */
export function parseFilter(field: SearchField, texts: readonly string[]): ParsedFilter {
  const any: Condition[] = []
  const all: Condition[] = []
  const bare = { plain: new Set<SearchValue>(), negated: new Set<SearchValue>() }
  const warnings: SearchWarning[] = []
  for (const text of texts) {
    const not = text.startsWith('!')
    const parsed = parseValue(field, not, not ? text.slice(1) : text)
    switch (parsed.kind) {
      case 'bad':
        return parsed
      case 'dropped':
        warnings.push(searchWarning(field.name, 'a blank value is ignored'))
        break
      case 'range':
        all.push(parsed.condition)
        break
      case 'choice':
        any.push(parsed.condition)
        break
      case 'bare':
        if (field.type === 'enum' && /^[=~^$@<>]/.test(String(parsed.value))) {
          warnings.push(
            searchWarning(field.name, `${field.name} has no operators but ! and __null__: compared as it stands`),
          )
        }
        bare[parsed.not ? 'negated' : 'plain'].add(parsed.value)
    }
  }
  any.push(...bareConditions(field, [...bare.plain], false), ...bareConditions(field, [...bare.negated], true))
  const filter = any.length + all.length === 0 ? null : { field: field.name, any, all }
  return { kind: 'filter', filter, warnings }
}

/** Values without an operator are one condition: `!a` and `!b` is neither of them, where two conditions would be "not both". */
function bareConditions(field: SearchField, values: readonly SearchValue[], not: boolean): readonly Condition[] {
  if (values.length === 0) return []
  return [field.analysed ? { operator: 'has_word', values: values.map(String), not } : { operator: 'is', values, not }]
}

function parseValue(field: SearchField, not: boolean, text: string): ParsedValue {
  if (text === '__null__') return { kind: 'choice', condition: { operator: 'is_missing', not } }
  if (text === '') return { kind: 'dropped' }
  switch (field.type) {
    case 'str':
      return parseText(field, not, text)
    case 'enum':
      // Every beta of a version, as people ask for it: 38.0b finds 38.0b1 to 38.0b9.
      return field.name === 'version' && text.length > 1 && text.endsWith('b')
        ? { kind: 'choice', condition: { operator: 'starts_with', value: text, not } }
        : { kind: 'bare', not, value: text }
    case 'int':
    case 'float':
      return parseNumber(field, not, text)
    case 'bool':
      return { kind: 'bare', not, value: text === '__true__' || /^(true|t|1|y|yes)$/i.test(text) }
    case 'date':
      // The one date field bounds the query and is read by parseDateWindow.
      return badParameter(field.name, 'a date cannot be a filter')
  }
}

function parseText(field: SearchField, not: boolean, text: string): ParsedValue {
  const value = text.slice(1)
  switch (text.charAt(0)) {
    case '=':
      return { kind: 'choice', condition: { operator: 'is', values: [value], not } }
    case '~':
      return { kind: 'choice', condition: { operator: 'contains', value, not } }
    case '^':
      return { kind: 'choice', condition: { operator: 'starts_with', value, not } }
    case '$':
      return { kind: 'choice', condition: { operator: 'ends_with', value, not } }
    case '@':
      return badParameter(field.name, 'regular expressions (@) are not supported yet, use ~ ^ or $')
    default:
      return { kind: 'bare', not, value: text }
  }
}

const RANGES = { '>': 'above', '>=': 'at_least', '<': 'below', '<=': 'at_most' } as const

function parseNumber(field: SearchField, not: boolean, text: string): ParsedValue {
  const [, sign = '', digits = ''] = /^([<>]=?)?(.*)$/s.exec(text) ?? []
  const form = field.type === 'int' ? /^[+-]?\d+$/ : /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
  const value = Number(digits)
  const fits = field.type === 'int' ? Number.isSafeInteger(value) : Number.isFinite(value)
  if (!form.test(digits) || !fits) {
    return badParameter(
      field.name,
      `not ${field.type === 'int' ? 'a whole number' : 'a number'}, with > >= < <= before it or none`,
    )
  }
  if (sign === '>' || sign === '>=' || sign === '<' || sign === '<=') {
    return { kind: 'range', condition: { operator: RANGES[sign], value, not } }
  }
  return { kind: 'bare', not, value }
}
