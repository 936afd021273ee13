import type { DateWindow } from './date-window.ts'
import { DATE_FIELD } from './fields.ts'
import type { Condition, FieldFilter } from './filter.ts'
import type { SearchDocument, SearchValue } from './search-rpc.ts'

export type Values = SearchDocument['values']

/** A field's value, or undefined. Values come from JSON, so that a name of Object.prototype must not find anything. */
export function fieldValue(values: Values, field: string): SearchValue | undefined {
  return Object.hasOwn(values, field) ? values[field] : undefined
}

/**
 * The filters as one question to a document. A field's answer is kept a distinct value, because crashes repeat:
 * 280,000 of a week have some 20,000 signatures, and words are costly to find.
 */
export function compileFilters(filters: readonly FieldFilter[]): (values: Values) => boolean {
  const questions = filters.map((filter) => {
    const passes = compileFilter(filter)
    const known = new Map<SearchValue | undefined, boolean>()
    return (values: Values): boolean => {
      const value = fieldValue(values, filter.field)
      const before = known.get(value)
      if (before !== undefined) return before
      const answer = passes(value)
      known.set(value, answer)
      return answer
    }
  })
  return (values) => questions.every((passes) => passes(values))
}

/** Whether a document's date lies in the window. Instants compare as text. */
export function isInWindow(values: Values, { from, to }: DateWindow): boolean {
  const date = fieldValue(values, DATE_FIELD)
  if (typeof date !== 'string') return false
  return (date > from.at || (from.inclusive && date === from.at)) && (date < to.at || (to.inclusive && date === to.at))
}

type Question = (value: SearchValue | undefined) => boolean

function compileFilter({ any, all }: FieldFilter): Question {
  const choices = any.map(compileCondition)
  const ranges = all.map(compileCondition)
  return (value) =>
    (choices.length === 0 || choices.some((passes) => passes(value))) && ranges.every((passes) => passes(value))
}

function compileCondition(condition: Condition): Question {
  const passes = compileComparison(condition)
  return condition.not ? (value) => !passes(value) : passes
}

function compileComparison(condition: Condition): Question {
  switch (condition.operator) {
    case 'is': {
      const wanted = new Set<SearchValue | undefined>(condition.values)
      return (value) => wanted.has(value)
    }
    case 'has_word': {
      const wanted = new Set(condition.values.flatMap(wordsOf))
      // `::` has no word. Someone who asks for it means the whole value.
      const whole = new Set<SearchValue | undefined>(condition.values.filter((text) => wordsOf(text).length === 0))
      return (value) =>
        whole.has(value) || (typeof value === 'string' && wordsOf(value).some((word) => wanted.has(word)))
    }
    case 'contains':
      return (value) => typeof value === 'string' && value.includes(condition.value)
    case 'starts_with':
      return (value) => typeof value === 'string' && value.startsWith(condition.value)
    case 'ends_with':
      return (value) => typeof value === 'string' && value.endsWith(condition.value)
    case 'above':
      return (value) => typeof value === 'number' && value > condition.value
    case 'at_least':
      return (value) => typeof value === 'number' && value >= condition.value
    case 'below':
      return (value) => typeof value === 'number' && value < condition.value
    case 'at_most':
      return (value) => typeof value === 'number' && value <= condition.value
    case 'is_missing':
      return (value) => value === undefined
  }
}

/**
 * Letters, digits and underscores; a dot or apostrophe between two letters, and a dot or comma between two digits, belong to the
 * word (the Unicode word rules, UAX 29, as far as crashes need them): `js::Run` is two words, `libxul.so` and `10.0.19041` are one.
 */
const WORD = /(?:[\p{L}\p{M}\p{N}_]|(?<=\p{L})[.'](?=\p{L})|(?<=\p{N})[.,](?=\p{N}))+/gu

/** The words of a text in lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(WORD) ?? []
}
