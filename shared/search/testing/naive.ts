import type { CrashId } from '../../crash-id.ts'
import type { DateWindow } from '../date-window.ts'
import type { SearchBackend } from '../search-backend.ts'
import type {
  Aggregation,
  Condition,
  FieldFilter,
  HistogramInterval,
  QueryField,
  SearchQuery,
} from '../search-query.ts'
import type { Facets, FacetTerm, SearchAnswer, SearchDocument, SearchValue } from '../search-rpc.ts'

/**
 * An engine that is obviously right and slow: documents in a list, every question asked of every one, written from specs/webapp.md 2.3 and the
 * words of search-query.ts. It shares no code with the engine that it is compared with.
 */
export function naiveBackend(): SearchBackend {
  const documents = new Map<CrashId, SearchDocument>()
  /** Of each removed crash, when the processing started whose document was removed: only a later one brings it back. */
  const removed = new Map<CrashId, number>()
  return {
    async index(added) {
      for (const document of added) {
        const { crash_id, started_at_ms } = document
        const isOlder = started_at_ms < (documents.get(crash_id)?.started_at_ms ?? Number.NEGATIVE_INFINITY)
        const isRemoved = started_at_ms <= (removed.get(crash_id) ?? Number.NEGATIVE_INFINITY)
        if (!isOlder && !isRemoved) documents.set(crash_id, document)
      }
    },
    async query(query) {
      return answer([...documents.values()], query)
    },
    async remove(crashIds) {
      for (const crashId of crashIds) {
        const document = documents.get(crashId)
        if (document !== undefined) removed.set(crashId, document.started_at_ms)
        documents.delete(crashId)
      }
    },
    async missing(crashIds) {
      return crashIds.filter((crashId) => !documents.has(crashId))
    },
  }
}

function answer(all: readonly SearchDocument[], query: SearchQuery): SearchAnswer {
  const found = all.filter(
    (document) => isInWindow(document, query.date) && query.filters.every((filter) => passesFilter(document, filter)),
  )
  const sorted = [...found].sort((a, b) => compareDocuments(a, b, query))
  const page = sorted.slice(query.results_offset, query.results_offset + query.results_number)
  return {
    hits: page.map((document) =>
      Object.fromEntries(query.columns.map((column) => [column.name, valueIn(document, column) ?? null])),
    ),
    total: found.length,
    ...(query.estimate ? { total_estimate: estimateOf(found) } : {}),
    facets: count(found, query.aggregations, query),
    errors: [],
  }
}

function valueIn({ values }: SearchDocument, { name }: Pick<QueryField, 'name'>): SearchValue | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function estimateOf(documents: readonly SearchDocument[]): number {
  let sum = 0
  for (const document of documents) {
    const weight = valueIn(document, { name: 'sample_weight' })
    sum += typeof weight === 'number' ? weight : 1
  }
  return sum
}

// Filters

/** Instants are written so that the order of texts is that of time. */
function isInWindow(document: SearchDocument, { from, to }: DateWindow): boolean {
  const date = String(valueIn(document, { name: 'date' }))
  const isAfter = from.inclusive ? date >= from.at : date > from.at
  const isBefore = to.inclusive ? date <= to.at : date < to.at
  return isAfter && isBefore
}

function passesFilter(document: SearchDocument, { field, any, all }: FieldFilter): boolean {
  const value = valueIn(document, field)
  const passes = (condition: Condition) => holds(value, condition, field) !== condition.not
  return (any.length === 0 || any.some(passes)) && all.every(passes)
}

/** Whether the condition without its `not` holds. Nothing holds of a missing value but that it is missing. */
function holds(value: SearchValue | undefined, condition: Condition, field: QueryField): boolean {
  if (condition.operator === 'is_missing') return value === undefined
  if (value === undefined) return false
  const text = typeof value === 'string' ? value : null
  const number = typeof value === 'number' ? value : Number.NaN
  switch (condition.operator) {
    case 'is':
      return condition.values.includes(value)
    case 'has_word':
      return condition.values.some((wanted) => hasWord(String(value), wanted, field))
    case 'contains':
      return text !== null && text.indexOf(condition.value) !== -1
    case 'starts_with':
      return text !== null && text.slice(0, condition.value.length) === condition.value
    case 'ends_with':
      return text !== null && condition.value.length <= text.length && text.endsWith(condition.value)
    case 'matches':
      return text !== null && new RegExp(`^(?:${condition.pattern})$`, 'u').test(text)
    case 'above':
      return number > condition.value
    case 'at_least':
      return number >= condition.value
    case 'below':
      return number < condition.value
    case 'at_most':
      return number <= condition.value
  }
}

