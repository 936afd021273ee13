import { INVESTIGATOR, named, once, refused, type SemanticsCase, totals } from './semantics-case.ts'

const SECRETS = [
  { signature: 'a', url: 'https://canary.example/', user_comments: 'canary' },
  { signature: 'b', url: 'https://other.example/' },
]
const SORTABLE = [
  { signature: 'b', uptime: 10 },
  { signature: 'a', uptime: 9 },
  { signature: 'c' },
  { signature: 'a', uptime: 100 },
]

/** Columns, sorting, pages, what a viewer may see and what is left out (specs/webapp.md 2.3 and 7). */
export const CONTROL_CASES: readonly SemanticsCase[] = [
  {
    name: 'W11 columns have their public names, and the signature is the facet where none is asked for',
    crashes: [
      {
        signature: 'js::Run',
        os_name: 'Linux',
        build: '20261118000000',
        date_processed: '2026-11-18T09:00:00.5+00:00',
        json_dump: { system_info: { cpu_count: 8 } },
      },
    ],
    search: '_columns=date&_columns=build_id&_columns=platform&_columns=signature&_columns=cpu_count&_columns=reason',
    expected: {
      total: 1,
      hits: [
        {
          date: '2026-11-18T09:00:00.500000+00:00',
          build_id: 20261118000000,
          platform: 'Linux',
          signature: 'js::Run',
          cpu_count: 8,
          reason: null,
        },
      ],
      facets: { signature: [{ term: 'js::Run', count: 1 }] },
      errors: [],
      warned: [],
    },
  },
  ...refused('W12', [
    ['_results_number=-1', '_results_number'],
    ['_results_number=1001', '_results_number'],
    ['_results_number=ten', '_results_number'],
    ['_results_offset=10000&_results_number=50', '_results_offset'],
    ['_facets_size=10001', '_facets_size'],
  ]),
  ...totals('W12', [{}], [['_results_offset=9950&_results_number=50', 1]]),
  {
    name: 'the newest crash comes first where no order is asked for',
    crashes: SORTABLE,
    search: '_columns=signature&_columns=uptime',
    expected: {
      hits: [
        { signature: 'b', uptime: 10 },
        { signature: 'c', uptime: null },
        { signature: 'a', uptime: 9 },
        { signature: 'a', uptime: 100 },
      ],
    },
  },
  {
    name: 'sort by two fields, numbers as numbers',
    crashes: SORTABLE,
    search: '_columns=uptime&_sort=signature&_sort=-uptime',
    expected: { hits: [{ uptime: 100 }, { uptime: 9 }, { uptime: 10 }, { uptime: null }] },
  },
  ...['uptime', '-uptime'].map((sort) => ({
    name: `a crash without the field comes last: _sort=${sort}`,
    crashes: SORTABLE,
    search: `_columns=signature&_sort=${sort}&_results_offset=3`,
    expected: { total: 4, hits: [{ signature: 'c' }] },
  })),
  ...['signature', '-signature'].map((sort) => ({
    name: `equal ones come by crash id either way: _sort=${sort}`,
    crashes: named('same', 'same', 'same'),
    search: `_columns=uuid&_sort=${sort}`,
    expected: {
      hits: [
        { uuid: '00000000-0000-4000-8000-000000261118' },
        { uuid: '00000001-0000-4000-8000-000000261114' },
        { uuid: '00000002-0000-4000-8000-000000261118' },
      ],
    },
  })),
  {
    name: 'a page is cut out of the merged order',
    crashes: SORTABLE,
    search: '_columns=uptime&_sort=uptime&_results_offset=1&_results_number=2',
    expected: { total: 4, hits: [{ uptime: 10 }, { uptime: 100 }] },
  },
  {
    name: 'bools are true and false in hits, and a list is the text that it is',
    crashes: [{ startup_crash: '1', missing_symbols: 'Xul.dll/1/AB1;b' }],
    search: '_columns=startup_crash&_columns=missing_symbols',
    expected: { hits: [{ startup_crash: true, missing_symbols: 'Xul.dll/1/AB1;b' }] },
  },
  {
    name: 'unknown parameters, facets and sorts are left out with a warning',
    crashes: named('a'),
    search: 'signatur=b&__proto__=x&_facets=nope&_sort=-nope&constructor=1&_fields=x',
    expected: {
      total: 1,
      facets: { signature: once('a') },
      warned: ['signatur', '__proto__', 'constructor', '_fields', '_facets', '_sort'],
    },
  },
  {
    name: 'operators on an enum are part of the value, with a warning; a blank value is ignored, with a warning',
    crashes: [{ product: 'WaterWolf' }],
    search: 'product==WaterWolf&version=',
    expected: { total: 0, warned: ['product', 'version'] },
  },
  {
    name: 'a protected field is neither asked nor shown without view_pii',
    crashes: SECRETS,
    search:
      'url=~canary&_facets=url&_sort=url&_columns=signature&_columns=url&user_comments=canary&_aggs.url=signature&_aggs.signature=url&_facets=_cardinality.url',
    expected: {
      total: 2,
      hits: [{ signature: 'a' }, { signature: 'b' }],
      facets: { signature: once('a', 'b') },
      warned: ['url', 'user_comments', '_columns', '_facets', '_facets', '_aggs.url', '_aggs.signature', '_sort'],
    },
  },
  {
    name: 'a protected field is a field like others with view_pii',
    crashes: SECRETS,
    search: 'url=~canary&_facets=user_comments&_columns=url',
    viewer: INVESTIGATOR,
    expected: {
      total: 1,
      hits: [{ url: 'https://canary.example/' }],
      facets: { user_comments: once('canary') },
      warned: [],
    },
  },
  {
    name: '_estimate adds what the crashes stand for, one each where nothing says otherwise',
    crashes: [
      { signature: 'a', sample_weight: 10 },
      { signature: 'b' },
      { signature: 'b' },
      { signature: 'b', sample_weight: 2.5 },
    ],
    search: '_estimate=1&_results_number=0',
    expected: {
      total: 4,
      total_estimate: 14.5,
      facets: {
        signature: [
          { term: 'b', count: 3, estimate: 4.5 },
          { term: 'a', count: 1, estimate: 10 },
        ],
      },
    },
  },
  {
    name: 'nothing is estimated where it is not asked for',
    crashes: [{ signature: 'a', sample_weight: 10 }],
    search: '_estimate=0',
    expected: { total_estimate: undefined, facets: { signature: once('a') } },
  },
  ...refused('refused', [
    ['_columns=nope', '_columns'],
    ['_results_number=1.5', '_results_number'],
    ['_results_offset=-1', '_results_offset'],
    ['_estimate=maybe', '_estimate'],
    ['_return_query=maybe', '_return_query'],
    ['_sort=product&_sort=version&_sort=reason&_sort=uuid&_sort=date', '_sort'],
    ['_cursor=x', '_cursor'],
    ['_cursor=&_results_offset=5', '_results_offset'],
    ['_cursor=&_sort=signature', '_sort'],
    ['_cursor=&_sort=-date&_sort=uuid', '_sort'],
  ]),
  ...['_sort=nope', '_facets=nope', '_facets=_cardinality.nope', '_aggs.nope=signature', '_aggs.signature=nope'].map(
    (search): SemanticsCase => ({
      name: `SuperSearchUnredacted refuses ${search}`,
      crashes: [],
      search,
      viewer: INVESTIGATOR,
      unknown: 'refused',
      expected: { bad: search.split('=')[0] ?? '' },
    }),
  ),
]
