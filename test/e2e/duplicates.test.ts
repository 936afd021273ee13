/**
 * Keep ten, not a thousand: a flood of one crash, and two bugs that look like one until they are signed. By commands and HTTP only.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { dumpPath } from '../support/reference.ts'
import { getJson, processedCrash, submit, waitFor } from '../support/report.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'mayday-duplicates-'))
const file = path.join(folder, 'throttle.json')

let fleet: Fleet

const search = async (query: string) => (await getJson(`${fleet.url}/api/SuperSearch/?${query}`)).json
const send = async (annotations: Readonly<Record<string, string>>, dump?: Uint8Array) =>
  (
    await submit(fleet.url, {
      ...{ ProductName: 'WaterWolf', Version: '1.0', ...annotations },
      ...(dump !== undefined && {
        upload_file_minidump: { bytes: dump, type: 'application/octet-stream', filename: 'a.dmp' },
      }),
    })
  ).text.trim()
const idOf = (said: string) => said.replace('CrashID=bp-', '')

describe('a ruleset that keeps the first two of an hour, then one in four', () => {
  beforeAll(async () => {
    const rules = [{ name: 'all', when: { all: [] }, result: 'accept' }]
    const duplicates = { keep_first: 2, then_one_in: 4 }
    writeFileSync(file, JSON.stringify({ version: 1, name: 'few', duplicates, rules }))
    fleet = await startFleet({ empty: true, ruleset: file })
  })
  afterAll(async () => {
    await fleet?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('stores five of a flood of fourteen, which stand for all', async () => {
    // The count begins anew with each hour.
    const leftMs = 3_600_000 - (Date.now() % 3_600_000)
    if (leftMs < 30_000) await sleep(leftMs)
    const dump = readFileSync(dumpPath('null_chain'))
    const said: string[] = []
    for (let at = 0; at < 14; at++) said.push(await send({ CrashTime: `${1_795_000_000 + at}` }, dump))
    const kept = said.filter((one) => one.startsWith('CrashID='))
    expect(new Set(said.filter((one) => !one.startsWith('CrashID=')))).toEqual(new Set(['Discarded=rule_duplicate']))
    expect(kept).toHaveLength(5)
    const answer = await waitFor('the crashes in the search', 60, async () => {
      const found = await search('_columns=fingerprint&_columns=sample_weight&_facets=fingerprint&_estimate=1')
      return found.total === 5 ? found : undefined
    })
    expect(answer.facets.fingerprint).toHaveLength(1)
    expect(answer.facets.fingerprint[0].term).toMatch(/^[0-9a-f]{32}$/)
    const weights = answer.hits.map((hit: { sample_weight: number | null }) => hit.sample_weight ?? 1)
    expect(weights.sort()).toEqual([1, 1, 4, 4, 4])
    const [{ term }] = answer.facets.fingerprint
    const counts = (await getJson(`${fleet.url}/api/FingerprintCounts/?fingerprint=${term}`)).json
    expect(counts).toMatchObject({ fingerprint: term, mixed: false, days: [{ sent: 14, kept: 5 }] })
  })

  it('keeps all of one fingerprint once its crashes were signed differently', async () => {
    const report = (channelError: string, number: number) =>
      send({ MozCrashReason: 'MOZ_CRASH(many)', ipc_channel_error: channelError, CrashTime: String(number) })
    const first = [await report('one', 1), await report('two', 2)]
    const signatures = await Promise.all(
      first.map(async (said) => (await processedCrash(fleet.url, idOf(said))).signature),
    )
    expect(new Set(signatures).size).toBe(2)
    await waitFor('the second signature at the collector', 20, async () => {
      const said = await Promise.all(Array.from({ length: 8 }, (_, at) => report('one', 100 + at)))
      return said.every((one) => one.startsWith('CrashID=')) ? said : undefined
    })
  })
})
