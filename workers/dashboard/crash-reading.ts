import { type Viewer, withoutProtected } from '#shared/auth/permissions.ts'
import type { CrashId } from '#shared/crash-id.ts'
import { withDeadline } from '#shared/deadline.ts'
import { MAX_PAGE_ANNOTATIONS_BYTES, MAX_PAGE_JSON_BYTES, RPC_DEADLINE_MS } from '#shared/limits.ts'
import type { CrashReading, RedactedJson } from '#shared/store/crash-store.ts'
import { AccessUnrecorded, recordCrashAccess } from './access-record.ts'
import { cappedText } from './capped-text.ts'
import type { DashboardDeps } from './deps.ts'
import { askStage } from './stage-unavailable.ts'
import { asRecord, parseJson } from './views/json-value.ts'

type Json = Readonly<Record<string, unknown>>

/** A crash as the report page knows it. Both JSONs are already reduced to what the viewer may see. */
export type ReportCrash =
  | { readonly kind: 'processed'; readonly crash: Json; readonly rawCrash: Json }
  /** The processed crash is more than a page can show; its raw JSON still streams. */
  | { readonly kind: 'too_large'; readonly rawCrash: Json }
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly reason: string; readonly failedAtMs: number | null; readonly rawCrash: Json }
  | { readonly kind: 'unknown' }

/** A crash as it may be shown, and the viewer that it may be shown to. */
export interface ShownCrash {
  readonly report: ReportCrash
  readonly viewer: Viewer
  /** The viewer may see protected values, and they are left out: their view could not be written down. */
  readonly isReduced: boolean
}

/** {@link readReportCrash}, written down in the access log where protected values are shown; without its word they are not. */
export async function readShownCrash(crashId: CrashId, viewer: Viewer, deps: DashboardDeps): Promise<ShownCrash> {
  const report = await readReportCrash(crashId, viewer, deps)
  const showsNothing = report.kind === 'pending' || report.kind === 'unknown'
  if (showsNothing) return { report, viewer, isReduced: false }
  try {
    await recordCrashAccess(crashId, [], viewer, deps)
    return { report, viewer, isReduced: false }
  } catch (thrown) {
    if (!(thrown instanceof AccessUnrecorded)) throw thrown
    const reduced = withoutProtected(viewer)
    return { report: await readReportCrash(crashId, reduced, deps), viewer: reduced, isReduced: true }
  }
}

/** Reads a crash for its page: processed crash and raw crash at once. */
export async function readReportCrash(crashId: CrashId, viewer: Viewer, deps: DashboardDeps): Promise<ReportCrash> {
  const { crashStore } = deps
  const [processed, raw] = await askStage(
    'CrashStore',
    RPC_DEADLINE_MS,
    Promise.all([crashStore.readProcessed(crashId, viewer), crashStore.readRaw(crashId, viewer)]),
  )
  switch (processed.kind) {
    case 'found': {
      const [crash, rawCrash] = await Promise.all([json(processed.json, MAX_PAGE_JSON_BYTES), rawJson(raw)])
      return crash === 'too_large' ? { kind: 'too_large', rawCrash } : { kind: 'processed', crash, rawCrash }
    }
    case 'failed':
      return {
        kind: 'failed',
        reason: processed.reason,
        failedAtMs: processed.failedAtMs ?? null,
        rawCrash: await rawJson(raw),
      }
    case 'pending':
    case 'unknown':
      if (raw.kind === 'found') await raw.json.cancel()
      return processed
  }
}

/** A crash without its annotations is still worth a page: a missing or oversize raw crash counts as an empty one. */
async function rawJson(raw: CrashReading): Promise<Json> {
  if (raw.kind !== 'found') return {}
  const value = await json(raw.json, MAX_PAGE_ANNOTATIONS_BYTES)
  return value === 'too_large' ? {} : value
}

async function json(body: RedactedJson, maxBytes: number): Promise<Json | 'too_large'> {
  const read = await withDeadline('CrashStore body', RPC_DEADLINE_MS, cappedText(body, maxBytes))
  return read.kind === 'too_large' ? 'too_large' : asRecord(parseJson(read.text))
}
