/**
 * Reports with a canary in every protected annotation and in many that no list knows, and with a person's home path and e-mail address in every text that is
 * public: none of them may be in any answer, body or header, of any service or page to somebody without view_pii. A viewer with view_pii sees
 * them, so the canaries really arrived.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crashRoutes } from '../support/crash-routes.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { crashIdOf, getJson, processedCrash, submit } from '../support/report.ts'

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

/** A person as they show in texts that programs write: by the home folder and the e-mail address. */
const PERSON = 'janedoe7d1f'
const PERSONAL = `cannot open /home/${PERSON}/notes.txt, C:\\Users\\${PERSON}\\notes.txt nor /Users/${PERSON}/x: ask ${PERSON}@mail.example.com`
/** Public annotations that hold what a program or a person wrote. */
const FREE_TEXT = [
  'AbortMessage',
  'AsyncShutdownTimeout',
  'GraphicsCriticalError',
  'Hang',
  'IPCFatalErrorMsg',
  'JSModuleLoadError',
  'MainThreadRunnableName',
  'Notes',
  'QuotaManagerShutdownTimeout',
  'ShutdownReason',
  'StorageConnectionNotClosed',
  'XPCOMSpinEventLoopStack',
  'ipc_channel_error',
]
const JAVA_EXCEPTION = {
  exception: {
    values: [
      {
        type: 'IllegalStateException',
        module: 'org.example',
        value: PERSONAL,
        stacktrace: { frames: [{ module: 'org.example.Main', function: 'main', in_app: true, lineno: 7 }] },
      },
    ],
  },
}

let fleet: Fleet
let crashId: string
/** A report of a Java program, without a minidump. */
let javaCrashId: string
const tokens = { none: '', pii: '' }

beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  tokens.none = await createToken(fleet, [])
  tokens.pii = await createToken(fleet, ['view_pii'])
  const annotations = Object.fromEntries(PROTECTED.map((name) => [name, protectedValue(name)]))
  const personal = Object.fromEntries(FREE_TEXT.map((name) => [name, `${name}: ${PERSONAL}`]))
  const said = await submit(fleet.url, {
    ProductName: 'WaterWolf',
    Version: '1.0',
    // Public only when it is not one of the texts that quote a user's data.
    MozCrashReason: `Failed to load module "${CANARY}-reason"`,
    ...annotations,
    ...personal,
    upload_file_minidump: { bytes: dump },
  })
  const javaSaid = await submit(fleet.url, {
    ProductName: 'WaterWolf',
    Version: '1.0',
    MozCrashReason: `assertion failed: ${PERSONAL}`,
    JavaStackTrace: `org.example.Failure: ${PERSONAL}\n\tat org.example.Main.main(Main.java:7)\nCaused by: x: ${PERSONAL}\n\tat a.B.c(B.java:1)`,
    JavaException: JSON.stringify(JAVA_EXCEPTION),
  })
  crashId = crashIdOf(said)
  javaCrashId = crashIdOf(javaSaid)
  for (const id of [crashId, javaCrashId]) await processedCrash(fleet.url, id)
})
afterAll(() => fleet?.stop())

async function answerOf(route: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${fleet.url}${route}`, { headers, signal: AbortSignal.timeout(30_000) })
  return { status: response.status, text: `${JSON.stringify([...response.headers])}${await response.text()}` }
}

describe('a canary in every protected annotation, and a person in every public text', () => {
  it.each(['a report with a minidump', 'a report of a Java program'])(
    'are in no answer to nobody, nor to a token without permissions: %s',
    async (what) => {
      const id = what.includes('Java') ? javaCrashId : crashId
      const routes = await crashRoutes(fleet.url, { crashId: id, product: 'WaterWolf', sought: CANARY })
      expect(routes.length).toBeGreaterThan(40)
      for (const headers of [{}, { 'Auth-Token': tokens.none }]) {
        for (const route of routes) {
          const { status, text } = await answerOf(route, headers)
          // The search pages may repeat what the viewer typed, never what the crash holds.
          expect(text.replaceAll(`~${CANARY}`, ''), route).not.toMatch(new RegExp(`${CANARY}-[a-z_]+`))
          expect(text.toLowerCase(), route).not.toContain(PERSON)
          expect(status, route).toBeLessThan(500)
        }
      }
    },
  )

  it('leave public texts that are worth reading', async () => {
    const { text } = await answerOf(`/api/ProcessedCrash/?crash_id=${crashId}`)
    expect(text).toContain('cannot open /home/<user>/notes.txt')
    expect(text).toContain('ask <email>')
  })

  it('do not change what an anonymous search finds', async () => {
    const ask = async (query: string) => (await (await fetch(`${fleet.url}/api/SuperSearch/?${query}`)).json()).total
    expect(await ask('product=WaterWolf&url=~canary')).toBe(await ask('product=WaterWolf&url=~nothing-like-it'))
  })

  it('are there for a viewer with view_pii', async () => {
    const headers = { 'Auth-Token': tokens.pii }
    const raw = await (await fetch(`${fleet.url}/api/RawCrash/?crash_id=${crashId}`, { headers })).text()
    for (const name of PROTECTED.filter((name) => !['Email', 'TelemetryClientId'].includes(name))) {
      expect(raw, name).toContain(protectedValue(name))
    }
    // Removed by the collector for everybody.
    expect(raw).not.toContain(protectedValue('Email'))
    expect(raw).not.toContain(protectedValue('TelemetryClientId'))
    const processed = await (await fetch(`${fleet.url}/api/ProcessedCrash/?crash_id=${crashId}`, { headers })).text()
    expect(processed).toContain(`${CANARY}-reason`)
    const java = await (await fetch(`${fleet.url}/api/RawCrash/?crash_id=${javaCrashId}`, { headers })).text()
    expect(java).toContain(`/home/${PERSON}/notes.txt`)
  })

  it('are found by a viewer with view_pii, by both search services', async () => {
    for (const service of ['SuperSearch', 'SuperSearchUnredacted']) {
      const asked: Readonly<Record<string, string>> = {
        url: 'url',
        user_comments: 'comments',
        remote_type: 'remotetype',
        glean_client_id: 'gleanclientid',
        gmp_library_path: 'gmplibrarypath',
        dumper_error: 'dumpererror',
      }
      for (const [field, name] of Object.entries(asked)) {
        const query = new URLSearchParams({ [field]: `~${CANARY}`, _columns: field, _facets: field })
        const { json } = await getJson(`${fleet.url}/api/${service}/?${query}`, { 'Auth-Token': tokens.pii })
        expect(json, field).toMatchObject({ total: 1, hits: [{ [field]: `${CANARY}-${name}` }] })
        expect(json.facets[field], field).toHaveLength(1)
      }
    }
    const refused = await getJson(`${fleet.url}/api/SuperSearchUnredacted/`, { 'Auth-Token': tokens.none })
    expect(refused.status).toBe(403)
  })

  it('are in no log line', () => {
    const log = readFileSync(join(fleet.stateDir, 'logs/fleet.log'), 'utf8')
    expect(log).not.toContain(`${CANARY}-`)
    expect(log).not.toContain(PERSON)
  })
})
