import { type MinidumpDirectory, STREAM, streamView } from './directory.ts'
import type { DumpBytes } from './dump-bytes.ts'

/** The processors whose registers we read. */
export type Cpu = 'x86' | 'amd64' | 'arm' | 'arm64'
export type Os = 'windows' | 'mac' | 'ios' | 'linux' | 'android' | 'other'

/** What the dump says of the machine. `cpu` is null for a processor that we do not read. */
export interface System {
  readonly cpu: Cpu | null
  readonly os: Os
}

const CPUS: ReadonlyMap<number, Cpu> = new Map([
  [0, 'x86'],
  [5, 'arm'],
  [9, 'amd64'],
  [12, 'arm64'],
  // Breakpad's own number, from before there was an official one.
  [0x8003, 'arm64'],
])

const OSES: ReadonlyMap<number, Os> = new Map([
  [1, 'windows'],
  [2, 'windows'],
  [0x8101, 'mac'],
  [0x8102, 'ios'],
  [0x8201, 'linux'],
  [0x8203, 'android'],
])

/** Reads the system info stream; null where there is none. */
export function readSystem(dump: DumpBytes, directory: MinidumpDirectory): System | null {
  const view = streamView(dump, directory, STREAM.systemInfo, 24)
  if (view === null || view.byteLength < 24) return null
  return {
    cpu: CPUS.get(view.getUint16(0, true)) ?? null,
    os: OSES.get(view.getUint32(20, true)) ?? 'other',
  }
}
