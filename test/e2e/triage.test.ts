/**
 * From "something is wrong in the new build" to the line: overview, top crashers, search and signature pages as an engineer uses them, in a real browser,
 * over the five real dumps and a generated population of four weeks: some hundred reports, or some thousand with MAYDAY_TEST_SIZE=full. HTTP only.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { DUMPS, dumpPath, symbolsPath } from '../support/reference.ts'
import { crashIdOf, getJson, processedCrash, submit, waitFor } from '../support/report.ts'
import { NEW, PLANTED, RISING, reportPopulation, UNIFORM } from '../support/report-population.ts'
import { reprocess, storeReports } from '../support/stored-reports.ts'

const isFull = process.env.MAYDAY_TEST_SIZE === 'full'
const REPORTS = isFull ? 3_000 : 600
/** The fleet processes some thirty of these a second on two cores, and a third of it on busy ones. */
const PROCESSED_SECONDS = isFull ? 1_500 : 170
const seed = Number(process.env.MAYDAY_SEED ?? 20_261_123)
const DAY_MS = 86_400_000

const nowMs = Date.now()
const population = reportPopulation(nowMs, REPORTS, seed)
const PRODUCTS = {
  version: 1,
  products: [
    {
      name: 'NightTrain',
      bug_links: [
        {
          tracker: 'Tracker',
          name: 'new bug',
          url_template: 'https://bugs.example.com/new?title={title}&text={description}',
        },
      ],
    },
  ],
}

const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-triage-'))
let fleet: Fleet
let browser: Browser
let dumpSignature = ''
/** The signature of each exception of the population. */
let signatureOf: (exception: string) => string

beforeAll(
  async () => {
    console.info(`MAYDAY_SEED=${seed}, ${REPORTS} reports`)
    await storeReports(stateDir, population, { 'products.json': PRODUCTS })
    ;[fleet, browser] = await Promise.all([startFleet({ empty: true, stateDir }), openBrowser()])
    const token = await createToken(fleet, ['upload_symbols', 'reprocess_crashes'])
    const upload = await mayday(['upload-symbols', '--url', fleet.url, '--token', token, symbolsPath])
    expect(upload.code, upload.stderr).toBe(0)
    const train = { ProductName: 'NightTrain', Version: '2.0', ReleaseChannel: 'nightly', BuildID: '20261101000000' }
    for (const name of DUMPS) {
      const upload_file_minidump = { bytes: readFileSync(dumpPath(name)) }
      const crashId = crashIdOf(await submit(fleet.url, { ...train, upload_file_minidump }))
      if (name === 'null_chain') dumpSignature = String((await processedCrash(fleet.url, crashId)).signature)
    }
    const crashIds = population.map(({ crashId }) => crashId)
    await reprocess(fleet.url, token, crashIds)
    const facets = await waitFor('the search rows', PROCESSED_SECONDS, async () => {
      const { json } = await getJson(`${fleet.url}/api/SuperSearch/?${ALL}&_results_number=0&_facets=signature`)
      return json.total === crashIds.length + DUMPS.length ? json.facets : undefined
    })
    signatureOf = (exception) => facets.signature.find(({ term }: { term: string }) => term.includes(exception)).term
  },
  1_000 * (PROCESSED_SECONDS + 300),
)
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

/** Five weeks: all that there is. */
const ALL = `date=${encodeURIComponent(`>=${new Date(nowMs - 35 * DAY_MS).toISOString().slice(0, 10)}`)}`
const signaturePage = (signature: string, rest = '') => `/signature/?${new URLSearchParams({ signature })}${rest}`

/** A page that fails the test on a script error, a CSP violation, a failed request or a dialog. */
async function watched(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') throw new Error(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => {
    throw error
  })
  page.on('dialog', (dialog) => {
    throw new Error(`a dialog: ${dialog.message()}`)
  })
  return page
}

async function opened(where: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const page = await watched(await browser.newContext(options))
  const response = await page.goto(`${fleet.url}${where}`)
  expect(response?.status(), where).toBe(200)
  return page
}

