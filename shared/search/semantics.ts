import { ANONYMOUS, type Viewer } from '../auth/permissions.ts'
import { utcDay } from '../clock.ts'
import { searchDocument } from './document.ts'
import { parseSearchQuery } from './query.ts'
import type { SearchAnswer, SearchDocument, SearchRpc } from './search-rpc.ts'

/**
 * What SuperSearch means, as a table: processed crashes, a query string, the answer. Every engine behind {@link SearchBackend} must
 * give these answers. Ids such as W14 are the conformance cases of specs/webapp.md section 7.
 */
export interface SemanticsCase {
  readonly name: string
  /** Processed crashes; what they leave out of `uuid` and `date_processed` is filled in, alternating between two weeks. */
  readonly crashes: readonly object[]
  readonly search: string
  readonly viewer?: Viewer
  /** `bad` is the parameter that is refused. What is not named here may be anything. */
  readonly expected: { readonly bad: string } | Partial<Omit<SemanticsOutcome, 'bad'>>
}

export interface SemanticsOutcome {
  readonly total: number
  readonly hits: SearchAnswer['hits']
  readonly facets: SearchAnswer['facets']
  /** The parameters of the warnings. */
  readonly warned: readonly string[]
}

/** What an engine must offer to be asked. */
export type SearchBackend = Pick<SearchRpc, 'index' | 'query'>

/** When every case is asked: Wednesday noon of 2026W47. */
export const SEMANTICS_NOW_MS = Date.parse('2026-11-18T12:00:00Z')

const DAY_MS = 86_400_000
const INVESTIGATOR: Viewer = { email: 'investigator@example.com', permissions: ['view_pii'] }

/** The documents of a case. The first crash is the newest; even ones are of this week and odd ones of the week before. */
export function semanticsDocuments(crashes: readonly object[]): readonly SearchDocument[] {
  return crashes.map((crash, n) => {
    const receivedMs = SEMANTICS_NOW_MS - (n % 2) * 4 * DAY_MS - (n + 1) * 1000
    const serial = String(n).padStart(8, '0')
    const uuid = `${serial}-0000-4000-8000-000000${utcDay(receivedMs).slice(2)}`
    return searchDocument({ uuid, date_processed: new Date(receivedMs).toISOString(), ...crash }, 1)
  })
}

/** Runs one case on an engine that holds nothing else. */
export async function semanticsOutcome(
  { crashes, search, viewer }: SemanticsCase,
  backend: SearchBackend,
): Promise<SemanticsOutcome | { readonly bad: string }> {
  const parsed = parseSearchQuery(new URLSearchParams(search), viewer ?? ANONYMOUS, SEMANTICS_NOW_MS)
  if (parsed.kind === 'bad') return { bad: parsed.param }
  await backend.index(semanticsDocuments(crashes))
  const { total, hits, facets } = await backend.query(parsed.query)
  return { total, hits, facets, warned: parsed.warnings.map(({ param }) => param) }
}

const named = (...signatures: readonly string[]) => signatures.map((signature) => ({ signature }))
const once = (...terms: readonly (string | number)[]) => terms.map((term) => ({ term, count: 1 }))
/** One case for each query over the same crashes: `[query, total]`. */
const totals = (name: string, crashes: readonly object[], rows: readonly (readonly [string, number])[]) =>
  rows.map(([search, total]): SemanticsCase => ({ name: `${name}: ${search}`, crashes, search, expected: { total } }))
const refused = (name: string, rows: readonly (readonly [search: string, bad: string])[]) =>
  rows.map(([search, bad]): SemanticsCase => ({ name: `${name}: ${search}`, crashes: [], search, expected: { bad } }))

