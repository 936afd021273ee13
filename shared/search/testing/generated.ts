import fc from 'fast-check'
import { type CrashId, crashIdSchema } from '../../crash-id.ts'
import type { FieldCatalog, SearchField } from '../fields.ts'
import { type Instant, instantOf } from '../instant.ts'
import type { Aggregation, SearchQuery } from '../search-query.ts'
import type { SearchDocument, SearchValue } from '../search-rpc.ts'

/**
 * Random documents and queries that meet: values and what is asked for them come from the same small vocabularies, so that most queries find
 * something and few find everything.
 */

/** When generated queries are asked: Wednesday noon of 2026W47. */
export const GENERATED_NOW_MS = Date.parse('2026-11-18T12:00:00Z')
/** Crashes of five weeks: from Monday of 2026W43. */
const FIRST_DAY_MS = Date.parse('2026-10-19T00:00:00Z')
const DAYS = 31
const DAY_MS = 86_400_000

const WORDS = [
  'js',
  'Run',
  'foo',
  'mozilla',
  'libxul.so',
  'OOM',
  'small',
  'ünï',
  '崩溃',
  '💥',
  '10.0',
  'a_b',
  "isn't",
  'T',
]
const SEPARATORS = ['::', ' ', ' | ', '.', '-', '', '<', '\n']
const VERSIONS = ['4.0', '4.0b2', '4.0b3', '5.0a1', '38.0esr', '']
const NUMBERS = [0, 1, 2, 5, 9, 10, 19, 20, 100, 4096, 20261118000000, -1, -10]

const word = fc.constantFrom(...WORDS)
const text = fc
  .array(fc.tuple(word, fc.constantFrom(...SEPARATORS)), { minLength: 0, maxLength: 3 })
  .map((parts) => parts.map(([one, separator], n) => (n === 0 ? one : separator + one)).join(''))
/** Of a few texts most documents have one, as with signatures. */
const commonText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('js::Run', 'foo', 'OOM | small', 'js', 'JS') },
  text,
)
const list = fc
  .array(fc.constantFrom('Xul.dll/1/A', 'xul.dll/1/A', 'ntdll.pdb/2/B', 'b', 'C'), { maxLength: 4 })
  .map((parts) => parts.join(';'))
const wholeNumber = fc.oneof(fc.constantFrom(...NUMBERS), fc.integer({ min: -20, max: 120 }))
/** Of quarters, so that sums and bucket starts are exact however they are made. */
const quarter = fc.integer({ min: -40, max: 80 }).map((n) => n / 4)

function valueFor(field: SearchField): fc.Arbitrary<SearchValue> {
  switch (field.type) {
    case 'str':
      return field.list ? list : commonText
    case 'enum':
      return field.name === 'version' ? fc.constantFrom(...VERSIONS) : fc.constantFrom('A', 'a', 'B', 'c c', 'd', '')
    case 'int':
      return wholeNumber
    case 'float':
      return quarter
    case 'bool':
      return fc.boolean()
    case 'date':
      return fc.constant('')
  }
}

const instant: fc.Arbitrary<Instant> = fc
  .oneof(
    fc.integer({ min: 0, max: DAYS * DAY_MS }),
    fc.integer({ min: 0, max: DAYS }).map((day) => day * DAY_MS),
  )
  .map((afterMs) => instantOf(FIRST_DAY_MS + afterMs))

/** The fields that generated documents fill and queries ask about most: all types, lists, analysed and not; and some others. */
function fieldsOf(catalog: FieldCatalog): readonly SearchField[] {
  const filled = [
    'signature',
    'product',
    'version',
    'platform',
    'uptime',
    'uptime_ts',
    'startup_crash',
    'missing_symbols',
    'build_id',
    'reason',
    'sample_weight',
    'process_type',
    'url',
  ]
  return filled.map((name) => catalog.find(name)).filter((field) => field !== null)
}

const crashId = (serial: number, day: string): CrashId =>
  crashIdSchema.parse(`${serial.toString(16).padStart(8, '0')}-0000-4000-8000-000000${day}`)

