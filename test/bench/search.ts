/**
 * Search on this machine: `npm run bench -- search`, or `MAYDAY_BENCH=quick npm run bench -- search`. Documents of a browser's crashes
 * (test/support/search-documents.ts) are indexed by the search Worker in workerd, then asked three filters and ten aggregations with cardinality within.
 * `cold` is the first query of a workerd that has just started, `warm` are those after it. DuckDB holds the same documents and counts the same, beside it.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { deflateSync } from 'node:zlib'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { ANONYMOUS } from '#shared/auth/permissions.ts'
import { instantOf } from '#shared/search/instant.ts'
import { parseSearchQuery } from '#shared/search/query.ts'
import type { SearchQuery } from '#shared/search/search-query.ts'
import type { SearchAnswer } from '#shared/search/search-rpc.ts'
import { weekOfInstant } from '#shared/search/shards.ts'
import { browserCrash, FIRST_MONDAY_MS, WEEK_MS } from '../support/search-documents.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const isQuick = process.env.MAYDAY_BENCH === 'quick'
const WARM_ROUNDS = 40
const COLD_ROUNDS = isQuick ? 2 : 6
const BATCH = 500
const MADE = 5_000
/** Documents whose deflated JSON is measured. */
const SAMPLE = 20_000

interface Size {
  readonly documentsAWeek: number
  readonly weeks: number
}

const SIZES: readonly Size[] = isQuick
  ? [
      { documentsAWeek: 20_000, weeks: 1 },
      { documentsAWeek: 5_000, weeks: 4 },
    ]
  : [
      { documentsAWeek: 300_000, weeks: 1 },
      { documentsAWeek: 250_000, weeks: 4 },
    ]

/** Three filters; ten aggregations, one of them with a cardinality in each bucket and one with terms. */
const SEARCH = [
  'product=WaterWolf&release_channel=release&signature=!~Shared',
  '_facets=signature&_facets=version&_facets=platform&_facets=platform_pretty_version&_facets=cpu_arch',
  '_facets=process_type&_facets=reason&_facets=build_id&_facets=useragent_locale',
  '_aggs.signature=_cardinality.install_time&_histogram.date=platform',
].join('&')

const FOUND = `product = 'WaterWolf' and release_channel = 'release' and not contains(signature, 'Shared')`
const TERMS = [
  'version',
  'platform',
  'platform_pretty_version',
  'cpu_arch',
  'process_type',
  'reason',
  'build_id',
  'useragent_locale',
]
/** The same for DuckDB, as its own users would write it. */
const SQL: readonly string[] = [
  `select count(*) from documents where ${FOUND}`,
  `select signature, count(*) n, count(distinct install_time) from documents where ${FOUND} group by 1 order by n desc, 1 limit 50`,
  ...TERMS.map(
    (field) => `select ${field}, count(*) n from documents where ${FOUND} group by 1 order by n desc, 1 limit 50`,
  ),
  `select left(date, 10), platform, count(*) from documents where ${FOUND} group by 1, 2 order by 1, 3 desc`,
  `select uuid, date, signature, product, version from documents where ${FOUND} order by date desc limit 100`,
]

