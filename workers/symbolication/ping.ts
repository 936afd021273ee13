import { publicJavaStack } from '#shared/java-stack.ts'
import { MAX_PING_FRAMES, MAX_PING_MODULES, MAX_SYMBOLICATION_DEPTH, MAX_SYMBOLICATION_VALUES } from '#shared/limits.ts'
import { scrubFreeText } from '#shared/scrub.ts'
import { type CrashData, integerOrNull, isObject, type JsonObject } from '#shared/signature/crash-data.ts'
import type { AskedModule } from './asked-addresses.ts'
import { shapeOfJson } from './exact-json.ts'

/** A frame of a ping, in its module. */
export interface PingFrame {
  /** The instruction pointer; null where the ping has none. */
  readonly address: bigint | null
  /** The code file, without its folders. */
  readonly module: string | null
  /** Null where the module is unknown, or has no debug file or id. */
  readonly asked: AskedModule | null
  /** The address in the module. */
  readonly offset: bigint | null
  readonly trust: string | null
}

/** A crash ping: what its signature is made of, and when it was sent. */
export interface CrashPing {
  readonly documentId: string
  /** Epoch milliseconds of `submission_timestamp`; null where it has none. */
  readonly submittedAtMs: number | null
  readonly crashingThread: number
  /** The crashing thread, and the main thread, by which a hang is signed. */
  readonly threads: ReadonlyMap<number, readonly PingFrame[]>
  /** Everything but the threads. */
  readonly crashData: CrashData
  /** Texts by which pings are counted, under the keys of a processed crash. */
  readonly facts: Readonly<Record<string, string>>
}

export type PingReading =
  | { readonly kind: 'read'; readonly ping: CrashPing }
  | { readonly kind: 'bad'; readonly text: string }

const bad = (text: string): PingReading => ({ kind: 'bad', text })

const DOCUMENT_ID = /^[0-9A-Za-z-]{1,100}$/

/**
 * Reads a crash ping as Firefox sends it (specs/processor.md 5): snake case from desktop, camel case from Android, `stack_traces` as an object or its
 * JSON text. Without `document_id` it could be counted twice, so that is refused; a frame or module of an odd form is only unknown.
 */
export function readPing(text: string): PingReading {
  const value = parsedUpTo(text)
  if (value === undefined) return bad('the ping is not JSON')
  if (!isObject(value)) return bad('the ping is not an object')
  const documentId = field(value, 'document_id', 'documentId')
  if (typeof documentId !== 'string' || !DOCUMENT_ID.test(documentId)) {
    return bad('document_id is missing, or not letters, digits and dashes')
  }
  const submitted = field(value, 'submission_timestamp', 'submissionTimestamp') ?? null
  const submittedAtMs = typeof submitted === 'string' ? Date.parse(submitted) : null
  if (submitted !== null && !isOfThisCentury(submittedAtMs)) return bad('submission_timestamp is not a date')
  const traces = stackTraces(field(value, 'stack_traces', 'stackTraces'))
  if (traces === null) return bad('stack_traces is neither an object nor its JSON text')
  if (listOf(traces.modules).length > MAX_PING_MODULES) {
    return bad(`stack_traces has more than ${MAX_PING_MODULES} modules`)
  }
  const threads = listOf(traces.threads)
  const crashingThread = threadIndex(field(traces, 'crash_thread', 'crashThread'), threads.length)
  const modules = listOf(traces.modules).map(pingModule)
  const wanted = new Map([0, crashingThread].map((index) => [index, pingFrames(threads[index], modules)]))
  const crashAddress = addressOf(field(traces, 'crash_address', 'crashAddress'))
  if (wanted.get(crashingThread)?.length === 0 && crashAddress !== null) {
    wanted.set(crashingThread, [{ address: crashAddress, module: null, asked: null, offset: null, trust: null }])
  }
  return {
    kind: 'read',
    ping: {
      documentId: documentId.toLowerCase(),
      submittedAtMs,
      crashingThread,
      threads: wanted,
      crashData: pingCrashData(value, traces),
      facts: pingFacts(value, traces),
    },
  }
}

/** A crash id has two digits for the year. */
function isOfThisCentury(atMs: number | null): boolean {
  return atMs !== null && atMs >= Date.UTC(2000, 0) && atMs < Date.UTC(2100, 0)
}