const BROWSERS = named(
  'js::break_your_browser',
  'mozilla::js::function',
  'json_Is_Kewl',
  'OhILoveMyBrowser',
  'foo(bar)',
)
const BUILDS = [{ build: '1999' }, { build: '2000' }, { build: 2001 }]
const NOTES = [
  { app_notes: 'somebody that I used to know', product: 'WaterWolf' },
  { app_notes: null, product: 'WaterWolf' },
  { app_notes: 'processor that I used to run', product: 'NightTrain' },
]
const PLATFORMS = [{ os_name: 'Linux' }, { os_name: 'Windows NT' }, { os_name: 'Windows' }, {}]
const VERSIONS = ['4.0b2', '4.0b3', '5.0a1'].map((version) => ({ version }))
const UPTIMES = [{ uptime: 1 }, { uptime: 5 }, { uptime: '9' }, {}]
const STARTUPS = [{ startup_crash: true }, { startup_crash: '1' }, { startup_crash: '0' }, {}]
const SECRETS = [
  { signature: 'a', url: 'https://canary.example/', user_comments: 'canary' },
  { signature: 'b', url: 'https://other.example/' },
]
const DATES = [
  { date_processed: '2026-11-18T11:59:59.999999+00:00' },
  { date_processed: '2026-11-15T23:59:59+00:00' },
  { date_processed: '2026-11-10T00:00:00+00:00' },
  { date_processed: '2026-11-01T00:00:00+00:00', uuid: '00000000-0000-4000-8000-000000261101' },
]
const SORTABLE = [
  { signature: 'b', uptime: 10 },
  { signature: 'a', uptime: 9 },
  { signature: 'c' },
  { signature: 'a', uptime: 100 },
]

