/**
 * An operator's throttle rules: a file at the start, a document while the fleet runs, one with a mistake, and a dry run. By commands and HTTP only.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { putConfig } from '../support/config-object.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { getJson, submit, waitFor } from '../support/report.ts'

/** A minute until the document is read again, and some for wrangler. */
const IN_FORCE_SECONDS = 90
const folder = mkdtempSync(path.join(tmpdir(), 'mayday-rulesets-'))
const file = path.join(folder, 'throttle.json')

const document = (op: string, ...products: string[]) => ({
  ...{ version: 1, name: 'games', products },
  rules: [
    { name: 'other_games', when: { not: { annotation: 'ProductName', op } }, result: 'reject' },
    { name: 'all', when: { all: [] }, result: 'accept' },
  ],
})
const write = (value: unknown) => writeFileSync(file, JSON.stringify(value))

let fleet: Fleet
let token: string

const said = async (ProductName: string) => (await submit(fleet.url, { ProductName })).text.trim()

describe('throttle rules of an operator', () => {
  beforeAll(async () => {
    write(document('in_products', 'WaterWolf'))
    fleet = await startFleet({ empty: true, ruleset: file })
    token = await createToken(fleet, ['view_pii'])
  })
  afterAll(async () => {
    await fleet?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('hold from the start', async () => {
    expect(await said('EarthWolf')).toBe('Discarded=rule_other_games')
    expect(await said('WaterWolf')).toMatch(/^CrashID=bp-/)
  })

  it('can be tried on stored reports before they hold', async () => {
    write(document('in_products', 'EarthWolf'))
    const api = ['--url', fleet.url, '--token', token, '--json']
    const report = await waitFor('the crash in the search', 30, async () => {
      const { code, stdout, stderr } = await mayday(['ruleset', 'dry-run', file, ...api])
      if (code !== 0) throw new Error(stderr)
      const found = JSON.parse(stdout)
      return found.stored === 1 ? found : undefined
    })
    expect(report.products).toMatchObject([{ product: 'WaterWolf', stored: 1, would: { accept: 0, reject: 1 } }])
    expect(report.rules).toMatchObject([
      { rule: 'other_games', did: 0, would: { reject: 1 } },
      { rule: 'all', did: 1, would: { accept: 0 } },
    ])
    const without = await mayday(['ruleset', 'dry-run', file, '--url', fleet.url])
    expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('needs view_pii')])
  })

  it('with a mistake stop nothing, and the heartbeat says where it is', { timeout: 200_000 }, async () => {
    write(document('in_product', 'EarthWolf'))
    const check = await mayday(['ruleset', 'check', file])
    expect([check.code, check.stderr]).toEqual([
      ...[1, expect.stringContaining('rules[0] "other_games": when.not.op: unknown operator "in_product"; one of ')],
    ])
    putConfig(fleet.stateDir, 'throttle.json', readFileSync(file, 'utf8'))
    const deadline = Date.now() + IN_FORCE_SECONDS * 1_000
    let heartbeat = ''
    while (!heartbeat.includes('throttle.json') && Date.now() < deadline) {
      await sleep(2_000)
      heartbeat = JSON.stringify((await getJson(`${fleet.url}/__heartbeat__`)).json)
    }
    expect(heartbeat).toContain('unknown operator')
    expect((await fetch(`${fleet.url}/__heartbeat__`)).status).toBe(200)
    expect(await said('EarthWolf')).toBe('Discarded=rule_other_games')
    expect(await said('WaterWolf')).toMatch(/^CrashID=bp-/)
  })

  it('change within a minute, without a deploy', { timeout: 200_000 }, async () => {
    write(document('in_products', 'EarthWolf'))
    putConfig(fleet.stateDir, 'throttle.json', readFileSync(file, 'utf8'))
    const deadline = Date.now() + IN_FORCE_SECONDS * 1_000
    while (!(await said('EarthWolf')).startsWith('CrashID') && Date.now() < deadline) await sleep(2_000)
    expect(await said('WaterWolf')).toBe('Discarded=rule_other_games')
  })
})
