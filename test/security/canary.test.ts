/**
 * One report with a canary in every protected annotation and in many that no list knows: none of them may be in any anonymous
 * answer, body or header, of the routes that show crashes. A viewer with view_pii sees them, so the canaries really arrived.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { crashIdOf, processedCrash, submit } from '../support/report.ts'

const dump = readFileSync(new URL('../fixtures/crashes/dumps/null_chain.dmp', import.meta.url))
const CANARY = 'canary7d1f'

/** Protected in the peer's schema (specs of the raw crash), and names that nobody ever declared. */
const PROTECTED = [
  'Breadcrumbs',
  'Comments',
  'DumperError',
  'GMPLibraryPath',
  'GleanClientId',
  'JavaException',
  'JavaStackTrace',
  'ModuleSignatureInfo',
  'PHCAllocStack',
  'PHCBaseAddress',
  'PHCFreeStack',
  'PHCKind',
  'PHCUsableSize',
  'RemoteType',
  'URL',
  'additional_minidumps',
  'Email',
  'TelemetryClientId',
  'TelemetryEnvironment',
  'NobodyDeclaredThis',
  'url',
  'user_comments',
  '__proto__',
]
const protectedValue = (name: string) => `${CANARY}-${name.toLowerCase()}`

let fleet: Fleet
let crashId: string
beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  const annotations = Object.fromEntries(PROTECTED.map((name) => [name, protectedValue(name)]))
  const said = await submit(fleet.url, {
    ProductName: 'WaterWolf',
    Version: '1.0',
    // Public only when it is not one of the texts that quote a user's data.
    MozCrashReason: `Failed to load module "${CANARY}-reason"`,
    ...annotations,
    upload_file_minidump: { bytes: dump },
  })
  crashId = crashIdOf(said)
  await processedCrash(fleet.url, crashId)
})
afterAll(() => fleet.stop())

const routes = () => [
  '/',
  '/search/',
  '/search/?product=WaterWolf',
  `/search/?signature=~${CANARY}`,
  `/report/index/${crashId}`,
  `/report/index/bp-${crashId}`,
  `/api/RawCrash/?crash_id=${crashId}`,
  `/api/RawCrash/?crash_id=${crashId}&format=meta`,
  `/api/RawCrash/?crash_id=${crashId}&format=raw`,
  `/api/RawCrash/?crash_id=${crashId}&format=raw&name=upload_file_minidump`,
  `/api/ProcessedCrash/?crash_id=${crashId}`,
  '/api/SuperSearch/',
  '/api/SuperSearch/?_columns=uuid&_columns=url&_columns=user_comments&_facets=url&_facets=user_comments&_sort=url',
  `/api/SuperSearch/?url=~canary&user_comments=~canary&_facets=signature`,
  '/__heartbeat__',
]

describe('a canary in every protected annotation', () => {
  it('is in no anonymous answer', async () => {
    for (const route of routes()) {
      const response = await fetch(`${fleet.url}${route}`, { signal: AbortSignal.timeout(30_000) })
      const answer = `${JSON.stringify([...response.headers])}${await response.text()}`
      // The search pages may repeat what the viewer typed, never what the crash holds.
      expect(answer.replaceAll(`~${CANARY}`, ''), route).not.toMatch(new RegExp(`${CANARY}-[a-z_]+`))
      expect(response.status, route).toBeLessThan(500)
    }
  })

  it('does not change what an anonymous search finds', async () => {
    const ask = async (query: string) => (await (await fetch(`${fleet.url}/api/SuperSearch/?${query}`)).json()).total
    expect(await ask('product=WaterWolf&url=~canary')).toBe(await ask('product=WaterWolf&url=~nothing-like-it'))
  })

  it('is there for a viewer with view_pii', async () => {
    const headers = { 'Auth-Token': await createToken(fleet, ['view_pii']) }
    const raw = await (await fetch(`${fleet.url}/api/RawCrash/?crash_id=${crashId}`, { headers })).text()
    for (const name of PROTECTED.filter((name) => !['Email', 'TelemetryClientId'].includes(name))) {
      expect(raw, name).toContain(protectedValue(name))
    }
    // Removed by the collector for everybody.
    expect(raw).not.toContain(protectedValue('Email'))
    expect(raw).not.toContain(protectedValue('TelemetryClientId'))
    const processed = await (await fetch(`${fleet.url}/api/ProcessedCrash/?crash_id=${crashId}`, { headers })).text()
    expect(processed).toContain(`${CANARY}-reason`)
  })

  it('is in no log line', () => {
    expect(readFileSync(join(fleet.stateDir, 'logs/fleet.log'), 'utf8')).not.toContain(`${CANARY}-`)
  })
})
