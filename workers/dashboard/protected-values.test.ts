import { beforeAll, describe, expect, it } from 'vitest'
import { CRASH_ANNOTATIONS } from '#shared/annotations.ts'
import type { SchemaNode } from '#shared/permission-schema.ts'
import { PROCESSED_CRASH_SCHEMA } from '#shared/processed-crash.ts'
import type { JsonValue } from '#shared/raw-crash.ts'
import { BUILT_IN_FIELDS } from '#shared/search/fields.ts'
import { MODELS } from './api/models.ts'
import { dashboardRig } from './dashboard-rig.ts'

/**
 * One crash with a canary in every place that is protected or unknown, read through every route by every kind of viewer.
 * The store's redaction is the real one; this shows that the dashboard adds no way around it: body, headers, log.
 */

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

const CANARY = 'c4n4ry'

function keepCanaries() {
  return rig.keep({
    state: 'processed',
    annotations: {
      ProductName: 'WaterWolf',
      Comments: `${CANARY}-comments`,
      URL: `https://${CANARY}.example/`,
      Email: `${CANARY}@example.com`,
      NotListedAnywhere: `${CANARY}-unlisted`,
      MozCrashReason: `${CANARY}-reason`,
    },
    dumps: { upload_file_minidump: `MDMP ${CANARY}-dump`, [`${CANARY}_dump`]: 'x' },
    processed: {
      signature: 'foo',
      product: 'WaterWolf',
      url: `https://${CANARY}.example/`,
      user_comments: `${CANARY}-comments`,
      moz_crash_reason_raw: `${CANARY}-raw`,
      java_stack_trace_raw: `${CANARY}-java`,
      collector_metadata: { user_agent: `${CANARY}-agent` },
      key_of_tomorrow: `${CANARY}-tomorrow`,
      reason: { [CANARY]: 'wrong type' },
      json_dump: {
        mac_boot_args: `${CANARY}-boot`,
        handles: [`${CANARY}-handle`],
        new_in_the_stackwalker: CANARY,
        crashing_thread: { threads_index: 0, frames: [{ function: 'main', registers: { rax: CANARY } }] },
        threads: [
          {
            thread_name: 'main',
            frames: [{ frame: 0, function: 'main', trust: 'context', registers: { rax: CANARY } }],
          },
        ],
      },
    },
  })
}

const routesOf = (crashId: string) => [
  `/report/index/${crashId}`,
  `/api/ProcessedCrash/?crash_id=${crashId}`,
  `/api/RawCrash/?crash_id=${crashId}`,
  `/api/RawCrash/?crash_id=${crashId}&format=raw`,
  `/api/RawCrash/?crash_id=${crashId}&format=raw&name=${'upload_file_minidump'}`,
]

/** Every part of a report's page, and the page as text. */
const reportParts = (crashId: string) => [
  ...['annotations', 'modules', 'extensions', 'raw', 'debug'].map((tab) => `/report/index/${crashId}?tab=${tab}`),
  `/report/index/${crashId}?find=a&thread=all`,
  `/report/index/${crashId}/markdown`,
]

/** Which of the routes above show a canary to whom. */
const VIEWERS = [
  { viewer: 'nobody', credentials: () => ({}), sees: [false, false, false, false, false] },
  { viewer: 'viewer@', credentials: () => rig.signIn('viewer@example.com'), sees: [false, false, false, false, false] },
  {
    viewer: 'uploader@',
    credentials: () => rig.signIn('uploader@example.com'),
    sees: [false, false, false, false, false],
  },
  {
    viewer: 'investigator@',
    credentials: () => rig.signIn('investigator@example.com'),
    sees: [true, true, true, true, true],
  },
  { viewer: 'admin@', credentials: () => rig.signIn('admin@example.com'), sees: [true, true, true, true, true] },
  {
    viewer: 'a session of nobody',
    credentials: () => ({ Cookie: `__Host-mayday_session=${'a'.repeat(64)}` }),
    sees: [false, false, false, false, false],
  },
] as const

const TOKENS = [
  { permissions: [], sees: [false, false, false, false] },
  { permissions: ['upload_symbols'], sees: [false, false, false, false] },
  { permissions: ['view_pii'], sees: [true, true, false, false] },
  { permissions: ['view_rawdump'], sees: [false, false, true, true] },
  { permissions: ['reprocess_crashes', 'view_all_uploads', 'manage_tokens'], sees: [false, false, false, false] },
  { permissions: ['admin'], sees: [true, true, true, true] },
] as const

