import { durationText, timeMs } from './duration.ts'
import { asList, asNumber, asRecord, asText } from './json-value.ts'

type Json = Readonly<Record<string, unknown>>

/** How a crash came to be what it is: what each stage of Mayday said of it. */
export interface DebugFacts {
  readonly timeline: readonly { readonly what: string; readonly atMs: number; readonly since: string | null }[]
  readonly facts: readonly { readonly name: string; readonly text: string; readonly protected: boolean }[]
  readonly notes: readonly string[]
  readonly earlierNotes: readonly string[]
}

const TIMES = [
  ['Process started', 'startup_time'],
  ['Crashed', 'crash_time'],
  ['Received', 'submitted_timestamp'],
  ['Processing started', 'started_datetime'],
  ['Processing ended', 'completed_datetime'],
] as const

/** Facts by name: where they are, and whether only view_pii sees them. */
const FACTS: readonly (readonly [name: string, key: string, isProtected?: true])[] = [
  ['Processor', 'processor_version'],
  ['Stackwalker', 'stackwalk_version'],
  ['Stackwalk', 'mdsw_status_string'],
  ['Stackwalker’s exit code', 'mdsw_return_code', true],
  ['Stackwalker’s last words', 'mdsw_stderr', true],
  ['Signature algorithm', 'signature_version'],
  ['Signature lists', 'signature_lists_hash'],
  ['Proto signature', 'proto_signature'],
  ['How the signature was made', 'signature_debug', true],
  ['Fingerprint', 'fingerprint'],
  ['Stands for reports', 'sample_weight'],
  ['SHA-256 of the minidump', 'minidump_sha256_hash'],
  ['Soft errors of the client', 'soft_errors', true],
  ['Memory report', 'memory_report_error', true],
]

const COLLECTOR: readonly (readonly [name: string, key: string])[] = [
  ['Throttle rule', 'throttle_rule'],
  ['User agent', 'user_agent'],
  ['Payload', 'payload'],
  ['Payload compressed', 'payload_compressed'],
  ['Payload bytes', 'payload_size'],
  ['Collector notes', 'collector_notes'],
  ['Stripped', 'stripped'],
]

/** Reads them off both crashes. The collector's metadata is protected. */
export function debugFacts(crash: Json, rawCrash: Json): DebugFacts {
  const metadata = { ...asRecord(rawCrash.metadata), ...asRecord(crash.collector_metadata) }
  const facts = [
    ...FACTS.flatMap(([name, key, isProtected]) => {
      const text = asText(crash[key])
      return text === null ? [] : [{ name, text, protected: isProtected ?? false }]
    }),
    ...COLLECTOR.flatMap(([name, key]) => {
      const value: unknown = metadata[key]
      const text = Array.isArray(value) ? asText(value.join('\n')) : asText(value)
      return text === null ? [] : [{ name, text, protected: true }]
    }),
  ]
  return {
    timeline: timeline(crash),
    facts,
    notes: lines(crash.processor_notes),
    earlierNotes: asList(crash.processor_history).flatMap(lines),
  }
}

function timeline(crash: Json): DebugFacts['timeline'] {
  const times = TIMES.flatMap(([what, key]) => {
    const atMs = timeMs(asNumber(crash[key]) ?? crash[key])
    return atMs === null ? [] : [{ what, atMs }]
  })
  return times.map(({ what, atMs }, at) => {
    const before = times[at - 1]
    // Clients' clocks are their own: a step back is no duration.
    const seconds = before === undefined ? -1 : (atMs - before.atMs) / 1000
    return { what, atMs, since: seconds < 0 ? null : seconds < 1 ? '< 1 s' : durationText(seconds) }
  })
}

function lines(text: unknown): readonly string[] {
  return (asText(text) ?? '').split('\n').filter((line) => line.trim() !== '')
}
