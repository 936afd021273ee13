/**
 * The rows of specs/webapp.md section 7 that need HTTP alone, through the gateway of a whole fleet. Nothing of the product is imported: the services are
 * those of /api/openapi.json. The README names the layer of every row.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'
import { dumpPath } from '../../support/reference.ts'
import { crashIdOf, processedCrash, submit, waitFor } from '../../support/report.ts'

let fleet: Fleet
let crashId: string
const tokens = { pii: '', dumps: '', links: '', none: '' }
const dump = readFileSync(dumpPath('null_chain'))

beforeAll(async () => {
  fleet = await startFleet({ empty: true })
  tokens.pii = await createToken(fleet, ['view_pii'])
  tokens.dumps = await createToken(fleet, ['view_pii', 'view_rawdump'])
  tokens.links = await createToken(fleet, ['link_bugs'])
  tokens.none = await createToken(fleet, [])
  const said = await submit(fleet.url, {
    ProductName: 'WaterWolf',
    Version: '1.0b3',
    Comments: 'a comment',
    URL: 'https://private.example/',
    ReleaseChannel: 'Beta',
    BuildID: '20261101120000',
    upload_file_minidump: { bytes: dump },
  })
  crashId = crashIdOf(said)
  await processedCrash(fleet.url, crashId)
})
afterAll(() => fleet?.stop())

async function ask(path: string, init: RequestInit & { token?: string } = {}) {
  const { token, ...rest } = init
  const headers = new Headers(rest.headers)
  if (token !== undefined) headers.set('Auth-Token', token)
  const response = await fetch(`${fleet.url}${path}`, { ...rest, headers, signal: AbortSignal.timeout(30_000) })
  const bytes = Buffer.from(await response.arrayBuffer())
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: isJson ? JSON.parse(bytes.toString()) : null,
  }
}

/** Every service and verb that the server says it has. */
async function services(): Promise<readonly (readonly [name: string, verbs: readonly string[]])[]> {
  const { json } = await ask('/api/openapi.json')
  return Object.entries(json.paths).map(([path, verbs]) => [
    path.split('/')[2] ?? '',
    Object.keys(Object(verbs)).map((verb) => verb.toUpperCase()),
  ])
}

describe('conventions', () => {
  it('has the services of the peer', async () => {
    const names = (await services()).map(([name]) => name)
    expect(names).toEqual(
      expect.arrayContaining([
        ...['Bugs', 'CrashSignature', 'CrashVerify', 'MissingProcessedCrash', 'NoOp', 'ProcessedCrash', 'RawCrash'],
        ...['Reprocessing', 'SignatureFirstDate', 'SignaturesByBugs', 'SuperSearch', 'SuperSearchFields'],
        ...['SuperSearchUnredacted', 'VersionString'],
      ]),
    )
  })

  it.each(['BlaBla', 'nooP', 'Model', 'UnredactedCrash', 'ProductVersions', 'Field', '__proto__'])(
    'W01: /api/%s/ is 404 with its name',
    async (name) => {
      for (const path of [`/api/${name}/`, `/api/${name}`]) {
        const { status, json } = await ask(path)
        expect([status, json]).toEqual([404, { error: `No service called '${name}'` }])
      }
    },
  )

  it('W02: OPTIONS is 200 {} for every origin, and public answers are kept for 5 minutes', async () => {
    const preflight = await ask('/api/NoOp/', { method: 'OPTIONS', headers: { Origin: 'https://elsewhere.example' } })
    expect([preflight.status, preflight.json]).toEqual([200, {}])
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*')
    const { status, json, headers } = await ask('/api/NoOp/?product=good')
    expect([status, json]).toEqual([200, { hits: [], total: 0 }])
    expect(headers.get('Cache-Control')).toBe('private, max-age=300')
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
  })

  it('W03: a missing and a bad parameter are 400, with both keys', async () => {
    const missing = await ask('/api/NoOp/')
    expect([missing.status, missing.json]).toEqual([
      400,
      { errors: { product: ['This field is required.'] }, error: expect.stringContaining('This field is required.') },
    ])
    const bad = await ask('/api/NoOp/?product=bad')
    expect([bad.status, bad.bytes.toString()]).toEqual([400, expect.stringContaining("'Bad product'")])
  })

  it('every service answers its own verbs alone, and asks for the permission first', async () => {
    for (const [name, verbs] of await services()) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const { status, json } = await ask(`/api/${name}/`, { method, token: tokens.none })
        const needs = /^Use of this endpoint requires the '.+' permission$/.test(json?.error)
        if (needs) expect(status).toBe(403)
        else if (verbs.includes(method)) expect([200, 400, 415], `${method} ${name}`).toContain(status)
        else expect([status, json], `${method} ${name}`).toEqual([405, { error: 'Method not allowed' }])
      }
    }
  })

  it('W10: a token that nobody made is 403, on every service', async () => {
    for (const [name] of await services()) {
      const { status, json } = await ask(`/api/${name}/`, { token: 'f'.repeat(32) })
      expect([status, json]).toEqual([403, { error: 'API Token not matched' }])
    }
  })
})

