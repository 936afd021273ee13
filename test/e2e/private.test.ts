/**
 * A private Mayday in a browser, with the demo: every page leads to sign-in and sign-in back; who has permission sees protected values, and an administrator sees
 * that they did. `mayday user groups` changes what somebody who is signed in may see. The whole table of who gets what is test/security/route-matrix.test.ts.
 */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { crashIdOf, processedCrash, submit } from '../support/report.ts'

const SECRET = 'I was about to pay my rent'

let fleet: Fleet
let browser: Awaited<ReturnType<typeof openBrowser>>
let crashId: string

beforeAll(async () => {
  fleet = await startFleet({ vars: { CRASH_ACCESS: 'private' } })
  browser = await openBrowser()
  crashId = crashIdOf(await submit(fleet.url, { ProductName: 'WaterWolf', Version: '1.0', Comments: SECRET }))
  await processedCrash(fleet.url, crashId, { 'Auth-Token': await createToken(fleet, []) })
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
})

async function signedIn(account: string, path: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${fleet.url}${path}`)
  expect(new URL(page.url()).pathname).toBe('/signin')
  await page.getByRole('button', { name: `${account}@example.com` }).click()
  await page.waitForURL(`${fleet.url}${path}`)
  return page
}
const seen = async (page: Page) => (await page.content()).includes(SECRET)

describe('CRASH_ACCESS=private', () => {
  it('loads the demo all the same, and processes it', () => {
    expect(fleet.output()).toContain('5 crashes of WaterWolf 1.0')
  })

  it('asks people to sign in, and brings them to the page that they asked for', async () => {
    const page = await signedIn('viewer', '/topcrashers/?product=WaterWolf')
    expect(await page.locator('h1').first().textContent()).toContain('Top crashers')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(/\/signin\?next=/)
    await page.goto(`${fleet.url}/search/`)
    expect(new URL(page.url()).pathname).toBe('/signin')
    await page.context().close()
  })

  it('shows protected values to whoever has the permission, at the next click, and writes it down', async () => {
    const report = `/report/index/${crashId}?tab=annotations`
    const page = await signedIn('viewer', report)
    expect(await seen(page)).toBe(false)
    const groups = (names: string) =>
      mayday(['user', 'groups', '--email', 'viewer@example.com', '--groups', names, '--state', fleet.stateDir])
    expect(await groups('investigators')).toMatchObject({ code: 0, stdout: 'viewer@example.com: investigators\n' })
    await page.reload()
    expect(await seen(page)).toBe(true)
    await groups('viewers')
    await page.reload()
    expect(await seen(page)).toBe(false)
    await page.context().close()

    const log = await signedIn('admin', `/access-log?crash_id=${crashId}`)
    const rows = await log.locator('tbody tr').allTextContents()
    expect(rows).toHaveLength(1)
    expect(rows[0]).toContain('viewer@example.com')
    expect(rows[0]).toContain('protected values')
    await log.context().close()
  })
})
