import { beforeAll, describe, expect, it } from 'vitest'
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
      await rig.fetch(`/report/index/${crashId}`, { headers: await rig.signIn('investigator@example.com') })
    ).text()
    expect(page).toContain('Viewing public and protected data')
    expect(page).toMatch(/Comments<span class="chip protected">protected<\/span>/)
    expect(page).not.toMatch(/ProductName<span class="chip protected">/)
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
