/**
 * The person whose program crashed gets an answer: from the lines that a reporter reads, over the page in a real browser without scripts, to the comment
 * that an investigator reads. A fleet without a stackwalker: reports with a dump wait, reports without one are processed. HTTP only.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { putConfig } from '../support/config-object.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { dumpPath } from '../support/reference.ts'
import { getJson, type Part, processedCrash, submit, waitFor } from '../support/report.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const NOBODY_LISTENS = 'http://127.0.0.1:9'
const PRODUCTS = { version: 1, products: [{ name: 'CanaryWolf', end_of_life_versions: ['0.9'] }] }
/** A crash whose values must not be on the page. */
const CANARY = {
  ProductName: 'CanaryWolf',
  Version: '4711.1',
  JavaStackTrace: 'org.canary.Failure: canary\n\tat org.canary.Main.main(Main.java:7)',
  Comments: 'canary comment',
  URL: 'https://canary.example/',
  OOMAllocationSize: '47110815',
}
/** Where screenshots go, for a person to look at. */
const SCREENSHOTS = process.env.MAYDAY_SCREENSHOTS

const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-person-'))
let fleet: Fleet
let browser: Browser
let token: string

beforeAll(async () => {
  const port = await freePort()
  const vars = { VIEW_URL_BASE: `http://localhost:${port}`, STACKWALKER_URL: NOBODY_LISTENS }
  // Before the start: a document that comes later is in force within a minute.
  putConfig(stateDir, 'products.json', JSON.stringify(PRODUCTS))
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true, port, vars, stateDir }), openBrowser()])
  token = await createToken(fleet, ['view_pii'])
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

/** The address of the pages must be known before the fleet starts. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(address)))
    })
  })
}

/** Sends a report and reads the answer as a reporter does: the last line of a key holds. */
async function send(parts: Readonly<Record<string, Part>>) {
  const { status, text } = await submit(fleet.url, parts)
  expect(status, text).toBe(200)
  const lines = text.split('\n').filter((line) => line !== '')
  const said = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  return { text, said, crashId: said.CrashID?.slice('bp-'.length) ?? '', viewUrl: said.ViewURL ?? '' }
}

interface Look {
  readonly width?: number
  readonly dark?: boolean
  /** Only for tools that look at the page: the page itself has none. */
  readonly scripts?: boolean
}

/** Opens an address, without scripts unless asked for, and fails on anything that the browser complains about. */
async function open(url: string, { width = 1_000, dark = false, scripts = false }: Look = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: scripts,
  })
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') throw new Error(`${url}: ${message.text()}`)
  })
  const response = await page.goto(url)
  expect(response?.status(), url).toBe(200)
  return page
}

async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS !== undefined) await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

const heading = (page: Page) => page.locator('h1').textContent()