/** What is done to an engine before it is asked. */
export interface History {
  readonly index: readonly (readonly SearchDocument[])[]
  /** After the batches of `index`. */
  readonly remove: readonly CrashId[]
  /** After the removals: processings from before them, which change nothing, and some from long after. */
  readonly late: readonly SearchDocument[]
}

/**
 * `count` documents in batches, a fifth of them processed again (sometimes an earlier processing comes later), a tenth removed. A date is mostly of the
 * day in the crash id, sometimes of another week.
 */
export function history(catalog: FieldCatalog, count: number): fc.Arbitrary<History> {
  const fields = fieldsOf(catalog)
  const values = fc.record(
    Object.fromEntries(fields.map((field) => [field.name, fc.option(valueFor(field), { freq: 4 })] as const)),
  )
  const one = fc.record({
    values,
    date: instant,
    resent: fc.integer({ min: 0, max: 19 }),
    otherDay: fc.integer({ min: 0, max: 90 }),
    again: fc.option(fc.record({ values, startedAtMs: fc.integer({ min: 1, max: 100 }) }), { freq: 5 }),
    fate: fc.integer({ min: 0, max: 19 }),
  })
  return fc.array(one, { minLength: count, maxLength: count, size: 'max' }).map((drawn) => {
    const first: SearchDocument[] = []
    const again: SearchDocument[] = []
    const remove: CrashId[] = []
    const late: SearchDocument[] = []
    for (const [serial, { date, resent, otherDay, fate, ...crash }] of drawn.entries()) {
      const dayMs = resent === 0 ? FIRST_DAY_MS - otherDay * DAY_MS : Date.parse(date)
      const crash_id = crashId(serial, new Date(dayMs).toISOString().slice(2, 10).replaceAll('-', ''))
      const document = (drawnValues: typeof crash.values, started_at_ms: number): SearchDocument => ({
        crash_id,
        started_at_ms,
        values: { uuid: crash_id, date, ...presentValues(drawnValues) },
      })
      first.push(document(crash.values, 50))
      if (crash.again !== null) again.push(document(crash.again.values, crash.again.startedAtMs))
      if (fate < 2) remove.push(crash_id)
      if (fate === 0) late.push(document(crash.values, 1))
      if (fate === 1 && serial % 3 === 0) late.push(document(crash.values, Date.parse('9000-01-01T00:00:00Z')))
    }
    return { index: [...batches(first), ...batches(again)], remove, late }
  })
}

