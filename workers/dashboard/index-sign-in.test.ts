import { applyD1Migrations, SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { ASSERTION_HEADER } from './access-assertion.ts'
import { AUDIENCE, accessIssuer, TEAM_DOMAIN } from './access-issuer.ts'

afterEach(() => vi.restoreAllMocks())

it('the Worker signs in by the two variables, with the keys of that team', async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  Object.assign(env, { ACCESS_TEAM_DOMAIN: TEAM_DOMAIN, ACCESS_AUDIENCE: AUDIENCE, CRASH_ACCESS: 'private' })
  const issuer = await accessIssuer(() => Date.now())
  vi.spyOn(globalThis, 'fetch').mockImplementation((url, init = {}) => issuer.fetch(String(url), init))
  const host = 'https://crashes.example.com'

  const page = await SELF.fetch(`${host}/symbols/`, { redirect: 'manual' })
  expect([page.status, page.headers.get('Location')]).toEqual([303, '/signin?next=%2Fsymbols%2F'])
  const without = await SELF.fetch(`${host}/signin?next=%2Fsymbols%2F`, { redirect: 'manual' })
  expect([without.status, without.headers.get('Set-Cookie')]).toEqual([403, null])

  const signedIn = await SELF.fetch(`${host}/signin?next=%2Fsymbols%2F`, {
    redirect: 'manual',
    headers: { [ASSERTION_HEADER]: await issuer.assertion() },
  })
  expect([signedIn.status, signedIn.headers.get('Location')]).toEqual([303, '/symbols/'])
  expect(issuer.state.asked).toEqual([`https://${TEAM_DOMAIN}/cdn-cgi/access/certs`])
  const Cookie = (signedIn.headers.get('Set-Cookie') ?? '').split(';', 1)[0] ?? ''
  const back = await SELF.fetch(`${host}/symbols/`, { redirect: 'manual', headers: { Cookie } })
  expect([back.status, (await back.text()).includes('ada@example.com')]).toEqual([200, true])
})
