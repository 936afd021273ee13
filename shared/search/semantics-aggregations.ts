import { named, once, refused, type SemanticsCase } from './semantics-case.ts'

const STARTUPS = [{ startup_crash: true }, { startup_crash: '1' }, { startup_crash: '0' }, {}]

/** Three days of two products on two platforms. */
const THREE_DAYS = [
  { date_processed: '2026-11-18T11:00:00Z', product: 'WaterWolf', os_name: 'Linux', uptime: 3 },
  { date_processed: '2026-11-18T00:00:00Z', product: 'WaterWolf', os_name: 'Windows', uptime: 12 },
  { date_processed: '2026-11-17T23:59:59.999999Z', product: 'NightTrain', os_name: 'Linux', uptime: 19 },
  { date_processed: '2026-11-15T12:30:00Z', product: 'WaterWolf', os_name: 'Linux', uptime: 20 },
  { date_processed: '2026-11-15T12:30:59Z', product: 'NightTrain' },
]
const midnight = (day: string) => `${day}T00:00:00+00:00`
const dated = (...dates: readonly string[]) => dates.map((date_processed) => ({ date_processed }))

/** One histogram of dates over the same crashes: `[interval, terms]`. */
const histograms = (rows: readonly (readonly [string, readonly (readonly [string, number])[]])[]) =>
  rows.map(
    ([interval, terms]): SemanticsCase => ({
      name: `W22 a histogram by ${interval}`,
      crashes: dated(
        '2026-11-18T11:59:59.999999Z',
        '2026-11-18T11:59:00Z',
        '2026-11-16T00:00:00Z',
        '2026-11-15T23:59:59Z',
        '2026-10-01T00:00:00Z',
        '2026-09-30T23:59:59.999999Z',
        '2025-12-31T23:59:59Z',
      ),
      search: `_facets=_histogram.date&_histogram_interval.date=${interval}&_results_number=0&date=>2025-12-01`,
      expected: { total: 7, facets: { histogram_date: terms.map(([term, count]) => ({ term, count })) } },
    }),
  )