export const SEMANTICS: readonly SemanticsCase[] = [
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
    name: 'W14 contains, and the facet has the hits only',
    crashes: BROWSERS,
    search: 'signature=~js',
    expected: {
      total: 3,
      facets: { signature: once('js::break_your_browser', 'json_Is_Kewl', 'mozilla::js::function') },
    },
  },
  ...totals('W14', BROWSERS, [
    ['signature=!~js', 2],
    ['signature=^js', 2],
    ['signature=$browser', 1],
    ['signature=$rowser', 2],
    ['signature==foo(bar)', 1],
    ['signature==FOO(bar)', 0],
    ['signature=FOO', 1],
    ['signature=~js&signature=~Browser', 4],
    ['signature=!~js&signature=!~json', 4],
    ['signature=js&signature=foo', 3],
    ['signature=!js&signature=!foo', 2],
    ['signature=__null__', 0],
    ['signature=!__null__', 5],
    ['signature=~', 5],
  ]),
  ...totals('W15', BUILDS, [
    ['build_id=2000', 1],
    ['build_id=!2000', 2],
    ['build_id=>2000', 1],
    ['build_id=>=2000', 2],
    ['build_id=<2000', 1],
    ['build_id=<=2000', 2],
    ['build_id=>1999&build_id=<2001', 1],
    ['build_id=1999&build_id=2001', 2],
    ['build_id=!1999&build_id=!2001', 1],
  ]),
  {
    name: 'W15 numbers are numbers in hits and facets, ascending among equals',
    crashes: BUILDS,
    search: '_columns=build_id&_sort=-build_id&_facets=build_id',
    expected: {
      hits: [{ build_id: 2001 }, { build_id: 2000 }, { build_id: 1999 }],
      facets: { build_id: once(1999, 2000, 2001) },
    },
  },
  ...totals('W17', NOTES, [
    ['app_notes=that I used', 2],
    ['app_notes=SOMEBODY', 1],
    ['app_notes==somebody', 0],
    ['app_notes=!SOMEBODY', 2],
    ['product=!WaterWolf', 1],
    ['product=waterwolf', 0],
    ['app_notes=that&product=WaterWolf', 1],
  ]),
  ...refused('W18', [
    ['date=2016-01-01', 'date'],
    ['date=>1999-01-01', 'date'],
    ['date=>=yesterday', 'date'],
    ['date=>=2026-02-30', 'date'],
    ['date=__null__', 'date'],
    ['date=>=2025-11-17T00:00:00&date=<2026-11-18', 'date'],
  ]),
  ...totals('W18', DATES, [
    ['', 2],
    ['date=<2026-11-16', 2],
    ['date=<2026-11-15', 1],
    ['date=>=2025-11-18&date=<2026-11-18', 3],
    ['date=>=2026-11-01 00:00:00', 4],
    ['date=>2026-11-01T00:00:00Z', 3],
    ['date=!<=2026-11-01', 3],
    ['date=>=2026-11-01&date=>=2026-11-12&date=<2026-11-18&date=<2026-11-17', 1],
    ['date=>=2026-11-16T00:59:59%2B01:00&date=<=2026-11-16T00:59:59%2B01:00', 1],
    ['date=>=2026-11-16T00:59:59+01:00&date=<=2026-11-16T00:59:59+01:00', 1],
    ['date=>2026-11-18&date=<2026-11-01', 0],
    ['date=>=2026-11-01&date=<=2026-11-10', 2],
    ['date=>=2026-11-01&date=<2026-11-10', 1],
    ['date=>=2026-11-01&date=<=2026-11-10&date=<2026-11-10', 1],
    ['date=>2026-11-01&date=>=2026-11-01&date=<2026-11-11', 1],
  ]),
  ...totals('W20', VERSIONS, [
    ['version=4.0b', 2],
    ['version=!4.0b', 1],
    ['version=4.0b2', 1],
    ['version=4.0', 0],
  ]),
  ...totals('only versions have betas', [{ product: 'Webber' }], [['product=Web', 0]]),
  ...totals('words', PLATFORMS, [
    ['platform=linux', 1],
    ['platform=Windows NT', 2],
    ['platform=!windows', 2],
    ['platform=__null__', 1],
  ]),
  ...totals('ranges narrow, a missing number passes no range', UPTIMES, [
    ['uptime=>1&uptime=<9', 1],
    ['uptime=!>1', 2],
    ['uptime=__null__', 1],
    ['uptime=__null__&uptime=5', 2],
  ]),
  ...totals('bool', STARTUPS, [
    ['startup_crash=__true__', 2],
    ['startup_crash=!__true__', 2],
    ['startup_crash=yes', 2],
    ['startup_crash=false', 1],
    ['startup_crash=__null__', 1],
  ]),
  {
    name: 'terms of a bool are T and F, its hits are true and false',
    crashes: STARTUPS,
    search: '_facets=startup_crash&_columns=startup_crash&_results_number=1',
    expected: {
      hits: [{ startup_crash: true }],
      facets: {
        startup_crash: [
          { term: 'T', count: 2 },
          { term: 'F', count: 1 },
        ],
      },
    },
  },
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
  {
    name: 'a page is cut out of the merged order',
    crashes: SORTABLE,
    search: '_columns=uptime&_sort=uptime&_results_offset=1&_results_number=2',
    expected: { total: 4, hits: [{ uptime: 10 }, { uptime: 100 }] },
  },
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
    search: '_facets=missing_symbols&_results_number=0',
    expected: {
      total: 3,
      facets: {
        missing_symbols: [
          { term: 'xul.dll/1/ab1', count: 2 },
          { term: 'ntdll.pdb/none/cd1', count: 1 },
        ],
      },
    },
  },
  {
    name: '_facets_size=0 asks for no facet',
    crashes: named('a'),
    search: '_facets_size=0&_facets=product',
    expected: { total: 1, facets: {} },
  },
  {
    name: 'unknown parameters, facets and sorts are left out with a warning',
    crashes: named('a'),
    search: 'signatur=b&__proto__=x&_facets=nope&_sort=-nope&constructor=1',
    expected: {
      total: 1,
      facets: { signature: once('a') },
      warned: ['signatur', '__proto__', 'constructor', '_facets', '_sort'],
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
    search: 'url=~canary&_facets=url&_sort=url&_columns=signature&_columns=url&user_comments=canary',
    expected: {
      total: 2,
      hits: [{ signature: 'a' }, { signature: 'b' }],
      facets: { signature: once('a', 'b') },
      warned: ['url', 'user_comments', '_columns', '_facets', '_sort'],
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
  ...refused('refused', [
    ['_columns=nope', '_columns'],
    ['signature=@js.*', 'signature'],
    ['build_id=abc', 'build_id'],
    ['build_id=>99999999999999999999', 'build_id'],
    ['uptime_ts=>x', 'uptime_ts'],
    ['signature=a%00b', 'signature'],
    ['_facets=_cardinality.version', '_facets'],
    ['_histogram.date=product', '_histogram.date'],
    ['_histogram_interval.date=xdays', '_histogram_interval.date'],
    ['_aggs.product=version', '_aggs.product'],
    ['_return_query=true', '_return_query'],
    ['_sort=product&_sort=version&_sort=reason&_sort=uuid&_sort=date', '_sort'],
  ]),
  ...totals(
    'hostile values',
    [{ signature: '__proto__' }, { signature: 42 }, { signature: 'nul\0nul' }, { signature: '::' }],
    [
      ['signature==__proto__', 1],
      ['signature==BAD DATA', 1],
      ['signature=$nul', 1],
      ['signature=::', 1],
      ['uptime_ts=>=0.5', 0],
    ],
  ),
]