function presentValues(drawn: Readonly<Record<string, SearchValue | null>>): Record<string, SearchValue> {
  return Object.fromEntries(Object.entries(drawn).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

const BATCH = 100
function batches(documents: readonly SearchDocument[]): readonly (readonly SearchDocument[])[] {
  return Array.from({ length: Math.ceil(documents.length / BATCH) }, (_, n) =>
    documents.slice(n * BATCH, (n + 1) * BATCH),
  )
}

type Param = readonly [name: string, value: string]

const sign = fc.constantFrom('', '', '!')
const pattern = fc.constantFrom(
  'js.*',
  '.*[Rr]un',
  '(js|foo).*',
  '.{2}',
  '.*\\|.*',
  '@',
  '#',
  '[^a-z]*',
  '"foo"',
  '.*<10-19>?.*',
)

/** One filter of a field, with the operators of its type. */
function filterOf(field: SearchField): fc.Arbitrary<Param> {
  const named = (value: fc.Arbitrary<string>) => value.map((one): Param => [field.name, one])
  const missing = fc.constantFrom('__null__', '!__null__')
  const comparison = fc.constantFrom('', '>', '>=', '<', '<=')
  switch (field.type) {
    case 'str': {
      const operator = fc.constantFrom('', '=', '~', '^', '$')
      const value = field.list
        ? fc.constantFrom('xul.dll/1/a', 'B', 'b;c', 'Xul', 'ntdll.pdb/2/B')
        : fc.oneof(commonText, word)
      return named(
        fc.oneof(
          { weight: 6, arbitrary: fc.tuple(sign, operator, value).map((parts) => parts.join('')) },
          fc.tuple(sign, pattern).map(([not, one]) => `${not}@${one}`),
          missing,
        ),
      )
    }
    case 'enum':
      return named(
        fc.oneof(
          { weight: 4, arbitrary: fc.tuple(sign, valueFor(field)).map((parts) => parts.join('')) },
          fc.constantFrom('4.0b', '!4.0b', '=A', 'x'),
          missing,
        ),
      )
    case 'int':
    case 'float':
      return named(
        fc.oneof(
          { weight: 5, arbitrary: fc.tuple(sign, comparison, valueFor(field)).map((parts) => parts.join('')) },
          missing,
        ),
      )
    case 'bool':
      return named(fc.constantFrom('__true__', '!__true__', 'false', 'yes', '!no', '__null__', '!__null__'))
    case 'date':
      return named(fc.oneof(date, missing))
  }
}

const date = fc
  .tuple(fc.constantFrom('>', '>=', '<', '<=', '!<', '!>='), instant, fc.boolean())
  .map(([operator, at, isDay]) => operator + (isDay ? at.slice(0, 10) : at))

/** Parameters of SuperSearch: mostly good ones. */
export function searchParams(catalog: FieldCatalog): fc.Arbitrary<[string, string][]> {
  const known = fieldsOf(catalog)
  const field = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, fc.constantFrom(...catalog.fields))
  const name = field.map((one) => one.name)
  const numeric = fc.constantFrom('uptime', 'uptime_ts', 'build_id', 'date', 'date')
  const facet = fc.oneof(
    { weight: 4, arbitrary: name },
    name.map((one) => `_cardinality.${one}`),
    numeric.map((one) => `_histogram.${one}`),
  )
  const chain = fc.array(name, { minLength: 1, maxLength: 3 })
  const interval = fc.constantFrom<Param>(
    ['_histogram_interval.date', 'hour'],
    ['_histogram_interval.date', 'week'],
    ['_histogram_interval.date', 'month'],
    ['_histogram_interval.date', 'quarter'],
    ['_histogram_interval.date', 'year'],
    ['_histogram_interval.uptime', '10'],
    ['_histogram_interval.uptime_ts', '0.5'],
    ['_histogram_interval.build_id', '1000'],
  )
  const param: fc.Arbitrary<Param> = fc.oneof(
    { weight: 6, arbitrary: field.chain(filterOf) },
    { weight: 2, arbitrary: facet.map((one): Param => ['_facets', one]) },
    { weight: 2, arbitrary: fc.tuple(chain, facet).map(([fields, one]): Param => [`_aggs.${fields.join('.')}`, one]) },
    fc.tuple(numeric, facet).map(([of, one]): Param => [`_histogram.${of}`, one]),
    { weight: 1, arbitrary: interval },
    fc.tuple(fc.constantFrom('', '-'), name).map(([minus, one]): Param => ['_sort', minus + one]),
    name.map((one): Param => ['_columns', one]),
    fc.constantFrom<Param>(['_estimate', '1'], ['_facets_size', '3'], ['_facets_size', '0'], ['_facets_size', '10000']),
    fc.constantFrom<Param>(['_results_number', '7'], ['_results_number', '0'], ['_results_number', '1000']),
    fc.integer({ min: 0, max: 100 }).map((offset): Param => ['_results_offset', String(offset)]),
  )
  return fc
    .tuple(
      fc.array(param, { maxLength: 7 }),
      // Without a date a query asks about seven of the 31 days.
      fc.option(fc.array(date, { minLength: 1, maxLength: 2 }), { freq: 4 }),
    )
    .map(([params, dates]) => [
      ...params.map(([key, value]): [string, string] => [key, value]),
      ...(dates ?? ['>=2026-10-01']).map((value): [string, string] => ['date', value]),
    ])
}

/** Every field that a query names, anywhere. */
export function fieldsIn({ filters, columns, sort, aggregations }: SearchQuery): readonly string[] {
  const counted = (all: readonly Aggregation[]): readonly string[] =>
    all.flatMap((one) => [one.field.name, ...(one.kind === 'cardinality' ? [] : counted(one.then))])
  return [
    ...columns.map(({ name }) => name),
    ...[...filters, ...sort].map(({ field }) => field.name),
    ...counted(aggregations),
  ]
}
