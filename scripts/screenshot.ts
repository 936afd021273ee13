import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { openBrowser } from '../test/support/browser.ts'
import { type Fleet, startFleet } from '../test/support/fleet.ts'
import { ROOT } from './program.ts'

/**
 * Writes docs/images/report.png, the README's picture: the report page of a demo crash, templates, with ten functions inlined into the frame that crashed.
 * `node scripts/screenshot.ts [--url URL [--crash-id ID]]`; without `--url` it runs a fleet with the demo for the moment.
 */
const WIDTH_PX = 1_280
/** The facts and the top of the crashing thread; a README shows no more. */
const MAX_HEIGHT_PX = 1_450
const PAGE_DEADLINE_MS = 30_000

const { values } = parseArgs({ options: { url: { type: 'string' }, 'crash-id': { type: 'string' } } })

async function crashIdOf(url: string, fleet: Fleet | null): Promise<string> {
  if (values['crash-id'] !== undefined) return values['crash-id']
  if (fleet !== null) {
    const fleetJson = JSON.parse(readFileSync(path.join(fleet.stateDir, 'fleet.json'), 'utf8'))
    const { demo } = z.object({ demo: z.object({ crash_ids: z.record(z.string(), z.string()) }) }).parse(fleetJson)
    const crashId = demo.crash_ids['templates.dmp']
    if (crashId !== undefined) return crashId
  }
  const search = new URL('/api/SuperSearch/?product=WaterWolf&version=1.0&_columns=uuid&_results_number=1', url)
  const response = await fetch(search, { signal: AbortSignal.timeout(PAGE_DEADLINE_MS) })
  const { hits } = z.object({ hits: z.array(z.object({ uuid: z.string() })) }).parse(await response.json())
  const uuid = hits[0]?.uuid
  if (uuid === undefined) throw new Error(`${url} has no WaterWolf crash: start it without --empty`)
  return uuid
}

async function takeScreenshot(url: string, crashId: string): Promise<string> {
  const file = path.join(ROOT, 'docs', 'images', 'report.png')
  mkdirSync(path.dirname(file), { recursive: true })
  const browser = await openBrowser()
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH_PX, height: MAX_HEIGHT_PX } })
    const response = await page.goto(`${url}/report/index/${crashId}`, { timeout: PAGE_DEADLINE_MS })
    if (response?.status() !== 200) throw new Error(`the report page of ${crashId} answered ${response?.status()}`)
    const pageHeight = await page.evaluate(() => document.documentElement.scrollHeight)
    const height = Math.min(pageHeight, MAX_HEIGHT_PX)
    await page.screenshot({ path: file, clip: { x: 0, y: 0, width: WIDTH_PX, height } })
    return file
  } finally {
    await browser.close()
  }
}

const fleet = values.url === undefined ? await startFleet() : null
try {
  const url = values.url ?? fleet?.url ?? ''
  console.log(`wrote ${path.relative(ROOT, await takeScreenshot(url, await crashIdOf(url, fleet)))}`)
} finally {
  await fleet?.stop()
}