const culprit = (page: Page) => page.locator('section[aria-labelledby="crashing-thread"] tbody tr').first().innerText()
const text = (from: string) => from.replace(/\s+/g, ' ').trim()

describe('an engineer', () => {
  it('goes from the overview to the line that crashed in two actions', async () => {
    const page = await opened('/')
    await page.locator('.changes').getByRole('link', { name: dumpSignature, exact: true }).first().click()
    await page.locator('.latest-reports tbody a').first().click()
    expect(await culprit(page)).toMatch(/null_chain\.cpp:\d+/)
    await page.context().close()
  })

  it('does the same without a mouse: g t, j, Enter, j, Enter', async () => {
    const page = await opened('/')
    const press = async (...keys: readonly string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }
    await press('g', 't')
    await page.waitForURL('**/topcrashers/**')
    const at = await page.locator('.signature-cell a').allInnerTexts()
    await press(...at.slice(0, at.indexOf(dumpSignature) + 1).map(() => 'j'), 'Enter')
    await page.waitForURL('**/signature/**')
    await press('j', 'Enter')
    await page.waitForURL('**/report/index/**')
    expect(await culprit(page)).toContain('null_chain.cpp')
    await page.context().close()
  })

  it('sees on the overview what rose and what is new, and which rule sampled the numbers', async () => {
    const page = await opened('/')
    const card = page.locator('.card').filter({ has: page.getByRole('heading', { name: 'WaterWolf', exact: true }) })
    const [movers, fresh] = await card.locator('.changes section').allInnerTexts()
    expect(movers).toContain(signatureOf(RISING))
    expect(fresh).toContain(signatureOf(NEW))
    expect(fresh).not.toContain(signatureOf(PLANTED))
    expect(text(await page.locator('.notice.sampling').innerText())).toContain(
      'throttle rule accept_release_10_percent kept 1 in 10',
    )
    expect(await card.locator('.channels tbody th').allInnerTexts()).toEqual(
      expect.arrayContaining(['all', 'release', 'nightly']),
    )
    await page.context().close()
  })

  it('gets top crashers ranked by what the reports stand for, as the population has them', async () => {
    const page = await opened('/topcrashers/?product=WaterWolf&days=28')
    const from = Math.floor(nowMs / DAY_MS) * DAY_MS - 28 * DAY_MS
    const sums = new Map<string, { stored: number; estimate: number }>()
    for (const { annotations, metadata, receivedAtMs } of population) {
      if (annotations.ProductName !== 'WaterWolf' || receivedAtMs < from) continue
      const signature = signatureOf(/org\.example\.(\w+):/.exec(annotations.JavaStackTrace ?? '')?.[1] ?? '')
      const { stored, estimate } = sums.get(signature) ?? { stored: 0, estimate: 0 }
      sums.set(signature, { stored: stored + 1, estimate: estimate + Number(metadata.sample_weight ?? 1) })
    }
    const rows = await page.locator('.top-crashers tbody tr').all()
    const shown = await Promise.all(
      rows.map(async (row) => {
        const number = async (column: number) =>
          Number((await row.locator('td, th').nth(column).innerText()).replace(/[^\d]/g, ''))
        return [await row.locator('.signature-cell a').innerText(), await number(4), await number(5)] as const
      }),
    )
    expect(Object.fromEntries(shown.map(([signature, ...counts]) => [signature, counts]))).toEqual(
      Object.fromEntries([...sums].map(([signature, { stored, estimate }]) => [signature, [stored, estimate]])),
    )
    const estimates = shown.map(([, , estimate]) => estimate)
    expect(estimates).toEqual(estimates.toSorted((a, b) => b - a))
    await page.context().close()
  })

  it('sees first what a signature has that others do not, within one product, version and channel', async () => {
    const page = await opened(signaturePage(signatureOf(PLANTED), `&${ALL}`))
    await page.getByRole('link', { name: 'correlations' }).click()
    const groups = page.locator('.toggle[aria-label="Among reports of"] a')
    expect(await groups.count()).toBe(2)
    for (const at of [0, 1]) {
      await groups.nth(at).click()
      const rows = await page.locator('.correlations tbody th').allInnerTexts()
      expect(rows.map(text)).toEqual(['distribution_id = app-store'])
      expect(await groups.nth(at).innerText()).toMatch(
        /^WaterWolf · (152\.0a1 · nightly|150\.0 · release) \([\d,]+ stored\)$/,
      )
    }
    await page.context().close()
  })

  it('sees that nothing is over-represented where nothing is', async () => {
    const page = await opened(signaturePage(signatureOf(UNIFORM), `&_tab=correlations&${ALL}`))
    expect(await page.locator('.tab .empty').innerText()).toContain('Nothing is over-represented')
    expect(await page.locator('.tab').innerText()).toMatch(
      /stored reports of this signature against [\d,]+ others of EarthRacoon · 2\.1 · no channel; [\d,]+ values compared/,
    )
    await page.context().close()
  })

  it('comes back by a deep link to the same tab, filters, columns and order', async () => {
    const page = await opened(signaturePage(signatureOf(PLANTED), `&${ALL}`))
    await page
      .locator('.breakdown')
      .getByRole('link', { name: 'app-store' })
      .or(page.locator('.breakdown a'))
      .first()
      .click()
    await page.getByRole('link', { name: 'reports', exact: true }).click()
    await page.locator('.hits thead').getByRole('link', { name: 'version', exact: true }).click()
    const rows = await page.locator('.hits tbody').innerText()
    const again = await opened(page.url().slice(fleet.url.length))
    expect(await again.locator('.hits tbody').innerText()).toBe(rows)
    expect(await again.locator('.tabs [aria-current=page]').innerText()).toBe('reports')
    expect(await again.locator('.filters a').count()).toBe(await page.locator('.filters a').count())
    await page.context().close()
    await again.context().close()
  })

  it('types a query, and copies what was found', async () => {
    const page = await opened('/search/', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.locator('#query-text').fill('product=WaterWolf -distribution_id:default')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/search/?product=WaterWolf**')
    expect(await page.locator('#query-text').inputValue()).toBe('product:WaterWolf -distribution_id:default')
    await page.getByRole('link', { name: 'Copy as Markdown' }).click()
    await page.getByText('Copied Markdown').waitFor({ state: 'attached' })
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('| date | signature |')
    await page.context().close()
  })

  it('copies the list of every page, and gets the same rows by its curl command', async () => {
    for (const where of ['/', '/topcrashers/', '/search/', signaturePage(signatureOf(PLANTED), '&_tab=reports')]) {
      const page = await opened(where)
      const markdown = (await page.getByRole('link', { name: 'Copy as Markdown' }).getAttribute('href')) ?? ''
      expect(await (await fetch(new URL(markdown, fleet.url))).text(), where).toMatch(/^\S.*\n\n\| /)
      const json = (await page.getByRole('link', { name: 'Copy as JSON' }).getAttribute('href')) ?? ''
      expect((await getJson(new URL(json, fleet.url).href)).json.rows.length, where).toBeGreaterThan(3)
      const curl = (await page.locator('[data-copy-what="curl command"]').getAttribute('data-copy-text')) ?? ''
      const [, address = ''] = /^curl -s '([^']+)'$/.exec(curl) ?? []
      expect((await getJson(address)).json.total, where).toBeGreaterThan(3)
      await page.context().close()
    }
  })

  it('files a bug whose form is filled in', async () => {
    const page = await opened(signaturePage(dumpSignature))
    await page.getByRole('link', { name: 'bugs', exact: true }).click()
    const form = new URL((await page.locator('.bug-forms a').getAttribute('href')) ?? '')
    expect(form.hostname).toBe('bugs.example.com')
    expect(form.searchParams.get('title')).toBe(`Crash in [@ ${dumpSignature}]`)
    const description = form.searchParams.get('text') ?? ''
    expect(description).toContain(`${fleet.url}/report/index/`)
    const frames = /```\n([\s\S]*)\n```/.exec(description)?.[1]?.split('\n') ?? []
    expect(frames[0]).toContain('null_chain.cpp')
    expect(frames.length).toBeLessThanOrEqual(10)
    await page.context().close()
  })

  it('reads comments only with the permission', async () => {
    const where = signaturePage(signatureOf(PLANTED), `&_tab=comments&${ALL}`)
    const page = await watched(await browser.newContext())
    await page.goto(`${fleet.url}/signin?next=${encodeURIComponent(where)}`)
    await page.getByRole('button', { name: /investigator@example\.com/ }).click()
    expect(await page.locator('.comment').first().innerText()).toMatch(/^I did thing \w+$/)
    await page.context().close()
    const anonymous = await fetch(`${fleet.url}${where}`)
    expect(anonymous.status).toBe(403)
    expect(await anonymous.text()).not.toContain('I did thing')
  })

  it('follows a signature over the weeks, by when it was received and by build, without a script', async () => {
    const where = signaturePage(signatureOf(PLANTED), `&_tab=graphs&${ALL}`)
    const page = await opened(where, { javaScriptEnabled: false })
    await page.locator('.chart-table summary').first().click()
    const rows = await page.locator('.chart-table').first().locator('tbody tr').allInnerTexts()
    expect(rows.length).toBeGreaterThan(28)
    expect(rows.at(-1)).toMatch(/\(running\)\s+[\d,]+/)
    expect(await page.locator('.chart').first().locator('rect[fill="url(#hatch)"]').count()).toBeGreaterThan(0)
    const { json } = await getJson(`${fleet.url}${where}&_format=json`)
    const of = population.filter(({ annotations }) => annotations.JavaStackTrace?.includes(PLANTED))
    const byDay = (day: string) =>
      of.filter(({ receivedAtMs }) => new Date(receivedAtMs).toISOString().startsWith(day)).length
    for (const { day, stored } of json.rows) expect(stored, day).toBe(byDay(day))
    await page.getByRole('link', { name: 'build date' }).click()
    expect(await page.locator('.chart-axis').first().innerText()).toBe('build date')
    await page.context().close()
  })
})

