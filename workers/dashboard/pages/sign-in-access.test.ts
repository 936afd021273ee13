import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sessions, users } from '#shared/db/schema.ts'
import { userGroupsSql } from '#shared/db/users.ts'
import { ASSERTION_HEADER, accessAssertions } from '../access-assertion.ts'
import { type AssertionChanges, AUDIENCE, accessIssuer, TEAM_DOMAIN } from '../access-issuer.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'

const HOST = 'https://crashes.example.com'
const db = () => drizzle(env.DB)

let issuer: Awaited<ReturnType<typeof accessIssuer>>
let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  issuer = await accessIssuer(() => NOW_MS)
})
beforeEach(async () => {
  const accessSignIn = accessAssertions({
    teamDomain: TEAM_DOMAIN,
    audience: AUDIENCE,
    fetch: issuer.fetch,
    clock: () => rig.state.nowMs,
  })
  rig = await dashboardRig({ deployment: 'production', accessSignIn })
})

const fetchPage = async (path: string, init: RequestInit = {}): Promise<Response> =>
  rig.app.request(`${HOST}${path}`, init)
async function signInAs(changed: AssertionChanges = {}, path = '/signin', init: RequestInit = {}) {
  const headers = { ...init.headers, [ASSERTION_HEADER]: await issuer.assertion(changed) }
  return fetchPage(path, { ...init, headers })
}
const cookieOf = (response: Response) => ({
  Cookie: (response.headers.get('Set-Cookie') ?? '').split(';', 1)[0] ?? '',
})
const emailShown = async (headers: { Cookie: string }, email = 'ada@example.com') =>
  (await (await fetchPage('/symbols/', { headers })).text()).includes(email)

describe('/signin behind Cloudflare Access', () => {
  it('begins a session of our own for whoever Access names, and goes where next says', async () => {
    const response = await signInAs({}, '/signin?next=/search/?product=WaterWolf')
    expect([response.status, response.headers.get('Location'), response.headers.get('Cache-Control')]).toEqual([
      303,
      '/search/?product=WaterWolf',
      'private, no-store',
    ])
    expect(response.headers.get('Set-Cookie')).toMatch(
      /^__Host-mayday_session=[0-9a-f]{64}; Path=\/; Max-Age=28800; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(await emailShown(cookieOf(response))).toBe(true)
    const [user] = await db().select().from(users).where(eq(users.email, 'ada@example.com')).all()
    expect(user).toMatchObject({ groups: ['viewers'], active: true })
  })

  it('never goes to another site', async () => {
    const response = await signInAs({}, `/signin?${new URLSearchParams({ next: '//evil.example' })}`)
    expect([response.status, response.headers.get('Location')]).toEqual([303, '/'])
  })

  it('leaves people the groups that an operator gave them, before or after the first time', async () => {
    const mayAsk = async (headers: { Cookie: string }) =>
      (await fetchPage('/api/SuperSearchUnredacted/', { headers })).status
    await env.DB.exec(userGroupsSql('early@example.com', ['investigators'], NOW_MS))
    const early = cookieOf(await signInAs({ claims: { email: 'Early@example.com' } }))
    const late = cookieOf(await signInAs({ claims: { email: 'late@example.com' } }))
    expect([await mayAsk(early), await mayAsk(late)]).toEqual([200, 403])
    await env.DB.exec(userGroupsSql('late@example.com', ['investigators'], NOW_MS))
    expect(await mayAsk(late)).toBe(200)
    expect(await mayAsk(cookieOf(await signInAs({ claims: { email: 'late@example.com' } })))).toBe(200)
    await env.DB.exec(userGroupsSql('early@example.com', [], NOW_MS))
    expect(await mayAsk(early)).toBe(403)
  })

  it('signs nobody in whose account was switched off, and ends the session that was there', async () => {
    const before = cookieOf(await signInAs({ claims: { email: 'gone@example.com' } }))
    expect(await emailShown(before, 'gone@example.com')).toBe(true)
    await db().update(users).set({ active: false }).where(eq(users.email, 'gone@example.com'))
    expect(await emailShown(before, 'gone@example.com')).toBe(false)
    const again = await signInAs({ claims: { email: 'gone@example.com' } }, '/signin', { headers: before })
    expect([again.status, again.headers.get('Set-Cookie')]).toEqual([403, null])
    expect(await again.text()).toContain('switched off')
    const left = await db().select().from(sessions).where(eq(sessions.email, 'gone@example.com')).all()
    expect(left).toEqual([])
  })

  it.each([
    ['no assertion', async () => ({}), 'must cover /signin'],
    ['a forged one', async () => ({ [ASSERTION_HEADER]: await issuer.forged() }), 'does not count here'],
    ['an unsigned one', async () => ({ [ASSERTION_HEADER]: issuer.unsigned() }), 'does not count here'],
    [
      'one in a cookie alone',
      async () => ({ Cookie: `CF_Authorization=${await issuer.assertion()}` }),
      'must cover /signin',
    ],
  ])('signs nobody in with %s', async (_, headers, said) => {
    const response = await fetchPage('/signin', { headers: await headers() })
    expect([response.status, response.headers.get('Set-Cookie')]).toEqual([403, null])
    expect(await response.text()).toContain(said)
    expect(rig.logged.map(({ outcome }) => outcome)).toEqual(['sign_in_refused'])
    expect(JSON.stringify(rig.logged)).not.toContain('ada@example.com')
  })

  it('answers 503 while the keys of Access cannot be read', async () => {
    const { answer } = issuer.state
    issuer.state.answer = async () => new Response('down', { status: 500 })
    const response = await signInAs()
    issuer.state.answer = answer
    expect([response.status, response.headers.get('Retry-After'), response.headers.get('Set-Cookie')]).toEqual([
      503,
      '60',
      null,
    ])
  })

  it('begins nothing for HEAD, and offers no accounts and no form', async () => {
    const head = await signInAs({}, '/signin', { method: 'HEAD' })
    expect([head.status, head.headers.get('Set-Cookie')]).toEqual([200, null])
    const posted = await signInAs({}, '/signin', {
      method: 'POST',
      headers: { Origin: HOST, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'account=admin%40example.com',
    })
    expect([posted.status, posted.headers.get('Set-Cookie')]).toEqual([403, null])
  })

  it('counts an assertion on /signin alone: on a page it is a header that anybody may send', async () => {
    const response = await signInAs({}, '/symbols/')
    expect(response.headers.get('Set-Cookie')).toBeNull()
    expect(await response.text()).not.toContain('ada@example.com')
  })
})
