import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fleet, type StateFolder, writeFleet } from './state.ts'
import type { StepResult } from './step.ts'
import { postCrashReport } from './submit.ts'
import { findSymbolFiles } from './symbol-files.ts'
import { makeToken } from './token.ts'
import { NO_PROGRESS } from './upload-progress.ts'
import { uploadSymbolFiles } from './upload-symbols.ts'

/** The demo's crashes: a newcomer's first page shows real stacks. */
const DEMO_ANNOTATIONS = [
  { name: 'ProductName', value: 'WaterWolf' },
  { name: 'Version', value: '1.0' },
  { name: 'ReleaseChannel', value: 'release' },
  { name: 'BuildID', value: '20261101120000' },
]
const DEMO_UPLOADER = 'uploader@example.com'
/** Five small dumps take two seconds; a machine that builds something else at the same time is slower. */
const PROCESSED_DEADLINE_MS = 90_000
const POLL_MS = 250
const REQUEST_DEADLINE_MS = 10_000

export interface DemoOptions {
  readonly origin: string
  /** Folder with `dumps/` and `symbols/`. */
  readonly crashes: string
  readonly state: StateFolder
  /** Without a stackwalker the crashes stay queued, so nobody waits for them. */
  readonly processed: boolean
  readonly signal: AbortSignal
}

/**
 * Loads the demo as an outsider would: symbols through `/upload/`, crash reports through `/submit`. Each step is noted in
 * fleet.json, so that an interrupted first start goes on where it stopped. Answers the fleet with the demo in it.
 */
export async function loadDemo(before: Fleet, options: DemoOptions): Promise<StepResult<Fleet>> {
  let fleet = before
  const note = (demo: Partial<Fleet['demo']>) => {
    fleet = { ...fleet, demo: { ...fleet.demo, ...demo } }
    writeFleet(options.state, fleet)
  }
  if (!fleet.demo.symbols_uploaded) {
    const trouble = await uploadDemoSymbols(options)
    if (trouble !== null) return { kind: 'warned', value: fleet, note: trouble }
    note({ symbols_uploaded: true })
  }
  const dumps = readdirSync(path.join(options.crashes, 'dumps')).filter((name) => name.endsWith('.dmp'))
  for (const dump of dumps.sort()) {
    if (fleet.demo.crash_ids[dump] !== undefined) continue
    const bytes = new Uint8Array(readFileSync(path.join(options.crashes, 'dumps', dump)))
    const submission = await postCrashReport(
      options.origin,
      { annotations: DEMO_ANNOTATIONS, dump: { bytes, fileName: dump } },
      false,
    )
    if (submission.kind !== 'accepted')
      return { kind: 'warned', value: fleet, note: `the collector did not take ${dump}.` }
    note({ crash_ids: { ...fleet.demo.crash_ids, [dump]: submission.crashId } })
  }
  fleet = { ...fleet, demo_loaded: true }
  writeFleet(options.state, fleet)
  if (!options.processed)
    return { kind: 'warned', value: fleet, note: `${dumps.length} crashes are queued until a stackwalker runs.` }
  const left = await waitUntilProcessed(Object.values(fleet.demo.crash_ids), options)
  if (left > 0)
    return { kind: 'warned', value: fleet, note: `${left} of ${dumps.length} crashes are not processed yet.` }
  return { kind: 'ok', value: fleet, note: `${dumps.length} crashes of WaterWolf 1.0 with their symbols` }
}

async function uploadDemoSymbols(options: DemoOptions): Promise<string | null> {
  const made = await makeToken(options.state, DEMO_UPLOADER, ['upload_symbols'])
  if (made.kind !== 'token') return 'no token could be made for the symbols.'
  const found = await findSymbolFiles([path.join(options.crashes, 'symbols')])
  const target = { origin: options.origin, token: made.token, trySymbols: false }
  const { failures } = await uploadSymbolFiles(found, target, NO_PROGRESS)
  return failures[0] ?? null
}

/** Waits for processed crashes; answers how many are still missing when the time is over. */
async function waitUntilProcessed(crashIds: readonly string[], options: DemoOptions): Promise<number> {
  // Where crashes are private the API wants to know who asks; a token without permissions is enough.
  const reader = await makeToken(options.state, DEMO_UPLOADER, [])
  const headers = reader.kind === 'token' ? { 'Auth-Token': reader.token } : {}
  const end = performance.now() + PROCESSED_DEADLINE_MS
  let left = crashIds
  while (left.length > 0 && performance.now() < end && !options.signal.aborted) {
    const processed = await Promise.all(left.map((crashId) => isProcessed(options.origin, crashId, headers)))
    left = left.filter((_, index) => !processed[index])
    if (left.length > 0) await sleep(POLL_MS)
  }
  return left.length
}

async function isProcessed(
  origin: string,
  crashId: string,
  headers: Readonly<Record<string, string>>,
): Promise<boolean> {
  try {
    const response = await fetch(new URL(`/api/ProcessedCrash/?crash_id=${crashId}`, origin), {
      headers,
      signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
    })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}
