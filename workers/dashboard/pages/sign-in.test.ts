import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { sessions, users } from '#shared/db/schema.ts'
import { SESSION_SECONDS } from '#shared/limits.ts'
import { dashboardRig, NOW_MS, ORIGIN } from '../dashboard-rig.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

const db = () => drizzle(env.DB)
const form = (fields: Record<string, string>, headers: Record<string, string> = { Origin: ORIGIN }): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
  body: new URLSearchParams(fields).toString(),
})
const VIEWER = { account: 'viewer@example.com' }

describe('/signin in development on loopback', () => {
  it('offers the four accounts', async () => {
    const page = await (await rig.fetch('/signin?next=/search/')).text()
    for (const name of ['viewer', 'investigator', 'uploader', 'admin'])
      expect(page).toContain(`value="${name}@example.com"`)
    expect(page).toContain('<input type="hidden" name="next" value="/search/"/>')
  })

  it('writes the user and the hash of the cookie, never the cookie, and goes where next says', async () => {
    const response = await rig.fetch(
      '/signin',
      form({ account: 'investigator@example.com', next: '/search/?product=WaterWolf' }),
    )
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/search/?product=WaterWolf'])
    const cookie = response.headers.get('Set-Cookie') ?? ''
    expect(cookie).toMatch(
      /^__Host-mayday_session=[0-9a-f]{64}; Path=\/; Max-Age=28800; HttpOnly; Secure; SameSite=Lax$/,
    )
    const secret = /=([0-9a-f]{64});/.exec(cookie)?.[1] ?? ''
    const stored = (await db().select().from(sessions).all()).filter(
      ({ email }) => email === 'investigator@example.com',
    )
    expect(stored).toHaveLength(1)
    expect(stored[0]).toMatchObject({ created_at: NOW_MS, expires_at: NOW_MS + SESSION_SECONDS * 1000 })
    expect(JSON.stringify(stored)).not.toContain(secret)
    expect(JSON.stringify(rig.logged)).not.toContain(secret)
    const people = await db().select().from(users).all()
    expect(people.filter(({ email }) => email === 'investigator@example.com')).toMatchObject([
      { groups: ['investigators'], active: true },
    ])
  })

  it('shows who is signed in, and offers to sign out', async () => {
    const page = await (await rig.fetch('/search/', { headers: await rig.signIn('viewer@example.com') })).text()
    expect(page).toContain('viewer@example.com')
    expect(page).toContain('action="/signout"')
  })

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'goes home instead of to %s',
    async (next) => {
      expect((await rig.fetch('/signin', form({ ...VIEWER, next }))).headers.get('Location')).toBe('/')
      expect(await (await rig.fetch(`/signin?${new URLSearchParams({ next })}`)).text()).toContain(
        'name="next" value="/"',
      )
    },
  )

  it.each([
    ['no word of its origin', {}],
    ['Origin: null', { Origin: 'null' }],
    ['another site', { Origin: 'https://evil.example' }],
    ['a cross-site fetch', { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' }],
  ])('refuses a post with %s', async (_, headers) => {
    for (const path of ['/signin', '/signout']) {
      const response = await rig.fetch(path, form(VIEWER, headers))
      expect([response.status, response.headers.get('Set-Cookie')]).toEqual([403, null])
      await response.text()
    }
  })

  it('refuses an account that is not one of the four, and a body that is too long', async () => {
    expect((await rig.fetch('/signin', form({ account: 'root@example.com' }))).status).toBe(400)
    expect((await rig.fetch('/signin', form({}))).status).toBe(400)
    expect((await rig.fetch('/signin', form({ padding: 'x'.repeat(5_000), ...VIEWER }))).status).toBe(400)
  })

  it('ends at sign-out, at its time, and when its user is switched off', async () => {
    const emailShown = async (headers: Record<string, string>) =>
      (await (await rig.fetch('/search/', { headers })).text()).includes('uploader@example.com')
    const one = await rig.signIn('uploader@example.com')
    const two = await rig.signIn('uploader@example.com')
    expect([await emailShown(one), await emailShown(two)]).toEqual([true, true])

    const out = await rig.fetch('/signout', { ...form({}), headers: { ...form({}).headers, ...one, Origin: ORIGIN } })
    expect([out.status, out.headers.get('Set-Cookie')]).toEqual([
      303,
      '__Host-mayday_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
    ])
    expect([await emailShown(one), await emailShown(two)]).toEqual([false, true])

    rig.state.nowMs = NOW_MS + SESSION_SECONDS * 1000 - 1
    expect(await emailShown(two)).toBe(true)
    rig.state.nowMs += 1
    expect(await emailShown(two)).toBe(false)
    rig.state.nowMs = NOW_MS

    await db().update(users).set({ active: false })
    expect(await emailShown(two)).toBe(false)
    expect((await rig.fetch('/signin', form({ account: 'uploader@example.com' }))).status).toBe(403)
    await db().update(users).set({ active: true })
  })

  it('ends the session that was there before: a planted cookie is worth nothing', async () => {
    const planted = await rig.signIn('viewer@example.com')
    const response = await rig.fetch('/signin', {
      ...form({ account: 'admin@example.com' }),
      headers: { ...form({}).headers, ...planted, Origin: ORIGIN },
    })
    expect(response.headers.get('Set-Cookie')).not.toContain(planted.Cookie)
    expect(await (await rig.fetch('/search/', { headers: planted })).text()).toContain('Sign in')
  })

  it('drops sessions that have ended when a new one begins', async () => {
    await rig.signIn('viewer@example.com')
    rig.state.nowMs = NOW_MS + 2 * SESSION_SECONDS * 1000
    await rig.signIn('viewer@example.com')
    const left = await db().select().from(sessions).all()
    rig.state.nowMs = NOW_MS
    expect(left.map(({ created_at }) => created_at)).toEqual([NOW_MS + 2 * SESSION_SECONDS * 1000])
  })
})

describe('/signin anywhere else', () => {
  it.each([
    ['in production on loopback', 'production', ORIGIN, {}],
    ['in development on another host', 'development', 'https://crash-stats.example', {}],
    ['in development behind another Host header', 'development', ORIGIN, { Host: 'crash-stats.example' }],
  ] as const)('is closed %s', async (_, deployment, origin, headers) => {
    const closed = await dashboardRig({ deployment })
    const page = await closed.app.request(`${origin}/signin`, { headers })
    expect(await page.text()).toContain('Sign-in is not configured here')
    const before = (await db().select().from(sessions).all()).length
    const posted = await closed.app.request(`${origin}/signin`, form(VIEWER, { ...headers, Origin: origin }))
    expect([posted.status, posted.headers.get('Set-Cookie')]).toEqual([403, null])
    expect(await posted.text()).not.toContain('name="account"')
    expect(await db().select().from(sessions).all()).toHaveLength(before)
  })
})
