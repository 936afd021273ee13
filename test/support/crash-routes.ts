/** Every way in which a fleet shows a crash over HTTP: its services, as its own OpenAPI document lists them, and its pages. */
import { getJson } from './report.ts'

interface Parameter {
  readonly name: string
}

/** Services, pages and files around a crash of this product; filters seek `sought`. */
export async function crashRoutes(
  fleetUrl: string,
  { crashId, product, sought }: { readonly crashId: string; readonly product: string; readonly sought: string },
): Promise<readonly string[]> {
  const { signature } = (await getJson(`${fleetUrl}/api/ProcessedCrash/?crash_id=${crashId}`)).json
  return [
    ...(await serviceRoutes(fleetUrl, crashId, signature)),
    ...pageRoutes(crashId, product, sought),
    ...SIGNATURE_TABS.map((_tab) => `/signature/?${new URLSearchParams({ signature, _tab })}`),
  ]
}

const SIGNATURE_TABS = ['summary', 'aggregations', 'reports', 'graphs', 'correlations', 'comments', 'bugs']

/** Every GET service that the server says it has, asked about a crash with all its parameters; search services about all their fields. */
async function serviceRoutes(fleetUrl: string, crashId: string, signature: string): Promise<readonly string[]> {
  const { json } = await getJson(`${fleetUrl}/api/openapi.json`)
  const { json: fields } = await getJson(`${fleetUrl}/api/SuperSearchFields/`)
  const names = Object.keys(fields)
  const values: Readonly<Record<string, string>> = {
    crash_id: crashId,
    signatures: signature,
    page: '1',
    build_id: '1',
  }
  const routes: string[] = []
  for (const [path, verbs] of Object.entries<{ get?: { parameters?: readonly Parameter[] } }>(json.paths)) {
    if (verbs.get === undefined) continue
    const parameters = (verbs.get.parameters ?? []).map(({ name }) => name)
    if (!parameters.includes('_columns')) {
      const query = parameters.filter((name) => name !== 'format').map((name) => [name, values[name] ?? '1'])
      routes.push(`${path}?${new URLSearchParams(query)}`)
      continue
    }
    const each = (name: string, prefix = '') => names.map((field) => [name, `${prefix}${field}`] as const)
    for (const query of [each('_columns'), each('_facets'), each('_facets', '_cardinality.'), each('_aggs.product')])
      routes.push(`${path}?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`)
    routes.push(`${path}?_return_query=1&url=~canary&_columns=url`)
    routes.push(`${path}?_sort=url&_columns=uuid&_columns=url&_histogram.date=url&_aggs.url=user_comments&_estimate=1`)
  }
  return routes
}

function pageRoutes(crashId: string, product: string, sought: string): readonly string[] {
  return [
    '/',
    '/api/',
    '/api/openapi.json',
    '/api/tokens/',
    '/documentation/datadictionary',
    '/documentation/datadictionary.csv',
    '/search/',
    `/search/?product=${product}`,
    `/search/?signature=~${sought}`,
    '/search/?_columns=url&_columns=app_notes&_columns=abort_message&_columns=moz_crash_reason&_facets=url&_facets=app_notes',
    `/search/quick/?query=${crashId}`,
    `/report/index/${crashId}`,
    `/report/index/bp-${crashId}`,
    ...['annotations', 'modules', 'extensions', 'raw', 'debug'].map((tab) => `/report/index/${crashId}?tab=${tab}`),
    `/report/index/${crashId}?thread=all`,
    `/report/index/${crashId}/markdown`,
    `/topcrashers/?product=${product}`,
    '/symbols/',
    '/access-log/',
    `/api/RawCrash/?crash_id=${crashId}`,
    `/api/RawCrash/?crash_id=${crashId}&format=meta`,
    `/api/RawCrash/?crash_id=${crashId}&format=raw`,
    `/api/RawCrash/?crash_id=${crashId}&format=raw&name=upload_file_minidump`,
    '/api/SuperSearch/?url=~canary&user_comments=~canary&_facets=signature',
    '/api/uploads/missing-symbols/',
    '/api/uploads/missing-symbols.csv',
    '/__heartbeat__',
    '/__version__',
    '/signin',
  ]
}
