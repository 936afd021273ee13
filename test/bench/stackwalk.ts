/**
 * A stackwalk with symbols of 185 MB, ours against the stock tool: `npm run bench -- stackwalk`. The dump is the fixture panic_abort; the sym file of its module is
 * widened by copies that lie above its own addresses, so both tools name the same frames. Both fetch over HTTP through one proxy that counts, cold; each figure
 * is the median of a few runs in a process of its own.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { PEERS_FOLDER } from '../support/peers.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const FIXTURES = path.join(ROOT, 'test', 'fixtures', 'crashes')
const DUMP = path.join(FIXTURES, 'dumps', 'panic_abort.dmp')
const MODULE = { debug_file: 'panic_abort', debug_id: '31BB9112C48BB51B13C7F90F968BB8ED0' }
const OURS = path.join(ROOT, 'container', 'target', 'release', 'mayday-stackwalker')
const STOCK = path.join(PEERS_FOLDER, 'bin', 'minidump-stackwalk')
const SYM_BYTES = 185_000_000
const RUNS = 3
const LATENCY_MS = 20
const UPLOAD_DEADLINE_MS = 10 * 60_000

/** The sym file, and after it copies of its records at higher and higher addresses. */
function* widened(text: string): Generator<string> {
  yield text
  const lines = text.split('\n').filter((line) => /^(FUNC|PUBLIC|STACK|INLINE |[0-9a-f])/.test(line))
  const copy = (by: number) => {
    const moved = (address: string) => (Number.parseInt(address, 16) + by).toString(16)
    return lines.map((line) => {
      if (line.startsWith('INLINE ')) {
        const [head, ranges] = [line.split(' ').slice(0, 5), line.split(' ').slice(5)]
        return [...head, ...ranges.map((word, at) => (at % 2 === 0 ? moved(word) : word))].join(' ')
      }
      return line.replace(
        /^((?:FUNC|PUBLIC)(?: m)? |STACK CFI(?: INIT)? |)([0-9a-f]+)/,
        (_, head, address) => head + moved(address),
      )
    })
  }
  const above = 0x100_0000
  for (let bytes = text.length, by = above; bytes < SYM_BYTES; by += above) {
    const chunk = `${copy(by).join('\n')}\n`
    bytes += chunk.length
    yield chunk
  }
}

interface Proxy {
  readonly url: string
  /** What went through since the last call. */
  take(): { readonly requests: number; readonly bytes: number }
  latencyMs: number
  stop(): void
}

