import { MAX_FILTER_CONDITIONS, MAX_FILTER_VALUES } from '../limits.ts'
import { type BadParameter, badParameter, type SearchWarning, searchWarning } from './bad-parameter.ts'
import type { FieldOperator, SearchField } from './fields.ts'
import { parseLucenePattern } from './lucene-pattern.ts'
import type { Condition, FieldFilter, QueryField } from './search-query.ts'
import type { SearchValue } from './search-rpc.ts'

/** The filter of one field, or what is wrong. `filter` is null when every value was blank. */
export type ParsedFilter =
  | { readonly kind: 'filter'; readonly filter: FieldFilter | null; readonly warnings: readonly SearchWarning[] }
  | BadParameter

type ParsedValue =
  | { readonly kind: 'choice' | 'range'; readonly condition: Condition }
  /** One value of a condition that takes many: `is` with `=` or without an operator, `has_word`. */
  | { readonly kind: 'value'; readonly set: 'bare' | 'negated' | 'exact'; readonly value: SearchValue }
  | { readonly kind: 'dropped'; readonly why: string }
  | BadParameter

/** A field as a query carries it. */
export function queryField({ name, type, analysed, list }: SearchField): QueryField {
  return { name, type, analysed, list }
}

/** Reads the values of one parameter, `<field>=[!][operator]value`, repeated (specs/webapp.md 2.3). */
export function parseFilter(field: SearchField, texts: readonly string[]): ParsedFilter {
  const any: Condition[] = []
  const all: Condition[] = []
  const sets = { bare: new Set<SearchValue>(), negated: new Set<SearchValue>(), exact: new Set<SearchValue>() }
  const warnings: SearchWarning[] = []
  for (const text of texts) {
    const not = text.startsWith('!')
    const parsed = parseValue(field, not, not ? text.slice(1) : text)
    switch (parsed.kind) {
      case 'bad':
        return parsed
      case 'dropped':
        warnings.push(searchWarning(field.name, parsed.why))
        break
      case 'range':
        all.push(parsed.condition)
        break
      case 'choice':
        any.push(parsed.condition)
        break
      case 'value':
        if (field.type === 'enum' && /^[=~^$@<>]/.test(String(parsed.value))) {
          warnings.push(
            searchWarning(field.name, `${field.name} has no operators but ! and __null__: compared as it stands`),
          )
        }
        sets[parsed.set].add(parsed.value)
    }
    // Within the loop: each pattern is compiled.
    if (any.length + all.length > MAX_FILTER_CONDITIONS) return tooManyConditions(field.name)
  }
  if (sets.bare.size + sets.negated.size + sets.exact.size > MAX_FILTER_VALUES) {
    return badParameter(field.name, `more than ${MAX_FILTER_VALUES} values`)
  }
  const bareOperator = field.analysed || field.list ? 'has_word' : 'is'
  any.push(
    ...setCondition('is', sets.exact, false),
    ...setCondition(bareOperator, sets.bare, false),
    ...setCondition(bareOperator, sets.negated, true),
  )
  const filter = any.length + all.length === 0 ? null : { field: queryField(field), any, all }
  return { kind: 'filter', filter, warnings }
}

/** A query has at most MAX_FILTER_CONDITIONS, over all its fields. */
export function tooManyConditions(param: string): BadParameter {
  return badParameter(param, `more than ${MAX_FILTER_CONDITIONS} values with an operator, all fields together`)
}

/** Values without an operator are one condition: `!a` and `!b` is neither of them, where two conditions would be "not both". */
function setCondition(operator: 'is' | 'has_word', set: ReadonlySet<SearchValue>, not: boolean): readonly Condition[] {
  if (set.size === 0) return []
  const values = [...set]
  return operator === 'is' ? [{ operator, values, not }] : [{ operator, values: values.map(String), not }]
}

function parseValue(field: SearchField, not: boolean, text: string): ParsedValue {
  if (text === '__null__' && field.operators.includes('__null__')) {
    return { kind: 'choice', condition: { operator: 'is_missing', not } }
  }
  if (text === '') return { kind: 'dropped', why: 'a blank value is ignored' }
  switch (field.type) {
    case 'str':
      return parseText(field, not, text)
    case 'enum':
      // Every beta of a version, as people ask for it: 38.0b finds 38.0b1 to 38.0b9.
      return field.name === 'version' && text.length > 1 && text.endsWith('b')
        ? { kind: 'choice', condition: { operator: 'starts_with', value: text, not } }
        : bare(not, text)
    case 'int':
    case 'float':
      return parseNumber(field, not, text)
    case 'bool':
      return bare(not, text === '__true__' || /^(true|t|1|y|yes)$/i.test(text))
    case 'date':
      // A date that is bare or of no known form is refused by parseDateWindow, which reads the other operators of the one date field.
      return badParameter(field.name, 'date must have a prefix operator')
  }
}

function bare(not: boolean, value: SearchValue): ParsedValue {
  return { kind: 'value', set: not ? 'negated' : 'bare', value }
}

const isTextOperator = (character: string) => ['=', '~', '^', '$', '@'].some((operator) => operator === character)

function parseText(field: SearchField, not: boolean, text: string): ParsedValue {
  const operator = text.charAt(0)
  if (isTextOperator(operator) && !field.operators.some((allowed) => allowed === operator)) {
    return refusedOperator(field, operator)
  }
  const value = text.slice(1)
  switch (operator) {
    case '=':
      // Of several `=` any may hold: one condition. Of several `!=` any may fail, which one condition cannot say.
      return not
        ? { kind: 'choice', condition: { operator: 'is', values: [value], not } }
        : { kind: 'value', set: 'exact', value }
    case '~':
      return { kind: 'choice', condition: { operator: 'contains', value, not } }
    case '^':
      return { kind: 'choice', condition: { operator: 'starts_with', value, not } }
    case '$':
      return { kind: 'choice', condition: { operator: 'ends_with', value, not } }
    case '@':
      return parsePattern(field, not, value)
    default:
      return field.operators.includes('') ? bare(not, text) : refusedOperator(field, 'none')
  }
}

function refusedOperator(field: SearchField, operator: string): BadParameter {
  const allowed = field.operators.map((one: FieldOperator) => (one === '' ? 'none' : one)).join(' ')
  return badParameter(field.name, `${field.name} does not take the operator ${operator}, only: ${allowed}`)
}

/** The peer names `query` where a pattern is too costly, and so do its clients' texts (specs/webapp.md 2.3). */
function parsePattern(field: SearchField, not: boolean, value: string): ParsedValue {
  const parsed = parseLucenePattern(value)
  switch (parsed.kind) {
    case 'pattern':
      return { kind: 'choice', condition: { operator: 'matches', pattern: parsed.pattern, not } }
    case 'bad':
      return badParameter(field.name, `not a pattern: ${parsed.why}`)
    case 'too_complex':
      return badParameter(
        'query',
        `the pattern of ${field.name} is too complex: make it shorter, with fewer {n}, or use ~ ^ $, which cost little`,
      )
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
    if (!field.operators.includes(sign)) return refusedOperator(field, sign)
    return { kind: 'range', condition: { operator: RANGES[sign], value, not } }
  }
  // -0 is 0, and stays so in JSON and in sets.
  return bare(not, value + 0)
}