describe.each(['RawCrash', 'ProcessedCrash'])('%s', (name) => {
  it('W05: crash_id is required', async () => {
    const { status, json } = await ask(`/api/${name}/`)
    expect([status, json]).toMatchObject([400, { errors: { crash_id: ['This field is required.'] } }])
  })

  it('W05: shows public keys to everybody and all with view_pii, and is kept nowhere', async () => {
    const path = `/api/${name}/?crash_id=${crashId}`
    const protectedKeys = name === 'RawCrash' ? ['Comments', 'URL', 'metadata'] : ['user_comments', 'url']
    for (const token of [undefined, tokens.none]) {
      const { status, json, headers } = await ask(path, token === undefined ? {} : { token })
      expect([status, json.uuid]).toEqual([200, crashId])
      expect(headers.get('Cache-Control') ?? '').not.toContain('max-age=')
      for (const key of protectedKeys) expect(Object.keys(json)).not.toContain(key)
    }
    const { json } = await ask(path, { token: tokens.pii })
    expect(Object.keys(json)).toEqual(expect.arrayContaining(protectedKeys))
  })

  it.each(['docker/x.sh', 'x', '%00', '%20x', "'--"])('W07: an id with %s behind it is 400', async (suffix) => {
    const { status, json } = await ask(`/api/${name}/?crash_id=${crashId}${suffix}`)
    expect([status, json]).toMatchObject([400, { errors: { crash_id: [expect.any(String)] } }])
  })

  it('an id of no crash is 404', async () => {
    const unknown = `00000000-0000-4000-8000-000000${crashId.slice(-6)}`
    const { status, json } = await ask(`/api/${name}/?crash_id=${unknown}`)
    expect([status, json]).toEqual([404, { error: `Not found: CrashIDNotFound ${unknown}` }])
  })
})

describe('dumps', () => {
  it('W06: need view_rawdump, a known format, and come as they were sent', async () => {
    const path = `/api/RawCrash/?crash_id=${crashId}`
    for (const init of [{}, { token: tokens.pii }]) {
      const { status, json } = await ask(`${path}&format=raw`, init)
      expect([status, json.error]).toEqual([403, expect.stringContaining('Binary response requires permissions')])
    }
    expect((await ask(`${path}&format=wrong`)).status).toBe(400)
    const raw = await ask(`${path}&format=raw`, { token: tokens.dumps })
    expect([raw.status, raw.headers.get('Content-Type')]).toEqual([200, 'application/octet-stream'])
    expect(raw.headers.get('Content-Disposition')).toContain(`filename="${crashId}.dmp"`)
    expect(raw.bytes.equals(dump)).toBe(true)
  })
})

describe('bugs', () => {
  const query = (name: string, ...values: readonly string[]) =>
    new URLSearchParams(values.map((value) => [name, value]))

  it('W08: are answered with the other signatures of the same bugs', async () => {
    const link = (bug: string, ...signatures: readonly string[]) =>
      ask('/api/BugLinks/', {
        method: 'PUT',
        body: new URLSearchParams([['bug_id', bug], ...query('signatures', ...signatures)]),
        token: tokens.links,
      })
    expect((await link('999999', 'OOM | small')).status).toBe(200)
    await link('1000000', 'OOM | large', 'OOM | huge')
    expect((await ask(`/api/Bugs/?${query('signatures', 'OOM | small')}`)).json).toEqual({
      hits: [{ id: 999_999, signature: 'OOM | small' }],
      total: 1,
    })
    const related = { hits: [], total: 2 }
    related.hits = (await ask(`/api/Bugs/?${query('signatures', 'OOM | large')}`)).json.hits
    expect(related.hits).toEqual([
      { id: 1_000_000, signature: 'OOM | huge' },
      { id: 1_000_000, signature: 'OOM | large' },
    ])
    const form = await ask('/api/Bugs/', { method: 'POST', body: query('signatures', 'OOM | large') })
    expect(form.json.hits).toEqual(related.hits)
    expect((await ask(`/api/SignaturesByBugs/?${query('bug_ids', '1000000')}`)).json.hits).toEqual(related.hits)
  })

  it('W08: signatures are required, and a bug id is a number', async () => {
    expect((await ask('/api/Bugs/')).json.errors).toEqual({ signatures: ['This field is required.'] })
    expect((await ask('/api/SignaturesByBugs/?bug_ids=x')).status).toBe(400)
  })
})

