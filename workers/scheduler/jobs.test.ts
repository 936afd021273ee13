import { describe, expect, it } from 'vitest'
import { runJobs, START_CRON } from './jobs.ts'

const MINUTE_MS = 60_000

/** Runs the jobs with every part of the world broken; answers what was logged. */
async function runBroken(cron: string, scheduledTimeMs: number): Promise<string[]> {
  const logged: string[] = []
  const broken = () => Promise.reject(new Error('down'))
  await runJobs(cron, scheduledTimeMs, {
    crashes: {
      crashStore: { listRawCrashes: broken, states: broken },
      search: { missing: broken },
      queue: { sendBatch: broken, metrics: broken },
      sent: { sentSince: broken, recordSent: broken, open: broken, recordProcessed: broken },
      clock: () => scheduledTimeMs,
    },
    uploads: {
      uploads: { unsettled: broken, recordSent: broken },
      queue: { send: broken },
      clock: () => scheduledTimeMs,
    },
    missingSymbols: {
      search: { query: broken },
      missing: { setDay: broken, forget: broken },
      clock: () => scheduledTimeMs,
    },
    signatures: {
      search: { query: broken },
      signatures: { withoutFirst: broken, recordFirsts: broken, unrecordedChanges: broken, recordChanges: broken },
      clock: () => scheduledTimeMs,
    },
    productVersions: { search: { query: broken }, versions: { record: broken }, clock: () => scheduledTimeMs },
    indexes: {
      symbols: { unindexed: broken },
      queue: { sendBatch: broken, metrics: broken },
      states: { read: broken, write: broken },
      clock: () => scheduledTimeMs,
    },
    log: (_stage, outcome) => void logged.push(outcome),
  })
  return logged
}

describe('the jobs', () => {
  it('run every fifth or fifteenth minute and at a start, and one that fails does not stop the others', async () => {
    const fifth = ['reconcile_failed', 'reconcile_uploads_failed', 'missing_symbols_failed', 'backfill_indexes_failed']
    expect(await runBroken('* * * * *', 5 * MINUTE_MS)).toEqual(fifth)
    expect(await runBroken('* * * * *', 6 * MINUTE_MS)).toEqual([])
    expect(await runBroken('* * * * *', 15 * MINUTE_MS)).toEqual([
      ...fifth,
      'signatures_failed',
      'product_versions_failed',
    ])
    expect(await runBroken(START_CRON, 6 * MINUTE_MS)).toEqual([
      ...fifth,
      'signatures_failed',
      'product_versions_failed',
    ])
  })
})
