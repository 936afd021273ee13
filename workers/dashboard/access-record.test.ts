import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createToken } from '#shared/auth/token.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { accessLogIn } from '#shared/db/access-log.ts'
import { accessLog } from '#shared/db/schema.ts'
import { ACCESS_LOG_DAYS, ACCESS_LOG_DEADLINE_MS } from '#shared/limits.ts'
import { dashboardRig, NOW_MS } from './dashboard-rig.ts'

/** Views of protected data and what is written of them. The store's redaction and the table are the real ones. */

const SECRET = 's3cr3t-comment'
const EVERYTHING = ['view_pii', 'view_rawdump'] as const

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeEach(async () => {
  rig = await dashboardRig()
  await drizzle(env.DB).delete(accessLog)
})

const keep = (from = rig) =>
  from.keep({
    state: 'processed',
    annotations: { ProductName: 'WaterWolf', Comments: SECRET },
    processed: { signature: 'foo', product: 'WaterWolf', user_comments: SECRET },
    dumps: { upload_file_minidump: `MDMP ${SECRET}` },
  })
const rows = () => drizzle(env.DB).select().from(accessLog).all()

describe('a view of protected data', () => {
  it('is one row: who, what, which crash, when', async () => {
    const crashId = keep()
    const headers = await rig.signIn('investigator@example.com')
    const page = await (await rig.fetch(`/report/index/${crashId}?tab=annotations`, { headers })).text()
    expect(page).toContain(SECRET)
    expect(await rows()).toMatchObject([
      {
        at: NOW_MS,
        email: 'investigator@example.com',
        token_id: null,
        what: 'protected_values',
        crash_id: crashId,
        detail: '',
      },
    ])
  })

  it('by a token names the token’s public id, and nothing more of it', async () => {
    const crashId = keep()
    const headers = await rig.token(...EVERYTHING)
    await rig.json(`/api/RawCrash/?crash_id=${crashId}`, { headers })
    await rig.json(`/api/ProcessedCrash/?crash_id=${crashId}`, { headers })
    await (await rig.fetch(`/api/RawCrash/?crash_id=${crashId}&format=raw`, { headers })).text()
    const who = { email: 'owner@example.com', token_id: headers['Auth-Token'].slice(0, 8), crash_id: crashId }
    expect(await rows()).toMatchObject([
      { ...who, what: 'protected_values' },
      { ...who, what: 'protected_values' },
      { ...who, what: 'dump', detail: 'upload_file_minidump' },
    ])
    expect(JSON.stringify(await rows())).not.toContain(headers['Auth-Token'].slice(8))
  })

  it('in search names the fields, never what was asked of them', async () => {
    const headers = await rig.token('view_pii')
    const asked = [
      '/api/SuperSearch/?_columns=url',
      `/api/SuperSearch/?user_comments=~${SECRET}`,
      '/api/SuperSearch/?_facets=url',
      '/api/SuperSearch/?_aggs.product.version=_cardinality.url',
      '/api/SuperSearch/?_sort=url',
      '/api/SuperSearchUnredacted/?_columns=url&_columns=remote_type',
    ]
    for (const path of asked) expect((await rig.json(path, { headers })).status).toBe(200)
    expect((await rows()).map(({ what, detail, crash_id }) => [what, detail, crash_id])).toEqual([
      ['search', 'url', null],
      ['comments', 'user_comments', null],
      ['search', 'url', null],
      ['search', 'url', null],
      ['search', 'url', null],
      ['search', 'remote_type url', null],
    ])
    expect(JSON.stringify(await rows())).not.toContain(SECRET)
  })

  it('is one row a page, however many questions the page asks', async () => {
    const headers = await rig.signIn('investigator@example.com')
    await (await rig.fetch('/search/?_columns=url&url=!__null__', { headers })).text()
    await (await rig.fetch('/signature/?signature=foo&_tab=comments', { headers })).text()
    expect((await rows()).map(({ what }) => what)).toEqual(['search', 'comments'])
  })

  it('is a step through the results of a search by protected fields, too', async () => {
    const headers = await rig.signIn('investigator@example.com')
    const step = (filter: string) => `/report/index/${crashId}?${new URLSearchParams({ in: filter, at: '0' })}`
    const crashId = keep()
    await (await rig.fetch(step('product=WaterWolf'), { headers })).text()
    await (await rig.fetch(step(`user_comments=~${SECRET}`), { headers })).text()
    expect((await rows()).map(({ what }) => what).toSorted()).toEqual([
      'comments',
      'protected_values',
      'protected_values',
    ])
  })

  it('is not what happens when nothing protected is shown', async () => {
    const crashId = keep()
    const pending = rig.keep({ state: 'pending' })
    const viewer = await rig.signIn('viewer@example.com')
    const investigator = await rig.signIn('investigator@example.com')
    for (const headers of [{}, viewer, await rig.token('view_rawdump', 'upload_symbols')]) {
      for (const path of [
        `/report/index/${crashId}`,
        `/api/RawCrash/?crash_id=${crashId}`,
        `/api/ProcessedCrash/?crash_id=${crashId}`,
        '/api/SuperSearch/?_columns=url&user_comments=~x',
        '/search/?_columns=url',
      ]) {
        await (await rig.fetch(path, { headers })).text()
      }
    }
    for (const path of [
      '/',
      '/search/',
      '/signature/?signature=foo',
      '/topcrashers/',
      `/report/index/${rig.unknownId()}`,
      `/report/index/${pending}`,
      `/report/index/${crashId}/markdown`,
      `/api/ProcessedCrash/?crash_id=${rig.unknownId()}`,
      '/api/SuperSearch/?product=WaterWolf',
      '/signature/?signature=foo&_tab=bugs',
    ]) {
      await (await rig.fetch(path, { headers: investigator })).text()
    }
    expect(await rows()).toEqual([])
  })
})

