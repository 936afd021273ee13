/**
 * The main job, on real input, through every real part: symbols uploaded and dumps submitted with the `mayday` command, walked by the real
 * stackwalker, read in a real browser. Frames are compared with stock minidump-stackwalk's own output.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import {
  DUMPS,
  dumpPath,
  expectedRows,
  normalised,
  publicFrames,
  reference,
  symbolsPath,
} from '../support/reference.ts'
import { getJson, processedCrash } from '../support/report.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let fleet: Fleet
let browser: Browser
const crashIds: Record<string, string> = {}

beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true }), openBrowser()])
  const token = await createToken(fleet, ['upload_symbols'])
  const upload = await mayday(['upload-symbols', '--url', fleet.url, '--token', token, symbolsPath])
  expect(upload.code, upload.stderr).toBe(0)
  for (const name of DUMPS) {
    const sent = ['submit', '--url', fleet.url, '-a', 'ProductName=WaterWolf', '-a', 'Version=1.0', dumpPath(name)]
    const submission = await mayday(sent)
    expect(submission.code, submission.stderr).toBe(0)
    crashIds[name] = submission.stdout.trim().replace(/^bp-/, '')
  }
  await Promise.all(Object.values(crashIds).map((crashId) => processedCrash(fleet.url, crashId)))
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
})

/** Opens a page and fails on anything that the browser complains about: a CSP violation, a script error, a failed request. */
async function open(path: string, size = { width: 1280, height: 900 }): Promise<Page> {
  const page = await browser.newPage({ viewport: size })
  page.on('console', (message) => {
    if (message.type() === 'error') throw new Error(`${path}: ${message.text()}`)
  })
  page.on('pageerror', (error) => {
    throw error
  })
  const response = await page.goto(`${fleet.url}${path}`)
  expect(response?.status(), path).toBe(200)
  return page
}

/** The crashing thread as the page shows it, one line a row. */
function shownRows(page: Page): Promise<readonly string[]> {
  return page.locator('section[aria-labelledby="crashing-thread"] tbody tr').evaluateAll((rows) =>
    rows.map((row) => {
      const text = (selector: string) => row.querySelector(selector)?.textContent?.trim() ?? ''
      const trust = row.classList.contains('inline') ? 'inline' : text('td.trust')
      return [/^t\d+f(\d+)/.exec(row.id)?.[1], text('td.function code:not(.unnamed)'), text('td.source'), trust].join(
        ' | ',
      )
    }),
  )
}

describe.each(DUMPS)('%s', (name) => {
  it('has the stock stackwalk in /api/ProcessedCrash/ for a viewer with view_pii', async () => {
    const token = await createToken(fleet, ['view_pii'])
    const processed = await processedCrash(fleet.url, crashIds[name] ?? '', { 'Auth-Token': token })
    expect(normalised(processed.json_dump)).toEqual(normalised(reference(name)))
  })

  it('has the same frames for everybody, without registers', async () => {
    const processed = await processedCrash(fleet.url, crashIds[name] ?? '')
    const stock = reference(name)
    expect(publicFrames(processed.json_dump.crashing_thread.frames)).toEqual(publicFrames(stock.crashing_thread.frames))
    expect(processed.json_dump.threads.map((thread: { frames: [] }) => publicFrames(thread.frames))).toEqual(
      stock.threads.map((thread: { frames: [] }) => publicFrames(thread.frames)),
    )
    expect(JSON.stringify(processed)).not.toContain('"registers"')
  })

  it('shows the crashing thread on its page: frames, inlines, source and trust as stock has them', async () => {
    const page = await open(`/report/index/${crashIds[name]}`)
    expect(await shownRows(page)).toEqual(expectedRows(reference(name).crashing_thread))
    await page.close()
  })
})

describe('finding the crashes', () => {
  it('counts them by signature in the API', async () => {
    const { json } = await getJson(`${fleet.url}/api/SuperSearch/?product=WaterWolf&version=1.0`)
    expect(json.total).toBe(DUMPS.length)
    expect(json.facets.signature.reduce((sum: number, term: { count: number }) => sum + term.count, 0)).toBe(
      DUMPS.length,
    )
    expect(json.hits.map((hit: { uuid: string }) => hit.uuid).toSorted()).toEqual(Object.values(crashIds).toSorted())
  })

  it('leads from search to a report by clicking', async () => {
    const page = await open('/search/?product=WaterWolf')
    const links = page.locator('main a[href^="/report/index/"]')
    expect(await links.count()).toBeGreaterThanOrEqual(DUMPS.length)
    await links.first().click()
    await page.waitForURL('**/report/index/*')
    expect(Object.values(crashIds)).toContain(new URL(page.url()).pathname.split('/').at(-1))
    await page.close()
  })

  it('redirects a pasted bp- id to its report', async () => {
    const page = await open(`/report/index/bp-${crashIds.null_chain?.toUpperCase()}`)
    expect(new URL(page.url()).pathname).toBe(`/report/index/${crashIds.null_chain}`)
    await page.close()
  })
})

describe('the pages', () => {
  const pages = () => ['/', '/search/', '/search/?product=WaterWolf', `/report/index/${crashIds.templates}`, '/signin']

  it.each([
    ['desktop', { width: 1280, height: 900 }],
    ['a phone', { width: 360, height: 740 }],
  ])('have no accessibility violation and no sideways scrolling on %s', async (_name, size) => {
    for (const path of pages()) {
      const page = await open(path, size)
      await page.evaluate(axe)
      const violations = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
      )
      expect(violations, path).toEqual([])
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(overflow, path).toBeLessThanOrEqual(0)
      await page.close()
    }
  })

  it('signs an investigator in on loopback, who then sees protected data, and out again', async () => {
    const page = await open('/signin')
    await page.getByRole('button', { name: /investigator@example\.com/ }).click()
    await page.goto(`${fleet.url}/report/index/${crashIds.null_chain}`)
    await page.getByText('Viewing public and protected data').waitFor()
    expect(await page.locator('#registers').count()).toBe(1)
    await page.getByRole('button', { name: /sign out/i }).click()
    await page.goto(`${fleet.url}/report/index/${crashIds.null_chain}`)
    await page.getByText('Viewing public data only').waitFor()
    expect(await page.locator('#registers').count()).toBe(0)
    await page.close()
  })
})

describe('the symbols', () => {
  it('download as they were uploaded', async () => {
    const path = 'null_chain/F49225E21D4B88C1624374BBA355E5B50/null_chain.sym'
    const { gunzipSync } = await import('node:zlib')
    const sent = gunzipSync(readFileSync(`${symbolsPath}/${path}.gz`))
    const response = await fetch(`${fleet.url}/${path}`)
    expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true)
    const lowerCase = await fetch(
      `${fleet.url}/${path.replace('F49225E21D4B88C1624374BBA355E5B50', (id) => id.toLowerCase())}`,
    )
    expect([lowerCase.status, (await lowerCase.arrayBuffer()).byteLength]).toEqual([200, sent.length])
  })
})
