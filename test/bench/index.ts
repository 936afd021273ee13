/**
 * What the block index costs, on this machine: `npm run bench -- index`. Three generated sym files (200 MB as real dumps are, 200 MB whose ids jump about, 1 GB) are
 * indexed in a process whose heap is capped at 64 MB, then read back through counted range reads of a local file. Beside it, wholesym (samply's core), which
 * downloads the whole file and reads it from disk. Needs 3 GB of disk in the temporary folder.
 */
import { spawn } from 'node:child_process'
import { closeSync, createReadStream, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { DecodedBlocks } from '#shared/symbols/index/block-cache.ts'
import { openSymbolIndex } from '#shared/symbols/index/open-index.ts'
import type { SymbolIndex } from '#shared/symbols/index/symbol-index.ts'
import { bigSym, type KnownFunction } from '#shared/symbols/index/testing/big-sym.ts'
import { cappedBuild, HEAP_CAP_MB } from '#shared/symbols/index/testing/capped-build.ts'
import { fileSource } from '#shared/symbols/index/testing/file-source.ts'
import { Random, SEED } from '#shared/symbols/index/testing/random.ts'
import type { RangeSource } from '#shared/symbols/range-source.ts'
import { findPeer } from '../support/peers.ts'

const MB = 1_000_000
const GIGABYTE = 1_000 * MB
/** One of this many functions is remembered, to ask for and to check answers with. */
const KEEP_EVERY = 50
const CACHE_BYTES = 32 * MB
const PEER_DEADLINE_MS = 120_000

interface BigFile {
  readonly label: string
  readonly symPath: string
  readonly indexPath: string
  readonly known: readonly KnownFunction[]
}

interface Row {
  readonly what: string
  readonly goal: string
  readonly seen: string
  /** Null where there is no goal, or nothing was seen. */
  readonly isMet: boolean | null
}

function makeFile(folder: string, label: string, bytes: number, originShare: number, isLocal: boolean): BigFile {
  const symPath = path.join(folder, `${label.replaceAll(/\W+/g, '-')}.sym`)
  const file = openSync(symPath, 'w')
  const known: KnownFunction[] = []
  let functions = 0
  const keep = (func: KnownFunction) => {
    if (functions++ % KEEP_EVERY === 0) known.push(func)
  }
  for (const chunk of bigSym({ bytes, seed: SEED, originShare, isLocal }, keep)) writeSync(file, chunk)
  closeSync(file)
  return { label, symPath, indexPath: `${symPath}index`, known }
}

async function gzippedBytes(file: string): Promise<number> {
  let bytes = 0
  const gzip = createReadStream(file).pipe(createGzip())
  gzip.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  await finished(gzip)
  return bytes
}

/** A source whose reads are counted. */
function counted(source: RangeSource) {
  const counts = {
    ...{ size: source.size, reads: 0, bytes: 0 },
    async read(offset: number, length: number) {
      const part = await source.read(offset, length)
      counts.reads += 1
      counts.bytes += part.length
      return part
    },
  }
  return counts
}

async function open(source: RangeSource): Promise<SymbolIndex> {
  const opened = await openSymbolIndex(source, new DecodedBlocks(CACHE_BYTES), 'bench')
  if (opened.kind !== 'open') throw new Error(`the index is ${opened.kind}`)
  return opened.index
}

/** Looks functions up and throws when an answer is wrong: figures of wrong answers are worth nothing. */
async function lookup(index: SymbolIndex, asked: readonly KnownFunction[], random: Random): Promise<void> {
  const found = await index.lookup(asked.map(({ address, size }) => BigInt(address + random.below(size))))
  for (const [at, { name }] of asked.entries()) {
    const symbol = found[at]
    if (symbol?.kind !== 'function' || symbol.name !== name) throw new Error(`wrong answer for ${name}`)
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const KB = (bytes: number) => `${(bytes / 1_000).toFixed(0)} KB`

async function measureReads({ label, indexPath, known }: BigFile): Promise<Row[]> {
  const random = new Random(SEED)
  const file = fileSource(indexPath)
  const rows: Row[] = []
  for (const [count, rounds, maxReads, maxBytes] of [
    [1, 200, 4, null],
    [50, 20, null, 1.1 * MB],
    [200, 10, null, null],
  ] as const) {
    const seen: { reads: number; bytes: number; coldMs: number; warmMs: number }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const asked = Array.from({ length: count }, () => random.pick(known))
      const source = counted(file)
      const startedAt = performance.now()
      const index = await open(source)
      await lookup(index, asked, random)
      const coldMs = performance.now() - startedAt
      const { reads, bytes } = source
      const warmAt = performance.now()
      await lookup(index, asked, random)
      seen.push({ reads, bytes, coldMs, warmMs: performance.now() - warmAt })
    }
    const most = (figure: 'reads' | 'bytes') => Math.max(...seen.map((one) => one[figure]))
    const middle = (figure: 'reads' | 'bytes' | 'coldMs' | 'warmMs') => median(seen.map((one) => one[figure]))
    const addresses = count === 1 ? '1 address' : `${count} addresses`
    rows.push({
      what: `${label}: ${addresses}, reads with opening`,
      goal: maxReads === null ? '' : '≤ 2, ≤ 4 with inline names',
      seen: `${middle('reads')}, at most ${most('reads')}`,
      isMet: maxReads === null ? null : most('reads') <= maxReads,
    })
    rows.push({
      what: `${label}: ${addresses}, bytes read`,
      goal: maxBytes === null ? '' : '≤ 1.1 MB',
      seen: `${KB(middle('bytes'))}, at most ${KB(most('bytes'))}`,
      isMet: maxBytes === null ? null : most('bytes') <= maxBytes,
    })
    rows.push({
      what: `${label}: ${addresses}, cold and warm`,
      goal: count === 200 ? '≤ 300 ms, ≤ 20 ms' : '',
      seen: `${middle('coldMs').toFixed(1)} ms, ${middle('warmMs').toFixed(2)} ms`,
      isMet: count === 200 ? middle('coldMs') <= 300 && middle('warmMs') <= 20 : null,
    })
  }
  const index = await open(file)
  const asked = Array.from({ length: 5_000 }, () => random.pick(known))
  const startedAt = performance.now()
  await lookup(index, asked, random)
  const perSecond = asked.length / ((performance.now() - startedAt) / 1_000)
  rows.push({
    what: `${label}: lookups a second, 5,000 random ones at once`,
    goal: '',
    seen: perSecond.toFixed(0),
    isMet: null,
  })
  const partialSource = counted(file)
  const texts: number[] = []
  for (let round = 0; round < 50; round += 1) {
    const { text } = await (await open(partialSource)).records([BigInt(random.pick(known).address)], 256_000)
    texts.push(text.length)
  }
  rows.push({
    what: `${label}: records of 1 address`,
    goal: '≤ 256 KB',
    seen: `${KB(median(texts))} of text, ${(partialSource.reads / 50).toFixed(1)} reads, ${KB(partialSource.bytes / 50)}`,
    isMet: Math.max(...texts) <= 256_000,
  })
  file.close()
  return rows
}

async function measureBuild({ label, symPath, indexPath }: BigFile, isZipped: boolean): Promise<Row[]> {
  const result = cappedBuild('file', symPath, indexPath)
  if (result.kind !== 'indexed') throw new Error(`${label}: the build ${JSON.stringify(result)}`)
  const { facts, seconds, cpuSeconds, peakHeap, peakRss } = result
  // Of a core: a busy machine gives a process less than the time that passes.
  const speed = facts.text_bytes / MB / cpuSeconds
  const peakMb = peakHeap / 2 ** 20
  const size = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`
  const rows: Row[] = [
    {
      what: `${label}: builder`,
      goal: '≥ 40 MB/s',
      seen: `${speed.toFixed(1)} MB a second of CPU, ${(facts.text_bytes / MB / seconds).toFixed(1)} MB/s here and now, passes ${facts.passes}`,
      isMet: speed >= 40,
    },
    {
      what: `${label}: builder, heap and external at most`,
      goal: `≤ ${HEAP_CAP_MB} MB`,
      seen: `${peakMb.toFixed(1)} MB (RSS ${(peakRss / 2 ** 20).toFixed(0)} MB)`,
      isMet: peakMb <= HEAP_CAP_MB,
    },
  ]
  if (!isZipped) return [...rows, { what: `${label}: index`, goal: '', seen: size(facts.index_bytes), isMet: null }]
  const zipped = await gzippedBytes(symPath)
  const ratio = facts.index_bytes / zipped
  return [
    ...rows,
    {
      what: `${label}: index / .sym.gz`,
      goal: '≤ 0.8',
      seen: `${ratio.toFixed(3)} (${size(facts.index_bytes)} / ${size(zipped)})`,
      isMet: ratio <= 0.8,
    },
  ]
}

/** wholesym against a server of the plain file: first with nothing, then with its cache. */
async function measureWholesym({ symPath, known, label }: BigFile, folder: string): Promise<Row[]> {
  const peer = findPeer('wholesym-lookup')
  const what = `wholesym, ${label}`
  if (peer.kind === 'missing') return [{ what, goal: '', seen: `SKIPPED: ${peer.why}`, isMet: null }]
  const server = createServer((_, answer) => void createReadStream(symPath).pipe(answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const cache = path.join(folder, 'wholesym')
  const func = new Random(SEED).pick(known)
  const once = async () => {
    const args = [
      `http://127.0.0.1:${port}/`,
      cache,
      'libbig.so',
      '5E1D0F3C2B4A69788796A5B4C3D2E1F00',
      func.address.toString(16),
    ]
    const startedAt = performance.now()
    const child = spawn(peer.program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: PEER_DEADLINE_MS })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    await finished(child.stdout)
    return { ms: performance.now() - startedAt, isRight: output.startsWith(func.name) }
  }
  try {
    const cold = await once()
    const warm = [await once(), await once(), await once()]
    const files = readdirSync(cache, { recursive: true, encoding: 'utf8' }).map((name) => path.join(cache, name))
    const kept = sum(files.filter((name) => statSync(name).isFile()).map((name) => statSync(name).size))
    const seen = `cold ${cold.ms.toFixed(0)} ms (whole file over loopback), warm ${median(warm.map(({ ms }) => ms)).toFixed(0)} ms (a process each), ${(kept / MB).toFixed(0)} MB on disk`
    return [{ what: `${what}: 1 address`, goal: '', seen: cold.isRight ? seen : 'its answer is not ours', isMet: null }]
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function printTable(print: (line: string) => void, rows: readonly Row[]): void {
  const mark = (isMet: boolean | null) => (isMet === null ? ' ' : isMet ? '✓' : '✗')
  const width = (column: 'what' | 'goal') => Math.max(...rows.map((row) => row[column].length))
  print(`  ${'what'.padEnd(width('what'))}  ${'goal'.padEnd(width('goal'))}  seen`)
  for (const { what, goal, seen, isMet } of rows)
    print(`${mark(isMet)} ${what.padEnd(width('what'))}  ${goal.padEnd(width('goal'))}  ${seen}`)
}

export async function bench(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-bench-index-'))
  const rows: Row[] = []
  try {
    print(`seed ${SEED}; builds have a heap of ${HEAP_CAP_MB} MB`)
    for (const [label, bytes, originShare, isLocal] of [
      ['200 MB', 200 * MB, 0.35, true],
      ['200 MB, ids at random', 200 * MB, 0.07, false],
      ['1 GB', GIGABYTE, 0.2, true],
    ] as const) {
      const startedAt = performance.now()
      const file = makeFile(folder, label, bytes, originShare, isLocal)
      print(`${label}: made in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
      rows.push(...(await measureBuild(file, bytes < GIGABYTE)), ...(await measureReads(file)))
      if (label === '200 MB') rows.push(...(await measureWholesym(file, folder)))
      rmSync(file.symPath)
      rmSync(file.indexPath)
    }
    printTable(print, rows)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
