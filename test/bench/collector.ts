/**
 * What a crash report costs the collector, on this machine: `npm run bench -- collector`, or `MAYDAY_BENCH=quick npm run bench -- collector`. Reports of 628 KB
 * (200 KB gzipped), a new connection each, from clients on the same cores. First the collector alone in workerd, with stores in memory that forget; then the
 * whole fleet under `wrangler dev`, whose gateway, local R2 and processor work on the same cores at the same time. The peer's figures were measured elsewhere.
 * Where the fleet's time goes: docs/testing.md, Benches.
 */
import { spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { readParts } from '#shared/multipart.ts'
import { processGroups, startFleet } from '../support/fleet.ts'
import { cpuSecondsOfChildren, cpuSecondsOfGroups } from '../support/process-cpu.ts'
import { dumpBody, LOAD_BOUNDARY, loadReport, sendLoad } from '../support/report-load.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const isQuick = process.env.MAYDAY_BENCH === 'quick'
const REPORTS = isQuick ? 40 : 200
const ROUNDS = isQuick ? 1 : 3
const WARM_UP = 20
const MB = 1_000_000
const BIG_DUMP_BYTES = 25 * 1024 * 1024
const MULTIPART_GOAL = 400
const ROUND_TRIPS_GOAL = 2

/** specs/collector.md 6: Antenna, two workers, files as its store, no queue; two runs each, on a machine like this one. */
const PEER: Readonly<Record<string, string>> = {
  'plain, 1 client(s)': '81 to 117',
  'gzip, 1 client(s)': '90 to 92',
  'plain, 8 client(s)': '100 to 105',
  'gzip, 8 client(s)': '103 to 106',
}

type Row = readonly [what: string, goal: string, seen: string, peer?: string]

const wranglerSchema = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
})

/** The collector and its bench door, bundled as a deploy bundles it, in workerd. */
function startAlone(folder: string): Miniflare {
  const config = wranglerSchema.parse(
    parse(readFileSync(path.join(ROOT, 'workers', 'collector', 'wrangler.toml'), 'utf8')),
  )
  const { compatibility_date, compatibility_flags } = config
  const main = path.join(ROOT, 'test/support/collector-bench-worker.mjs')
  const file = path.join(folder, 'wrangler.json')
  const bundle = { name: 'collector-bench', main, compatibility_date, compatibility_flags, send_metrics: false }
  writeFileSync(file, JSON.stringify(bundle))
  const args = ['deploy', '--dry-run', '--outdir', path.join(folder, 'bundle'), '-c', file]
  const made = spawnSync(path.join(ROOT, 'node_modules/.bin/wrangler'), args, { cwd: ROOT, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`the collector was not bundled: ${made.stderr}`)
  return new Miniflare(
    convertV4MiniflareOptions({
      // The lines are made, and nobody reads them.
      handleStructuredLogs: () => {},
      modules: true,
      script: readFileSync(path.join(folder, 'bundle', 'collector-bench-worker.js'), 'utf8'),
      compatibilityDate: compatibility_date,
      compatibilityFlags: compatibility_flags,
      durableObjects: Object.fromEntries(
        config.durable_objects.bindings.map(({ name, class_name }) => [
          name,
          { className: class_name, useSQLite: true },
        ]),
      ),
    }),
  )
}

let reportsMade = 0
const makeReports = (count: number, isGzip: boolean) =>
  Array.from({ length: count }, () => loadReport(reportsMade++, isGzip))

/** Reports a second and CPU a report: each way ROUNDS times, one way after the other. */
async function measureLoads(where: string, url: string, cpuSeconds: () => number): Promise<Row[]> {
  const ways = [false, true].flatMap((isGzip) => [1, 8].map((clients) => ({ isGzip, clients })))
  await sendLoad(url, makeReports(WARM_UP, false), 2, false)
  const seen = new Map<string, { aSecond: number; cpuMs: number; p50Ms: number; p95Ms: number }[]>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const { isGzip, clients } of ways) {
      const reports = makeReports(REPORTS, isGzip)
      const before = cpuSeconds()
      const { seconds, p50Ms, p95Ms } = await sendLoad(url, reports, clients, isGzip)
      const cpuMs = ((cpuSeconds() - before) * 1_000) / REPORTS
      const way = `${isGzip ? 'gzip' : 'plain'}, ${clients} client(s)`
      seen.set(way, [...(seen.get(way) ?? []), { aSecond: REPORTS / seconds, cpuMs, p50Ms, p95Ms }])
    }
  }
  return [...seen].map(([way, rounds]) => {
    const all = (figure: (round: (typeof rounds)[number]) => number, digits = 0) =>
      rounds.map((round) => figure(round).toFixed(digits)).join(' / ')
    const [aSecond, cpu] = [all((round) => round.aSecond), all((round) => round.cpuMs, 1)]
    const times = `p50 ${all((round) => round.p50Ms, 1)}, p95 ${all((round) => round.p95Ms, 1)} ms`
    return [`${where}: ${way}`, '', `${aSecond} reports/s, CPU ${cpu} ms a report, ${times}`, PEER[way] ?? '']
  })
}

