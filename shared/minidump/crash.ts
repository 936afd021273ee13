import {
  type MinidumpDirectory,
  placeAt,
  readDirectory,
  STREAM,
  streamView,
  type UnreadableReason,
} from './directory.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'
import { memoryFrom, readMemoryRanges } from './memory.ts'
import { type LoadedModule, readModules } from './modules.ts'
import { type Cpu, type Os, readSystem } from './system.ts'
import { type Registers, readRegisters, readThreads, type Thread } from './threads.ts'

/** What a dump's header says of the crash, without a stackwalk. Null: the dump does not say, or says it wrongly. */
export interface Crash {
  readonly cpu: Cpu | null
  readonly os: Os
  /** The exception's code: a signal's number, an NTSTATUS, a Mach exception. Null for a dump that was asked for. */
  readonly exceptionCode: number | null
  /** Of the crashing thread, at the moment of the crash. */
  readonly registers: Registers | null
  /** The crashing thread's stack memory from its stack pointer on. */
  readonly stack: Place | null
  readonly modules: readonly LoadedModule[]
}

export type CrashReading =
  | { readonly kind: 'crash'; readonly crash: Crash; readonly directory: MinidumpDirectory }
  | { readonly kind: 'unreadable'; readonly reason: UnreadableReason }

/**
 * Reads the crash from a dump's header, directory and lists: work and memory are bounded by the limits of those lists. Any bytes give one of the two
 * outcomes; never throws.
 */
export function readCrash(dump: DumpBytes): CrashReading {
  const directory = readDirectory(dump)
  if (directory.kind === 'unreadable') return directory
  const system = readSystem(dump, directory)
  const cpu = system?.cpu ?? null
  const exception = readException(dump, directory)
  const threadId = exception?.threadId ?? requestingThread(dump, directory)
  const thread = readThreads(dump, directory).find(({ id }) => id === threadId) ?? null
  const registers = cpu === null ? null : registersOf(dump, cpu, exception?.context ?? null, thread)
  const crash = {
    cpu,
    os: system?.os ?? 'other',
    exceptionCode: exception?.code ?? null,
    registers,
    stack: registers === null ? null : stackFrom(dump, directory, thread, registers.stackPointer),
    modules: readModules(dump, directory),
  } as const
  return { kind: 'crash', crash, directory }
}

interface Exception {
  readonly threadId: number
  readonly code: number
  readonly context: Place
}

const EXCEPTION_BYTES = 168

function readException(dump: DumpBytes, directory: MinidumpDirectory): Exception | null {
  const view = streamView(dump, directory, STREAM.exception, EXCEPTION_BYTES)
  if (view === null || view.byteLength < EXCEPTION_BYTES) return null
  return { threadId: view.getUint32(0, true), code: view.getUint32(8, true), context: placeAt(view, 160) }
}

const HAS_REQUESTING_THREAD = 2

/** A dump that was asked for rather than crashed: Breakpad says by which thread. */
function requestingThread(dump: DumpBytes, directory: MinidumpDirectory): number | null {
  const view = streamView(dump, directory, STREAM.breakpadInfo, 12)
  if (view === null || view.byteLength < 12) return null
  return (view.getUint32(0, true) & HAS_REQUESTING_THREAD) === 0 ? null : view.getUint32(8, true)
}

/** The exception's registers: the thread's own may already be those of the handler that wrote the dump. */
function registersOf(dump: DumpBytes, cpu: Cpu, exception: Place | null, thread: Thread | null): Registers | null {
  const atException = exception === null ? null : readRegisters(dump, exception, cpu)
  return atException ?? (thread === null ? null : readRegisters(dump, thread.context, cpu))
}

/** The thread's own stack, or, as in full dumps of Windows, the memory range that has the stack pointer. */
function stackFrom(
  dump: DumpBytes,
  directory: MinidumpDirectory,
  thread: Thread | null,
  stackPointer: bigint,
): Place | null {
  const own = thread === null ? null : memoryFrom([thread.stack], stackPointer)
  if (own !== null && own.at + own.bytes <= dump.length) return own
  return memoryFrom(readMemoryRanges(dump, directory), stackPointer)
}