/** Undefined for what is no JSON, or nests or holds too much to be a ping. */
function parsedUpTo(text: string): unknown {
  const { depth, values } = shapeOfJson(text)
  if (depth > MAX_SYMBOLICATION_DEPTH || values > MAX_SYMBOLICATION_VALUES) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A ping without a stack is normal (Java, or a minidump that could not be read). */
function stackTraces(value: unknown): JsonObject | null {
  if (value === undefined || value === null || value === '') return {}
  const traces = typeof value === 'string' ? parsedUpTo(value) : value
  return isObject(traces) ? traces : null
}

function field(from: JsonObject, snake: string, camel: string): unknown {
  return from[snake] ?? from[camel]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Missing or odd is 0; a negative one counts from the end, as in the peer. */
function threadIndex(value: unknown, count: number): number {
  const index = integerOrNull(value) ?? 0
  if (index >= count) return 0
  return index < 0 ? Math.max(0, count + index) : index
}

interface PingModule {
  readonly base: bigint | null
  readonly name: string | null
  readonly asked: AskedModule | null
}

function pingModule(value: unknown): PingModule {
  if (!isObject(value)) return { base: null, name: null, asked: null }
  const debugFile = baseName(field(value, 'debug_file', 'debugFile'))
  const debugId = field(value, 'debug_id', 'debugId')
  const isNamed = debugFile !== null && typeof debugId === 'string' && /^[0-9A-Fa-f]+$/.test(debugId)
  return {
    base: addressOf(field(value, 'base_address', 'baseAddress')),
    name: baseName(value.filename) ?? debugFile,
    asked: isNamed ? { debugFile, debugId } : null,
  }
}

function baseName(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf('\\')) + 1) : null
}

function pingFrames(thread: unknown, modules: readonly PingModule[]): readonly PingFrame[] {
  const frames = isObject(thread) ? listOf(thread.frames) : []
  return frames.slice(0, MAX_PING_FRAMES).map((frame) => {
    if (!isObject(frame)) return { address: null, module: null, asked: null, offset: null, trust: null }
    const index = field(frame, 'module_index', 'moduleIndex')
    const module = typeof index === 'number' ? modules[index] : undefined
    const address = addressOf(frame.ip)
    const base = module?.base ?? null
    return {
      address,
      module: module?.name ?? null,
      asked: module?.asked ?? null,
      offset: address !== null && base !== null && address >= base ? address - base : null,
      trust: typeof frame.trust === 'string' ? frame.trust : null,
    }
  })
}

function addressOf(value: unknown): bigint | null {
  return typeof value === 'string' && /^(?:0x)?[0-9A-Fa-f]{1,16}$/.test(value)
    ? BigInt(`0x${value.replace(/^0x/, '')}`)
    : null
}

/** A minidump calls the system `Windows NT`, a ping `Windows`; module names are compared in lower case only for the first. */
const MINIDUMP_OS: ReadonlyMap<string, string> = new Map([['Windows', 'Windows NT']])

function reportedOs({ os }: JsonObject): string | null {
  return typeof os === 'string' ? (MINIDUMP_OS.get(os) ?? os) : null
}

function pingCrashData(ping: JsonObject, traces: JsonObject): CrashData {
  return {
    os: reportedOs(ping),
    reason: field(traces, 'crash_type', 'crashType') ?? null,
    ...javaCrash(ping.java_exception),
    oom_allocation_size: ping.oom_size ?? null,
    // It becomes a part of the signature, which is public.
    abort_message: typeof ping.abort_message === 'string' ? scrubFreeText(ping.abort_message) : null,
    hang: ping.hang ?? null,
    async_shutdown_timeout: shutdownTimeout(ping.async_shutdown_timeout),
    ipc_channel_error: ping.ipc_channel_error ?? null,
    ipc_message_name: ping.ipc_message_name ?? null,
    js_large_allocation_failure: ping.js_large_allocation_failure ?? null,
  }
}

/** A structured exception, its JSON text, or the text of a stack trace. */
function javaCrash(value: unknown): CrashData {
  if (typeof value !== 'string' || value === '') return isObject(value) ? { java_exception: value } : {}
  const exception = parsedUpTo(value)
  return isObject(exception)
    ? { java_exception: exception }
    : { java_stack_trace: publicJavaStack(value) ?? 'malformed' }
}

/** Reports hold its JSON text. Pings hold the object, in which the conditions are JSON text themselves. */
function shutdownTimeout(value: unknown): unknown {
  if (!isObject(value)) return value ?? null
  const conditions = typeof value.conditions === 'string' ? parsedUpTo(value.conditions) : value.conditions
  return JSON.stringify({ ...value, conditions: conditions ?? value.conditions })
}

/** Keys of a processed crash, and where a ping has them. No free text: nothing scrubs a ping's. */
const FACTS: readonly (readonly [key: string, pingKey: string])[] = [
  ['product', 'product'],
  ['version', 'version'],
  ['release_channel', 'channel'],
  ['process_type', 'process_type'],
]

function pingFacts(ping: JsonObject, traces: JsonObject): Readonly<Record<string, string>> {
  const all = [
    ...FACTS.map(([key, pingKey]) => [key, ping[pingKey]] as const),
    ['os_name', reportedOs(ping)] as const,
    ['reason', field(traces, 'crash_type', 'crashType')] as const,
    ['address', field(traces, 'crash_address', 'crashAddress')] as const,
  ]
  return Object.fromEntries(all.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])))
}
