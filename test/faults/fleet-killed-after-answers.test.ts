/**
 * The whole fleet dies right after it answered. Local queues live in memory, so every message that was not processed is gone by nature;
 * only what lies in R2 and reconcile at the next start can keep the promise of a crash id.
 */
import { readFileSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { crashIdOf, getJson, processedCrash, submit } from '../support/report.ts'

const dump = readFileSync(new URL('../fixtures/crashes/dumps/null_chain.dmp', import.meta.url))
const SUBMISSIONS = 20

let fleet: Fleet | undefined
afterAll(() => fleet?.stop())

it('SIGKILL of the fleet right after 20 answered submissions → all 20 processed after a restart, each once', async () => {
  fleet = await startFleet({ empty: true })
  const { url } = fleet
  const answers = await Promise.all(
    Array.from({ length: SUBMISSIONS }, (_, at) =>
      submit(url, {
        ProductName: 'WaterWolf',
        Version: '1.0',
        // Each is a crash of its own: without it they would be resends of one.
        CrashTime: String(1_790_000_000 + at),
        upload_file_minidump: { bytes: dump },
      }),
    ),
  )
  await fleet.kill()
  const crashIds = answers.map(crashIdOf)
  expect(new Set(crashIds).size).toBe(SUBMISSIONS)

  fleet = await fleet.restart()
  for (const crashId of crashIds) {
    const processed = await processedCrash(fleet.url, crashId, {}, 120)
    expect(processed.signature).not.toMatch(/^EMPTY/)
    // One run of the processor, not two: a second run would have moved the first run's notes to the history.
    expect(processed.processor_history ?? []).toEqual([])
  }
  const { json } = await getJson(`${fleet.url}/api/SuperSearch/?product=WaterWolf&_columns=uuid&_results_number=100`)
  expect(json.total).toBe(SUBMISSIONS)
  expect(json.hits.map((hit: { uuid: string }) => hit.uuid).toSorted()).toEqual(crashIds.toSorted())
})
