import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import process from 'node:process'
import { buildSymbolIndex } from '../build-index.ts'
import { openSymbolIndex } from '../open-index.ts'
import type { SymText } from '../symbol-index.ts'
import { fileSource } from './file-source.ts'
import { hostileBytes, hostileKind, recordCount } from './hostile-sym.ts'
import { keepingCache } from './index-in-memory.ts'

/**
 * A program of its own, so that its heap can be capped: builds the index of a big sym file and prints what that took, as one JSON line.
 *
 *     node --max-old-space-size=64 build-child.ts file PATH OUT
 *     node --max-old-space-size=64 build-child.ts hostile KIND BYTES OUT     (the answers of the kind are looked up too)
 */

const CHUNK_BYTES = 65_536
/** Memory is looked at after this many bytes of text. */
const SAMPLE_BYTES = 524_288

let peakHeap = 0
let peakRss = 0
function sample(): void {
  const { heapUsed, external, rss } = process.memoryUsage()
  peakHeap = Math.max(peakHeap, heapUsed + external)
  peakRss = Math.max(peakRss, rss)
}

/** A text from chunks, which are made or read as the builder asks for them. */
function sampledText(chunks: () => Iterator<Uint8Array, void, void>): SymText {
  return {
    async open() {
      const iterator = chunks()
      let sinceSample = 0
      return new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const { done, value } = iterator.next()
            if (done === true) return controller.close()
            controller.enqueue(value)
            sinceSample += value.length
            if (sinceSample < SAMPLE_BYTES) return
            sinceSample = 0
            sample()
          },
        },
        { highWaterMark: 0 },
      )
    },
  }
}

function* fileChunks(path: string): Generator<Uint8Array, void, void> {
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES)
      const read = readSync(file, chunk, 0, CHUNK_BYTES, null)
      if (read === 0) return
      yield chunk.subarray(0, read)
    }
  } finally {
    closeSync(file)
  }
}

/** Of all threads: garbage collection too. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000_000
}

async function build(text: SymText, out: string) {
  const file = openSync(out, 'w')
  const sink = {
    async write(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes.subarray(at))
    },
  }
  const [startedAt, cpuBefore] = [performance.now(), cpuSeconds()]
  try {
    const built = await buildSymbolIndex(text, sink, { sym_etag: 'sym' })
    sample()
    return { built, seconds: (performance.now() - startedAt) / 1_000, cpuSeconds: cpuSeconds() - cpuBefore }
  } finally {
    closeSync(file)
  }
}

/** How the answers of a hostile kind differ from what they should be. */
async function wrongAnswers(out: string, kind: string, count: number): Promise<string[]> {
  const source = fileSource(out)
  const opened = await openSymbolIndex(source, keepingCache(), 'child')
  if (opened.kind !== 'open') return [`the index is ${opened.kind}`]
  const wrong: string[] = []
  for (const [address, name] of hostileKind(kind).known(count)) {
    const [found] = await opened.index.lookup([address])
    const seen = found === undefined || found.kind === 'none' ? null : found.name
    if (seen !== name) wrong.push(`at ${address.toString(16)} is ${seen}, not ${name}`)
  }
  sample()
  source.close()
  return wrong
}

const [mode, what = '', ...rest] = process.argv.slice(2)
try {
  if (mode === 'hostile') {
    const [bytes = '', out = ''] = rest
    const { built, ...took } = await build(
      sampledText(() => hostileBytes(what, Number(bytes))),
      out,
    )
    const wrong = built.kind === 'indexed' ? await wrongAnswers(out, what, recordCount(what, Number(bytes))) : []
    rmSync(out, { force: true })
    console.log(JSON.stringify({ ...built, ...took, peakHeap, peakRss, wrong }))
  } else if (mode === 'file') {
    const [out = ''] = rest
    const { built, ...took } = await build(
      sampledText(() => fileChunks(what)),
      out,
    )
    console.log(JSON.stringify({ ...built, ...took, peakHeap, peakRss, wrong: [] }))
  }
} catch (thrown) {
  console.log(
    JSON.stringify({
      kind: 'thrown',
      name: thrown instanceof Error ? thrown.name : '',
      message: `${thrown}`,
      peakHeap,
      peakRss,
    }),
  )
}
