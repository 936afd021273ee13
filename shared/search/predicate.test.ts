import { describe, expect, it } from 'vitest'
import { columnOf } from './columns/column.ts'
import { ValueDictionary } from './columns/dictionary.ts'
import { ColumnFilter, compileFilters } from './predicate.ts'
import type { Condition, FieldFilter, QueryField } from './search-query.ts'
import type { SearchValue } from './search-rpc.ts'

const field = (name: string, more: Partial<QueryField> = {}): QueryField => ({
  name,
  type: 'str',
  analysed: true,
  list: false,
  ...more,
})
const filterOf = (condition: Condition, more: Partial<QueryField> = {}): FieldFilter => ({
  field: field('signature', more),
  any: [condition],
  all: [],
})

/** The rows that pass. */
function passing(
  filter: FieldFilter,
  values: readonly (SearchValue | undefined)[],
  work = { steps: 0, isOver: false },
) {
  const rows = Uint16Array.from(values.keys())
  const count = new ColumnFilter(filter, work).select(columnOf(values), rows, values.length)
  return [...rows.subarray(0, count)]
}

const CRASH_IDS = ['00000000-0000-4000-8000-000000261118', 'ffffffff-0000-4000-8000-000000261118', undefined]

describe('a filter', () => {
  it.each<[string, Condition, number[]]>([
    ['is', { operator: 'is', values: ['b', 'undefined'], not: false }, [1, 3]],
    ['is not, and a missing value passes', { operator: 'is', values: ['b'], not: true }, [0, 2, 3, 4]],
    ['is missing', { operator: 'is_missing', not: false }, [2]],
    ['is not missing', { operator: 'is_missing', not: true }, [0, 1, 3, 4]],
    ['has a word', { operator: 'has_word', values: ['A'], not: false }, [0, 4]],
    ['contains', { operator: 'contains', value: 'b', not: false }, [1, 4]],
    ['starts with', { operator: 'starts_with', value: 'a', not: false }, [0, 4]],
    ['ends with', { operator: 'ends_with', value: 'b', not: false }, [1, 4]],
    ['matches the whole value', { operator: 'matches', pattern: '(?s:.)b?', not: false }, [0, 1]],
    ['does not match', { operator: 'matches', pattern: '[ab]', not: true }, [2, 3, 4]],
  ])('%s', (_, condition, rows) => {
    expect(passing(filterOf(condition), ['a', 'b', undefined, 'undefined', 'a b'])).toEqual(rows)
  })

  it('of a list takes its values for words', () => {
    const condition: Condition = { operator: 'has_word', values: ['xul.dll/1'], not: false }
    expect(passing(filterOf(condition, { list: true }), ['Xul.dll/1;b', 'xul.dll/12', 'xul.dll'])).toEqual([0])
  })

  it('compares a number with no text, and a text with no number', () => {
    const above: Condition = { operator: 'above', value: 1, not: false }
    const contains: Condition = { operator: 'contains', value: '5', not: false }
    expect(passing(filterOf(above), [5, '5', 1, undefined])).toEqual([0])
    expect(passing(filterOf(contains), [5, '5'])).toEqual([1])
  })

  it('finds crash ids without a look at each, in any number', () => {
    const is = (...values: string[]) => filterOf({ operator: 'is', values, not: false })
    expect(passing(is(String(CRASH_IDS[1])), CRASH_IDS)).toEqual([1])
    expect(passing(is(String(CRASH_IDS[1]), 'x', String(CRASH_IDS[0])), CRASH_IDS)).toEqual([0, 1])
    expect(passing(is(String(CRASH_IDS[1]), ...Array.from({ length: 30 }, (_, n) => `x${n}`)), CRASH_IDS)).toEqual([1])
    expect(passing(filterOf({ operator: 'is', values: [String(CRASH_IDS[1])], not: true }), CRASH_IDS)).toEqual([0, 2])
    const narrowed: FieldFilter = {
      ...is(String(CRASH_IDS[1])),
      all: [{ operator: 'starts_with', value: '0', not: false }],
    }
    expect(passing(narrowed, CRASH_IDS)).toEqual([])
  })

  it('asks each distinct value of a dictionary once, and those alone that a row has, also when it has grown', () => {
    const asked: SearchValue[] = []
    class Counted extends ValueDictionary {
      override valueAt(id: number): SearchValue {
        asked.push(super.valueAt(id))
        return super.valueAt(id)
      }
    }
    const dictionary = new Counted(['a', 'b', 'nobody'])
    const filter = new ColumnFilter(filterOf({ operator: 'contains', value: 'b', not: false }), {
      steps: 0,
      isOver: false,
    })
    const select = (ids: number[]) => {
      const rows = Uint16Array.from(ids.keys())
      const terms = Uint32Array.from([0, 1, 2, 3, 4])
      return filter.select({ ids: Uint8Array.from(ids), terms, dictionary }, rows, ids.length)
    }
    expect(select([1, 2, 1, 2, 0])).toBe(2)
    dictionary.add('bb')
    expect(select([4, 2, 2])).toBe(3)
    expect(asked).toEqual(['a', 'b', 'bb'])
  })
})

describe('the filters of a query', () => {
  it('are asked the cheapest first', () => {
    const condition = (operator: 'has_word' | 'is'): Condition => ({ operator, values: ['a'], not: false })
    const filters = [
      { ...filterOf(condition('has_word')), field: field('words') },
      { ...filterOf({ operator: 'matches', pattern: 'a', not: false }), field: field('pattern') },
      { ...filterOf(condition('is')), field: field('whole') },
    ]
    const order = compileFilters(filters, { steps: 0, isOver: false }).map((filter) => filter.field)
    expect(order).toEqual(['whole', 'words', 'pattern'])
  })
})
