import { parseJsonUpTo } from '#shared/bounded-json.ts'
import { withDeadline } from '#shared/deadline.ts'
import { GunzipError, gunzip } from '#shared/gunzip.ts'
import {
  LARGE_CRASH_TURN_DEADLINE_MS,
  MAX_JSON_DEPTH,
  MAX_MEMORY_REPORT_BYTES,
  R2_DEADLINE_MS,
} from '#shared/limits.ts'
import type { Bucket } from '#shared/ports.ts'
import type { RawCrash } from '#shared/raw-crash.ts'
import { readDump } from '#shared/store/raw-crash-store.ts'
import type { CrashMemory } from './crash-memory.ts'
import { isRecord } from './rules/rule.ts'

/** The dump that is no minidump: what each part of the product said of its memory, as gzipped JSON. */
const MEMORY_REPORT_NAME = 'memory_report'
const READ_DEADLINE_MS = R2_DEADLINE_MS + LARGE_CRASH_TURN_DEADLINE_MS

/** What became of a crash's memory report. */
export type MemoryReport =
  | { readonly kind: 'absent' }
  | { readonly kind: 'read'; readonly report: object }
  | { readonly kind: 'malformed'; readonly problem: string }

/** Reads the memory report of a crash. Throws when R2 does not answer. */
export async function readMemoryReport(
  crashes: Bucket,
  rawCrash: RawCrash,
  dumpNames: readonly string[],
  memory: CrashMemory,
): Promise<MemoryReport> {
  if (!dumpNames.includes(MEMORY_REPORT_NAME)) return { kind: 'absent' }
  const dump = await readDump(crashes, rawCrash.uuid, MEMORY_REPORT_NAME)
  if (dump.kind === 'missing') return malformed('is not stored')
  try {
    const json = await withDeadline('R2 read memory report', READ_DEADLINE_MS, inflated(dump.body, memory))
    if (json === null) return malformed('is too large beside the stackwalks')
    const parsing = parseJsonUpTo(MAX_JSON_DEPTH, json)
    if (parsing.kind === 'malformed') return malformed('is not valid json')
    return isRecord(parsing.value) ? { kind: 'read', report: parsing.value } : malformed('is not a json object')
  } catch (thrown) {
    if (!(thrown instanceof GunzipError)) throw thrown
    return malformed(thrown.reason === 'bad_gzip' ? 'is not gzip' : `has more than ${MAX_MEMORY_REPORT_BYTES} bytes`)
  }
}

/** The text, or null where the crash may hold no more. */
async function inflated(body: ReadableStream<Uint8Array>, memory: CrashMemory): Promise<string | null> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  for await (const bytes of gunzip(body, MAX_MEMORY_REPORT_BYTES)) {
    if ((await memory.hold(bytes.byteLength)) === 'too_large') return null
    parts.push(decoder.decode(bytes, { stream: true }))
  }
  return parts.join('') + decoder.decode()
}

function malformed(problem: string): MemoryReport {
  return { kind: 'malformed', problem: `memory_report ${problem}` }
}