const lastSchema = z.object({ rounds: z.number(), operations: z.array(z.string()) })

async function measureStorage(url: string): Promise<Row[]> {
  await sendLoad(url, makeReports(1, false), 1, false)
  const { rounds, operations } = lastSchema.parse(await (await fetch(`${url}/last`)).json())
  return [
    ['storage round trips in sequence before the answer', `≤ ${ROUND_TRIPS_GOAL}`, String(rounds)],
    ['storage operations before the answer', '', operations.join(', ')],
  ]
}

/** The multipart reader alone over a 25 MiB dump in workerd, in chunks as the collector reads them, and as workerd gives them to who does not ask. */
async function measureMultipart(url: string): Promise<Row[]> {
  const rows: Row[] = []
  const dumps = { random: randomFillSync(Buffer.alloc(BIG_DUMP_BYTES)), 'all CR': Buffer.alloc(BIG_DUMP_BYTES, '\r') }
  const rounds = isQuick ? 4 : 20
  for (const [kind, dump] of Object.entries(dumps)) {
    const body = dumpBody(dump)
    await fetch(`${url}/hold`, { method: 'POST', body: new Uint8Array(body) })
    const ask = async (size: number, times: number, isHashed: boolean) => {
      const startedAt = performance.now()
      const asked = new URLSearchParams({
        boundary: LOAD_BOUNDARY,
        ...{ size: String(size), rounds: String(times), isHashed: String(isHashed) },
      })
      const dumpBytes = await (await fetch(`${url}/parse?${asked}`)).json()
      if (dumpBytes !== times * dump.length) throw new Error(`the dump has ${dumpBytes} bytes`)
      return performance.now() - startedAt
    }
    for (const [size, isHashed] of [
      [32_768, false],
      [4_096, false],
      [32_768, true],
    ] as const) {
      await ask(size, 2, isHashed)
      const before = cpuSecondsOfChildren()
      const ms = await ask(size, rounds, isHashed)
      // Of a core: a busy machine gives a process less than the time that passes.
      const cpu = cpuSecondsOfChildren() - before
      const what = `multipart, 25 MiB dump (${kind}), chunks of ${size / 1024} KiB${isHashed ? ', with SHA-256' : ''}`
      const goal = isHashed || kind !== 'random' ? '' : `≥ ${MULTIPART_GOAL} MB/s`
      const rate = (seconds: number) => ((body.length * rounds) / MB / seconds).toFixed(0)
      rows.push([what, goal, `${rate(ms / 1_000)} MB/s, ${rate(cpu)} MB a second of CPU`])
    }
  }
  return [...rows, ['the same in Node (random, 32 KiB)', `≥ ${MULTIPART_GOAL} MB/s`, await inNode(dumps.random)]]
}

async function inNode(dump: Uint8Array): Promise<string> {
  const body = dumpBody(dump)
  async function* chunks() {
    for (let at = 0; at < body.length; at += 32_768) yield body.subarray(at, at + 32_768)
  }
  const rates: number[] = []
  for (let round = 0; round < 10; round++) {
    const startedAt = performance.now()
    for await (const part of readParts(chunks(), LOAD_BOUNDARY, { maxParts: 100, maxPartHeaderBytes: 8_192 }))
      for await (const _bytes of part.body);
    rates.push(body.length / MB / ((performance.now() - startedAt) / 1_000))
  }
  return `${Math.max(...rates).toFixed(0)} MB/s`
}

function printTable(print: (line: string) => void, rows: readonly Row[]): void {
  const all: readonly Row[] = [['', 'goal', 'seen', 'Antenna, reports/s'], ...rows]
  const width = (column: 0 | 1 | 2) => Math.max(...all.map((row) => row[column].length))
  for (const [what, goal, seen, peer = ''] of all)
    print(`${what.padEnd(width(0))}  ${goal.padEnd(width(1))}  ${seen.padEnd(width(2))}  ${peer}`.trimEnd())
}

const busy = () => `load average ${loadavg()[0]?.toFixed(1)}`

export async function bench(print: (line: string) => void): Promise<void> {
  print(`${ROUNDS} rounds of ${REPORTS} reports each way; ${busy()} before`)
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-bench-collector-'))
  const alone = startAlone(folder)
  try {
    const url = (await alone.ready).origin
    const rows = await measureMultipart(url)
    rows.push(...(await measureLoads('alone, stores in memory', url, cpuSecondsOfChildren)))
    rows.push(...(await measureStorage(url)))
    printTable(print, rows)
  } finally {
    await alone.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
  const fleet = await startFleet({ empty: true })
  try {
    const groups = processGroups(fleet.stateDir)
    printTable(print, await measureLoads('fleet, wrangler dev', fleet.url, () => cpuSecondsOfGroups(groups)))
  } finally {
    await fleet.stop()
  }
  print(`${busy()} after. Antenna is not on PyPI, so its figures are those of specs/collector.md 6, not of this run.`)
}