/** Any word in common. A wanted text that has no word, such as `::`, is the whole value. */
function hasWord(value: string, wanted: string, field: QueryField): boolean {
  const wordsOf = field.list ? partsOf : tokensOf
  const wantedWords = wordsOf(wanted)
  if (wantedWords.length === 0) return value === wanted
  const words = wordsOf(value)
  return wantedWords.some((word) => words.includes(word))
}

function partsOf(list: string): readonly string[] {
  return list
    .toLowerCase()
    .split(';')
    .filter((part) => part !== '')
}

const isLetter = (character = '') => /^\p{L}$/u.test(character)
const isDigit = (character = '') => /^\p{N}$/u.test(character)
const isMark = (character = '') => /^\p{M}$/u.test(character)

/** Runs of letters, marks, digits and `_`; a `.` or `'` between two letters and a `.` or `,` between two digits belong to the run. */
function tokensOf(text: string): readonly string[] {
  const characters = [...text.toLowerCase()]
  const tokens: string[] = []
  let token = ''
  for (const [at, character] of characters.entries()) {
    const before = characters[at - 1]
    const after = characters[at + 1]
    const isJoint =
      ((character === '.' || character === "'") && isLetter(before) && isLetter(after)) ||
      ((character === '.' || character === ',') && isDigit(before) && isDigit(after))
    if (isLetter(character) || isDigit(character) || isMark(character) || character === '_' || isJoint) {
      token += character
    } else {
      if (token !== '') tokens.push(token)
      token = ''
    }
  }
  return token === '' ? tokens : [...tokens, token]
}

// Facets

function count(documents: readonly SearchDocument[], wanted: readonly Aggregation[], query: SearchQuery): Facets {
  return Object.fromEntries(wanted.map((one) => [one.key, countOne(documents, one, query)]))
}

function countOne(documents: readonly SearchDocument[], wanted: Aggregation, query: SearchQuery): Facets[string] {
  const buckets = new Map<SearchValue, SearchDocument[]>()
  for (const document of documents) {
    for (const term of termsIn(document, wanted)) {
      const bucket = buckets.get(term)
      if (bucket === undefined) buckets.set(term, [document])
      else bucket.push(document)
    }
  }
  if (wanted.kind === 'cardinality') return { value: buckets.size }
  const terms = [...buckets].map(
    ([term, inBucket]): FacetTerm => ({
      term,
      count: inBucket.length,
      ...(query.estimate ? { estimate: estimateOf(inBucket) } : {}),
      ...(wanted.then.length === 0 ? {} : { facets: count(inBucket, wanted.then, query) }),
    }),
  )
  return wanted.kind === 'histogram'
    ? terms.sort((a, b) => compare(a.term, b.term))
    : terms.sort((a, b) => b.count - a.count || compare(a.term, b.term)).slice(0, query.facets_size)
}

/** The buckets that one document is in, each once. */
function termsIn(document: SearchDocument, wanted: Aggregation): readonly SearchValue[] {
  const value = valueIn(document, wanted.field)
  if (value === undefined) return []
  if (wanted.kind === 'histogram') return [bucketOf(value, wanted.interval)]
  if (wanted.field.list) return [...new Set(partsOf(String(value)))]
  if (typeof value === 'boolean') return [value ? 'T' : 'F']
  return [value]
}

function bucketOf(value: SearchValue, interval: HistogramInterval): SearchValue {
  if (typeof interval === 'number') return Math.floor(Number(value) / interval) * interval
  const date = new Date(Date.parse(String(value)))
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const starts: Readonly<Record<typeof interval, number>> = {
    minute: Date.UTC(year, month, day, date.getUTCHours(), date.getUTCMinutes()),
    hour: Date.UTC(year, month, day, date.getUTCHours()),
    day: Date.UTC(year, month, day),
    // Monday is a week's first day.
    week: Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7)),
    month: Date.UTC(year, month),
    quarter: Date.UTC(year, month - (month % 3)),
    year: Date.UTC(year, 0),
  }
  return new Date(starts[interval]).toISOString().replace('.000Z', '+00:00')
}

// Order

/** By the sort keys, a missing value last either way; newest first where there are none; equal ones by crash id. */
function compareDocuments(a: SearchDocument, b: SearchDocument, { sort }: SearchQuery): number {
  const keys = sort.length > 0 ? sort : [{ field: { name: 'date' }, descending: true }]
  for (const { field, descending } of keys) {
    const [left, right] = [valueIn(a, field), valueIn(b, field)]
    if (left === undefined && right === undefined) continue
    if (left === undefined) return 1
    if (right === undefined) return -1
    const order = compare(left, right)
    if (order !== 0) return descending ? -order : order
  }
  return compare(a.crash_id, b.crash_id)
}

function compare(a: SearchValue, b: SearchValue): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
