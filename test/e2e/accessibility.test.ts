/**
 * Every page of the dashboard with axe-core, light and dark, wide and on a phone: full, empty and in error, for nobody and for an admin. No serious violation, and no page
 * scrolls sideways. HTTP only.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { dumpPath, symbolsPath } from '../support/reference.ts'
import { getJson, type Part, processedCrash, submit, waitFor } from '../support/report.ts'
import { PLANTED, reportPopulation } from '../support/report-population.ts'
import { reprocess, storeReports } from '../support/stored-reports.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Where pictures go when somebody wants to look at them. */
const pictures = process.env.MAYDAY_PICTURES
const ALL_LOOKS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 390 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 1280 },
] as const
/** Contrast goes by the theme, overflow by the width: two looks have both of each. */
const LOOKS = process.env.MAYDAY_TEST_SIZE === 'full' ? ALL_LOOKS : ([ALL_LOOKS[0], ALL_LOOKS[1]] as const)
const DAY_MS = 86_400_000
/** Older than what a fleet processes by itself when it starts: before they are asked for, every page is empty. */
const population = reportPopulation(Date.now() - 2 * DAY_MS, 260, 7)
/** In storage, and never asked to be processed but by its own page. */
const pending = reportPopulation(Date.now() - 2 * DAY_MS, 1, 8)[0]?.crashId ?? ''
const unknownId = '00000000-0000-4000-8000-000000261001'

const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-axe-'))
let fleet: Fleet
let browser: Browser
let page: Page
let admin: Page
let signature = ''
let personPath = ''
const ids: Record<string, string> = {}

beforeAll(async () => {
  await storeReports(stateDir, [...population, ...reportPopulation(Date.now() - 2 * DAY_MS, 1, 8)])
  const vars = { VIEW_URL_BASE: 'http://person.example' }
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true, stateDir, vars }), openBrowser()])
  page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage()
  admin = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage()
  await admin.goto(`${fleet.url}/signin`)
  await admin.getByRole('button', { name: /admin@example\.com/ }).click()
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

async function fill(): Promise<void> {
  const token = await createToken(fleet, ['upload_symbols', 'reprocess_crashes'])
  const upload = await mayday(['upload-symbols', '--url', fleet.url, '--token', token, symbolsPath])
  expect(upload.code, upload.stderr).toBe(0)
  const product = { ProductName: 'NightTrain', Version: '2.0', ReleaseChannel: 'nightly', Comments: 'I did nothing' }
  const dump = (name: string): Part => ({ bytes: readFileSync(dumpPath(name)) })
  const reports: Record<string, Record<string, Part>> = {
    threads: { upload_file_minidump: dump('heap_threads') },
    panic: { upload_file_minidump: dump('panic_abort') },
    java: { JavaStackTrace: 'java.lang.IllegalStateException: x\n\tat org.a.B.c(B.java:12)' },
  }
  for (const [name, parts] of Object.entries(reports)) {
    const { text } = await submit(fleet.url, { ...product, ...parts })
    ids[name] = /^CrashID=bp-([0-9a-f-]{36})$/m.exec(text)?.[1] ?? ''
    personPath = /^ViewURL=http:\/\/person\.example(\S+)$/m.exec(text)?.[1] ?? ''
  }
  await Promise.all(Object.values(ids).map((crashId) => processedCrash(fleet.url, crashId)))
  const crashIds = population.map(({ crashId }) => crashId)
  await reprocess(fleet.url, token, crashIds)
  const since = new Date(Date.now() - 35 * DAY_MS).toISOString().slice(0, 10)
  const facets = await waitFor('the search rows', 120, async () => {
    const { json } = await getJson(`${fleet.url}/api/SuperSearch/?date=>=${since}&_results_number=0&_facets=signature`)
    return json.total >= crashIds.length + Object.keys(ids).length ? json.facets : undefined
  })
  signature = facets.signature.find(({ term }: { term: string }) => term.includes(PLANTED)).term
}

const SERIOUS = `axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ': ' + nodes[0].html))`
const SIDEWAYS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

