/**
 * The dashboard's pages on this machine: `npm run bench -- pages`, or `MAYDAY_BENCH=quick npm run bench -- pages`. A whole fleet with local storage holds the five
 * real dumps and some thousand reports of four weeks; each page is asked one after another by one reader. `first byte` is the time to the headers and the first byte of the
 * body. Goals (issue 10): a report page below 100 KB, its first byte within 100 ms.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createToken, mayday, startFleet } from '../support/fleet.ts'
import { DUMPS, dumpPath, symbolsPath } from '../support/reference.ts'
import { crashIdOf, getJson, processedCrash, submit, waitFor } from '../support/report.ts'
import { reportPopulation } from '../support/report-population.ts'
import { reprocess, storeReports } from '../support/stored-reports.ts'

const isQuick = process.env.MAYDAY_BENCH === 'quick'
const REPORTS = isQuick ? 200 : 3_000
const SEED = 10
const DAY_MS = 86_400_000
const ROUNDS = isQuick ? 20 : 100
/** The fleet processes about ten a second on two cores. */
const PROCESSED_SECONDS = 1_200

interface Answer {
  readonly firstByteMs: number
  readonly bytes: number
}

/** Asks for a page on a connection that is kept, as a browser does. */
async function ask(url: string): Promise<Answer> {
  const startedAt = performance.now()
  const [response] = await once(get(url), 'response')
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`)
  let firstByteMs = 0
  let bytes = 0
  for await (const chunk of response) {
    if (bytes === 0) firstByteMs = performance.now() - startedAt
    bytes += chunk.length
  }
  return { firstByteMs, bytes }
}

export async function bench(print: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-bench-pages-'))
  const reports = reportPopulation(Date.now(), REPORTS, SEED)
  const ids = reports.map(({ crashId }) => crashId)
  await storeReports(stateDir, reports)
  const fleet = await startFleet({ empty: true, stateDir })
  try {
    const token = await createToken(fleet, ['upload_symbols'])
    await mayday(['upload-symbols', '--url', fleet.url, '--token', token, symbolsPath])
    const product = { ProductName: 'WaterWolf', ReleaseChannel: 'nightly', Vendor: 'Example' }
    const dumps = new Map<string, string>()
    for (const name of DUMPS) {
      const upload_file_minidump = { bytes: readFileSync(dumpPath(name)) }
      dumps.set(name, crashIdOf(await submit(fleet.url, { ...product, Version: '2.0', upload_file_minidump })))
    }
    await reprocess(fleet.url, await createToken(fleet, ['reprocess_crashes']), ids)
    await Promise.all([...dumps.values()].map((crashId) => processedCrash(fleet.url, crashId)))
    const since = new Date(Date.now() - 30 * DAY_MS).toISOString()
    const total = await waitFor('the search rows', PROCESSED_SECONDS, async () => {
      const { json } = await getJson(`${fleet.url}/api/SuperSearch/?date=>=${since}&_results_number=0&_facets_size=0`)
      return json.total >= REPORTS + dumps.size ? json.total : undefined
    })
    print(`${total} reports, ${ROUNDS} readings of each page, one reader`)
    const { json } = await getJson(`${fleet.url}/api/SuperSearch/?_facets=signature&_results_number=0`)
    const signature = new URLSearchParams({ signature: json.facets.signature[0].term })
    const pages: readonly (readonly [name: string, where: string])[] = [
      ...[...dumps].map(([name, crashId]) => [`report ${name}`, `/report/index/${crashId}`] as const),
      ['overview', '/'],
      ['top crashers', '/topcrashers/?product=WaterWolf'],
      ['search', '/search/?product=WaterWolf'],
      ['signature', `/signature/?${signature}`],
      ['signature correlations', `/signature/?${signature}&_tab=correlations`],
    ]
    print(`${'page'.padEnd(24)} ${'KB'.padStart(7)} ${'first byte ms: median'.padStart(22)} ${'95 %'.padStart(7)}`)
    for (const [name, where] of pages) {
      await ask(`${fleet.url}${where}`)
      const answers: Answer[] = []
      for (let round = 0; round < ROUNDS; round++) answers.push(await ask(`${fleet.url}${where}`))
      const times = answers.map(({ firstByteMs }) => firstByteMs).toSorted((a, b) => a - b)
      const at = (share: number) => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1)
      const kilobytes = (Math.max(...answers.map(({ bytes }) => bytes)) / 1_000).toFixed(1)
      print(`${name.padEnd(24)} ${kilobytes.padStart(7)} ${at(0.5).padStart(22)} ${at(0.95).padStart(7)}`)
    }
  } finally {
    await fleet.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
}
