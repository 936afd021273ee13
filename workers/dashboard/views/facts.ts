import { LIKELY_BIT_FLIP_PERCENT } from '#shared/machine-signs.ts'
import { durationText, timeMs } from './duration.ts'
import { asFlag, asList, asNumber, asRecord, asText } from './json-value.ts'

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

/** What is known of the crash. A fact that the crash does not hold is left out. */
export function crashFacts(crash: Json): CrashFacts {
  const dump = asRecord(crash.json_dump)
  const info = asRecord(dump.crash_info)
  const system = asRecord(dump.system_info)
  const accesses = asList(info.memory_accesses).flatMap((access) => memoryAccessText(asRecord(access)) ?? [])
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
      ...textFact('Instruction', info.instruction, {
        code: true,
        title: 'The instruction at which the crashing thread stopped',
      }),
      ...textFact('Access', accesses.length === 0 ? null : accesses.join(', '), {
        code: true,
        title: 'What the instruction did with memory',
      }),
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

function memoryAccessText(access: Json): string | null {
  const address = asText(access.address)
  const size = asNumber(access.size)
  if (address === null) return null
  return [asText(access.access_type) ?? 'access', size === null ? null : `${size} bytes`, 'at', address]
    .filter(Boolean)
    .join(' ')
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