/** What is wrong with one page, in each look. */
async function problems(shown: Page, name: string, where: string, status: number): Promise<readonly string[]> {
  await shown.setViewportSize({ width: LOOKS[0].width, height: 900 })
  const response = await shown.goto(`${fleet.url}${where}`)
  const found = response?.status() === status ? [] : [`${name}: ${response?.status()} and not ${status}`]
  await shown.evaluate(axe)
  for (const { colorScheme, width } of LOOKS) {
    await shown.emulateMedia({ colorScheme })
    await shown.setViewportSize({ width, height: 900 })
    const look = `${name}, ${colorScheme}, ${width} px`
    if (Number(await shown.evaluate(SIDEWAYS)) > 0) found.push(`${look}: scrolls sideways`)
    for (const one of (await shown.evaluate(SERIOUS)) as readonly string[]) found.push(`${look}: ${one}`)
    if (pictures !== undefined) {
      mkdirSync(pictures, { recursive: true })
      await shown.screenshot({ path: path.join(pictures, `${name}-${colorScheme}-${width}.png`), fullPage: true })
    }
  }
  return found
}

type Row = readonly [name: string, path: string, status?: number]

async function checkAll(shown: Page, rows: readonly Row[]): Promise<void> {
  const found: string[] = []
  for (const [name, where, status = 200] of rows) found.push(...(await problems(shown, name, where, status)))
  expect(found).toEqual([])
}

const q = (values: Readonly<Record<string, string>>) => String(new URLSearchParams(values))
const TABS = ['summary', 'aggregations', 'reports', 'graphs', 'correlations', 'bugs'] as const
const since = `>=${new Date(Date.now() - 35 * DAY_MS).toISOString().slice(0, 10)}`

describe('no serious accessibility violation', () => {
  it('on pages of a deployment where nothing has crashed yet', async () => {
    await checkAll(page, [
      ['empty-overview', '/'],
      ['empty-top-crashers', '/topcrashers/'],
      ['empty-search', '/search/'],
      ...TABS.map((tab): Row => [`empty-${tab}`, `/signature/?${q({ signature: 'nothing', _tab: tab })}`]),
      ['empty-symbols', '/symbols/'],
    ])
    await checkAll(admin, [
      ['empty-comments', `/signature/?${q({ signature: 'nothing', _tab: 'comments' })}`],
      ['empty-tokens', '/api/tokens/'],
    ])
  }, 600_000)

  it('on what everybody sees', async () => {
    await fill()
    const report = (name: string, tab: string) => `/report/index/${ids[name]}?${q({ tab, thread: 'all' })}`
    await checkAll(page, [
      ['overview', '/'],
      ['top-crashers', '/topcrashers/?product=WaterWolf&days=28'],
      ['search', `/search/?${q({ product: 'WaterWolf', date: since })}`],
      ['search-graph', `/search/?${q({ product: 'WaterWolf', date: since, _tab: 'graph' })}`],
      ...TABS.map((tab): Row => [`signature-${tab}`, `/signature/?${q({ signature, date: since, _tab: tab })}`]),
      ...['crash', 'annotations', 'modules', 'extensions', 'raw'].map(
        (tab): Row => [`report-${tab}`, report('threads', tab)],
      ),
      ['report-panic', report('panic', 'crash')],
      ['report-java', report('java', 'crash')],
      ['report-pending', `/report/index/${pending}`],
      ['symbols', '/symbols/'],
      ['symbols-of-module', `/symbols/?${q({ module: 'libc.so.6', id: 'ABC1' })}`],
      ['person', personPath],
      ['data-dictionary', '/documentation/datadictionary/'],
      ['data-dictionary-field', '/documentation/datadictionary/dataset/annotation/field/Comments'],
      ['api', '/api/'],
      ['sign-in', '/signin'],
    ])
  }, 900_000)

  it('on what an admin sees', async () => {
    const report = (tab: string) => `/report/index/${ids.threads}?${q({ tab })}`
    await checkAll(admin, [
      ['admin-report', report('crash')],
      ['admin-annotations', report('annotations')],
      ['admin-debug', report('debug')],
      ['admin-comments', `/signature/?${q({ signature, date: since, _tab: 'comments' })}`],
      ['admin-tokens', '/api/tokens/'],
      ['admin-access-log', '/access-log'],
      ['admin-search', `/search/?${q({ _columns: 'user_comments', date: since })}`],
    ])
  }, 600_000)

  it('on pages that say what went wrong', async () => {
    await checkAll(page, [
      ['error-not-found', '/nothing/here', 404],
      ['error-no-report', `/report/index/${unknownId}`, 404],
      ['error-bad-report', '/report/index/x', 400],
      ['error-signature', '/signature/', 400],
      ['error-query', '/search/?uptime=many', 400],
      ['error-query-text', `/search/?${q({ _q: 'signature="a' })}`, 400],
      ['error-comments', `/signature/?${q({ signature, _tab: 'comments' })}`, 403],
      ['error-person', '/crash/x?k=y', 404],
      ['error-field', '/documentation/datadictionary/dataset/annotation/field/NoSuch', 404],
    ])
  }, 600_000)
})
