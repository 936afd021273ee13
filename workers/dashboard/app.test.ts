import { beforeAll, describe, expect, it } from 'vitest'
import { CLIENT_SCRIPT, STYLE_SHEET } from './asset-files.ts'
import { dashboardRig } from './dashboard-rig.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

describe('every answer', () => {
  it.each([
    '/',
    '/search/',
    '/signin',
    '/not-there',
    '/report/index/x',
    '/api/SuperSearch/',
    '/api/NotThere/',
    '/robots.txt',
    '/__version__',
    STYLE_SHEET.path,
    CLIENT_SCRIPT.path,
  ])('%s carries the security headers, and HSTS in production only', async (path) => {
    const response = await rig.fetch(path)
    await response.text()
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(response.headers.get('Strict-Transport-Security')).toBeNull()
    const production = await (await dashboardRig({ deployment: 'production' })).fetch(path)
    expect(production.headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
  })

  it.each(['/', '/search/', '/signin', '/not-there'])('%s holds no inline script, style or handler', async (path) => {
    const page = await (await rig.fetch(path)).text()
    expect(page.replace(`<script type="module" src="${CLIENT_SCRIPT.path}"></script>`, '')).not.toMatch(
      /<script|<style|\sstyle=|\son[a-z]+=/i,
    )
  })
})

describe('pages', () => {
  it.each(['/', '/search/', '/search', '/signin'])('%s is a whole document that nothing keeps', async (path) => {
    const response = await rig.fetch(path)
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([200, 'private, no-store'])
    const page = await response.text()
    expect(page).toMatch(/^<!DOCTYPE html><html lang="en">/)
    for (const part of [
      '<title>',
      '<h1',
      'class="skip-link" href="#main"',
      '<main id="main"',
      '<header',
      '<footer',
      'aria-label="Main"',
    ]) {
      expect(page).toContain(part)
    }
  })

  it.each(['/not-there', '/report/', '/search/x/y', '/assets/mayday-0.css'])(
    '%s is a 404 page of our own',
    async (path) => {
      const response = await rig.fetch(path)
      expect([response.status, response.headers.get('Content-Type')]).toEqual([404, 'text/html; charset=UTF-8'])
      expect(await response.text()).toContain('There is no such page')
    },
  )

  it('answers HEAD without a body', async () => {
    const response = await rig.fetch('/', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('shows a page for trouble and for bugs, which names nothing of the inside', async () => {
    const down = await dashboardRig({ search: { query: async () => Promise.reject(new Error('binding at 10.0.0.7')) } })
    const unavailable = await down.fetch('/')
    expect([unavailable.status, unavailable.headers.get('Retry-After')]).toEqual([503, '60'])
    const broken = await dashboardRig({
      sessions: {
        find: () => Promise.reject(new Error('table sessions is gone')),
        add: async () => {},
        remove: async () => {},
      },
    })
    const unexpected = await broken.fetch('/', { headers: { Cookie: `__Host-mayday_session=${'a'.repeat(64)}` } })
    expect(unexpected.status).toBe(500)
    for (const response of [unavailable, unexpected]) {
      expect(response.headers.get('Content-Security-Policy')).toBe(CSP)
      expect(await response.text()).not.toMatch(/10\.0\.0\.7|sessions|Error:|at .*\.ts/)
    }
    expect(broken.logged).toMatchObject([{ outcome: 'unexpected', fields: { error: 'Error: table sessions is gone' } }])
  })
})

describe('files and checks', () => {
  it('serves the style sheet under the name of its content, for ever', async () => {
    const page = await (await rig.fetch('/')).text()
    const href = /<link rel="stylesheet" href="([^"]+)"/.exec(page)?.[1] ?? ''
    expect(href).toMatch(/^\/assets\/mayday-[0-9a-f]{16}\.css$/)
    const response = await rig.fetch(href)
    expect(response.headers.get('Content-Type')).toBe('text/css; charset=utf-8')
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable')
    expect(await response.text()).toContain('--paper')
  })

  it('serves the icon, keeps robots out, and says its version', async () => {
    expect((await rig.fetch('/favicon.ico')).headers.get('Content-Type')).toBe('image/svg+xml')
    expect(await (await rig.fetch('/robots.txt')).text()).toBe('User-agent: *\nDisallow: /\n')
    expect((await rig.json('/__version__')).body).toEqual({ version: '1.2.3' })
  })

  it('answers heartbeats: 503 when a part is down', async () => {
    expect([(await rig.fetch('/__lbheartbeat__')).status, (await rig.fetch('/__heartbeat__')).status]).toEqual([
      200, 200,
    ])
    const down = await dashboardRig({
      heartbeat: async () => ({ errors: [{ name: 'D1 DB', msg: 'gone' }], warnings: [] }),
    })
    expect(await down.json('/__heartbeat__')).toMatchObject({ status: 503, body: { errors: [{ name: 'D1 DB' }] } })
  })
})
