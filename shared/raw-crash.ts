import { z } from 'zod'
import { type CrashId, crashDay } from './crash-id.ts'

/** Any JSON value: a crash annotation of a JSON `extra` keeps the type in which it was sent. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Crash annotations by name. The object has no prototype, so `constructor` and `__proto__` are names like any other. */
export type Annotations = { readonly [name: string]: JsonValue }

/** Values by dump name, without a prototype: `__proto__` is a possible dump name. */
export type ByDumpName = { readonly [dumpName: string]: string }

/** What the collector says about a report (specs/collector.md 1.3). Migrated raw crashes may lack any of it. */
export interface RawCrashMetadata {
  /** Plain sentences about what was dropped, cut or odd. */
  readonly collector_notes: readonly string[]
  /** Dump name → SHA-256 hex of its bytes as received. Absent: ask `v1/dump_names/<id>`. */
  readonly dump_checksums?: ByDumpName | undefined
  readonly payload?: 'json' | 'multipart' | undefined
  readonly payload_compressed?: '0' | '1' | undefined
  /** Wire bytes. */
  readonly payload_size?: number | undefined
  readonly throttle_rule?: string | undefined
  /** The name in `dump_checksums` → the file name as sent, of what is no minidump: logs, screenshots, memory reports. */
  readonly attachments?: ByDumpName | undefined
  /** Why the report's dumps were left out: it was too large, and `OVERSIZE=annotations` keeps the rest. */
  readonly oversize?: 'body_too_large' | 'inflated_too_large' | undefined
  /** 1 / the probability that the throttle rules kept such a report; absent when it is 1 (DESIGN.md section 4). */
  readonly sample_weight?: number | undefined
  /** 32 hex: what makes crashes alike before they are processed; absent where the dump could not be read (DESIGN.md section 4). */
  readonly fingerprint?: string | undefined
  /** Where reports of this fingerprint are counted (shared/throttle/duplicates-port.ts); absent where they are not. */
  readonly continent?: string | undefined
  /** Minidump → what was zeroed in it before it was stored (shared/minidump/environment.ts); the checksums are of what was received. */
  readonly stripped?: { readonly [dumpName: string]: readonly string[] } | undefined
  /** `None` where the client sent none, as the peer writes it. */
  readonly user_agent?: string | undefined
}

/**
 * A crash report as collected. It is stored flat (annotations beside `uuid`, `submitted_timestamp`, `version` and
 * `metadata`, as Socorro reads it); here the annotations stand apart so that none can pass for the collector's own fields.
 */
export interface RawCrash {
  /** The client's crash annotations; in migrated data also fields that older collectors added. */
  readonly annotations: Annotations
  readonly uuid: CrashId
  /** UTC, ISO 8601 with `+00:00`, microseconds left out when zero. */
  readonly submitted_timestamp: string
  readonly metadata: RawCrashMetadata
}

/** Version of the stored form: 2 since the collector's own fields moved to `metadata` (Antenna, 2022). */
export const RAW_CRASH_VERSION = 2

/** Names of the collector's own fields; an annotation with such a name is not kept. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['uuid', 'submitted_timestamp', 'version', 'metadata'])

/** The result of reading a stored raw crash. */
export type RawCrashParsing =
  | { readonly kind: 'parsed'; readonly rawCrash: RawCrash }
  | { readonly kind: 'unreadable'; readonly reason: 'not_json' | 'not_an_object' }

const byDumpNameSchema = z.unknown().transform((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const byName: Record<string, string> = Object.create(null)
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string') byName[name] = text
  }
  return byName
})

const metadataSchema = z.object({
  collector_notes: z.array(z.string()).catch([]),
  dump_checksums: byDumpNameSchema.optional(),
  payload: z.enum(['json', 'multipart']).optional().catch(undefined),
  payload_compressed: z.enum(['0', '1']).optional().catch(undefined),
  payload_size: z.number().optional().catch(undefined),
  throttle_rule: z.string().optional().catch(undefined),
  attachments: byDumpNameSchema.optional(),
  oversize: z.enum(['body_too_large', 'inflated_too_large']).optional().catch(undefined),
  sample_weight: z.number().min(1).optional().catch(undefined),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional()
    .catch(undefined),
  stripped: z.record(z.string(), z.array(z.string())).optional().catch(undefined),
  continent: z.string().max(2).optional().catch(undefined),
  user_agent: z.string().optional().catch(undefined),
})

/** The time of submission as the peer writes it (Python's isoformat): `2026-11-23T01:02:03.450000+00:00`. */
export function submittedTimestamp(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  const fraction = iso.slice(20, 23)
  return `${iso.slice(0, 19)}${fraction === '000' ? '' : `.${fraction}000`}+00:00`
}

/** The stored text: JSON with sorted keys, all ASCII, as the peer's (specs/collector.md 3.1). */
export function rawCrashJson(rawCrash: RawCrash): string {
  return storedJson({
    ...rawCrash.annotations,
    uuid: rawCrash.uuid,
    submitted_timestamp: rawCrash.submitted_timestamp,
    version: RAW_CRASH_VERSION,
    metadata: sorted(rawCrash.metadata),
  })
}

/** The stored text of fields that are flat already. */
export function storedJson(fields: object): string {
  const flat: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(fields).sort(byName)) flat[name] = value
  return asciiJson(JSON.stringify(flat))
}

/**
 * Reads a stored raw crash. Tolerates what older collectors wrote: unknown fields stay annotations, a missing
 * `metadata` becomes an empty one, top-level `dump_checksums` and `collector_notes` count where `metadata` has none.
 */
export function parseRawCrash(text: string, crashId: CrashId): RawCrashParsing {
  const stored = parseJson(text)
  if (stored === undefined) return { kind: 'unreadable', reason: 'not_json' }
  if (!isJsonObject(stored)) return { kind: 'unreadable', reason: 'not_an_object' }
  const annotations: Record<string, JsonValue> = Object.create(null)
  for (const [name, value] of Object.entries(stored)) {
    if (!OWN_FIELDS.has(name)) annotations[name] = value
  }
  const { dump_checksums, collector_notes } = annotations
  const written = Object.hasOwn(stored, 'metadata') ? stored.metadata : undefined
  const metadata = metadataSchema.parse({
    ...(dump_checksums === undefined ? {} : { dump_checksums }),
    ...(collector_notes === undefined ? {} : { collector_notes }),
    ...(written !== undefined && isJsonObject(written) ? written : {}),
  })
  const submitted = Object.hasOwn(stored, 'submitted_timestamp') ? stored.submitted_timestamp : undefined
  return {
    kind: 'parsed',
    rawCrash: {
      annotations,
      uuid: crashId,
      submitted_timestamp: typeof submitted === 'string' ? submitted : midnightOf(crashId),
      metadata,
    },
  }
}

/** Whether a JSON value is an object: not null, not a list. */
export function isJsonObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** A raw crash without its time of submission still has the day in its id. */
function midnightOf(crashId: CrashId): string {
  const day = crashDay(crashId)
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00+00:00`
}

function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).sort(byName))
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** Escapes everything outside ASCII, so that a reader that guesses the charset reads it right. */
function asciiJson(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
