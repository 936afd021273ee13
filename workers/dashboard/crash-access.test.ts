import { SELF } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '#shared/config.ts'
import { CLIENT_SCRIPT, STYLE_SHEET } from './asset-files.ts'
import { closedApp } from './closed-app.ts'
import { dashboardRig, ORIGIN } from './dashboard-rig.ts'

/** What route-matrix.test.ts has no place for: where people are sent, in which form refusals come, and a value that nobody knows. */

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig({ crashAccess: 'private' })
})

describe('where crashes are private', () => {
  it('a page leads to sign-in, and sign-in back to the very page', async () => {
    const path = '/search/?product=WaterWolf&_columns=date'
    const response = await rig.fetch(path)
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([303, 'private, no-store'])
    const signIn = response.headers.get('Location') ?? ''
    expect(signIn).toBe(`/signin?${new URLSearchParams({ next: path })}`)
    const page = await (await rig.fetch(signIn)).text()
    expect(page).toContain('name="next" value="/search/?product=WaterWolf&amp;_columns=date"')
    expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
  })

  it('nobody learns which pages or crashes there are', async () => {
    const kept = rig.keep({ state: 'processed', processed: { signature: 'foo' } })
    for (const path of ['/not-there', `/report/index/${kept}`, `/report/index/${rig.unknownId()}`, '/report/index/x']) {
      const response = await rig.fetch(path)
      expect([path, response.status, await response.text()]).toEqual([path, 303, ''])
    }
  })

  it.each([
    '/%73earch/',
    '/SEARCH/',
    '//search/',
    '/search//',
    '/signin/../search/',
    '/crash/a/b',
    '/signinx',
    '/assets/',
  ])('%s is no way around it', async (path) => {
    const response = await rig.app.request(new Request(`${ORIGIN}${path}`))
    expect([response.status, response.headers.get('Location')?.startsWith('/signin?')]).toEqual([303, true])
  })

  it('the API refuses in its own form, browsers are sent to sign-in, and a wrong token stays a wrong token', async () => {
    const { status, headers, body } = await rig.json('/api/SuperSearch/')
    expect([status, headers.get('WWW-Authenticate'), headers.get('Access-Control-Allow-Origin')]).toEqual([
      401,
      'Bearer',
      '*',
    ])
    expect(body).toEqual({ error: 'This Mayday is private: send an API token as Auth-Token' })
    const browser = await rig.fetch('/api/', { headers: { Accept: 'text/html' } })
    expect([browser.status, browser.headers.get('Location')]).toEqual([303, '/signin?next=%2Fapi%2F'])
    expect(await rig.json('/api/SuperSearch/', { headers: { 'Auth-Token': 'f'.repeat(64) } })).toMatchObject({
      status: 403,
      body: { error: 'API Token not matched' },
    })
  })

  it('a token without any permission is a credential, and so is a session', async () => {
    expect((await rig.json('/api/SuperSearch/', { headers: await rig.token() })).status).toBe(200)
    expect((await rig.json('/api/SuperSearch/', { headers: await rig.signIn('viewer@example.com') })).status).toBe(200)
  })

  it('the pages that stay open show what they need', async () => {
    for (const path of [
      STYLE_SHEET.path,
      CLIENT_SCRIPT.path,
      '/favicon.ico',
      '/robots.txt',
      '/__version__',
      '/signin/',
    ]) {
      expect([path, (await rig.fetch(path)).status]).toEqual([path, 200])
    }
  })
})

describe('a value that nobody knows', () => {
  it.each([
    [{ CRASH_ACCESS: 'privat' }, 'CRASH_ACCESS: '],
    [{ CRASH_ACCESS: '' }, 'CRASH_ACCESS: '],
    [{ CRASH_ACCESS: 'Private' }, 'CRASH_ACCESS: '],
    [{ ACCESS_TEAM_DOMAIN: 'https://example.cloudflareaccess.com/' }, 'ACCESS_TEAM_DOMAIN: a host name, such as'],
    [{ ACCESS_AUDIENCE: 'my-application' }, 'ACCESS_AUDIENCE: the Application Audience (AUD) tag'],
  ])('%j closes the dashboard, and the log and the heartbeat say why', async (variables, said) => {
    const logged: unknown[] = []
    let closed: ReturnType<typeof closedApp> | null = null
    try {
      readConfig(variables, 'CRASH_ACCESS', 'ACCESS_TEAM_DOMAIN', 'ACCESS_AUDIENCE')
    } catch (thrown) {
      closed = closedApp(thrown, (...line) => logged.push(line))
    }
    if (closed === null) throw new Error('taken for a good value')
    for (const path of ['/', '/search/', '/signin', '/api/SuperSearch/', '/crash/x', '/__version__']) {
      expect([path, (await closed.request(path)).status]).toEqual([path, 503])
    }
    const heartbeat = await closed.request('/__heartbeat__')
    expect([heartbeat.status, await heartbeat.json()]).toEqual([
      503,
      { errors: [{ name: 'configuration', msg: expect.stringContaining(said) }], warnings: [] },
    ])
    expect(logged).toEqual([['dashboard', 'closed_by_configuration', { error: expect.stringContaining(said) }]])
  })

  it('in the Worker itself, too', async () => {
    Object.assign(env, { CRASH_ACCESS: 'privat' })
    const response = await SELF.fetch('http://localhost/search/')
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: expect.stringContaining('a variable of its dashboard has a wrong value') },
    ])
  })
})
