import { type BeyondIndex, IndexBuilder } from './index-builder.ts'
import { IndexFile } from './index-file.ts'
import { type RefusedLine, SymRecordReader, type SymRecords } from './sym-records.ts'
import { SymWindows, type Windowed } from './sym-windows.ts'
import type { IndexBuilt, IndexSink, SymText } from './symbol-index.ts'
import { NO_DIRECTORY, NO_NAMES, packUpperIndex, type UpperIndex } from './upper-index.ts'

/** What an index says about the file that it was built from. */
export interface IndexOrigin {
  readonly sym_etag: string
}

/** Why a file has no index: breakpad-symbols refuses it, or it is beyond what an index holds. */
export type CorruptReason = RefusedLine | 'empty_file' | 'unended_last_line' | BeyondIndex

/** Text between two waits for the sink: what it makes is held until then. */
const SLICE_BYTES = 256 * 1024

/**
 * Builds the block index of a sym file: reads the text once (again where its records are in no order), writes the index in order, holds under 64 MB whatever
 * the file (docs/reference/symbol-index.md). Throws what `text` and `sink` throw, and an Error when the text is another one the second time.
 */
export async function buildSymbolIndex(text: SymText, sink: IndexSink, origin: IndexOrigin): Promise<IndexBuilt> {
  const file = new IndexFile(sink, origin.sym_etag)
  const builder = new IndexBuilder(file)
  const first = await read(text, builder, async () => {
    await builder.relieve()
    await file.drain()
    return builder.beyond() !== null
  })
  if (first.become === 'finished' && builder.beyond() === null) {
    builder.endText()
    for (let pass = builder.nextPass(first.textBytes); pass !== null; pass = builder.nextPass(first.textBytes)) {
      const again = await read(text, pass, async () => false)
      if (again.become !== 'finished' || again.textBytes !== first.textBytes) throw new Error('the text has changed')
      builder.endPass(pass)
      await file.drain()
    }
  }
  const beyond = builder.beyond()
  if (first.become === 'finished' && beyond === null) {
    const upper = await builder.finish(origin.sym_etag, first.textBytes)
    return { kind: 'indexed', facts: await end(file, upper, builder.passes) }
  }
  const reason: CorruptReason = beyond ?? refusalOf(first)
  const line = first.become === 'empty_file' ? 1 : first.records.lines + 1
  if (sink.restart !== undefined) await sink.restart()
  const marker = sink.restart === undefined ? file : new IndexFile(sink, origin.sym_etag)
  const upper = refusedIndex(origin, builder, first.textBytes, line, reason)
  return { kind: 'corrupt', line, reason, facts: await end(marker, upper, builder.passes) }
}

/** One reading of the text. */
interface Reading {
  readonly become: Windowed
  readonly records: SymRecordReader
  readonly textBytes: number
}

/** Hands the records of the text to `taker`, until `isEnough`, which is asked now and then, or the text is refused. */
async function read(text: SymText, taker: SymRecords, isEnough: () => Promise<boolean>): Promise<Reading> {
  const records = new SymRecordReader(taker)
  const windows = new SymWindows(records)
  const reader = (await text.open()).getReader()
  let textBytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        const become = windows.end()
        if (become === 'finished') records.finish()
        return { become, records, textBytes }
      }
      for (let at = 0; at < value.length; at += SLICE_BYTES) {
        const slice = value.subarray(at, at + SLICE_BYTES)
        textBytes += slice.length
        const become = windows.push(slice)
        if (become !== 'going_on' || (await isEnough())) return { become, records, textBytes }
      }
    }
  } finally {
    // Of a refused file the rest is not wanted; of a read one nothing is left.
    await reader.cancel().catch(() => undefined)
  }
}

function refusalOf({ become, records }: Reading): CorruptReason {
  return become === 'empty_file' || become === 'unended_last_line' ? become : records.refusal
}

async function end(file: IndexFile, upper: UpperIndex, passes: number): Promise<IndexBuilt['facts']> {
  file.end(packUpperIndex(upper))
  await file.drain()
  return { text_bytes: upper.textBytes, index_bytes: file.bytes, passes }
}

function refusedIndex(
  { sym_etag }: IndexOrigin,
  builder: IndexBuilder,
  textBytes: number,
  line: number,
  reason: CorruptReason,
): UpperIndex {
  return {
    symEtag: sym_etag,
    module: builder.moduleLines,
    refused: { line, reason },
    textBytes,
    records: builder.records,
    directories: {
      functions: NO_DIRECTORY,
      publics: NO_DIRECTORY,
      cfi: NO_DIRECTORY,
      framedata: NO_DIRECTORY,
      fpo: NO_DIRECTORY,
    },
    publicRanges: null,
    files: NO_NAMES,
    origins: NO_NAMES,
  }
}
