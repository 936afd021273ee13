import { MAX_MINIDUMP_THREADS } from '../limits.ts'
import { listEntries, type MinidumpDirectory, placeAt, STREAM, streamView } from './directory.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'
import type { Cpu } from './system.ts'

/** One thread of the process. */
export interface Thread {
  readonly id: number
  /** Its stack memory: from `address` on, the lowest in use. `place` may be empty or wrong where memory lists hold it; see memory.ts. */
  readonly stack: { readonly address: bigint; readonly place: Place }
  /** Its registers, see {@link readRegisters}. */
  readonly context: Place
}

const THREAD_BYTES = 48

/** The threads, the first MAX_MINIDUMP_THREADS of them. */
export function readThreads(dump: DumpBytes, directory: MinidumpDirectory): readonly Thread[] {
  return listEntries(dump, directory, STREAM.threadList, THREAD_BYTES, MAX_MINIDUMP_THREADS).map((entry) => ({
    id: entry.getUint32(0, true),
    stack: { address: entry.getBigUint64(24, true), place: placeAt(entry, 32) },
    context: placeAt(entry, 40),
  }))
}

/**
 * The thread that the process began with: on Linux its id is the process id, and at the top of its stack lie the command line and the environment.
 * Where the dump does not say the process id, the first thread: writers list it first.
 */
export function mainThread(dump: DumpBytes, directory: MinidumpDirectory): Thread | null {
  const threads = readThreads(dump, directory)
  const processId = readProcessId(dump, directory)
  return threads.find(({ id }) => id === processId) ?? threads[0] ?? null
}

const MISC_HAS_PROCESS_ID = 1
const MAX_PROC_STATUS_BYTES = 4_096

/** The process id: from the misc stream, or on Linux from `/proc/self/status`. */
export function readProcessId(dump: DumpBytes, directory: MinidumpDirectory): number | null {
  const misc = streamView(dump, directory, STREAM.miscInfo, 12)
  if (misc !== null && misc.byteLength === 12 && (misc.getUint32(4, true) & MISC_HAS_PROCESS_ID) !== 0)
    return misc.getUint32(8, true)
  const status = streamView(dump, directory, STREAM.linuxProcStatus, MAX_PROC_STATUS_BYTES)
  const pid = status === null ? undefined : /^Pid:\s*(\d{1,10})$/m.exec(new TextDecoder('latin1').decode(status))?.[1]
  return pid === undefined ? null : Number(pid)
}

/** What we read of a thread's registers. */
export interface Registers {
  readonly instructionPointer: bigint
  readonly stackPointer: bigint
}

/** Offsets of the two registers in a context, their width, and the bytes that a whole context has at least. */
const CONTEXTS: Readonly<Record<Cpu, { bytes: number; ip: number; sp: number; width: 4 | 8 }>> = {
  x86: { bytes: 204, ip: 184, sp: 196, width: 4 },
  amd64: { bytes: 256, ip: 248, sp: 152, width: 8 },
  arm: { bytes: 72, ip: 64, sp: 56, width: 4 },
  // Windows' and Crashpad's form, and the older one of Breakpad: both have sp and pc here.
  arm64: { bytes: 272, ip: 264, sp: 256, width: 8 },
}

/** Reads a CPU context; null where it is not whole. */
export function readRegisters(dump: DumpBytes, context: Place, cpu: Cpu): Registers | null {
  const { bytes, ip, sp, width } = CONTEXTS[cpu]
  if (context.bytes < bytes) return null
  const view = dump.view({ at: context.at, bytes })
  if (view === null) return null
  const word = (at: number) => (width === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true)))
  return { instructionPointer: word(ip), stackPointer: word(sp) }
}

/** Bytes of a word on the stack. */
export function wordBytes(cpu: Cpu): 4 | 8 {
  return CONTEXTS[cpu].width
}