describe('books of crashes', () => {
  it('W24: a page is a whole number from 1, and an empty list has its form', async () => {
    const empty = await ask('/api/MissingProcessedCrash/?page=1')
    expect([empty.status, empty.json]).toEqual([200, { count: 0, next: null, previous: null, results: [] }])
    for (const page of ['x', '0', '-1']) {
      const { status, json } = await ask(`/api/MissingProcessedCrash/?page=${page}`)
      expect([status, json]).toEqual([400, { error: 'invalid page number' }])
    }
  })

  it('CrashVerify says where a crash is stored', async () => {
    expect((await ask(`/api/CrashVerify/?crash_id=${crashId}`)).json).toEqual({
      uuid: crashId,
      raw_crash: true,
      processed_crash: true,
      elasticsearch_crash: true,
      telemetry_crash: false,
    })
    const bad = await ask('/api/CrashVerify/?crash_id=x')
    expect([bad.status, bad.json]).toEqual([400, { error: 'unknown crash id' }])
  })

  it('SignatureFirstDate and VersionString answer nothing of what nobody has seen', async () => {
    const first = await ask('/api/SignatureFirstDate/?signatures=never+seen')
    expect([first.status, first.json]).toEqual([200, { hits: [], total: 0 }])
    const version = await ask('/api/VersionString?product=WaterWolf&channel=beta&build_id=1')
    expect([version.status, version.json]).toEqual([200, { hits: [], total: 0 }])
  })
})

describe('tokens', () => {
  it('are made, used and ended by the API, with what their maker may do', async () => {
    const manager = await createToken(fleet, ['manage_tokens', 'view_pii'])
    const make = (permissions: string) =>
      ask('/api/tokens/', { method: 'POST', body: new URLSearchParams({ permissions }), token: manager })
    expect((await make('view_rawdump')).json).toEqual({ error: 'view_rawdump not a valid permission' })
    const made = await make('view_pii')
    expect([made.status, made.json]).toMatchObject([201, { ok: true, token: { key: expect.any(String) } }])
    const { id, key } = made.json.token
    const path = `/api/RawCrash/?crash_id=${crashId}`
    expect((await ask(path, { token: key })).json.Comments).toBe('a comment')
    const listed = (await ask('/api/tokens/', { token: manager })).json
    expect(listed.tokens.map((token: { id: string }) => token.id)).toContain(id)
    expect(JSON.stringify(listed)).not.toContain(key)
    expect((await ask(`/api/tokens/token/${id}`, { method: 'DELETE', token: manager })).json).toEqual({ ok: true })
    expect((await ask(path, { token: key })).json).toEqual({ error: 'API Token not matched' })
  })

  it('are a page for browsers, who sign in first', async () => {
    const response = await fetch(`${fleet.url}/api/tokens/`, { headers: { Accept: 'text/html' }, redirect: 'manual' })
    await response.body?.cancel()
    expect([response.status, response.headers.get('Location')]).toEqual([302, '/signin?next=%2Fapi%2Ftokens%2F'])
  })
})

describe('what the jobs make of crashes', () => {
  it('SignatureFirstDate and VersionString know the crash that came in', async () => {
    const { signature, date_processed } = (await ask(`/api/ProcessedCrash/?crash_id=${crashId}`)).json
    // At its start a fleet runs the jobs at once; otherwise they run every fifteenth minute.
    fleet = await fleet.restart()
    const first = await waitFor('the first date', 60, async () => {
      const { json } = await ask(`/api/SignatureFirstDate/?${new URLSearchParams({ signatures: signature })}`)
      return json.hits?.[0]
    })
    expect(first).toMatchObject({ signature, first_build: '20261101120000' })
    expect(first.first_date.slice(0, 19)).toBe(date_processed.slice(0, 19))
    const build = 'product=WaterWolf&channel=BETA&build_id=20261101120000'
    const version = await waitFor('the version', 60, async () => {
      const { json } = await ask(`/api/VersionString?${build}`)
      return json.total > 0 ? json : undefined
    })
    expect(version).toEqual({ hits: [{ version_string: '1.0b3' }], total: 1 })
  })
})