describe('the answer to a reporter', () => {
  it('has the page of the crash, twice: as it is, and for readers that cut at a second `=`', async () => {
    const { text, crashId } = await send(CANARY)
    const lines = text.split('\n')
    expect(lines).toHaveLength(4)
    const page = `ViewURL=${fleet.url}/crash/${crashId}`
    expect(lines[1]?.startsWith(`${page}?k=`)).toBe(true)
    expect(lines[2]).toBe(lines[1]?.replace('?k=', '?k%3D'))
    expect(lines[2]?.split('=')).toHaveLength(2)
    for (const line of lines.slice(1, 3)) expect((await fetch(line.slice('ViewURL='.length))).status).toBe(200)
  })

  it('names a version past its end, and only that', async () => {
    expect((await send({ ...CANARY, Version: '0.9' })).said.StopSendingReportsFor).toBe('0.9')
    expect((await send(CANARY)).said).not.toHaveProperty('StopSendingReportsFor')
  })

  it('is the bare id for Crashpad and Breakpad, which take all of it for the id', async () => {
    expect((await send({ prod: 'CanaryWolf', ver: '0.9' })).text).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('the page for the person', () => {
  it('says that the report has arrived, and asks again by itself, without scripts', async () => {
    const dump = { bytes: readFileSync(dumpPath('null_chain')) }
    const { viewUrl } = await send({ ...CANARY, upload_file_minidump: dump })
    const page = await open(viewUrl)
    expect(await heading(page)).toBe('Your crash report has arrived')
    await screenshot(page, 'received')
    await page.waitForEvent('framenavigated', { timeout: 20_000 })
    expect(await heading(page)).toBe('Your crash report has arrived')
    await page.getByRole('link', { name: 'Write what you were doing' }).click()
    expect(await page.locator('textarea').count()).toBe(1)
    await page.context().close()
  })

  it('says what the computer may have, and nothing of the crash', async () => {
    const { viewUrl, crashId } = await send(CANARY)
    const processed = await processedCrash(fleet.url, crashId, { 'Auth-Token': token })
    const page = await open(viewUrl)
    expect(await heading(page)).toBe('Your crash report has been processed')
    expect(await page.locator('.notice h2').textContent()).toBe('Your computer may have a problem')
    expect(await page.locator('.notice h3').allTextContents()).toEqual(['It may have run out of memory'])
    const response = await fetch(viewUrl)
    const html = await response.text()
    const said = `${html}${JSON.stringify([...response.headers])}`
    expect(said.toLowerCase()).not.toContain('canary')
    for (const value of ['4711', '47110815', processed.signature, processed.submitted_timestamp])
      expect(said, value).not.toContain(value)
    await page.context().close()
  })

  it('says that nothing points to the computer, where nothing does', async () => {
    const { OOMAllocationSize, ...harmless } = CANARY
    const { viewUrl, crashId } = await send(harmless)
    await processedCrash(fleet.url, crashId)
    const page = await open(viewUrl)
    expect(await page.locator('main').textContent()).toContain('Nothing in it points to a problem of your computer.')
    await page.context().close()
  })

  it('is there for its secret only', async () => {
    const { viewUrl, crashId } = await send(CANARY)
    const other = await send(CANARY)
    const answers = await Promise.all(
      [
        `${fleet.url}/crash/${crashId}`,
        viewUrl.slice(0, -1),
        viewUrl.replace(crashId, other.crashId),
        `${fleet.url}/crash/nothing?k=${'0'.repeat(32)}`,
      ].map(async (url) => {
        const response = await fetch(url)
        return `${response.status} ${await response.text()}`
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^404 /)
  })

  it.each([
    ['a desktop', {}],
    ['a phone', { width: 320 }],
    ['a dark desktop', { dark: true }],
    ['a dark phone', { width: 320, dark: true }],
  ])('has no accessibility violation and no sideways scrolling on %s', async (name, look: Look) => {
    const { viewUrl, crashId } = await send(CANARY)
    await processedCrash(fleet.url, crashId)
    for (const [state, url] of [
      ['problem', viewUrl],
      ['kept', `${viewUrl}&kept=1`],
    ] as const) {
      const page = await open(url, { ...look, scripts: true })
      await page.evaluate(axe)
      const violations = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
      )
      expect(violations, name).toEqual([])
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      expect(await page.evaluate(overflow), name).toBeLessThanOrEqual(0)
      await screenshot(page, `${state}-${name.replaceAll(' ', '-')}`)
      await page.context().close()
    }
  })
})

describe('the comment box', () => {
  it('keeps what the person writes: for investigators in the report and the search, for nobody else', async () => {
    const { viewUrl, crashId } = await send({
      ProductName: 'CanaryWolf',
      Version: '1.0',
      JavaStackTrace: 'a.B: c\n\tat d.E.f(E.java:1)',
    })
    await processedCrash(fleet.url, crashId)
    const page = await open(viewUrl)
    await page.getByLabel('What were you doing when it crashed?').fill('pressed zanzibar\ntwice')
    await page.getByRole('button', { name: 'Send' }).click()
    expect(await page.locator('.notice').textContent()).toContain('What you wrote is kept with the report.')
    expect(await page.content()).not.toContain('zanzibar')
    await screenshot(page, 'sent')
    await page.context().close()

    const rawCrash = `${fleet.url}/api/RawCrash/?crash_id=${crashId}`
    const { json: all } = await getJson(rawCrash, { 'Auth-Token': token })
    expect(all.Comments).toBe('pressed zanzibar\ntwice')
    expect(all.metadata.collector_notes.join()).toContain('Comments added on the page of the crash at ')
    expect(JSON.stringify((await getJson(rawCrash)).json)).not.toContain('zanzibar')
    const query = `${fleet.url}/api/SuperSearch/?user_comments=~zanzibar&_results_number=1`
    await waitFor('the comment in the search', 60, async () => {
      const { json } = await getJson(query, { 'Auth-Token': token })
      return json.total === 1 ? true : undefined
    })

    const investigator = await browser.newContext()
    const report = await investigator.newPage()
    await report.goto(`${fleet.url}/signin?next=${encodeURIComponent(`/report/index/${crashId}?tab=annotations`)}`)
    await report.getByRole('button', { name: /investigator@example\.com/ }).click()
    await report.getByText('pressed zanzibar').first().waitFor()
    await investigator.close()
  })

  it('takes nothing from other sites', async () => {
    const { viewUrl } = await send(CANARY)
    const body = new URLSearchParams({ comments: 'x' })
    const response = await fetch(viewUrl, { method: 'POST', body, headers: { Origin: 'https://evil.example' } })
    expect(response.status).toBe(403)
  })
})