/** Facets, cardinality, histograms, and what is counted again in each bucket (specs/webapp.md 2.3 and 7). */
export const AGGREGATION_CASES: readonly SemanticsCase[] = [
  {
    name: 'facets are ordered by count, then by term, and cut after the merge',
    crashes: named('x', 'b', 'x', 'b', 'b', 'c', 'a', 'c'),
    search: '_facets_size=3&_results_number=0',
    expected: {
      total: 8,
      hits: [],
      facets: {
        signature: [
          { term: 'b', count: 3 },
          { term: 'c', count: 2 },
          { term: 'x', count: 2 },
        ],
      },
    },
  },
  {
    name: 'a facet of a list counts each of its values once a crash, in lower case',
    crashes: [
      { missing_symbols: 'Xul.dll/1/AB1;ntdll.pdb/None/CD1;Xul.dll/1/AB1' },
      { missing_symbols: 'xul.dll/1/AB1' },
      { missing_symbols: null },
    ],
    search: '_facets=missing_symbols&_facets=_cardinality.missing_symbols&_results_number=0',
    expected: {
      total: 3,
      facets: {
        missing_symbols: [
          { term: 'xul.dll/1/ab1', count: 2 },
          { term: 'ntdll.pdb/none/cd1', count: 1 },
        ],
        cardinality_missing_symbols: { value: 2 },
      },
    },
  },
  {
    name: '_facets_size=0 asks for no facet',
    crashes: named('a'),
    search: '_facets_size=0&_facets=product&_aggs.product=version&_histogram.date=product',
    expected: { total: 1, facets: {} },
  },
  {
    name: 'a facet of a field that no crash has is empty, its cardinality 0',
    crashes: named('a'),
    search: '_facets=product&_facets=_cardinality.product&_facets=_histogram.uptime',
    expected: { facets: { product: [], cardinality_product: { value: 0 }, histogram_uptime: [] } },
  },
  {
    name: 'terms of a bool are T and F',
    crashes: STARTUPS,
    search: '_facets=startup_crash&_facets=_cardinality.startup_crash',
    expected: {
      facets: {
        startup_crash: [
          { term: 'T', count: 2 },
          { term: 'F', count: 1 },
        ],
        cardinality_startup_crash: { value: 2 },
      },
    },
  },
  {
    name: 'terms of a date are instants',
    crashes: dated('2026-11-18T00:00:00.5Z', '2026-11-18T00:00:00.5Z'),
    search: '_facets=date',
    expected: { facets: { date: [{ term: '2026-11-18T00:00:00.500000+00:00', count: 2 }] } },
  },
  {
    name: 'W21 cardinality in each bucket',
    crashes: [
      { signature: 'a', os_name: 'Linux' },
      { signature: 'a', os_name: 'Windows' },
      { signature: 'a', os_name: 'Linux' },
      { signature: 'b' },
    ],
    search: '_aggs.signature=_cardinality.platform',
    expected: {
      facets: {
        signature: [
          { term: 'a', count: 3, facets: { cardinality_platform: { value: 2 } } },
          { term: 'b', count: 1, facets: { cardinality_platform: { value: 0 } } },
        ],
      },
    },
  },
  {
    name: 'W21 cardinality of 51 versions, although 50 terms are shown',
    crashes: Array.from({ length: 102 }, (_, n) => ({ version: `${n % 51}.0` })),
    search: '_facets=_cardinality.version&_results_number=0',
    expected: { facets: { cardinality_version: { value: 51 } } },
  },
  ...refused('W21 an unknown column', [['_columns=unknown', '_columns']]),
  {
    name: 'W22 a histogram of days with what is counted again in each',
    crashes: THREE_DAYS,
    search: '_histogram.date=product&_histogram.date=platform&_facets=nope&_results_number=0',
    expected: {
      total: 5,
      facets: {
        signature: [],
        histogram_date: [
          {
            term: midnight('2026-11-15'),
            count: 2,
            facets: { product: once('NightTrain', 'WaterWolf'), platform: once('Linux') },
          },
          { term: midnight('2026-11-17'), count: 1, facets: { product: once('NightTrain'), platform: once('Linux') } },
          {
            term: midnight('2026-11-18'),
            count: 2,
            facets: { product: [{ term: 'WaterWolf', count: 2 }], platform: once('Linux', 'Windows') },
          },
        ],
      },
    },
  },
  ...[
    ['W22 fifty sub-terms where no size is asked for', '', 50],
    ['W22 _facets_size holds for sub-terms', '&_facets_size=3', 3],
  ].map(
    ([name, size, terms]): SemanticsCase => ({
      name: String(name),
      crashes: Array.from({ length: 60 }, (_, n) => ({
        date_processed: '2026-11-18T01:00:00Z',
        version: String(100 + n),
      })),
      search: `_histogram.date=version&_facets=product&_results_number=0${size}`,
      expected: {
        facets: {
          product: [],
          histogram_date: [
            {
              term: midnight('2026-11-18'),
              count: 60,
              facets: { version: once(...Array.from({ length: Number(terms) }, (_, n) => String(100 + n))) },
            },
          ],
        },
      },
    }),
  ),
  ...histograms([
    [
      'hour',
      [
        ['2025-12-31T23:00:00+00:00', 1],
        ['2026-09-30T23:00:00+00:00', 1],
        ['2026-10-01T00:00:00+00:00', 1],
        ['2026-11-15T23:00:00+00:00', 1],
        ['2026-11-16T00:00:00+00:00', 1],
        ['2026-11-18T11:00:00+00:00', 2],
      ],
    ],
    [
      'week',
      [
        [midnight('2025-12-29'), 1],
        [midnight('2026-09-28'), 2],
        [midnight('2026-11-09'), 1],
        [midnight('2026-11-16'), 3],
      ],
    ],
    [
      'month',
      [
        [midnight('2025-12-01'), 1],
        [midnight('2026-09-01'), 1],
        [midnight('2026-10-01'), 1],
        [midnight('2026-11-01'), 4],
      ],
    ],
    [
      'quarter',
      [
        [midnight('2025-10-01'), 1],
        [midnight('2026-07-01'), 1],
        [midnight('2026-10-01'), 5],
      ],
    ],
    [
      'year',
      [
        [midnight('2025-01-01'), 1],
        [midnight('2026-01-01'), 6],
      ],
    ],
  ]),
  {
    name: 'W22 a histogram by minute',
    crashes: dated('2026-11-18T11:59:59.999999Z', '2026-11-18T11:59:00Z', '2026-11-18T11:58:59Z'),
    search: '_facets=_histogram.date&_histogram_interval.date=minute',
    expected: {
      facets: {
        histogram_date: [
          { term: '2026-11-18T11:58:00+00:00', count: 1 },
          { term: '2026-11-18T11:59:00+00:00', count: 2 },
        ],
      },
    },
  },
  {
    name: 'a histogram of whole numbers, of width 1 and of 10, negative ones too',
    crashes: [...THREE_DAYS, { uptime: -1 }],
    search: '_histogram.uptime=product&_histogram_interval.uptime=10&_facets=product',
    expected: {
      facets: {
        product: [
          { term: 'WaterWolf', count: 3 },
          { term: 'NightTrain', count: 2 },
        ],
        histogram_uptime: [
          { term: -10, count: 1, facets: { product: [] } },
          { term: 0, count: 1, facets: { product: once('WaterWolf') } },
          { term: 10, count: 2, facets: { product: once('NightTrain', 'WaterWolf') } },
          { term: 20, count: 1, facets: { product: once('WaterWolf') } },
        ],
      },
    },
  },
  {
    name: 'a histogram of numbers has steps of one where no width is asked for',
    crashes: [{ uptime: 2, uptime_ts: 0.75 }, { uptime: 2, uptime_ts: 1.25 }, { uptime_ts: 1.5 }],
    search: '_facets=_histogram.uptime&_facets=_histogram.uptime_ts',
    expected: {
      facets: {
        histogram_uptime: [{ term: 2, count: 2 }],
        histogram_uptime_ts: [
          { term: 0, count: 1 },
          { term: 1, count: 2 },
        ],
      },
    },
  },
  {
    name: 'a histogram of floats by half',
    crashes: [{ uptime_ts: 0.75 }, { uptime_ts: 1.25 }, { uptime_ts: 1.5 }],
    search: '_facets=_histogram.uptime_ts&_histogram_interval.uptime_ts=0.5',
    expected: { facets: { histogram_uptime_ts: once(0.5, 1, 1.5) } },
  },
  {
    name: 'aggregations nest three deep, and a facet that is asked for twice is one',
    crashes: [
      { product: 'WaterWolf', version: '1.0', os_name: 'Linux', signature: 'a' },
      { product: 'WaterWolf', version: '1.0', os_name: 'Linux', signature: 'b' },
      { product: 'WaterWolf', version: '2.0', os_name: 'Windows', signature: 'a' },
      { product: 'NightTrain', version: '1.0' },
    ],
    search: '_facets=product&_aggs.product=version&_aggs.product.version.platform=_cardinality.signature',
    expected: {
      facets: {
        product: [
          {
            term: 'WaterWolf',
            count: 3,
            facets: {
              version: [
                {
                  term: '1.0',
                  count: 2,
                  facets: {
                    platform: [{ term: 'Linux', count: 2, facets: { cardinality_signature: { value: 2 } } }],
                  },
                },
                {
                  term: '2.0',
                  count: 1,
                  facets: {
                    platform: [{ term: 'Windows', count: 1, facets: { cardinality_signature: { value: 1 } } }],
                  },
                },
              ],
            },
          },
          { term: 'NightTrain', count: 1, facets: { version: [{ term: '1.0', count: 1, facets: { platform: [] } }] } },
        ],
      },
    },
  },
  {
    name: 'a histogram in each bucket, and _estimate in every one',
    crashes: [
      { product: 'WaterWolf', uptime: 1, sample_weight: 10 },
      { product: 'WaterWolf', uptime: 1 },
    ],
    search: '_aggs.product=_histogram.uptime&_facets=nope&_estimate=yes&_results_number=0',
    expected: {
      total_estimate: 11,
      facets: {
        signature: [],
        product: [
          {
            term: 'WaterWolf',
            count: 2,
            estimate: 11,
            facets: { histogram_uptime: [{ term: 1, count: 2, estimate: 11 }] },
          },
        ],
      },
    },
  },
  {
    name: 'four fields in _aggs, histograms of text, and intervals of nothing are left out with a warning',
    crashes: named('a'),
    search:
      '_aggs.product.version.platform.reason=signature&_histogram.signature=product&_histogram_interval.signature=1&_facets=_histogram.product',
    expected: {
      facets: { signature: once('a') },
      warned: [
        '_histogram_interval.signature',
        '_facets',
        '_aggs.product.version.platform.reason',
        '_histogram.signature',
      ],
    },
  },
  ...refused('W22', [
    ['_histogram.date=product&_histogram_interval.date=xdays', '_histogram_interval.date'],
    ['_histogram_interval.date=1', '_histogram_interval.date'],
    ['_facets=_histogram.date&_histogram_interval.date=minute&date=>2026-01-01', '_histogram_interval.date'],
  ]),
  ...refused('refused', [
    ['_histogram_interval.uptime=0', '_histogram_interval.uptime'],
    ['_histogram_interval.uptime=0.5', '_histogram_interval.uptime'],
    ['_histogram_interval.uptime=day', '_histogram_interval.uptime'],
    ['_histogram_interval.uptime_ts=-1', '_histogram_interval.uptime_ts'],
    ['_histogram_interval.uptime_ts=1e-9', '_histogram_interval.uptime_ts'],
  ]),
]