/** The search Worker with the bench's door, bundled as a deploy bundles it. */
function bundle(folder: string): string {
  const config = {
    name: 'search-bench',
    main: path.join(ROOT, 'test/support/search-bench-worker.mjs'),
    compatibility_date: '2026-10-22',
    compatibility_flags: ['nodejs_compat'],
    send_metrics: false,
  }
  writeFileSync(path.join(folder, 'wrangler.json'), JSON.stringify(config))
  const wrangler = path.join(ROOT, 'node_modules/.bin/wrangler')
  const args = [
    'deploy',
    '--dry-run',
    '--outdir',
    path.join(folder, 'bundle'),
    '-c',
    path.join(folder, 'wrangler.json'),
  ]
  const made = spawnSync(wrangler, args, { cwd: ROOT, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`the search Worker was not bundled: ${made.stderr}`)
  return readFileSync(path.join(folder, 'bundle', 'search-bench-worker.js'), 'utf8')
}

class SearchWorker {
  readonly #folder: string
  readonly #script: string
  #miniflare: Miniflare

  constructor(folder: string, script: string) {
    this.#folder = folder
    this.#script = script
    this.#miniflare = this.#start()
  }

  #start(): Miniflare {
    return new Miniflare({
      ...convertV4MiniflareOptions({
        modules: true,
        script: this.#script,
        compatibilityDate: '2026-10-22',
        compatibilityFlags: ['nodejs_compat'],
        durableObjects: { SHARDS: { className: 'SearchShard', useSQLite: true } },
      }),
      resourcePersistencePath: path.join(this.#folder, 'state'),
    })
  }

  async ask<Answer>(question: object): Promise<Answer> {
    const response = await this.#miniflare.dispatchFetch('http://search.internal/', {
      method: 'POST',
      body: JSON.stringify(question),
    })
    if (!response.ok) throw new Error(`the search Worker answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as Answer
  }

  async restart(): Promise<void> {
    await this.stop()
    this.#miniflare = this.#start()
    await this.#miniflare.ready
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose()
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly answer: T }> {
  const startedAt = performance.now()
  const answer = await work()
  return { ms: performance.now() - startedAt, answer }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const both = (values: readonly number[]) =>
  `${percentile(values, 0.5).toFixed(0)} / ${percentile(values, 0.95).toFixed(0)} ms`

/** Seconds of indexing alone: the documents are made before, by the thousand. */
async function index(worker: SearchWorker, { documentsAWeek, weeks }: Size): Promise<number> {
  let ms = 0
  for (let week = 0; week < weeks; week++) {
    for (let from = 0; from < documentsAWeek; from += MADE) {
      const count = Math.min(MADE, documentsAWeek - from)
      await worker.ask({ kind: 'make', week, from, count })
      for (let start = 0; start < count; start += BATCH) {
        ms += (await timed(() => worker.ask({ kind: 'index', start, end: Math.min(count, start + BATCH) }))).ms
      }
    }
  }
  return ms / 1_000
}

function deflatedBytesADocument(): number {
  const lines = Array.from({ length: SAMPLE }, (_, n) => `${JSON.stringify(browserCrash(n, 0).values)}\n`)
  return deflateSync(lines.join('')).length / SAMPLE
}

function queryOf({ weeks }: Size): SearchQuery {
  const nowMs = FIRST_MONDAY_MS + weeks * WEEK_MS - 1
  const params = new URLSearchParams(`${SEARCH}&date=>=${instantOf(FIRST_MONDAY_MS).slice(0, 19)}`)
  const parsed = parseSearchQuery(params, ANONYMOUS, nowMs)
  if (parsed.kind === 'bad') throw new Error(parsed.message)
  if (parsed.warnings.length > 0) throw new Error(parsed.warnings.map(({ msg }) => msg).join(', '))
  return parsed.query
}

async function writeJson(file: string, { documentsAWeek, weeks }: Size): Promise<void> {
  const stream = createWriteStream(file)
  for (let week = 0; week < weeks; week++) {
    for (let n = 0; n < documentsAWeek; n++) {
      const line = `${JSON.stringify(browserCrash(n, week).values)}\n`
      if (!stream.write(line)) await once(stream, 'drain')
    }
  }
  stream.end()
  await finished(stream)
}

interface DuckDb {
  readonly loadSeconds: number
  readonly bytes: number
  readonly coldMs: number
  readonly warmMs: readonly number[]
  readonly total: number
}

async function runDuckDb(folder: string, size: Size): Promise<DuckDb> {
  const json = path.join(folder, 'documents.jsonl')
  const file = path.join(folder, 'documents.duckdb')
  await writeJson(json, size)
  const askAll = async (connection: DuckDBConnection) => {
    const counts = []
    for (const sql of SQL) counts.push((await connection.runAndReadAll(sql)).getRows())
    return Number(counts[0]?.[0]?.[0])
  }
  const open = async () => {
    const instance = await DuckDBInstance.create(file, { threads: '1' })
    return { instance, connection: await instance.connect() }
  }
  const loading = await open()
  const load = await timed(() =>
    loading.connection.run(
      `create table documents as select * from read_json('${json}', format = 'newline_delimited', sample_size = ${SAMPLE}, union_by_name = true, convert_strings_to_integers = false, timestampformat = 'none')`,
    ),
  )
  loading.connection.closeSync()
  loading.instance.closeSync()
  rmSync(json)
  const { instance, connection } = await open()
  const cold = await timed(() => askAll(connection))
  const warmMs = []
  for (let round = 0; round < WARM_ROUNDS; round++) warmMs.push((await timed(() => askAll(connection))).ms)
  connection.closeSync()
  instance.closeSync()
  return { loadSeconds: load.ms / 1_000, bytes: statSync(file).size, coldMs: cold.ms, warmMs, total: cold.answer }
}

type Row = readonly [what: string, goal: string, seen: string, duckDb?: string]

async function measure(size: Size, script: string): Promise<readonly Row[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-bench-search-'))
  const worker = new SearchWorker(folder, script)
  try {
    const documents = size.documentsAWeek * size.weeks
    const seconds = await index(worker, size)
    let [bytes, rows] = [0, 0]
    for (let week = 0; week < size.weeks; week++) {
      const shard = weekOfInstant(instantOf(FIRST_MONDAY_MS + week * WEEK_MS))
      const figures = await worker.ask<{ bytes: number; rows: number }>({ kind: 'figures', shard })
      bytes += figures.bytes
      rows += figures.rows
    }
    const query = queryOf(size)
    const coldMs = []
    let answer: SearchAnswer | null = null
    for (let round = 0; round < COLD_ROUNDS; round++) {
      await worker.restart()
      const cold = await timed(() => worker.ask<SearchAnswer>({ kind: 'query', query }))
      coldMs.push(cold.ms)
      answer = cold.answer
    }
    const warmMs = []
    for (let round = 0; round < WARM_ROUNDS; round++) {
      warmMs.push((await timed(() => worker.ask({ kind: 'query', query }))).ms)
    }
    if (answer === null || answer.errors.length > 0) throw new Error(JSON.stringify(answer?.errors))
    await worker.stop()
    const duckDb = await runDuckDb(folder, size)
    if (duckDb.total !== answer.total) throw new Error(`found ${answer.total}, DuckDB ${duckDb.total}`)
    const deflated = deflatedBytesADocument()
    const isMain = size.weeks === 1
    return [
      [`${documents.toLocaleString('en')} documents in ${size.weeks} week(s)`, 'goal', 'seen', 'DuckDB, 1 thread'],
      ['query, warm p50 / p95', isMain ? '250 ms' : '', both(warmMs), both(duckDb.warmMs)],
      ['query, cold p50 / p95', isMain ? '2,000 ms' : '', both(coldMs), `${duckDb.coldMs.toFixed(0)} ms`],
      ['found', '', answer.total.toLocaleString('en'), duckDb.total.toLocaleString('en')],
      [
        'indexed a second',
        'at least 2,000',
        Math.round(documents / seconds).toLocaleString('en'),
        Math.round(documents / duckDb.loadSeconds).toLocaleString('en'),
      ],
      [
        'bytes a document',
        `${Math.round(1.5 * deflated)} (1.5 x ${Math.round(deflated)} deflated JSON)`,
        (bytes / documents).toFixed(0),
        (duckDb.bytes / documents).toFixed(0),
      ],
      ['rows written a document', 'at most 3', (rows / documents).toFixed(2)],
    ]
  } finally {
    await worker.stop().catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function bench(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-bench-search-'))
  try {
    const script = bundle(folder)
    for (const size of SIZES) {
      for (const [what, goal, seen, duckDb = ''] of await measure(size, script)) {
        print(`${what.padEnd(38)}${goal.padEnd(34)}${seen.padEnd(18)}${duckDb}`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
