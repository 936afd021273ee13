import type { Column } from './columns/column.ts'
import type { Dictionary } from './columns/dictionary.ts'
import { compilePattern, type PatternWork } from './pattern.ts'
import type { Condition, FieldFilter } from './search-query.ts'
import type { SearchValue } from './search-rpc.ts'
import { listParts, wordsOf } from './words.ts'

type Question = (value: SearchValue | undefined) => boolean

const UNKNOWN = 0
const PASSES = 1
const FAILS = 2

/**
 * One field's filter over columns. Each distinct value of a dictionary is asked about once, and only if a row that is left has it,
 * because words and patterns are costly and crashes repeat: 280,000 of a week have some 20,000 signatures.
 */
export class ColumnFilter {
  readonly #passes: Question
  readonly #passesMissing: boolean
  /** The values of a filter that is nothing but `is`, for dictionaries that can find a value. */
  readonly #wanted: readonly SearchValue[] | null
  #dictionary: Dictionary | null = null
  #verdicts = new Uint8Array(0)

  constructor(filter: FieldFilter, work: PatternWork) {
    this.#passes = compileFilter(filter, work)
    this.#passesMissing = this.#passes(undefined)
    this.#wanted = wantedValues(filter)
  }

  /** Keeps those of the first `count` rows that pass, in place. Answers how many they are. */
  select(column: Column | null, rows: Uint16Array, count: number): number {
    if (column === null) return this.#passesMissing ? count : 0
    const { ids, terms, dictionary } = column
    this.#enter(dictionary)
    const verdicts = this.#verdicts
    let kept = 0
    for (let n = 0; n < count; n++) {
      const row = rows[n] ?? 0
      const term = terms[ids[row] ?? 0] ?? 0
      let verdict = verdicts[term]
      if (verdict === UNKNOWN) {
        verdict = this.#passes(dictionary.valueAt(term)) ? PASSES : FAILS
        verdicts[term] = verdict
      }
      if (verdict === PASSES) rows[kept++] = row
    }
    return kept
  }

  #enter(dictionary: Dictionary): void {
    if (dictionary === this.#dictionary) {
      if (this.#verdicts.length > dictionary.size) return
      const grown = new Uint8Array(2 * dictionary.size + 1)
      grown.set(this.#verdicts)
      this.#verdicts = grown
      return
    }
    this.#dictionary = dictionary
    const { find } = dictionary
    const isFound = find !== undefined && this.#wanted !== null
    this.#verdicts = new Uint8Array(dictionary.size + 1).fill(isFound ? FAILS : UNKNOWN)
    if (isFound) for (const value of this.#wanted ?? []) this.#verdicts[find.call(dictionary, value)] = PASSES
    this.#verdicts[0] = this.#passesMissing ? PASSES : FAILS
  }
}

/** Beyond it a search a value costs more than a look at every value. */
const MAX_FOUND_VALUES = 20

function wantedValues({ any, all }: FieldFilter): readonly SearchValue[] | null {
  const values = any.flatMap((condition) => (condition.operator === 'is' && !condition.not ? condition.values : []))
  const isWhole = all.length === 0 && any.every((condition) => condition.operator === 'is' && !condition.not)
  return isWhole && values.length <= MAX_FOUND_VALUES ? values : null
}

/** How long an operator takes, in order: cheap filters leave fewer rows to the costly ones. */
const COSTS: Readonly<Record<Condition['operator'], number>> = {
  is: 0,
  is_missing: 0,
  above: 0,
  at_least: 0,
  below: 0,
  at_most: 0,
  starts_with: 1,
  ends_with: 1,
  contains: 2,
  has_word: 3,
  matches: 4,
}

/** The filters of a query, the cheapest first. */
export function compileFilters(
  filters: readonly FieldFilter[],
  work: PatternWork,
): readonly { readonly field: string; readonly filter: ColumnFilter }[] {
  const costOf = ({ any, all }: FieldFilter) => Math.max(0, ...[...any, ...all].map(({ operator }) => COSTS[operator]))
  return filters
    .toSorted((a, b) => costOf(a) - costOf(b))
    .map((filter) => ({ field: filter.field.name, filter: new ColumnFilter(filter, work) }))
}

function compileFilter({ field, any, all }: FieldFilter, work: PatternWork): Question {
  const choices = any.map((condition) => compileCondition(condition, field.list, work))
  const narrowing = all.map((condition) => compileCondition(condition, field.list, work))
  return (value) =>
    (choices.length === 0 || choices.some((passes) => passes(value))) && narrowing.every((passes) => passes(value))
}

function compileCondition(condition: Condition, isList: boolean, work: PatternWork): Question {
  const passes = compileComparison(condition, isList, work)
  return condition.not ? (value) => !passes(value) : passes
}

function compileComparison(condition: Condition, isList: boolean, work: PatternWork): Question {
  switch (condition.operator) {
    case 'is': {
      const wanted = new Set<SearchValue | undefined>(condition.values)
      return (value) => wanted.has(value)
    }
    case 'has_word': {
      const wordsIn = isList ? listParts : wordsOf
      const wanted = new Set(condition.values.flatMap(wordsIn))
      // `::` has no word. Someone who asks for it means the whole value.
      const whole = new Set<SearchValue | undefined>(condition.values.filter((text) => wordsIn(text).length === 0))
      return (value) =>
        whole.has(value) || (typeof value === 'string' && wordsIn(value).some((word) => wanted.has(word)))
    }
    case 'contains':
      return (value) => typeof value === 'string' && value.includes(condition.value)
    case 'starts_with':
      return (value) => typeof value === 'string' && value.startsWith(condition.value)
    case 'ends_with':
      return (value) => typeof value === 'string' && value.endsWith(condition.value)
    case 'matches': {
      const isMatch = compilePattern(condition.pattern, work)
      return (value) => typeof value === 'string' && isMatch(value)
    }
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
