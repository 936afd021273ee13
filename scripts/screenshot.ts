import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { z } from 'zod'
import { openBrowser } from '../test/support/browser.ts'
import { createToken, type Fleet, startFleet } from '../test/support/fleet.ts'
import { getJson, waitFor } from '../test/support/report.ts'
import { RISING, reportPopulation } from '../test/support/report-population.ts'
import { reprocess, storeReports } from '../test/support/stored-reports.ts'
import { ROOT } from './program.ts'

/**
 * `npm run screenshot`: writes docs/images/<screen>[-phone][-dark].png, the pictures of README and docs: overview, top crashers, search, signature and report. It runs a
 * fleet for the moment, with the demo and a generated population of four weeks. `-- --only report` takes one screen; `-- --folder DIR` writes elsewhere.
 */
const FOLDER = path.join(ROOT, 'docs', 'images')
const REPORTS = 700
const SEED = 10
/** Two cores process about ten a second. */
const PROCESSED_SECONDS = 300
/** It looks every five minutes. */
const RECONCILED_SECONDS = 400
const PAGE_DEADLINE_MS = 30_000
/** A README shows no more of a page, and the files stay small. Above 1,152 px the facts of a report stand beside the stack. */
const SIZES = [
  { suffix: '', viewport: { width: 1_200, height: 680 } },
  { suffix: '-phone', viewport: { width: 390, height: 844 } },
] as const
const SCHEMES = [
  { suffix: '', colorScheme: 'light' },
  { suffix: '-dark', colorScheme: 'dark' },
] as const
/** A picture above this makes the repository heavy. */
const MAX_PICTURE_BYTES = 150_000

const { values } = parseArgs({
  options: { only: { type: 'string' }, folder: { type: 'string', default: FOLDER } },
})

/** A fleet with four weeks of reports, and its demo: five crashes with real stacks. */
async function fleetWithReports(stateDir: string): Promise<Fleet> {
  const reports = reportPopulation(Date.now(), REPORTS, SEED)
  await storeReports(stateDir, reports)
  const fleet = await startFleet({ stateDir })
  const token = await createToken(fleet, ['reprocess_crashes'])
  const crashIds = reports.map(({ crashId }) => crashId)
  await reprocess(fleet.url, token, crashIds)
  const since = new Date(Date.now() - 30 * 86_400_000).toISOString()
  await waitFor('the search rows', PROCESSED_SECONDS, async () => {
    const { json } = await getJson(`${fleet.url}/api/SuperSearch/?date=>=${since}&_results_number=0&_facets_size=0`)
    return json.total >= REPORTS ? true : undefined
  })
  // The newest were found at the start as saved and not processed; the overview says so until reconcile looks again.
  await waitFor('reconcile', RECONCILED_SECONDS, async () => {
    const overview = await (await fetch(fleet.url)).text()
    return overview.includes('wait to be processed') ? undefined : true
  })
  return fleet
}

/** The screens and where they are. The report has ten functions inlined into the frame that crashed. */
async function screensOf({ url, stateDir }: Fleet): Promise<readonly (readonly [name: string, where: string])[]> {
  const fleetJson = JSON.parse(readFileSync(path.join(stateDir, 'fleet.json'), 'utf8'))
  const { demo } = z.object({ demo: z.object({ crash_ids: z.record(z.string(), z.string()) }) }).parse(fleetJson)
  const { json } = await getJson(`${url}/api/SuperSearch/?signature=~${RISING}&_facets=signature&_results_number=0`)
  const { facets } = z.object({ facets: z.object({ signature: z.array(z.object({ term: z.string() })) }) }).parse(json)
  const signature = new URLSearchParams({ signature: facets.signature[0]?.term ?? '' })
  return [
    ['overview', '/'],
    ['top-crashers', '/topcrashers/?product=WaterWolf'],
    ['search', '/search/?product=WaterWolf'],
    ['signature', `/signature/?${signature}`],
    ['report', `/report/index/${demo.crash_ids['templates.dmp'] ?? ''}`],
  ]
}

async function takePictures(browser: Browser, url: string, name: string, where: string): Promise<void> {
  for (const { suffix: sizeSuffix, viewport } of SIZES) {
    for (const { suffix: schemeSuffix, colorScheme } of SCHEMES) {
      const page = await browser.newPage({ viewport, colorScheme })
      const response = await page.goto(`${url}${where}`, { timeout: PAGE_DEADLINE_MS })
      if (response?.status() !== 200) throw new Error(`${where} answered ${response?.status()}`)
      const file = path.join(values.folder, `${name}${sizeSuffix}${schemeSuffix}.png`)
      await page.screenshot({ path: file })
      await page.close()
      const { size } = statSync(file)
      if (size > MAX_PICTURE_BYTES) throw new Error(`${file} has ${size} bytes: show less of the page`)
      console.log(`wrote ${path.relative(ROOT, file)} (${Math.round(size / 1_000)} KB)`)
    }
  }
}

const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-screenshot-'))
try {
  const fleet = await fleetWithReports(stateDir)
  const browser = await openBrowser()
  try {
    mkdirSync(values.folder, { recursive: true })
    for (const [name, where] of await screensOf(fleet)) {
      if (values.only === undefined || values.only === name) await takePictures(browser, fleet.url, name, where)
    }
  } finally {
    await browser.close()
    await fleet.stop()
  }
} finally {
  rmSync(stateDir, { recursive: true, force: true })
}
