/**
 * The minidump of a process with a secret in its environment, of a product with `strip_environment`: the secret is in no stored object, no page, no answer of the
 * API and no log line, whoever asks. Last the same report of a product without it, to see that all this looking finds a secret that is there.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { putConfig } from '../support/config-object.ts'
import { crashRoutes } from '../support/crash-routes.ts'
import { createToken, type Fleet, startFleet } from '../support/fleet.ts'
import { crashIdOf, getJson, processedCrash, submit, waitFor } from '../support/report.ts'

const dump = readFileSync(new URL('../fixtures/environment/secret_environment.dmp', import.meta.url))
/** The end of the secret: of what is cut at its beginning it finds more. */
const SECRET = '7f3a9c21e5d8'
const PRODUCTS = { version: 1, products: [{ name: 'SecretWolf', strip_environment: true }, { name: 'OpenWolf' }] }

/** As bytes, in UTF-16 of both orders, and in base64 wherever it begins there. */
const SPELLINGS: Readonly<Record<string, Buffer>> = {
  plain: Buffer.from(SECRET),
  utf16le: Buffer.from(SECRET, 'utf16le'),
  utf16be: Buffer.from(SECRET, 'utf16le').swap16(),
  base64: Buffer.from(Buffer.from(SECRET).toString('base64')),
  // What stands before it takes part in the first character that is left out here, what stands behind in the last.
  base64_1: Buffer.from(Buffer.from(`.${SECRET}`).toString('base64').slice(2, 17)),
  base64_2: Buffer.from(Buffer.from(`..${SECRET}`).toString('base64').slice(3, 18)),
}
const spellingsIn = (bytes: Buffer) => Object.keys(SPELLINGS).filter((name) => bytes.includes(SPELLINGS[name] ?? ''))

const stateDir = mkdtempSync(path.join(tmpdir(), 'mayday-environment-'))
let fleet: Fleet
let adminToken: string
let adminCookie: string

beforeAll(async () => {
  putConfig(stateDir, 'products.json', JSON.stringify(PRODUCTS))
  fleet = await startFleet({ empty: true, stateDir })
  adminToken = await createToken(fleet, ['admin', 'view_pii', 'view_rawdump'])
  adminCookie = await signIn('admin@example.com')
})
afterAll(async () => {
  await fleet?.stop()
  rmSync(stateDir, { recursive: true, force: true })
})

/** Signs in as a person of a development fleet, and answers the cookie of the session. */
async function signIn(account: string): Promise<string> {
  const said = await fetch(`${fleet.url}/signin`, {
    ...{ method: 'POST', redirect: 'manual', headers: { Origin: fleet.url } },
    body: new URLSearchParams({ account }),
  })
  const [cookie] = said.headers.getSetCookie()
  if (cookie === undefined) throw new Error(`not signed in: ${said.status}`)
  return cookie.split(';')[0] ?? ''
}

async function answerOf(route: string, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`${fleet.url}${route}`, { headers, signal: AbortSignal.timeout(30_000) })
  const said = Buffer.from(JSON.stringify([...response.headers]))
  const body = Buffer.from(await response.arrayBuffer())
  return { status: response.status, body, found: spellingsIn(Buffer.concat([said, body])) }
}

const rawDump = (crashId: string) => `/api/RawCrash/?crash_id=${crashId}&format=raw&name=upload_file_minidump`

/** Files of the state folder with the secret: R2, D1, Durable Objects, queues and logs. */
function filesWithSecret(): readonly string[] {
  return readdirSync(stateDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => spellingsIn(readFileSync(file)).length > 0)
}

/** Sends the dump with symbols for nothing, and waits until it is walked. */
async function report(ProductName: string) {
  const parts = { ProductName, Version: '1.0', upload_file_minidump: { bytes: dump } }
  const crashId = crashIdOf(await submit(fleet.url, parts))
  return { crashId, processed: await processedCrash(fleet.url, crashId, { 'Auth-Token': adminToken }) }
}

describe('a secret in the environment of a process whose product has strip_environment', () => {
  let secret: Awaited<ReturnType<typeof report>>
  beforeAll(async () => {
    secret = await report('SecretWolf')
    await waitFor('the crash in the search', 60, async () => {
      const { json } = await getJson(`${fleet.url}/api/SuperSearch/?product=SecretWolf`)
      return json.total === 1 ? true : undefined
    })
  })

  it('is in no stored object, no database and no log line', () => {
    expect(filesWithSecret()).toEqual([])
  })

  it('is in the minidump for nobody, which is as long as it was', async () => {
    const { status, body, found } = await answerOf(rawDump(secret.crashId), { 'Auth-Token': adminToken })
    expect([status, body.length, body.indexOf('MDMP'), found]).toEqual([200, dump.length, 0, []])
  })

  it.each([
    { who: 'nobody', headers: () => ({}), route: '/', says: 'Sign in' },
    {
      who: 'an admin’s token',
      headers: () => ({ 'Auth-Token': adminToken }),
      route: '/api/SuperSearchUnredacted/?product=SecretWolf',
      says: '"total":1',
    },
    { who: 'an admin’s session', headers: () => ({ Cookie: adminCookie }), route: '/', says: 'admin@example.com' },
  ])('is in no page and no answer: $who', async ({ headers, route: known, says }) => {
    expect((await answerOf(known, headers())).body.toString()).toContain(says)
    const { crashId } = secret
    const routes = await crashRoutes(fleet.url, { crashId, product: 'SecretWolf', sought: 'canary' })
    expect(routes.length).toBeGreaterThan(40)
    for (const route of routes) {
      const { status, found } = await answerOf(route, headers())
      expect([route, found]).toEqual([route, []])
      expect([429, 500, 502, 503], route).not.toContain(status)
    }
  })

  it('is found where it is not taken out, and the stacks are the same but for what a scan makes of the auxiliary vector', async () => {
    const open = await report('OpenWolf')
    const { body, found } = await answerOf(rawDump(open.crashId), { 'Auth-Token': adminToken })
    expect([body.equals(dump), found]).toEqual([true, ['plain']])
    expect(filesWithSecret()).toHaveLength(1)
    const walks = [open, secret].map(({ processed }) => processed.json_dump)
    expect(walks.map(({ crash_info }) => crash_info.type)).toEqual(['SIGSEGV / SEGV_MAPERR', 'SIGSEGV / SEGV_MAPERR'])
    expect(walks[1].crashing_thread).toEqual(walks[0].crashing_thread)
    for (const [at, { frames }] of walks[1].threads.entries()) {
      const unstripped: readonly { trust: string }[] = walks[0].threads[at].frames
      expect(frames).toEqual(unstripped.slice(0, frames.length))
      expect(unstripped.slice(frames.length).filter(({ trust }) => trust !== 'scan')).toEqual([])
    }
    expect(secret.processed.signature).toBe(open.processed.signature)
  })
})

describe('the spellings of a secret', () => {
  it.each([0, 1, 2, 3])('find it in base64 behind %i other bytes', (before) => {
    const text = Buffer.from(`${'x'.repeat(before)}canary-${SECRET}\0yz`)
    expect(spellingsIn(Buffer.from(text.toString('base64'))).join()).toMatch(/^base64/)
    expect(spellingsIn(Buffer.from(SECRET, 'utf16le'))).toEqual(['utf16le'])
  })
})
