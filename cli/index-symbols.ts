import { closeSync, createReadStream, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { buildSymbolIndex } from '#shared/symbols/index/build-index.ts'
import type { IndexBuilt, SymText } from '#shared/symbols/index/symbol-index.ts'
import { DamagedGzip, plainText, streamOf } from '#shared/symbols/sym-text.ts'
import { type CommandResult, DONE, failed, type Terminal } from './command-result.ts'

interface IndexOptions {
  readonly out?: string
}

/** Told how many bytes of the file were read. */
type Progress = (readBytes: number) => void

/** What `mayday index` found in one file. */
export type IndexedFile = IndexBuilt | { readonly kind: 'damaged_gzip' }

/**
 * Builds the block index of a sym file, as the indexer does after an upload, and writes it to `out`; without one it is built, measured and dropped. A file
 * that breakpad-symbols refuses leaves an index that says so.
 */
export async function indexSymFile(
  path: string,
  out: string | null,
  progress: Progress,
  symEtag = NO_ETAG,
): Promise<IndexedFile> {
  const sink = out === null ? null : openSync(out, 'w')
  try {
    return await buildSymbolIndex(
      symText(path, progress),
      {
        async write(bytes) {
          if (sink !== null) writeSync(sink, bytes)
        },
      },
      { sym_etag: symEtag },
    )
  } catch (thrown) {
    if (out !== null) rmSync(out, { force: true })
    if (thrown instanceof DamagedGzip) return { kind: 'damaged_gzip' }
    throw thrown
  } finally {
    if (sink !== null) closeSync(sink)
  }
}

/** A file on a disk has none: no server takes such an index for its own. */
const NO_ETAG = 'local file'

function symText(path: string, progress: Progress): SymText {
  return {
    async open() {
      let readBytes = 0
      async function* chunks() {
        for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
          readBytes += chunk.length
          progress(readBytes)
          yield chunk
        }
      }
      return streamOf(plainText(chunks()))
    },
  }
}

const READ_BYTES = 256 * 1024

async function indexCommand(path: string, { out }: IndexOptions, terminal: Terminal): Promise<CommandResult> {
  const file = statSync(path, { throwIfNoEntry: false })
  if (!file?.isFile()) return failed(`${path}: no such file.`)
  const bar = terminal.interactive ? progressBar(file.size) : null
  const startedAt = performance.now()
  const indexed = await indexSymFile(path, out ?? null, (readBytes) => bar?.update(readBytes))
  bar?.stop()
  if (indexed.kind === 'damaged_gzip') return failed(`${path} is not one whole gzip stream.`)
  const seconds = (performance.now() - startedAt) / 1_000
  terminal.out(
    JSON.stringify({ ...indexed, seconds: Number(seconds.toFixed(3)), ...(out === undefined ? {} : { out }) }),
  )
  if (indexed.kind === 'indexed') return DONE
  return failed(
    `${path}: line ${indexed.line}: ${indexed.reason}. Stackwalkers and the symbol server refuse this file.`,
  )
}

function progressBar(totalBytes: number): SingleBar {
  const bar = new SingleBar({ format: 'index [{bar}] {percentage} %, {eta_formatted} left', stream: process.stderr })
  bar.start(totalBytes, 0)
  return bar
}

/** Adds `mayday index`. */
export function addIndexCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  program
    .command('index')
    .description('build the block index of a sym file, and say what is in it')
    .argument('<file>', 'a sym file (.sym, .sym.gz)')
    .option('--out <file>', 'write the index to this file')
    .addHelpText(
      'after',
      `
The symbol server does the same after every upload. Prints one JSON object: \`kind\` (indexed or corrupt) and \`facts\`. Exit code 1 when breakpad-symbols
would refuse the file; \`line\` and \`reason\` say where and why.

Example:
  npm run --silent mayday -- index --out libxul.so.symindex libxul.so.sym.gz`,
    )
    .action((file: string, options: IndexOptions) => run(indexCommand(file, options, terminal)))
}
