/** The API page and the page of tokens in a real browser: forms that work without a script, under the strict content security policy. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { getJson } from '../support/report.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let fleet: Fleet
let browser: Browser
beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true }), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
})

/** A page of a person who is signed in; fails on anything that the browser complains about. */
async function signedIn(javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled })
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') throw new Error(message.text())
  })
  await page.goto(`${fleet.url}/api/tokens/`)
  await page.getByRole('button', { name: /investigator@example\.com/ }).click()
  await page.getByRole('heading', { name: 'API tokens' }).waitFor()
  return page
}

describe('without a script', () => {
  it('a person makes a token, a program uses it, the person deletes it', async () => {
    const page = await signedIn(false)
    await page.getByLabel(/view_pii/).check()
    await page.getByLabel('What it is for').fill('my program')
    await page.getByRole('button', { name: 'Create token' }).click()
    const token = (await page.locator('.command code').innerText()).trim()
    const ask = () => getJson(`${fleet.url}/api/SuperSearchUnredacted/`, { 'Auth-Token': token })
    expect((await ask()).status).toBe(200)
    await page.goto(`${fleet.url}/api/tokens/`)
    const row = page.getByRole('row', { name: /my program/ })
    expect(await row.innerText()).toContain('View Personal Identifiable Information')
    expect(await page.content()).not.toContain(token)
    await row.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('You have no tokens.').waitFor()
    expect((await ask()).json).toEqual({ error: 'API Token not matched' })
    await page.context().close()
  })

  it('a person tries a service', async () => {
    const page = await signedIn(false)
    await page.goto(`${fleet.url}/api/#NoOp`)
    await page.locator('#NoOp').getByRole('button', { name: 'Try it' }).click()
    expect(JSON.parse(await page.locator('body').innerText())).toEqual({ hits: [], total: 0 })
    await page.goto(`${fleet.url}/api/#BugLinks`)
    const links = page.locator('#BugLinks')
    await links.getByLabel('bug_id').fill('999999')
    await links.getByLabel('signatures').fill('OOM | small')
    await links.getByRole('button', { name: 'Try it' }).click()
    expect(JSON.parse(await page.locator('body').innerText())).toEqual({
      hits: [{ id: 999_999, signature: 'OOM | small' }],
      total: 1,
    })
    await page.context().close()
  })
})

describe('the pages', () => {
  it.each([
    ['/api/', 1280],
    ['/api/', 390],
    ['/api/tokens/', 1280],
    ['/api/tokens/', 390],
  ])('%s at %i pixels is accessible and does not scroll sideways', async (path, width) => {
    const page = await signedIn(true)
    await page.setViewportSize({ width, height: 900 })
    await page.goto(`${fleet.url}${path}`)
    await page.evaluate(axe)
    const violations = await page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
    )
    expect(violations).toEqual([])
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(overflow).toBe(0)
    if (process.env.MAYDAY_SCREENSHOTS !== undefined) {
      const name = `${path.replaceAll('/', '_')}${width}.png`
      await page.screenshot({ path: `${process.env.MAYDAY_SCREENSHOTS}/${name}`, fullPage: width > 1_000 })
    }
    await page.context().close()
  })
})