/** Counts requests and the bytes of answers as they are on the wire; waits before it passes a request on. */
async function countingProxy(origin: string): Promise<Proxy> {
  let seen = { requests: 0, bytes: 0 }
  const server = createServer(async (incoming, answer) => {
    seen.requests += 1
    if (proxy.latencyMs > 0) await sleep(proxy.latencyMs)
    const { host: _, ...headers } = incoming.headers
    const upstream = httpRequest(new URL(incoming.url ?? '/', origin), { method: incoming.method ?? 'GET', headers })
    upstream.on('response', (response) => {
      response.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length
      })
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    upstream.on('error', () => answer.destroy())
    incoming.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const proxy: Proxy = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    take() {
      const taken = seen
      seen = { requests: 0, bytes: 0 }
      return taken
    },
    latencyMs: 0,
    stop: () => server.closeAllConnections(),
  }
  server.unref()
  return proxy
}

interface Walk {
  readonly seconds: number
  readonly peakMb: number
  readonly requests: number
  readonly bytes: number
  readonly json: Record<string, unknown>
}

type Tool = 'ours' | 'stock'

/** One cold walk, in a cache of its own. GNU time gives the peak of resident memory. */
async function walk(tool: Tool, proxy: Proxy, folder: string): Promise<Walk> {
  const cache = mkdtempSync(path.join(folder, 'cache-'))
  for (const name of ['symbols', 'tmp']) mkdirSync(path.join(cache, name))
  const stock = [STOCK, '--json', '--symbols-url', proxy.url, '--symbols-cache', path.join(cache, 'symbols')]
  const command =
    tool === 'stock'
      ? [...stock, '--symbols-tmp', path.join(cache, 'tmp'), DUMP]
      : [
          ...[OURS, 'walk', '--symbols-url', proxy.url, '--cache', cache, '--cache-mib', '2048'],
          ...['--memory-mib', '1024', '--symbols-deadline-seconds', '20', '--parent', '$$'],
        ]
  proxy.take()
  const startedAt = performance.now()
  // `exec`: $$ is the process that starts the walk, and the walk runs under no other.
  const child = spawn('sh', ['-c', `exec /usr/bin/time -f 'PEAK %M' ${command.join(' ')}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  child.stdin.end(tool === 'ours' ? Buffer.concat([Buffer.from('\n'), readFileSync(DUMP)]) : '')
  const [stdout, stderr] = await Promise.all([readText(child.stdout), readText(child.stderr)])
  const seconds = (performance.now() - startedAt) / 1_000
  const peakKb = /PEAK (\d+)/.exec(stderr)?.[1]
  if (peakKb === undefined || stdout === '') throw new Error(`${tool}: ${stderr}`)
  const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(stdout))
  const json = tool === 'ours' ? z.record(z.string(), z.unknown()).parse(parsed.json_dump) : parsed
  rmSync(cache, { recursive: true })
  return { seconds, peakMb: Number(peakKb) / 1_000, ...proxy.take(), json }
}

const normalised = z.looseObject({
  modules: z.array(z.looseObject({}).transform(({ symbol_url: _, ...module }) => module)),
  proc_limits: z.looseObject({
    limits: z
      .array(z.looseObject({ name: z.string() }))
      .transform((limits) => limits.sort((a, b) => a.name.localeCompare(b.name))),
  }),
})

/** The median, and how long the first took: the server had read nothing of the file then. */
async function walks(tool: Tool, proxy: Proxy, folder: string): Promise<Walk & { readonly firstSeconds: number }> {
  const done: Walk[] = []
  for (let run = 0; run < RUNS; run++) done.push(await walk(tool, proxy, folder))
  const [median] = done.toSorted((a, b) => a.seconds - b.seconds).slice(Math.floor(RUNS / 2))
  if (median === undefined) throw new Error('no runs')
  return { ...median, firstSeconds: done[0]?.seconds ?? 0 }
}

/** Everything that the dump's modules need, uploaded and indexed. */
async function uploadSymbols(fleet: Fleet, folder: string): Promise<number> {
  let bytes = 0
  for (const file of globSync('symbols/*/*/*.sym.gz', { cwd: FIXTURES })) {
    const text = gunzipSync(readFileSync(path.join(FIXTURES, file))).toString()
    const target = path.join(folder, 'symbols', path.basename(file, '.gz'))
    if (!file.includes(MODULE.debug_id)) {
      writeFileSync(target, text)
      continue
    }
    await pipeline(Readable.from(widened(text)), createWriteStream(target))
    bytes = readFileSync(target).length
  }
  const token = await createToken(fleet, ['upload_symbols'])
  const command = ['upload-symbols', '--url', fleet.url, '--token', token, path.join(folder, 'symbols')]
  const { code, stderr } = await mayday(command, {}, UPLOAD_DEADLINE_MS)
  if (code !== 0) throw new Error(stderr)
  const deadline = performance.now() + UPLOAD_DEADLINE_MS
  const body = JSON.stringify({ modules: [{ ...MODULE, addresses: [] }] })
  for (;;) {
    const response = await fetch(`${fleet.url}/symbols/partial`, { method: 'POST', body })
    const answer = await response.text()
    if (answer.includes('"kind":"found"')) return bytes
    if (performance.now() > deadline) throw new Error(`not indexed: ${response.status} ${answer.slice(0, 300)}`)
    await sleep(500)
  }
}

/** Prints goal and seen. */
export async function bench(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-bench-stackwalk-'))
  mkdirSync(path.join(folder, 'symbols'))
  let fleet: Fleet | null = null
  let proxy: Proxy | null = null
  try {
    fleet = await startFleet({ empty: true })
    const symBytes = await uploadSymbols(fleet, folder)
    proxy = await countingProxy(fleet.url)
    for (const latencyMs of [0, LATENCY_MS]) {
      proxy.latencyMs = latencyMs
      const ours = await walks('ours', proxy, folder)
      const stock = await walks('stock', proxy, folder)
      const isSame = isDeepStrictEqual(normalised.parse(ours.json), normalised.parse(stock.json))
      const threads = z.array(z.looseObject({ frame_count: z.number() })).parse(ours.json.threads)
      const deepest = Math.max(...threads.map(({ frame_count }) => frame_count))
      print(
        `sym file of ${(symBytes / 1e6).toFixed(0)} MB, ${latencyMs} ms a request; deepest thread ${deepest} frames; JSON ${isSame ? 'identical' : 'DIFFERENT'}`,
      )
      const ratio = (name: string, goal: number, a: number, b: number, unit: string) =>
        print(
          `${name}: goal 1/${goal}, seen 1/${(b / a).toFixed(1)} (${a.toFixed(2)} ${unit}, stock ${b.toFixed(2)} ${unit})`,
        )
      ratio('bytes ', 30, ours.bytes / 1e6, stock.bytes / 1e6, 'MB')
      ratio('time  ', 10, ours.seconds, stock.seconds, 's')
      ratio('memory', 10, ours.peakMb, stock.peakMb, 'MB')
      print(`first of ${RUNS}: ${ours.firstSeconds.toFixed(2)} s, stock ${stock.firstSeconds.toFixed(2)} s`)
      print(`round trips in sequence: goal at most ${2 * deepest}, seen ${ours.requests}`)
    }
  } finally {
    proxy?.stop()
    await fleet?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
