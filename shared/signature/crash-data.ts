import { isTruthy } from './text.ts'

/** JSON whose form is not known: crash data is what clients and stackwalkers wrote. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What signature generation reads; every key is optional and may hold anything (specs/processor.md 2.1). */
export interface CrashData {
  readonly crashing_thread?: unknown
  readonly reason?: unknown
  readonly os?: unknown
  readonly threads?: unknown
  readonly java_stack_trace?: unknown
  readonly java_exception?: unknown
  readonly oom_allocation_size?: unknown
  readonly js_large_allocation_failure?: unknown
  readonly abort_message?: unknown
  readonly hang?: unknown
  readonly async_shutdown_timeout?: unknown
  readonly ipc_channel_error?: unknown
  readonly ipc_message_name?: unknown
  readonly additional_minidumps?: unknown
  readonly mdsw_status_string?: unknown
  readonly original_signature?: unknown
}

/** Crash data of a form that a rule cannot use: the rule costs a note, the signature stays as it was (specs/processor.md 2.2). */
export class MalformedCrashData extends Error {
  override readonly name = 'MalformedCrashData'
}

/** Whether the value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The crash data of a processed crash. The crashing thread is the stackwalker's: a rule may rewrite the processed crash's own. */
export function crashDataOf(processedCrash: JsonObject): CrashData {
  const jsonDump = processedCrash.json_dump
  return {
    ...(isTruthy(jsonDump) && isObject(jsonDump) ? stackwalkData(jsonDump) : {}),
    ...('java_stack_trace' in processedCrash ? { java_stack_trace: processedCrash.java_stack_trace } : {}),
    ...('java_exception' in processedCrash ? { java_exception: processedCrash.java_exception } : {}),
    oom_allocation_size: integerOrNull(processedCrash.oom_allocation_size),
    abort_message: processedCrash.abort_message ?? null,
    hang: processedCrash.hang ?? null,
    async_shutdown_timeout: processedCrash.async_shutdown_timeout ?? null,
    ipc_channel_error: processedCrash.ipc_channel_error ?? null,
    ipc_message_name: processedCrash.ipc_message_name ?? null,
    js_large_allocation_failure: processedCrash.js_large_allocation_failure ?? null,
    mdsw_status_string: processedCrash.mdsw_status_string ?? null,
    additional_minidumps: processedCrash.additional_minidumps ?? [],
    original_signature: processedCrash.signature ?? '',
  }
}

function stackwalkData(jsonDump: JsonObject): CrashData {
  const crashInfo = isObject(jsonDump.crash_info) ? jsonDump.crash_info : {}
  const systemInfo = isObject(jsonDump.system_info) ? jsonDump.system_info : {}
  return {
    crashing_thread: crashInfo.crashing_thread ?? null,
    reason: crashInfo.type ?? null,
    threads: jsonDump.threads ?? [],
    os: systemInfo.os ?? null,
  }
}

/** The crashing thread's index; bad or missing is 0. Text counts: crash pings send `"5"`. */
export function crashingThreadIndex(crashData: CrashData): number {
  return integerOrNull(crashData.crashing_thread) ?? 0
}

/** An integer out of a number (cut), a boolean or decimal text, else null. */
export function integerOrNull(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : null
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string' && /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(value)) return Number(value.replaceAll('_', ''))
  return null
}

/**
 * The crashing thread; undefined where there is none. A negative index counts from the end, as in the peer.
 * Throws {@link MalformedCrashData} for a thread that is no object.
 */
export function crashingThread(crashData: CrashData): JsonObject | undefined {
  const threads = crashData.threads
  if (!Array.isArray(threads)) return undefined
  const thread: unknown = threads.at(crashingThreadIndex(crashData))
  if (thread === undefined) return undefined
  if (!isObject(thread)) throw new MalformedCrashData('the crashing thread is not an object')
  return thread
}

/**
 * The crash data of what a client sent: crash data itself, or a whole processed crash, known by its `json_dump` or `uuid`, which crash data never holds.
 * Null where it is no object.
 */
export function readCrashData(value: unknown): CrashData | null {
  if (!isObject(value)) return null
  return 'json_dump' in value || 'uuid' in value ? crashDataOf(value) : value
}
