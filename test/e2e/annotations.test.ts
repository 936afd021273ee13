/**
 * A deployment adds crash annotations while its fleet runs: `annotations.json` goes to R2 CONFIG as an operator puts it there, and within a minute
 * reports have it in the raw crash, the processed crash, the search, the data dictionary and its CSV. HTTP only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { putConfig } from '../support/config-object.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { crashIdOf, getJson, processedCrash, submit, waitFor } from '../support/report.ts'

/** A minute until the document is read again, and what the fleet needs to process a report. */
const IN_FORCE_SECONDS = 90
const SENT = {
  ProductName: 'NewGame',
  Version: '0.1',
  RenderBackend: 'vulkan',
  FrameMs: '16.5',
  PlayerName: 'canary-joe',
  Unlisted: 'canary-unlisted',
}
const DOCUMENT = {
  version: 1,
  annotations: [
    {
      name: 'RenderBackend',
      type: 'string',
      description: 'What draws.',
      permission: 'public',
      reason: 'one of three words',
    },
    { name: 'FrameMs', type: 'number', description: 'Time of a frame.', permission: 'public', reason: 'a number' },
    { name: 'PlayerName', type: 'string', description: 'The name in the game.', permission: 'protected' },
  ],
}

let fleet: Fleet
let token: string
const folder = mkdtempSync(path.join(tmpdir(), 'mayday-annotations-'))

async function report() {
  const crashId = crashIdOf(await submit(fleet.url, SENT))
  const processed = await processedCrash(fleet.url, crashId)
  const { json: raw } = await getJson(`${fleet.url}/api/RawCrash/?crash_id=${crashId}`)
  return { crashId, processed, raw }
}

async function search(query: string, headers: Record<string, string> = {}) {
  const { json } = await getJson(`${fleet.url}/api/SuperSearch/?product=NewGame&_results_number=1&${query}`, headers)
  return json
}

const searchFields = async () => (await getJson(`${fleet.url}/api/SuperSearchFields/`)).json

describe('an annotation that a deployment adds', () => {
  beforeAll(async () => {
    fleet = await startFleet({ empty: true })
    token = await createToken(fleet, ['view_pii'])
  })
  afterAll(async () => {
    await fleet?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is protected and unsearchable before, though its product is searchable from the first report on', async () => {
    const { processed, raw } = await report()
    expect(JSON.stringify([processed, raw])).not.toMatch(/vulkan|16\.5|canary/)
    await waitFor('the first report of a product', 10, async () => ((await search('')).total === 1 ? true : undefined))
    expect(Object.keys(await searchFields())).not.toContain('render_backend')
    expect((await search('render_backend=metal')).errors).toMatchObject([{ type: 'warning', param: 'render_backend' }])
  })

  it('is everywhere a minute later, without a deploy', { timeout: (IN_FORCE_SECONDS + 60) * 1_000 }, async () => {
    const text = JSON.stringify(DOCUMENT)
    writeFileSync(path.join(folder, 'checked.json'), text)
    expect((await mayday(['annotations', 'check', path.join(folder, 'checked.json')])).code).toBe(0)
    putConfig(fleet.stateDir, 'annotations.json', text)
    const deadline = Date.now() + IN_FORCE_SECONDS * 1_000
    let { crashId, processed, raw } = await report()
    while (processed.render_backend === undefined && Date.now() < deadline) {
      await sleep(3_000)
      ;({ crashId, processed, raw } = await report())
    }
    expect(processed).toMatchObject({ render_backend: 'vulkan', frame_ms: 16.5 })
    expect(raw).toMatchObject({ RenderBackend: 'vulkan', FrameMs: '16.5' })
    expect(JSON.stringify([processed, raw])).not.toContain('canary')
    const auth = { 'Auth-Token': token }
    expect(await processedCrash(fleet.url, crashId, auth)).toMatchObject({ player_name: 'canary-joe' })

    const fields = await waitFor('the search field', IN_FORCE_SECONDS, async () => {
      const all = await searchFields()
      return all.render_backend === undefined ? undefined : all
    })
    expect(fields.player_name).toMatchObject({ permissions_needed: ['crashstats.view_pii'] })
    const found = await waitFor('the report in the search', 10, async () => {
      const answer = await search('render_backend==vulkan&frame_ms=>16&_facets=render_backend&_columns=render_backend')
      return answer.total > 0 ? answer : undefined
    })
    expect(found.hits).toEqual([{ render_backend: 'vulkan' }])
    expect(found.facets.render_backend).toEqual([{ term: 'vulkan', count: found.total }])
    expect((await search('player_name==canary-joe', auth)).total).toBe(found.total)
    expect(
      JSON.stringify(await search('player_name==canary-joe&_facets=player_name&_columns=player_name')),
    ).not.toContain('"canary')

    const page = await fetch(`${fleet.url}/documentation/datadictionary/dataset/annotation/field/RenderBackend`)
    expect(await page.text()).toContain('one of three words')
    const csv = await (await fetch(`${fleet.url}/documentation/datadictionary.csv`)).text()
    expect(csv).toContain('annotation,PlayerName,string,protected,no,player_name,player_name,str,')
  })
})