describe('when the access log cannot be written', () => {
  async function unwritable() {
    const broken = await dashboardRig({
      accessLog: { ...accessLogIn(drizzle(env.DB)), add: () => Promise.reject(new Error('D1 at 10.0.0.7 is gone')) },
    })
    return { broken, crashId: keep(broken), headers: await broken.signIn('investigator@example.com') }
  }

  it('a report shows what everybody sees, and says why', async () => {
    const { broken, crashId, headers } = await unwritable()
    for (const tab of ['crash', 'annotations', 'raw', 'debug']) {
      const response = await broken.fetch(`/report/index/${crashId}?tab=${tab}`, { headers })
      const page = await response.text()
      expect([response.status, page.includes(SECRET)]).toEqual([200, false])
      expect(page).toContain('Protected values are left out')
      expect(page).toContain('foo')
      expect(page).not.toContain('10.0.0.7')
    }
    expect(broken.logged).toContainEqual({
      stage: 'dashboard',
      outcome: 'access_unrecorded',
      fields: { what: 'protected_values', crash_id: crashId, error: 'Error: D1 at 10.0.0.7 is gone' },
    })
  })

  it('a crash that failed, too', async () => {
    const { broken, headers } = await unwritable()
    const failed = broken.keep({ state: 'failed', reason: 'no', annotations: { Comments: SECRET } })
    const page = await (await broken.fetch(`/report/index/${failed}`, { headers })).text()
    expect(page).toContain('Protected values are left out')
    expect(page).not.toContain(SECRET)
  })

  it('dumps, the API and searches by protected fields answer 503, and nothing protected leaves', async () => {
    const { broken, crashId, headers } = await unwritable()
    const token = await broken.token(...EVERYTHING)
    for (const path of [
      `/api/RawCrash/?crash_id=${crashId}`,
      `/api/RawCrash/?crash_id=${crashId}&format=raw`,
      `/api/ProcessedCrash/?crash_id=${crashId}`,
      '/api/SuperSearch/?_columns=user_comments',
      '/api/SuperSearchUnredacted/?user_comments=~a',
    ]) {
      const { status, headers: said, body } = await broken.json(path, { headers: token })
      expect([path, status, said.get('Retry-After')]).toEqual([path, 503, '60'])
      expect(body).toEqual({ error: expect.stringContaining('access log') })
    }
    for (const path of ['/search/?_columns=url', '/signature/?signature=foo&_tab=comments']) {
      const response = await broken.fetch(path, { headers })
      expect([path, response.status]).toEqual([path, 503])
      expect(await response.text()).toContain('Protected values cannot be shown right now')
    }
    expect(broken.state.queries.filter((query) => /user_comments|"url"/.test(JSON.stringify(query)))).toEqual([])
  })

  it('public data goes on', async () => {
    const { broken, crashId, headers } = await unwritable()
    for (const path of ['/', '/search/', `/report/index/${crashId}/markdown`, '/api/SuperSearch/']) {
      expect((await broken.fetch(path, { headers })).status).toBe(200)
    }
    expect((await broken.fetch(`/api/ProcessedCrash/?crash_id=${crashId}`)).status).toBe(200)
  })
})

describe('the log', () => {
  it('is waited for until its deadline, and no longer', async () => {
    const db = drizzle(env.DB)
    const stuck = Object.assign(Object.create(db), { batch: () => new Promise(() => {}) })
    vi.useFakeTimers()
    try {
      const entry = { email: 'a@example.com', tokenId: null, what: 'search', crashId: null, detail: '' } as const
      const added = expect(accessLogIn(stuck).add({ ...entry, atMs: NOW_MS })).rejects.toThrow('D1 access_log')
      await vi.advanceTimersByTimeAsync(ACCESS_LOG_DEADLINE_MS)
      await added
    } finally {
      vi.useRealTimers()
    }
  })

  it('has one spelling a person', async () => {
    const crashId = keep()
    const created = await createToken('Ada@Example.com', ['view_pii'], () => NOW_MS, systemRandomBytes)
    if (created.kind !== 'created') throw new Error(created.kind)
    await rig.deps.tokens.add(created.stored)
    await rig.json(`/api/RawCrash/?crash_id=${crashId}`, { headers: { 'Auth-Token': created.token } })
    expect((await rows()).map(({ email }) => email)).toEqual(['ada@example.com'])
  })

  it('keeps a year', async () => {
    const log = accessLogIn(drizzle(env.DB))
    const entry = { email: 'a@example.com', tokenId: null, what: 'search', crashId: null, detail: '' } as const
    const yearMs = ACCESS_LOG_DAYS * 86_400_000
    await log.add({ ...entry, atMs: NOW_MS - yearMs })
    await log.add({ ...entry, atMs: NOW_MS - yearMs + 1 })
    await log.add({ ...entry, atMs: NOW_MS })
    expect((await rows()).map(({ at }) => NOW_MS - at)).toEqual([yearMs - 1, 0])
  })
})
