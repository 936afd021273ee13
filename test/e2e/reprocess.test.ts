/**
 * Processing a crash again, through every real part: a report comes before its symbols, the symbols come, and the crash gets its name by way of the API
 * and of the button in a real browser.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { dumpPath, normalised, reference, symbolsPath } from '../support/reference.ts'
import { getJson, processedCrash, waitFor } from '../support/report.ts'

let fleet: Fleet
let browser: Browser
let token: string
let crashId: string
/** The processed crash as it was before the symbols came. */
let first: Record<string, unknown>

beforeAll(async () => {
  ;[fleet, browser] = await Promise.all([startFleet({ empty: true }), openBrowser()])
  token = await createToken(fleet, ['reprocess_crashes', 'view_pii'])
  crashId = await submitted()
  // Whoever asks for a crash that waits has it processed first, and perhaps twice at once: so nobody asks before it is found.
  await waitFor('the crash in search', 60, async () => ((await searchRow()).total === 1 ? true : undefined))
  first = await processedCrash(fleet.url, crashId)
  const uploader = await createToken(fleet, ['upload_symbols'])
  const upload = await mayday(['upload-symbols', '--url', fleet.url, '--token', uploader, symbolsPath])
  expect(upload.code, upload.stderr).toBe(0)
})
afterAll(async () => {
  await browser?.close()
  await fleet?.stop()
})

async function submitted(): Promise<string> {
  const args = ['-a', 'ProductName=WaterWolf', '-a', 'Version=1.0', dumpPath('null_chain')]
  const submission = await mayday(['submit', '--url', fleet.url, ...args])
  expect(submission.code, submission.stderr).toBe(0)
  return submission.stdout.trim().replace(/^bp-/, '')
}

/** Asks as crashstats-tools does. */
async function reprocess(crashIds: readonly string[], headers: Record<string, string> = { 'Auth-Token': token }) {
  const body = new URLSearchParams(crashIds.map((text) => ['crash_ids', text]))
  const response = await fetch(`${fleet.url}/api/Reprocessing/`, { method: 'POST', body, headers })
  return { status: response.status, json: await response.json() }
}

/** The processed crash once it is another one than that of this start. */
function processedAfter(startedDatetime: unknown): Promise<Record<string, unknown>> {
  return waitFor('the crash processed again', 60, async () => {
    const processed = await processedCrash(fleet.url, crashId)
    return processed.started_datetime === startedDatetime ? undefined : processed
  })
}

async function searchRow() {
  const columns = ['uuid', 'signature', 'signature_lineage'].map((column) => `&_columns=${column}`).join('')
  const { json } = await getJson(`${fleet.url}/api/SuperSearch/?product=WaterWolf&_facets=signature${columns}`)
  return { total: json.total, hits: json.hits, signatures: json.facets.signature }
}

describe('a crash whose symbols came after it', () => {
  it('has only the name of the module for a signature at first', () => {
    expect(first.signature).toBe('null_chain')
    expect(first).not.toHaveProperty('signature_history')
  })

  it('is queued for nobody without the permission, and not at all with one bad id', async () => {
    expect(await reprocess([crashId], {})).toEqual({
      status: 403,
      json: { error: "Use of this endpoint requires the 'Reprocess Crashes' permission" },
    })
    expect((await reprocess([crashId, 'nonsense'])).status).toBe(400)
    expect((await processedCrash(fleet.url, crashId)).started_datetime).toBe(first.started_datetime)
  })

  it('keeps its stackwalk under regenerate_signature: the symbols of now do not show', async () => {
    expect(await reprocess([`${crashId}:regenerate_signature`])).toEqual({ status: 200, json: true })
    const again = await processedAfter(first.started_datetime)
    expect(again.json_dump).toEqual(first.json_dump)
    expect(again).toMatchObject({ signature: first.signature, processor_history: [first.processor_notes] })
    expect(again).not.toHaveProperty('signature_history')
    expect(await searchRow()).toMatchObject({ total: 1, hits: [{ uuid: crashId, signature: first.signature }] })
  })

  it('gets its name under the default ruleset, as one processed crash and one search row', async () => {
    const before = await processedCrash(fleet.url, crashId)
    expect(await reprocess([crashId, crashId, `${crashId}:default`])).toEqual({ status: 200, json: true })
    const named = await processedAfter(before.started_datetime)
    expect(named).toMatchObject({
      signature: 'read_value',
      signature_history: [{ signature: first.signature, changed_by: ['stackwalk'] }],
      processor_history: [before.processor_notes, first.processor_notes],
    })
    const whole = await processedCrash(fleet.url, crashId, { 'Auth-Token': token })
    expect(normalised(whole.json_dump)).toEqual(normalised(reference('null_chain')))
    const row = await waitFor('the new search row', 30, async () => {
      const found = await searchRow()
      return found.hits[0]?.signature === 'read_value' ? found : undefined
    })
    expect(row).toEqual({
      total: 1,
      hits: [
        { uuid: crashId, signature: 'read_value', signature_lineage: JSON.stringify(['read_value', first.signature]) },
      ],
      signatures: [{ term: 'read_value', count: 1 }],
    })
  })

  it('is found by the signature that it had, and its page says which it was', async () => {
    const had = `signature_lineage=${encodeURIComponent(`~${first.signature}`)}`
    const { json } = await getJson(`${fleet.url}/api/SuperSearch/?${had}&_columns=uuid`)
    expect(json.hits).toEqual([{ uuid: crashId }])
    const page = await browser.newPage()
    await page.goto(`${fleet.url}/report/index/${crashId}`)
    expect(await page.locator('.earlier-signatures').innerText()).toContain(`was: ${first.signature}`)
    expect(await page.locator('form.reprocess').count()).toBe(0)
    await page.close()
  })
})

describe('the Reprocess button', () => {
  it('has the crash processed anew and says so, without a script', async () => {
    const before = await processedCrash(fleet.url, crashId)
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${fleet.url}/signin?next=/report/index/${crashId}`)
    await page.getByRole('button', { name: /investigator@example\.com/ }).click()
    await page.getByRole('button', { name: 'Reprocess' }).click()
    await page.getByRole('status').waitFor()
    expect(page.url()).toContain(`/report/index/${crashId}?queued=`)
    // The page refreshes itself until the result is there.
    await page.getByText('Processed anew at').waitFor({ timeout: 60_000 })
    await context.close()
    const after = await processedCrash(fleet.url, crashId)
    expect(after.started_datetime).not.toBe(before.started_datetime)
    expect(after).toMatchObject({ signature: 'read_value', signature_history: before.signature_history })
    expect(after.processor_history).toHaveLength(3)
  })
})
