import { beforeEach, describe, expect, it } from 'vitest'
import { MAX_REPROCESS_FORM_BYTES, MAX_REPROCESS_IDS } from '#shared/limits.ts'
import { dashboardRig, ORIGIN } from '../dashboard-rig.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeEach(async () => {
  rig = await dashboardRig()
})

const PATH = '/api/Reprocessing/'
const FORBIDDEN = { error: "Use of this endpoint requires the 'Reprocess Crashes' permission" }

/** A form as crashstats-tools sends it. */
function form(crashIds: readonly string[], headers: Record<string, string> = {}): RequestInit {
  const body = new URLSearchParams(crashIds.map((crashId) => ['crash_ids', crashId])).toString()
  return { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } }
}

const token = () => rig.token('reprocess_crashes')
const ids = (count: number) => Array.from({ length: count }, () => rig.unknownId())

describe('POST /api/Reprocessing/', () => {
  it('queues crashes by id and ruleset, and answers true', async () => {
    const [a, b, c] = [rig.unknownId(), rig.unknownId(), rig.unknownId()]
    const answer = await rig.json(PATH, form([a, `${b}:regenerate_signature`, `${c}:default`], await token()))
    expect([answer.status, answer.body]).toEqual([200, true])
    expect(rig.reprocessed).toEqual([
      [a, 'default'],
      [c, 'default'],
      [b, 'regenerate_signature'],
    ])
  })

  it('queues each crash once, with all rules where both rulesets are asked for', async () => {
    const crashId = rig.unknownId()
    const asked = [`${crashId}:regenerate_signature`, crashId, `${crashId}:regenerate_signature`, `${crashId}:default`]
    expect((await rig.json(PATH, form(asked, await token()))).body).toBe(true)
    expect(rig.reprocessed).toEqual([[crashId, 'default']])
  })

  it('takes a multipart form too', async () => {
    const crashId = rig.unknownId()
    const body = new FormData()
    body.append('crash_ids', crashId)
    const answer = await rig.json(PATH, { method: 'POST', body, headers: await token() })
    expect([answer.status, answer.body]).toEqual([200, true])
    expect(rig.reprocessed).toEqual([[crashId, 'default']])
  })

  it.each([
    ['an id in capitals', (id: string) => id.toUpperCase()],
    ['an id with bp-', (id: string) => `bp-${id}`],
    ['an id with more behind it', (id: string) => `${id}x`],
    ['a path', () => '../raw_crash'],
    ['nothing', () => ''],
    ['an unknown ruleset', (id: string) => `${id}:everything`],
    ['an empty ruleset', (id: string) => `${id}:`],
    ['a name of Object', (id: string) => `${id}:__proto__`],
    ['two rulesets', (id: string) => `${id}:default:default`],
    ['a NUL', (id: string) => `${id}\0`],
  ])('refuses the whole request for %s, and queues nothing', async (_what, bad) => {
    const asked = [rig.unknownId(), bad(rig.unknownId()), rig.unknownId()]
    const { status, body } = await rig.json(PATH, form(asked, await token()))
    expect([status, body]).toMatchObject([400, { errors: { crash_ids: [expect.any(String)] } }])
    expect(JSON.stringify(body)).toContain("Bad value for parameter(s) 'crash_ids'")
    expect(rig.reprocessed).toEqual([])
  })

  it('says that crash_ids is required', async () => {
    const { status, body } = await rig.json(PATH, form([], await token()))
    expect([status, body]).toMatchObject([400, { errors: { crash_ids: ['This field is required.'] } }])
  })

  it.each([
    [50, 200],
    [MAX_REPROCESS_IDS - 1, 200],
    [MAX_REPROCESS_IDS, 200],
    [MAX_REPROCESS_IDS + 1, 400],
  ])('%i crash ids at once: %i', async (count, status) => {
    const asked = ids(count).map((crashId) => `${crashId}:regenerate_signature`)
    const answer = await rig.json(PATH, form(asked, await token()))
    expect(answer.status).toBe(status)
    expect(rig.reprocessed).toHaveLength(status === 200 ? count : 0)
    if (status === 400) expect(JSON.stringify(answer.body)).toContain(`at most ${MAX_REPROCESS_IDS}`)
  })

  it('refuses a form that is too large, and a body that is no form', async () => {
    const headers = await token()
    const large = await rig.json(PATH, form(['x'.repeat(MAX_REPROCESS_FORM_BYTES)], headers))
    expect(large.status).toBe(413)
    for (const type of [
      'application/json',
      'text/plain',
      '',
      'multipart/form-data',
      'multipart/form-data; boundary=b',
    ]) {
      const sent = { method: 'POST', body: '{"crash_ids":[]}', headers: { ...headers, 'Content-Type': type } }
      expect((await rig.json(PATH, sent)).status, type).toBe(415)
    }
    expect(rig.reprocessed).toEqual([])
  })

  it('is for reprocess_crashes only, asked for before the verb', async () => {
    const asked = ids(1)
    for (const headers of [{}, await rig.token('view_pii', 'view_rawdump'), await rig.token()]) {
      for (const init of [form(asked, headers), { headers }]) {
        const { status, body } = await rig.json(PATH, init)
        expect([status, body]).toEqual([403, FORBIDDEN])
      }
    }
    const unknown = await rig.json(PATH, form(asked, { 'Auth-Token': 'f'.repeat(64) }))
    expect([unknown.status, unknown.body]).toEqual([403, { error: 'API Token not matched' }])
    expect(rig.reprocessed).toEqual([])
  })

  it.each(['GET', 'PUT', 'DELETE'])('refuses %s with 405, and answers OPTIONS', async (method) => {
    const { status, body, headers } = await rig.json(PATH, { method, headers: await token() })
    expect([status, body, headers.get('Allow')]).toEqual([405, { error: 'Method not allowed' }, 'POST, OPTIONS'])
    const options = await rig.json(PATH, { method: 'OPTIONS' })
    expect([options.status, options.body]).toEqual([200, {}])
    expect(options.headers.get('Access-Control-Allow-Methods')).toContain('POST')
  })

  it('takes a session from our own pages only', async () => {
    const session = await rig.signIn('investigator@example.com')
    const crashId = rig.unknownId()
    const foreign: Record<string, string>[] = [
      {},
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ]
    for (const headers of foreign) {
      expect((await rig.json(PATH, form([crashId], { ...session, ...headers }))).status).toBe(403)
    }
    expect(rig.reprocessed).toEqual([])
    expect((await rig.json(PATH, form([crashId], { ...session, Origin: ORIGIN }))).body).toBe(true)
    const viewer = await rig.signIn('viewer@example.com')
    expect((await rig.json(PATH, form([crashId], { ...viewer, Origin: ORIGIN }))).body).toEqual(FORBIDDEN)
  })

  it('ignores the cookie beside a token: other sites may ask with a token, and a token without the permission has none', async () => {
    const session = await rig.signIn('admin@example.com')
    const elsewhere = { Origin: 'https://other.example', ...session }
    const crashId = rig.unknownId()
    expect((await rig.json(PATH, form([crashId], { ...elsewhere, ...(await rig.token()) }))).body).toEqual(FORBIDDEN)
    expect((await rig.json(PATH, form([crashId], { ...elsewhere, ...(await token()) }))).body).toBe(true)
    expect(rig.reprocessed).toEqual([[crashId, 'default']])
  })

  it('is 503 when the queue does not answer', async () => {
    const reprocess = () => Promise.reject(new Error('Queue is overloaded'))
    const broken = await dashboardRig({ crashStore: { ...rig.deps.crashStore, reprocess } })
    const init = form(ids(1), await broken.token('reprocess_crashes'))
    const { status, headers } = await broken.json(PATH, init)
    expect([status, headers.get('Retry-After')]).toEqual([503, '60'])
  })
})
