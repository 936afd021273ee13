import { errorText, type Log, type LogFields } from '#shared/log.ts'
import { type BackfillDeps, backfillIndexes } from './backfill-indexes.ts'
import { countMissingSymbols, type MissingSymbolsDeps } from './missing-symbols.ts'
import { type ProductVersionsDeps, recordProductVersions } from './product-versions.ts'
import { type ReconcileDeps, reconcile } from './reconcile.ts'
import { type ReconcileUploadsDeps, reconcileUploads } from './reconcile-uploads.ts'
import { recordSignatures, type SignatureDeps } from './signatures.ts'

const MINUTE_MS = 60_000
const RECONCILE_EVERY_MINUTES = 5
/** The peer does it hourly; more often, a new signature is known as new on the day's first look. */
const SIGNATURES_EVERY_MINUTES = 15

/** What `mayday start` sends as the cron expression once, when the fleet is up. */
export const START_CRON = 'start'

export interface JobDeps {
  readonly crashes: ReconcileDeps
  readonly uploads: ReconcileUploadsDeps
  readonly missingSymbols: MissingSymbolsDeps
  readonly signatures: SignatureDeps
  readonly productVersions: ProductVersionsDeps
  readonly indexes: BackfillDeps
  readonly log: Log
}

/** Runs the jobs that are due at this minute, or at a fleet's start. A job that fails is logged and does not stop the others. */
export async function runJobs(
  cron: string,
  scheduledTimeMs: number,
  { crashes, uploads, missingSymbols, signatures, productVersions, indexes, log }: JobDeps,
): Promise<void> {
  const atStart = cron === START_CRON
  const minute = Math.floor(scheduledTimeMs / MINUTE_MS)
  if (!atStart && minute % RECONCILE_EVERY_MINUTES !== 0) return
  const run = async (job: string, work: () => Promise<object>) => {
    try {
      log('scheduler', job, { ...(await work()), at_start: atStart } satisfies LogFields)
    } catch (thrown) {
      log('scheduler', `${job}_failed`, { error: errorText(thrown) })
    }
  }
  await run('reconcile', () => reconcile(crashes, atStart))
  await run('reconcile_uploads', () => reconcileUploads(uploads, atStart))
  await run('missing_symbols', () => countMissingSymbols(missingSymbols))
  await run('backfill_indexes', () => backfillIndexes(indexes))
  if (!atStart && minute % SIGNATURES_EVERY_MINUTES !== 0) return
  await run('signatures', () => recordSignatures(signatures))
  await run('product_versions', () => recordProductVersions(productVersions))
}