async function everything(response: Response): Promise<string> {
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`
}

describe('protected values', () => {
  it.each(VIEWERS)('by route, for $viewer', async ({ credentials, sees }) => {
    const crashId = keepCanaries()
    const headers = await credentials()
    for (const [at, route] of routesOf(crashId).entries()) {
      const answer = await everything(await rig.fetch(route, { headers }))
      expect([route, answer.includes(CANARY)]).toEqual([route, sees[at]])
    }
    if (sees[0]) return
    for (const part of reportParts(crashId)) {
      const answer = await everything(await rig.fetch(part, { headers }))
      expect([part, answer.includes(CANARY)]).toEqual([part, false])
    }
  })

  it.each(TOKENS)('by API route, for a token with $permissions', async ({ permissions, sees }) => {
    const crashId = keepCanaries()
    const headers = await rig.token(...permissions)
    for (const [at, route] of routesOf(crashId).slice(1).entries()) {
      const answer = await everything(await rig.fetch(route, { headers }))
      expect([route, answer.includes(CANARY)]).toEqual([route, sees[at]])
    }
    // A token is for the API: pages do not take it.
    expect(await everything(await rig.fetch(`/report/index/${crashId}`, { headers }))).not.toContain(CANARY)
  })

  it('are marked on the page of those who see them, and the page says which data it shows', async () => {
    const crashId = keepCanaries()
    const page = await (
      await rig.fetch(`/report/index/${crashId}?tab=annotations`, {
        headers: await rig.signIn('investigator@example.com'),
      })
    ).text()
    expect(page).toContain('Viewing public and protected data')
    expect(page).toMatch(/Comments(?:<\/a>)?<span class="chip protected">protected<\/span>/)
    expect(page).not.toMatch(/ProductName(?:<\/a>)?<span class="chip protected">/)
    expect(await (await rig.fetch(`/report/index/${crashId}`)).text()).toContain('Viewing public data only')
  })

  it('are never in the log, whoever reads them', async () => {
    const crashId = keepCanaries()
    const headers = await rig.signIn('admin@example.com')
    for (const route of routesOf(crashId)) await (await rig.fetch(route, { headers })).arrayBuffer()
    await (await rig.fetch(`/search/?signature=~${CANARY}`, { headers })).text()
    expect(rig.logged.length).toBeGreaterThan(0)
    expect(JSON.stringify(rig.logged)).not.toContain(CANARY)
  })

  it('are in no page of a crash that failed', async () => {
    const crashId = rig.keep({
      state: 'failed',
      reason: 'too_many_tries',
      annotations: { ProductName: 'WaterWolf', Comments: CANARY },
    })
    const page = await (await rig.fetch(`/report/index/${crashId}`)).text()
    expect(page).toContain('too_many_tries')
    expect(page).not.toContain(CANARY)
  })
})

/** A value of this schema with a canary of its own in everything that is protected, and in a property that the schema does not know. */
function filled(node: SchemaNode, path: string, canaries: string[]): JsonValue {
  const canary = () => {
    const text = `${CANARY}:${path}:`
    canaries.push(text)
    return text
  }
  if (node.visibility === 'protected') return canary()
  switch (node.types[0]) {
    case 'object': {
      const entries = Object.entries(node.properties ?? {})
      const known = entries.map(([name, inner]) => [name, filled(inner, `${path}.${name}`, canaries)])
      return { ...Object.fromEntries(known), not_known: filled(UNKNOWN, `${path}.not_known`, canaries) }
    }
    case 'array':
      return [filled(node.items ?? UNKNOWN, `${path}[]`, canaries)]
    case 'integer':
    case 'number':
      return 7
    case 'boolean':
      return true
    default:
      return 'public'
  }
}
const UNKNOWN: SchemaNode = { types: [], visibility: 'protected' }

/** A crash with a canary in every protected place that the schemas know of. */
function keepEveryCanary() {
  const canaries = { raw: [] as string[], processed: [] as string[] }
  const hiddenAnnotations = CRASH_ANNOTATIONS.filter(({ visibility }) => visibility === 'protected')
  const annotations = hiddenAnnotations.map(({ name }) => [name, filled(UNKNOWN, name, canaries.raw)] as const)
  const crashId = rig.keep({
    state: 'processed',
    annotations: { ...Object.fromEntries(annotations), NotKnown: filled(UNKNOWN, 'NotKnown', canaries.raw) },
    processed: { ...Object(filled(PROCESSED_CRASH_SCHEMA, '', canaries.processed)) },
  })
  return { crashId, canaries }
}

describe('every protected place of the schemas', () => {
  it('is shown by no service and no page to nobody, nor to a token without permissions', async () => {
    const { crashId, canaries } = keepEveryCanary()
    expect(canaries.raw.length).toBeGreaterThan(10)
    expect(canaries.processed.length).toBeGreaterThan(50)
    const query = new URLSearchParams({ crash_id: crashId, signatures: 'public', bug_ids: '1', product: 'public' })
    const services = MODELS.flatMap(({ name }) => [`/api/${name}/?${query}`, `/api/${name}/?${query}&format=raw`])
    const pages = [
      '/',
      '/search/',
      '/api/',
      '/api/tokens/',
      `/report/index/${crashId}`,
      ...reportParts(crashId),
      `/search/quick/?query=${crashId}`,
    ]
    for (const headers of [{}, await rig.token()]) {
      for (const route of [...services, ...pages, '/api/openapi.json']) {
        for (const method of ['GET', 'POST']) {
          const answer = await everything(await rig.fetch(route, { method, headers }))
          expect(answer.includes(CANARY), `${method} ${route}`).toBe(false)
        }
      }
    }
  })

  it('is shown to a token with view_pii', async () => {
    const { crashId, canaries } = keepEveryCanary()
    const headers = await rig.token('view_pii')
    const raw = await everything(await rig.fetch(`/api/RawCrash/?crash_id=${crashId}`, { headers }))
    expect(canaries.raw.filter((canary) => !raw.includes(canary))).toEqual([])
    const processed = await everything(await rig.fetch(`/api/ProcessedCrash/?crash_id=${crashId}`, { headers }))
    expect(canaries.processed.filter((canary) => !processed.includes(canary))).toEqual([])
  })
})

describe('protected search fields', () => {
  const names = BUILT_IN_FIELDS.fields.filter(({ permission }) => permission === 'protected').map(({ name }) => name)
  const waysToAsk = (name: string) => [
    [name, 'x'],
    [name, '!__null__'],
    ['_columns', name],
    ['_facets', name],
    ['_facets', `_cardinality.${name}`],
    ['_facets', `_histogram.${name}`],
    ['_aggs.product', name],
    [`_aggs.${name}`, 'product'],
    ['_aggs.product.version', `_cardinality.${name}`],
    ['_histogram.date', name],
    [`_histogram.${name}`, 'product'],
    ['_sort', `-${name}`],
  ]
  const asked = async (route: string, init: RequestInit) => {
    rig.state.queries.length = 0
    await (await rig.fetch(route, init)).arrayBuffer()
    return JSON.stringify(rig.state.queries)
  }

  it('are all there', () => {
    expect(names.length).toBeGreaterThanOrEqual(17)
    expect(names).toEqual(expect.arrayContaining(['url', 'user_comments', 'remote_type', 'mac_boot_args']))
  })

  it.each(names)('%s reaches the index in no way for those who may not see it', async (name) => {
    const [anonymous, permissionless] = [{}, await rig.token('upload_symbols', 'reprocess_crashes')]
    for (const way of waysToAsk(name)) {
      const query = new URLSearchParams([way]).toString()
      const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
      for (const headers of [anonymous, permissionless]) {
        for (const text of [
          await asked(`/api/SuperSearch/?${query}`, { headers }),
          await asked('/api/SuperSearch/', { method: 'POST', headers: { ...headers, ...form }, body: query }),
          await asked(`/api/SuperSearchUnredacted/?${query}`, { headers }),
          await asked(`/search/?${query}`, { headers }),
        ]) {
          expect(text, query).not.toContain(`"${name}"`)
          expect(text, query).not.toContain(`_${name}"`)
        }
      }
    }
  })

  it('reach it for those who may', async () => {
    const headers = await rig.token('view_pii')
    for (const name of names) {
      for (const route of ['SuperSearch', 'SuperSearchUnredacted']) {
        const query = new URLSearchParams({ _columns: name, [name]: '!__null__' })
        expect(await asked(`/api/${route}/?${query}`, { headers })).toContain(`"${name}"`)
      }
    }
  })
})
