import { LIKELY_BIT_FLIP_PERCENT } from '#shared/machine-signs.ts'
import { durationText, timeMs } from './duration.ts'
import { asFlag, asList, asNumber, asRecord, asText, grouped } from './json-value.ts'

/** One fact of a crash: a name and what to show. */
export type Fact = { readonly name: string; readonly title?: string } & (
  | { readonly kind: 'text'; readonly text: string; readonly code?: boolean }
  | { readonly kind: 'time'; readonly atMs: number }
)

/** A badge beside the signature: something that changes how the crash is read. */
export interface Badge {
  readonly text: string
  readonly means: string
  readonly tone: 'warn' | 'info' | 'bad'
}

/** The facts of a crash, in the order in which an engineer asks for them. */
export interface CrashFacts {
  readonly crash: readonly Fact[]
  readonly build: readonly Fact[]
  readonly system: readonly Fact[]
  readonly memory: readonly Fact[]
  readonly times: readonly Fact[]
}

type Json = Readonly<Record<string, unknown>>

function textFact(name: string, value: unknown, options: { code?: boolean; title?: string } = {}): readonly Fact[] {
  const text = asText(value)
  return text === null ? [] : [{ kind: 'text', name, text, ...options }]
}

function timeFact(name: string, ...values: readonly unknown[]): readonly Fact[] {
  const atMs = values.map(timeMs).find((time) => time !== null)
  return atMs === undefined || atMs === null ? [] : [{ kind: 'time', name, atMs }]
}

function durationFact(name: string, value: unknown, title: string): readonly Fact[] {
  const seconds = asNumber(value)
  return seconds === null ? [] : [{ kind: 'text', name, text: durationText(seconds), title }]
}

function byteFact(name: string, value: unknown): readonly Fact[] {
  const bytes = asNumber(value)
  return bytes === null || bytes < 0 ? [] : [{ kind: 'text', name, text: bytesText(bytes) }]
}

/** Bytes in the unit that people read, with the exact count where it differs: `1.5 MiB (1,572,864)`. */
function bytesText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10))
  if (power === 0) return `${grouped(bytes)} bytes`
  const inUnit = (bytes / 1024 ** power).toLocaleString('en-US', { maximumFractionDigits: 1 })
  return `${inUnit} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]} (${grouped(bytes)})`
}

function percentText(value: unknown): string | null {
  const percent = asNumber(value)
  return percent === null ? null : `${percent} % in use`
}

/** What happened in one line: `SIGSEGV / SEGV_MAPERR at 0x10 (null pointer + 0x10)`, or the message that ended the process. */
export function crashHeadline(crash: Json): string | null {
  const info = asRecord(asRecord(crash.json_dump).crash_info)
  const reason = asText(crash.reason ?? info.type)
  const address = addressText(crash, info)
  const message = asText(crash.moz_crash_reason) ?? asText(crash.abort_message) ?? asText(info.assertion)
  const what = reason === null ? null : address === null ? reason : `${reason} at ${address}`
  return [what, message].filter((part) => part !== null).join(' · ') || null
}

