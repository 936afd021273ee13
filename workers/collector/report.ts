import { type ByDumpName, type RawCrash, submittedTimestamp } from '#shared/raw-crash.ts'
import { resendDigest } from '#shared/store/digest-claim.ts'
import type { Report } from '#shared/store/raw-crash-save.ts'
import type { DuplicateCheck } from './duplicate-check.ts'
import type { Identity } from './identity.ts'
import type { PayloadReading } from './payload.ts'
import type { Payload } from './payload-parts.ts'
import type { StrippedDumps } from './strip.ts'

/** What was decided of a report that is kept. */
export interface Acceptance {
  readonly identity: Extract<Identity, { kind: 'crash_id' }>
  /** The throttle rule that accepted it. */
  readonly rule: string
  /** 1 / the probability that such a report is kept; undefined where that is 1. */
  readonly weight: number | undefined
  readonly alike: Omit<DuplicateCheck, 'verdict'>
  readonly stripping: StrippedDumps | null
}

/** The report as it is stored: what the client sent, and in `metadata` what the collector says of it (specs/collector.md 1.3). */
export function reportOf(
  headers: Headers,
  { payload, compressed, wireBytes }: Extract<PayloadReading, { kind: 'payload' }>,
  { identity, rule, weight, alike, stripping }: Acceptance,
  nowMs: number,
): Report {
  const dump_checksums = checksums(payload)
  const rawCrash: RawCrash = {
    annotations: payload.annotations,
    uuid: identity.crashId,
    submitted_timestamp: submittedTimestamp(nowMs),
    metadata: {
      collector_notes: [...payload.notes, ...(stripping?.notes ?? [])],
      dump_checksums,
      payload: payload.form,
      payload_compressed: compressed ? '1' : '0',
      payload_size: wireBytes,
      throttle_rule: rule,
      ...(stripping !== null && { stripped: stripping.stripped }),
      ...(weight !== undefined && { sample_weight: weight }),
      ...(alike.fingerprint !== null && { fingerprint: alike.fingerprint }),
      ...(alike.continent !== null && { continent: alike.continent }),
      ...(Object.keys(payload.attachments).length > 0 && { attachments: payload.attachments }),
      ...(payload.oversize !== null && { oversize: payload.oversize }),
      user_agent: headers.get('User-Agent') ?? 'None',
    },
  }
  const dumps = new Map([...payload.dumps].map(([dumpName, dump]) => [dumpName, dump.bytes]))
  const digest = resendDigest(payload.annotations, dump_checksums, dumps)
  return { rawCrash, dumps, crashIdFrom: identity.crashIdFrom, digest }
}

function checksums(payload: Payload): ByDumpName {
  const byName: Record<string, string> = Object.create(null)
  for (const dumpName of [...payload.dumps.keys()].sort()) byName[dumpName] = payload.dumps.get(dumpName)?.sha256 ?? ''
  return byName
}
