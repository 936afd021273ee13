import { MAX_AGGREGATIONS, MAX_DATE_BUCKETS } from '../limits.ts'
import { type BadParameter, badParameter, type SearchWarning, searchWarning } from './bad-parameter.ts'
import type { DateWindow } from './date-window.ts'
import type { SearchField } from './fields.ts'
import { queryField } from './filter.ts'
import { instantMs } from './instant.ts'
import type { Aggregation, HistogramInterval } from './search-query.ts'

/** The field of that name that this viewer may use, or null. */
export type FieldFinder = (name: string) => SearchField | null
/** What becomes of a name that nobody, or not this viewer, may use: left out with a warning, or refused (SuperSearchUnredacted). */
export type UnknownNames = 'left_out' | 'refused'

export type ParsedAggregations =
  | {
      readonly kind: 'aggregations'
      readonly aggregations: readonly Aggregation[]
      readonly warnings: readonly SearchWarning[]
    }
  | BadParameter

/** Parameters that this file reads, beside `_facets`. */
export const AGGREGATION_PARAMETER = /^(_aggs|_histogram|_histogram_interval)\./

const DEFAULT_FACETS = ['signature'] as const
/** Fields in one `_aggs.<f1>.<f2>.<f3>`. */
const MAX_AGGS_FIELDS = 3

/** A node while the tree grows: what is asked for twice is one node, whose branches are those of both. */
interface Node {
  readonly kind: Aggregation['kind']
  readonly key: string
  readonly field: SearchField
  readonly branches: Map<string, Node>
}
type Step = Omit<Node, 'branches'>

/**
 * Reads `_facets`, `_aggs.<f1>[.<f2>[.<f3>]]`, `_histogram.<field>` and `_histogram_interval.<field>` into one tree (specs/webapp.md 2.3).
 * A value of each is a field, `_cardinality.<field>` or `_histogram.<field>`. The peer takes single fields and two chains in `_aggs`; every
 * chain of up to three fields is taken here, which no query of the peer's can tell. The signature is counted where `_facets` names
 * nothing that is left.
 */
export function parseAggregations(
  params: URLSearchParams,
  find: FieldFinder,
  unknown: UnknownNames,
  window: DateWindow,
): ParsedAggregations {
  const intervals = parseIntervals(params, find)
  if (intervals.kind === 'bad') return intervals
  const root = new Map<string, Node>()
  const warnings: SearchWarning[] = [...intervals.warnings]
  for (const [param, values] of requests(params)) {
    const chain = chainOf(param, find)
    const unusable = chain === null ? [param] : []
    for (const name of chain === null ? [] : new Set(values)) {
      const step = stepOf(name, find)
      if (step === null) unusable.push(name)
      else plant(root, [...(chain ?? []), step])
    }
    const [first] = unusable
    if (first !== undefined && unknown === 'refused') return badParameter(param, `${first} ${NOT_USABLE}`)
    warnings.push(...unusable.map((name) => searchWarning(param, `${name} ${NOT_USABLE}: left out`)))
    if (param === '_facets' && root.size === 0) {
      for (const name of DEFAULT_FACETS)
        plant(
          root,
          [stepOf(name, find)].filter((step) => step !== null),
        )
    }
  }
  const count = countNodes(root)
  if (count > MAX_AGGREGATIONS) {
    return badParameter('_facets', `${count} fields to count by, at most ${MAX_AGGREGATIONS} at a time`)
  }
  const aggregations = [...root.values()].map((node) => grown(node, intervals.ofField))
  const tooFine = tooFineHistogram(aggregations, window)
  return tooFine ?? { kind: 'aggregations', aggregations, warnings }
}

const NOT_USABLE = 'is not a search field that you may use'

/** `_facets` first, then the others in the order of the address: the order of the answer's keys. */
function requests(params: URLSearchParams): readonly (readonly [param: string, values: readonly string[]])[] {
  const others = [...new Set(params.keys())].filter((param) => /^_(aggs|histogram)\./.test(param))
  return ['_facets', ...others].map((param) => [param, params.getAll(param).filter((value) => value !== '')] as const)
}

/** The nodes that a parameter's name leads through; null when it names a field that cannot be there. */
function chainOf(param: string, find: FieldFinder): readonly Step[] | null {
  if (param === '_facets') return []
  if (param.startsWith('_histogram.')) {
    const step = stepOf(param, find)
    return step === null ? null : [step]
  }
  const steps = param
    .slice('_aggs.'.length)
    .split('.')
    .map((name) => find(name))
    .flatMap((field) => (field === null ? [] : [termsOf(field)]))
  const isWhole = steps.length === param.split('.').length - 1 && steps.length <= MAX_AGGS_FIELDS
  return isWhole ? steps : null
}

const termsOf = (field: SearchField): Step => ({ kind: 'terms', key: field.name, field })