/** What is known of the crash. A fact that the crash does not hold is left out. */
export function crashFacts(crash: Json): CrashFacts {
  const dump = asRecord(crash.json_dump)
  const info = asRecord(dump.crash_info)
  const system = asRecord(dump.system_info)
  const processType = asText(crash.process_type)
  return {
    crash: [
      ...textFact('Reason', crash.reason ?? info.type),
      ...textFact('Address', addressText(crash, info), { code: true }),
      ...textFact('Crash reason', crash.moz_crash_reason, {
        title: 'MozCrashReason: the message of the assertion that ended the process',
      }),
      ...textFact('Abort message', crash.abort_message),
      ...textFact('Assertion', info.assertion),
      ...textFact('Last error', crash.last_error_value, { code: true }),
      ...textFact('Report type', crash.report_type === 'crash' ? null : crash.report_type),
      ...textFact('Java exception', asText(crash.java_stack_trace)?.split('\n', 1)[0]),
    ],
    build: [
      ...textFact('Product', crash.product),
      ...textFact('Version', crash.version),
      ...textFact('Channel', crash.release_channel),
      ...textFact('Build', crash.build, { code: true }),
      ...textFact('Vendor', crash.vendor),
      ...textFact('Process type', processType === 'parent' ? 'parent (main process)' : processType),
      ...textFact('Remote type', crash.remote_type),
      ...textFact('Submitted from', crash.submitted_from === 'Unknown' ? null : crash.submitted_from),
    ],
    system: [
      ...textFact('OS', osText(crash, system)),
      ...textFact('OS version', crash.os_version ?? system.os_ver),
      ...textFact('Architecture', crash.cpu_arch ?? system.cpu_arch),
      ...textFact('CPU', cpuText(crash, system)),
      ...textFact('Microcode', crash.cpu_microcode_version ?? system.cpu_microcode_version, { code: true }),
      ...textFact('Graphics', graphicsText(crash)),
    ],
    memory: [
      ...byteFact('Allocation that failed', crash.oom_allocation_size),
      ...byteFact('Physical, free', crash.available_physical_memory),
      ...byteFact('Physical, whole', crash.total_physical_memory),
      ...byteFact('Virtual, free', crash.available_virtual_memory),
      ...byteFact('Virtual, whole', crash.total_virtual_memory),
      ...byteFact('Page file, free', crash.available_page_file),
      ...byteFact('Page file, whole', crash.total_page_file),
      ...textFact('Pressure', percentText(crash.system_memory_use_percentage)),
      ...byteFact('Resident', asRecord(crash.memory_measures).resident),
      ...byteFact('Heap', asRecord(crash.memory_measures).heap_allocated),
      ...byteFact('Explicit', asRecord(crash.memory_measures).explicit),
    ],
    times: [
      ...timeFact('Received', crash.submitted_timestamp, crash.date_processed),
      ...timeFact('Crashed', crash.client_crash_date, crash.crash_time),
      ...timeFact('Processed', crash.completed_datetime, crash.completed_date_time),
      ...durationFact('Uptime', crash.uptime, 'From the start of the process to the crash'),
      ...durationFact('Install age', crash.install_age, 'From the installation of this build to the crash'),
      ...durationFact('Last crash', crash.last_crash, 'Since the previous crash of this installation'),
    ],
  }
}

function addressText(crash: Json, info: Json): string | null {
  const address = asText(crash.address) ?? asText(info.address)
  const adjusted = asRecord(info.adjusted_address)
  if (address === null || adjusted.kind !== 'null-pointer') return address
  const offset = asText(adjusted.offset)
  return offset === null ? address : `${address} (null pointer + ${offset.replace(/^0x0+(?=.)/, '0x')})`
}

function osText(crash: Json, system: Json): string | null {
  const name = asText(crash.os_name) ?? asText(system.os)
  const pretty = asText(crash.os_pretty_version)
  return pretty === null || pretty === name ? name : pretty
}

function cpuText(crash: Json, system: Json): string | null {
  const info = asText(crash.cpu_info) ?? asText(system.cpu_info)
  const count = asNumber(crash.cpu_count) ?? asNumber(system.cpu_count)
  const cores = count === null || count <= 0 ? null : `${count} ${count === 1 ? 'processor' : 'processors'}`
  return [info === 'unknown' ? null : info, cores].filter(Boolean).join(', ') || null
}

function graphicsText(crash: Json): string | null {
  const parts = [crash.adapter_vendor_id, crash.adapter_device_id, crash.adapter_driver_version].flatMap(
    (part) => asText(part) ?? [],
  )
  return parts.length === 0 ? null : parts.join(' · ')
}

/** What an engineer must know before reading the stack. */
export function crashBadges(crash: Json): readonly Badge[] {
  const badges: Badge[] = []
  const bitFlip = asNumber(crash.possible_bit_flips_max_confidence)
  if (bitFlip !== null) {
    badges.push({
      text: `bit flip ${bitFlip} %`,
      means: `Flipping one bit of a register gives an address that makes sense. The stackwalker is ${bitFlip} % confident that bad memory or a bad CPU caused this crash.`,
      tone: bitFlip >= LIKELY_BIT_FLIP_PERCENT ? 'bad' : 'warn',
    })
  }
  if (crash.report_type === 'hang') {
    badges.push({
      text: 'hang',
      means: 'The process did not crash: it was stopped because it no longer answered.',
      tone: 'info',
    })
  }
  if (asFlag(crash.startup_crash)) {
    badges.push({ text: 'startup crash', means: 'The product crashed while it started.', tone: 'warn' })
  }
  if (asFlag(crash.has_guard_page_access)) {
    badges.push({ text: 'guard page', means: 'An access hit a guard page: a buffer was overrun.', tone: 'warn' })
  }
  for (const inconsistency of asList(crash.crash_inconsistencies)) {
    const text = asText(inconsistency)
    if (text !== null) {
      badges.push({
        text: `inconsistent: ${text.replaceAll('_', ' ')}`,
        means: 'The minidump contradicts itself here, which bad hardware can cause.',
        tone: 'warn',
      })
    }
  }
  return badges
}