describe('crash pings', () => {
  it('are a series of their own: counted once each, beside the reports, never in their number', async () => {
    const signature = signatureOf(PLANTED)
    const ping = (n: number) => ({
      ...{ document_id: `ping-${n}`, os: 'Windows', channel: 'release', product: 'WaterWolf', version: '150.0' },
      submission_timestamp: new Date(nowMs - (n % 5) * DAY_MS).toISOString(),
      java_exception: `org.example.${PLANTED}: x\n\tat org.example.${PLANTED}.run(Main.java:12)`,
    })
    const send = async () => {
      const response = await fetch(`${fleet.url}/crash-ping`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-ndjson' },
        body: Array.from({ length: 40 }, (_, n) => JSON.stringify(ping(n))).join('\n'),
      })
      return (await response.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    }
    const reports = async () => (await getJson(`${fleet.url}/api/SuperSearch/?${ALL}&_results_number=0`)).json.total
    const before = await reports()
    for (const answers of [await send(), await send()]) {
      expect(new Set(answers.map((answer) => [answer.signature, answer.counted].join()))).toEqual(
        new Set([`${signature},true`]),
      )
    }
    expect(await reports()).toBe(before)
    const page = await opened(signaturePage(signature, `&_tab=graphs&${ALL}`))
    expect(text(await page.locator('.signature-head div').filter({ hasText: 'Crash pings' }).innerText())).toMatch(
      /^CRASH PINGS 40 pings/i,
    )
    expect(await page.locator('.chart-title').allInnerTexts()).toContain('Crash pings')
    await page.goto(`${fleet.url}/topcrashers/?product=WaterWolf`)
    const row = page.locator('.top-crashers tbody tr').filter({ hasText: PLANTED })
    expect(await row.locator('td.pings').innerText()).toBe('40')
    await page.goto(`${fleet.url}/`)
    expect(text(await page.locator('.channels tr.pings').innerText())).toContain('crash pings 40 pings')
    await page.context().close()
  })
})
