import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '#shared/auth/token.ts'
import { systemRandomBytes } from '#shared/clock.ts'
import { type tokens, users } from '#shared/db/schema.ts'
import { MAX_API_BODY_BYTES } from '#shared/limits.ts'
import { dashboardRig, NOW_MS } from '../dashboard-rig.ts'
import { MODELS } from './models.ts'

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

const DAY_MS = 86_400_000

describe('conventions of /api/<Model>/', () => {
  it.each(['/api/BlaBla/', '/api/BlaBla', '/api/processedcrash/', '/api/__proto__/', '/api/constructor'])(
    'W01: %s is 404 with the name of the service that is not there',
    async (path) => {
      const { status, body } = await rig.json(path)
      expect([status, body]).toEqual([404, { error: `No service called '${path.split('/')[2]}'` }])
    },
  )

  it('answers with and without the trailing slash', async () => {
    for (const path of ['/api/ProcessedCrash/', '/api/ProcessedCrash']) {
      expect((await rig.json(path)).status).toBe(400)
    }
  })

  it('W02: OPTIONS is 200 {} with CORS for every origin, and no answer allows credentials', async () => {
    for (const path of ['/api/SuperSearch/', '/api/RawCrash', '/api/NotThere/']) {
      const response = await rig.json(path, { method: 'OPTIONS', headers: { Origin: 'https://other.example' } })
      expect([response.status, response.body]).toEqual([200, {}])
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
      expect(response.headers.get('Access-Control-Allow-Headers')).toContain('Auth-Token')
      expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull()
    }
    expect((await rig.json('/api/SuperSearch/')).headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect((await rig.json('/api/RawCrash/')).headers.get('Access-Control-Allow-Origin')).toBe('*')
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('refuses %s with 405', async (method) => {
    const { status, body, headers } = await rig.json('/api/ProcessedCrash/?crash_id=x', { method })
    expect([status, body]).toEqual([405, { error: 'Method not allowed' }])
    expect(headers.get('Allow')).toContain('GET')
  })

  it('answers HEAD as GET without a body', async () => {
    const response = await rig.fetch('/api/ProcessedCrash/', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([400, ''])
  })

  it('W10: a token that is unknown, expired or of an inactive user is 403 with the exact text', async () => {
    const db = drizzle(env.DB)
    await db.insert(users).values({ email: 'gone@example.com', groups: [], active: false, created_at: 0 })
    const made = async (email: string, change: Partial<typeof tokens.$inferInsert>) => {
      const created = await createToken(email, ['view_pii'], () => NOW_MS, systemRandomBytes)
      if (created.kind !== 'created') throw new Error(created.kind)
      await rig.deps.tokens.add({
        ...created.stored,
        ...(change.expires_at === undefined ? {} : { expiresAtMs: change.expires_at }),
      })
      return created.token
    }
    const expired = await made('someone@example.com', { expires_at: NOW_MS - DAY_MS })
    const inactive = await made('gone@example.com', {})
    const cases = [
      ['f'.repeat(64), 'API Token not matched'],
      ['not a token', 'API Token not matched'],
      ['', 'API Token not matched'],
      [`${expired.slice(0, 8)}${'0'.repeat(56)}`, 'API Token not matched'],
      [expired, 'API Token found but expired'],
      [inactive, 'User of API token not active'],
    ] as const
    for (const [token, error] of cases) {
      for (const path of ['/api/SuperSearch/', '/api/ProcessedCrash/', '/api/NotThere/']) {
        const response = await rig.json(path, { headers: { 'Auth-Token': token } })
        expect([response.status, response.body]).toEqual([403, { error }])
        expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
      }
    }
  })

  it('takes a token with a label, and as a bearer', async () => {
    const crashId = rig.keep({ state: 'processed', processed: { url: 'https://secret.example/' } })
    const token = (await rig.token('view_pii'))['Auth-Token']
    for (const headers of [{ 'Auth-Token': `${token}-my-laptop` }, { Authorization: `Bearer ${token}` }]) {
      const { body } = await rig.json(`/api/ProcessedCrash/?crash_id=${crashId}`, { headers })
      expect(body).toMatchObject({ url: 'https://secret.example/' })
    }
  })

  it("a token's permissions replace a session's: a token without any shows public data to an admin", async () => {
    const crashId = rig.keep({ state: 'processed', processed: { url: 'https://secret.example/' } })
    const headers = { ...(await rig.signIn('admin@example.com')), ...(await rig.token()) }
    expect((await rig.json(`/api/ProcessedCrash/?crash_id=${crashId}`, { headers })).body).not.toHaveProperty('url')
    const session = await rig.signIn('admin@example.com')
    expect((await rig.json(`/api/ProcessedCrash/?crash_id=${crashId}`, { headers: session })).body).toHaveProperty(
      'url',
    )
  })
})

describe('/api/NoOp/', () => {
  it('W02: keeps a public answer for five minutes, and none for somebody', async () => {
    const { status, body, headers } = await rig.json('/api/NoOp/?product=good')
    expect([status, body]).toEqual([200, { hits: [], total: 0 }])
    expect(headers.get('Cache-Control')).toBe('private, max-age=300')
    const own = await rig.json('/api/NoOp/?product=good', { headers: await rig.token() })
    expect(own.headers.get('Cache-Control')).toBe('private, no-store')
  })

  it('W03: product is required, and may not be bad', async () => {
    const missing = await rig.json('/api/NoOp/')
    expect([missing.status, missing.body]).toMatchObject([400, { errors: { product: ['This field is required.'] } }])
    const bad = await rig.json('/api/NoOp/?product=bad')
    expect(bad.status).toBe(400)
    expect(JSON.stringify(bad.body)).toContain("Bad value for parameter(s) 'Bad product'")
    expect(bad.headers.get('Cache-Control')).toBe('private, no-store')
  })

  it('takes the last of a repeated parameter, drops undeclared ones, and refuses NUL', async () => {
    expect((await rig.json('/api/NoOp/?product=bad&product=good&nonsense=%00&product=+ok+')).status).toBe(200)
    expect((await rig.json('/api/NoOp/?product=good&product=bad')).status).toBe(400)
    const { status, body } = await rig.json('/api/NoOp/?product=go%00od')
    expect([status, body]).toMatchObject([400, { errors: { product: ['Null characters are not allowed.'] } }])
  })
})

describe('bad parameters', () => {
  it('are all named in one answer', async () => {
    const { status, body } = await rig.json('/api/RawCrash/?format=x')
    expect([status, body]).toEqual([
      400,
      {
        errors: {
          crash_id: ['This field is required.'],
          format: ["Bad value for parameter(s) 'format': it is meta or raw"],
        },
        error: 'Bad request: BadArgumentError: This field is required.',
      },
    ])
  })

  it.each([
    ['text/plain', 'signatures=a', 415],
    ['', 'signatures=a', 415],
    ['multipart/form-data', 'signatures=a', 415],
    ['application/json', '[1]', 400],
    ['application/json', '{', 400],
    ['application/json', '{"signatures":[{"a":1}]}', 400],
    ['application/json', '{"signatures":["a"]}', 200],
    ['application/json; charset=utf-8', '{"signatures":"a"}', 200],
    ['application/x-www-form-urlencoded', 'signatures=a&signatures=b', 200],
    ['application/x-www-form-urlencoded', `signatures=${'x'.repeat(MAX_API_BODY_BYTES)}`, 413],
  ])('a body of %j that is %.40s: %i', async (type, body, status) => {
    const init = { method: 'POST', body, headers: { 'Content-Type': type } }
    expect((await rig.json('/api/Bugs/', init)).status).toBe(status)
  })
})

describe('the services that there are', () => {
  it('each answer their verbs with something else than 404, 405 or 5xx, and other verbs with 405', async () => {
    const headers = await rig.token('admin')
    for (const { name, verbs } of MODELS) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const { status } = await rig.fetch(`/api/${name}/`, { method, headers })
        if (verbs.some((verb) => verb === method)) expect([200, 400, 415], `${method} ${name}`).toContain(status)
        else expect(status, `${method} ${name}`).toBe(405)
      }
    }
  })

  it('ask for their permission before the verb, and show nobody what is under it', async () => {
    const guarded = MODELS.filter(({ needs }) => needs !== null).map(({ name }) => name)
    expect(guarded).toEqual(['SuperSearchUnredacted', 'Reprocessing', 'BugLinks'])
    for (const name of guarded) {
      for (const method of ['GET', 'POST', 'PATCH']) {
        const { status, body } = await rig.json(`/api/${name}/`, { method, headers: await rig.token('upload_symbols') })
        expect([status, body]).toEqual([403, { error: expect.stringMatching(/^Use of this endpoint requires the '/) }])
      }
    }
  })

  it.each(['UnredactedCrash', 'ProductVersions', 'Field', 'ReportList', 'PriorityJob', 'Model'])(
    '%s is not there',
    async (name) => {
      const { status, body } = await rig.json(`/api/${name}/`, { headers: await rig.token('admin') })
      expect([status, body]).toEqual([404, { error: `No service called '${name}'` }])
    },
  )

  it('take changes by a session from our own pages only', async () => {
    const session = await rig.signIn('admin@example.com')
    for (const { name } of MODELS.filter(({ verbs }) => verbs.includes('POST'))) {
      const { status, body } = await rig.json(`/api/${name}/`, {
        method: 'POST',
        headers: { ...session, Origin: 'https://evil.example' },
      })
      expect([name, status, body]).toEqual([name, 403, { error: expect.stringContaining('another site') }])
    }
  })
})

describe.each(['RawCrash', 'ProcessedCrash'])('crash_id of /api/%s/', (model) => {
  it('W05: is required', async () => {
    for (const query of ['', '?crash_id=', '?crash_id=+']) {
      const { status, body } = await rig.json(`/api/${model}/${query}`)
      expect(status).toBe(400)
      expect(body).toEqual({
        errors: { crash_id: ['This field is required.'] },
        error: 'Bad request: BadArgumentError: This field is required.',
      })
    }
  })

  it.each([
    ['a suffix', '1ce5e5f2-4b8e-4a5b-9d2c-6f1e30180607docker/x.sh'],
    ['the shown prefix', 'bp-1ce5e5f2-4b8e-4a5b-9d2c-6f1e30180607'],
    ['upper case', '1CE5E5F2-4B8E-4A5B-9D2C-6F1E30180607'],
    ['a path', '../../v1/raw_crash'],
    ['a NUL', '1ce5e5f2-4b8e-4a5b-9d2c-6f1e30180607%00'],
    ['a newline', '1ce5e5f2-4b8e-4a5b-9d2c-6f1e30180607%0Ax'],
  ])('W07: with %s is 400', async (_, crashId) => {
    const { status, body } = await rig.json(`/api/${model}/?crash_id=${crashId}`)
    expect(status).toBe(400)
    expect(body).toMatchObject({ errors: { crash_id: [expect.any(String)] }, error: expect.any(String) })
  })

  it('that names nothing is 404', async () => {
    const crashId = rig.unknownId()
    const { status, body } = await rig.json(`/api/${model}/?crash_id=${crashId}`)
    expect([status, body]).toEqual([404, { error: `Not found: CrashIDNotFound ${crashId}` }])
  })
})

describe('/api/ProcessedCrash/', () => {
  it('W05: shows public keys to everybody, all keys with view_pii, and is never kept by a cache', async () => {
    const crashId = rig.keep({
      state: 'processed',
      processed: {
        signature: 'foo',
        product: 'WaterWolf',
        url: 'https://secret.example/',
        user_comments: 'secret',
        made_up: 1,
      },
    })
    const path = `/api/ProcessedCrash/?crash_id=${crashId}&format=meta`
    const anonymous = await rig.json(path)
    expect(anonymous.body).toEqual({ uuid: crashId, signature: 'foo', product: 'WaterWolf' })
    expect(anonymous.headers.get('Cache-Control')).toBe('private, no-store')
    const seen = await rig.json(path, { headers: await rig.token('view_pii') })
    expect(seen.body).toMatchObject({ url: 'https://secret.example/', user_comments: 'secret', made_up: 1 })
  })

  it('says that a saved crash is not processed yet, and asks for it at most once a minute', async () => {
    const crashId = rig.keep({ state: 'pending' })
    const path = `/api/ProcessedCrash/?crash_id=${crashId}`
    for (const _ of [1, 2, 3]) {
      const { status, body, headers } = await rig.json(path)
      expect([status, body]).toEqual([
        404,
        { error: `Not found: CrashIDNotFound ${crashId}: saved, not processed yet; ask again` },
      ])
      expect(headers.get('Retry-After')).toBe('5')
    }
    expect(rig.sent.filter(({ crash_id }) => crash_id === crashId)).toEqual([
      { v: 1, crash_id: crashId, tries: 0, first_seen: NOW_MS },
    ])
  })

  it('names the reason of a crash that could not be processed', async () => {
    const crashId = rig.keep({ state: 'failed', reason: 'too_many_tries' })
    const { status, body } = await rig.json(`/api/ProcessedCrash/?crash_id=${crashId}`)
    expect([status, body]).toEqual([
      404,
      { error: `Not found: CrashIDNotFound ${crashId}: could not be processed: too_many_tries` },
    ])
  })
})

describe('/api/RawCrash/', () => {
  const annotations = {
    ProductName: 'WaterWolf',
    Comments: 'secret comment',
    URL: 'https://secret.example/',
    Unlisted: 'secret',
  }

  it('W05: shows public annotations to everybody, and all with view_pii, dump checksums among them', async () => {
    const crashId = rig.keep({ state: 'pending', annotations, dumps: { upload_file_minidump: 'MDMP' } })
    const path = `/api/RawCrash/?crash_id=${crashId}`
    expect((await rig.json(path)).body).toEqual({
      ProductName: 'WaterWolf',
      uuid: crashId,
      submitted_timestamp: expect.any(String),
      version: 2,
    })
    expect((await rig.json(path, { headers: await rig.token('view_pii') })).body).toMatchObject({
      ...annotations,
      metadata: { dump_checksums: { upload_file_minidump: 'checksum' } },
    })
  })

  it('W06: raw is 403 without view_rawdump, and a wrong format 400', async () => {
    const crashId = rig.keep({ state: 'processed', dumps: { upload_file_minidump: 'MDMP bytes' } })
    const path = `/api/RawCrash/?crash_id=${crashId}`
    const refused = [403, { error: 'Binary response requires permissions: View Raw Dumps' }]
    const anonymous = await rig.json(`${path}&format=raw`)
    expect([anonymous.status, anonymous.body]).toEqual(refused)
    const onlyPii = await rig.json(`${path}&format=raw`, { headers: await rig.token('view_pii') })
    expect([onlyPii.status, onlyPii.body]).toEqual(refused)
    const wrong = await rig.json(`${path}&format=wrong`)
    expect([wrong.status, wrong.body]).toMatchObject([400, { errors: { format: [expect.any(String)] } }])
  })

  it.each([
    ['', '', 'MDMP bytes'],
    ['&name=', '', 'MDMP bytes'],
    ['&name=dump', '-dump', 'MDMP bytes'],
    ['&name=upload_file_minidump', '-upload_file_minidump', 'MDMP bytes'],
    ['&name=upload_file_minidump_browser', '-upload_file_minidump_browser', 'other'],
  ])('W06: raw%s is the bytes of that dump with view_rawdump', async (query, suffix, bytes) => {
    const crashId = rig.keep({
      state: 'processed',
      dumps: { upload_file_minidump: 'MDMP bytes', upload_file_minidump_browser: 'other' },
    })
    const response = await rig.fetch(`/api/RawCrash/?crash_id=${crashId}&format=raw${query}`, {
      headers: await rig.token('view_pii', 'view_rawdump'),
    })
    const answer = [response.status, response.headers.get('Content-Disposition'), await response.text()]
    expect(answer).toEqual([200, `attachment; filename="${crashId}${suffix}.dmp"`, bytes])
  })

  it('W06: raw of a dump that is not there is 404', async () => {
    const crashId = rig.keep({ state: 'processed', dumps: { upload_file_minidump: 'MDMP bytes' } })
    const path = `/api/RawCrash/?crash_id=${crashId}&format=raw&name=not_there`
    expect((await rig.json(path, { headers: await rig.token('view_rawdump') })).status).toBe(404)
  })

  it('never asks the store for a dump, nor looks at its name, for those who may not read dumps', async () => {
    const asked: string[] = []
    const generous = await dashboardRig({
      crashStore: {
        ...rig.deps.crashStore,
        async dump(_, name) {
          asked.push(name)
          return { kind: 'found', body: new Blob(['MDMP']).stream(), bytes: 4 }
        },
      },
    })
    for (const name of ['', 'dump', '../raw_crash', 'not_there']) {
      const response = await generous.fetch(`/api/RawCrash/?crash_id=${rig.unknownId()}&format=raw&name=${name}`)
      expect([response.status, await response.text()]).toEqual([
        403,
        '{"error":"Binary response requires permissions: View Raw Dumps"}',
      ])
    }
    expect(asked).toEqual([])
  })

  it('sends a dump as a download that runs nowhere and is kept nowhere, with its length', async () => {
    const crashId = rig.keep({ state: 'processed', dumps: { upload_file_minidump: '<script>alert(1)</script>' } })
    const response = await rig.fetch(`/api/RawCrash/?crash_id=${crashId}&format=raw`, {
      headers: await rig.token('view_rawdump'),
    })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'cache-control': 'private, no-store',
    })
    expect((await response.arrayBuffer()).byteLength).toBe(25)
  })

  it.each(['../raw_crash', 'a/b', 'x"; filename="y', 'n%0Am', '%00', 'x'.repeat(101), '.'])(
    'refuses the dump name %s',
    async (name) => {
      const crashId = rig.keep({ state: 'processed', dumps: { upload_file_minidump: 'MDMP' } })
      const { status, body } = await rig.json(`/api/RawCrash/?crash_id=${crashId}&format=raw&name=${name}`, {
        headers: await rig.token('view_rawdump'),
      })
      expect([status, body]).toMatchObject([400, { errors: { name: [expect.any(String)] } }])
    },
  )
})

describe('/api/SuperSearch/', () => {
  it('answers hits, total, facets and errors, with what was left out as warnings', async () => {
    rig.state.answer = {
      hits: [{ uuid: 'x', signature: 'foo' }],
      total: 1,
      facets: { signature: [{ term: 'foo', count: 1 }] },
      errors: [],
    }
    const { status, body, headers } = await rig.json('/api/SuperSearch/?signature=~fo&url=~secret&nonsense=1')
    expect(status).toBe(200)
    expect(body).toEqual({
      hits: [{ uuid: 'x', signature: 'foo' }],
      total: 1,
      facets: { signature: [{ term: 'foo', count: 1 }] },
      errors: [
        { type: 'warning', param: 'url', msg: expect.any(String) },
        { type: 'warning', param: 'nonsense', msg: expect.any(String) },
      ],
    })
    expect(headers.get('Cache-Control')).toBe('private, max-age=300')
    expect(rig.state.queries.at(-1)?.filters.map(({ field }) => field.name)).toEqual(['signature'])
  })

  it('lets nothing be kept of an answer for somebody, or of one that misses a shard', async () => {
    const cacheControl = async (headers: Record<string, string> = {}) =>
      (await rig.json('/api/SuperSearch/', { headers })).headers.get('Cache-Control')
    rig.state.answer = { hits: [], total: 0, facets: {}, errors: [] }
    expect(await cacheControl()).toBe('private, max-age=300')
    expect(await cacheControl(await rig.token())).toBe('private, no-store')
    rig.state.answer = {
      hits: [],
      total: 0,
      facets: {},
      errors: [{ type: 'shards', index: '2026W47', shards_count: 1 }],
    }
    expect(await cacheControl()).toBe('private, no-store')
  })

  it.each(['_results_number=1001', '_results_number=-1', 'date=2016-01-01', '_columns=nonsense'])(
    'answers %s with 400 and both forms of the error',
    async (query) => {
      const { status, body } = await rig.json(`/api/SuperSearch/?${query}`)
      const param = query.split('=')[0] ?? ''
      expect([status, body]).toMatchObject([
        400,
        { errors: { [param]: [expect.any(String)] }, error: expect.stringMatching(/^Bad request: BadArgumentError: /) },
      ])
    },
  )
})

describe('trouble of other stages', () => {
  it('is 503 with Retry-After and says nothing of the inside', async () => {
    const down = async () => {
      throw new Error('binding SEARCH exploded at 10.0.0.7')
    }
    const broken = await dashboardRig({
      search: { query: down },
      crashStore: {
        ...{ readRaw: down, readProcessed: down, dump: down, reprocess: down },
        ...{ readForPerson: down, addComments: down },
      },
    })
    for (const path of [
      '/api/SuperSearch/',
      `/api/ProcessedCrash/?crash_id=${broken.unknownId()}`,
      `/api/RawCrash/?crash_id=${broken.unknownId()}`,
    ]) {
      const { status, body, headers } = await broken.json(path)
      expect([status, body]).toEqual([503, { error: 'A part of Mayday does not answer. Ask again later.' }])
      expect(headers.get('Retry-After')).toBe('60')
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
    }
    expect(broken.logged.map(({ outcome }) => outcome)).toEqual([
      'stage_unavailable',
      'stage_unavailable',
      'stage_unavailable',
    ])
  })
})