/** What one name counts by: a field's terms, `_cardinality.<field>`, or `_histogram.<field>` of a date or number. */
function stepOf(name: string, find: FieldFinder): Step | null {
  const [, kind, plain] = /^_(cardinality|histogram)\.(.*)$/s.exec(name) ?? []
  const field = find(plain ?? name)
  if (field === null) return null
  if (kind === 'cardinality') return { kind, key: `cardinality_${field.name}`, field }
  if (kind === 'histogram') return hasHistogram(field) ? { kind, key: `histogram_${field.name}`, field } : null
  return termsOf(field)
}

function hasHistogram({ type }: SearchField): boolean {
  return type === 'date' || type === 'int' || type === 'float'
}

function plant(into: Map<string, Node>, [step, ...rest]: readonly Step[]): void {
  if (step === undefined) return
  const node = into.get(step.key) ?? { ...step, branches: new Map<string, Node>() }
  into.set(step.key, node)
  plant(node.branches, rest)
}

function countNodes(nodes: ReadonlyMap<string, Node>): number {
  return [...nodes.values()].reduce((sum, node) => sum + 1 + countNodes(node.branches), 0)
}

function grown(node: Node, intervalOf: (field: SearchField) => HistogramInterval): Aggregation {
  const { kind, key } = node
  const field = queryField(node.field)
  const then = [...node.branches.values()].map((branch) => grown(branch, intervalOf))
  switch (kind) {
    case 'terms':
      return { kind, key, field, then }
    case 'cardinality':
      return { kind, key, field }
    case 'histogram':
      return { kind, key, field, interval: intervalOf(node.field), then }
  }
}

const CALENDAR_DAYS = { minute: 1 / 1440, hour: 1 / 24, day: 1, week: 7, month: 30, quarter: 91, year: 365 } as const
type CalendarInterval = keyof typeof CALENDAR_DAYS
const isCalendar = (text: string): text is CalendarInterval => Object.hasOwn(CALENDAR_DAYS, text)

type ParsedIntervals =
  | {
      readonly kind: 'intervals'
      readonly ofField: (field: SearchField) => HistogramInterval
      readonly warnings: readonly SearchWarning[]
    }
  | BadParameter

/** The steps that `_histogram_interval.<field>` asks for; of several the last. A day, or one, where none does. */
function parseIntervals(params: URLSearchParams, find: FieldFinder): ParsedIntervals {
  const asked = new Map<string, HistogramInterval>()
  const warnings: SearchWarning[] = []
  for (const param of new Set(params.keys())) {
    if (!param.startsWith('_histogram_interval.')) continue
    const field = find(param.slice('_histogram_interval.'.length))
    const text = params.getAll(param).at(-1) ?? ''
    if (field === null || !hasHistogram(field)) {
      warnings.push(searchWarning(param, `${param} ${NOT_USABLE}: left out`))
    } else if (text !== '') {
      const interval = parseInterval(field, text)
      if (interval === null) return badParameter(param, INTERVAL_FORMS[field.type] ?? '')
      asked.set(field.name, interval)
    }
  }
  const byDefault = ({ type }: SearchField) => (type === 'date' ? 'day' : 1)
  return { kind: 'intervals', ofField: (field) => asked.get(field.name) ?? byDefault(field), warnings }
}

const INTERVAL_FORMS: Readonly<Record<string, string>> = {
  date: `must be one of ${Object.keys(CALENDAR_DAYS).join(', ')}`,
  int: 'must be a whole number from 1',
  float: 'must be a number of at least 0.001',
}
/** Below this the buckets of a large number are finer than its digits. */
const MIN_FLOAT_INTERVAL = 0.001

function parseInterval({ type }: SearchField, text: string): HistogramInterval | null {
  if (type === 'date') return isCalendar(text) ? text : null
  const width = Number(text)
  const isWidth =
    type === 'int'
      ? /^\d+$/.test(text) && Number.isSafeInteger(width) && width >= 1
      : /^(\d+(\.\d*)?|\.\d+)$/.test(text) && width >= MIN_FLOAT_INTERVAL && width <= Number.MAX_SAFE_INTEGER
  return isWidth ? width : null
}

/** A histogram by the minute over a year would have half a million buckets. */
function tooFineHistogram(aggregations: readonly Aggregation[], window: DateWindow): BadParameter | null {
  const days = (instantMs(window.to.at) - instantMs(window.from.at)) / 86_400_000
  for (const aggregation of aggregations) {
    if (aggregation.kind === 'cardinality') continue
    if (aggregation.kind === 'histogram' && typeof aggregation.interval === 'string') {
      const buckets = Math.ceil(days / CALENDAR_DAYS[aggregation.interval])
      if (buckets > MAX_DATE_BUCKETS) {
        return badParameter(
          `_histogram_interval.${aggregation.field.name}`,
          `${buckets} steps of one ${aggregation.interval}, at most ${MAX_DATE_BUCKETS}: ask for longer steps or less time`,
        )
      }
    }
    const within = tooFineHistogram(aggregation.then, window)
    if (within !== null) return within
  }
  return null
}
