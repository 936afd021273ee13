/**
 * Reports that are in storage before the fleet starts, as a site has them that moves here from elsewhere: weeks of them, each received on the day in its crash id.
 * The collector could not take them: what it receives is of now. Reprocessing brings them into search. Written in the stored form (docs/storage.md), without
 * anything of the product.
 */
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

export interface StoredReport {
  readonly crashId: string
  readonly receivedAtMs: number
  readonly annotations: Readonly<Record<string, string>>
  /** What the collector says of a report, such as the throttle rule that kept it. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Writes at once: the storage of one bucket takes them one after the other. */
const WRITES = 16
/** Crash ids of one request: as many as a client sends that goes through weeks. */
const IDS_A_REQUEST = 500

/** Writes raw crashes, and configuration documents by name, into the storage of a fleet that does not run. */
export async function storeReports(
  stateDir: string,
  reports: readonly StoredReport[],
  documents: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions({
      modules: true,
      script: 'export default {}',
      compatibilityDate: '2026-10-22',
      r2Buckets: { CRASHES: 'mayday-crashes', CONFIG: 'mayday-config' },
    }),
    resourcePersistencePath: path.join(stateDir, 'wrangler', 'v3'),
  })
  try {
    const [bucket, config] = [await miniflare.getR2Bucket('CRASHES'), await miniflare.getR2Bucket('CONFIG')]
    for (const [name, document] of Object.entries(documents)) await config.put(name, JSON.stringify(document))
    const rest = [...reports]
    const writer = async () => {
      for (let report = rest.pop(); report !== undefined; report = rest.pop()) {
        const { crashId, receivedAtMs, annotations, metadata } = report
        const raw = {
          ...annotations,
          uuid: crashId,
          submitted_timestamp: new Date(receivedAtMs).toISOString().replace('Z', '000+00:00'),
          version: 2,
          metadata: { collector_notes: [], dump_checksums: {}, ...metadata },
        }
        await bucket.put(`v1/raw_crash/20${crashId.slice(-6)}/${crashId}`, JSON.stringify(raw))
      }
    }
    await Promise.all(Array.from({ length: WRITES }, writer))
  } finally {
    await miniflare.dispose()
  }
}

/** Has all of them processed, with a token that may. */
export async function reprocess(fleetUrl: string, token: string, crashIds: readonly string[]): Promise<void> {
  for (let at = 0; at < crashIds.length; at += IDS_A_REQUEST) {
    const body = new URLSearchParams(crashIds.slice(at, at + IDS_A_REQUEST).map((crashId) => ['crash_ids', crashId]))
    const response = await fetch(`${fleetUrl}/api/Reprocessing/`, {
      method: 'POST',
      body,
      headers: { 'Auth-Token': token },
      signal: AbortSignal.timeout(30_000),
    })
    if (!response.ok) throw new Error(`reprocessing: ${response.status} ${await response.text()}`)
  }
}
