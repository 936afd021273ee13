import { beforeAll, describe, expect, it } from 'vitest'
import { MODELS } from './api/models.ts'
import { dashboardRig, ORIGIN } from './dashboard-rig.ts'

/**
 * Every way to change something with a cookie, asked as another site would make a browser ask. The list is checked against the routes: a new POST that is not
 * here fails.
 */

let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeAll(async () => {
  rig = await dashboardRig()
})

interface Change {
  /** As the app registers it. */
  readonly route: string
  readonly method: string
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
}

const crashId = () => rig.keep({ state: 'processed', processed: { signature: 'foo' } })

async function changes(): Promise<readonly Change[]> {
  const id = crashId()
  const signatureBody = { route: 'ALL /api/:model', method: 'POST' }
  const models = MODELS.flatMap(({ name, verbs }) =>
    verbs
      .filter((verb) => verb !== 'GET')
      .map((method) => ({ ...signatureBody, method, path: `/api/${name}/`, fields: { crash_ids: id } })),
  )
  return [
    { route: 'POST /signin', method: 'POST', path: '/signin', fields: { account: 'admin@example.com' } },
    { route: 'POST /signout', method: 'POST', path: '/signout', fields: {} },
    {
      route: 'POST /report/index/:crash_id/reprocess',
      method: 'POST',
      path: `/report/index/${id}/reprocess`,
      fields: { ruleset: 'default' },
    },
    {
      route: 'POST /crash/:crash_id',
      method: 'POST',
      path: await rig.personPath(id),
      fields: { comments: 'planted' },
    },
    { route: 'ALL /api/tokens', method: 'POST', path: '/api/tokens/', fields: { permissions: 'admin' } },
    { route: 'ALL /api/tokens/token/:id', method: 'DELETE', path: '/api/tokens/token/01234567/', fields: {} },
    {
      route: 'ALL /api/tokens/token/:id/:change',
      method: 'POST',
      path: '/api/tokens/token/01234567/delete',
      fields: {},
    },
    {
      route: 'ALL /api/tokens/token/:id/:change',
      method: 'POST',
      path: '/api/tokens/token/01234567/extend',
      fields: {},
    },
    ...models,
  ]
}

/** Middleware, and the answer to services that there are not. */
const CHANGE_NOTHING = ['ALL /*', 'ALL /api/*', 'OPTIONS /api/*']

const FOREIGN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no word of where it comes from', {}],
  ['another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
  ['another host of ours', { Origin: 'http://symbols.localhost:8787', 'Sec-Fetch-Site': 'same-site' }],
  ['another port', { Origin: 'http://localhost:9999' }],
  ['a sandboxed frame', { Origin: 'null' }],
  ['our origin, and a browser that says otherwise', { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' }],
]

describe('a change with a session', () => {
  it('is listed here for every route that is not only read', async () => {
    const listed = new Set((await changes()).map(({ route }) => route))
    const registered = rig.app.routes
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !CHANGE_NOTHING.includes(route))
    expect([...listed].sort()).toEqual([...new Set(registered)].sort())
  })

  it.each(FOREIGN)('is refused from %s', async (_, headers) => {
    for (const { method, path, fields } of await changes()) {
      const session = await rig.signIn('admin@example.com')
      const before = [rig.reprocessed.length, rig.comments.length, rig.sent.length]
      const response = await rig.fetch(path, {
        method,
        headers: { ...session, ...headers, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      })
      await response.text()
      expect([method, path, response.status, response.headers.get('Set-Cookie')]).toEqual([method, path, 403, null])
      expect([rig.reprocessed.length, rig.comments.length, rig.sent.length]).toEqual(before)
      // The session that was sent along is still there.
      expect(await (await rig.fetch('/symbols/', { headers: session })).text()).toContain('admin@example.com')
    }
    expect(await rig.json('/api/tokens/', { headers: await rig.signIn('admin@example.com') })).toMatchObject({
      body: { tokens: [] },
    })
  })

  it('is made from our own pages: the same requests with our origin are not refused', async () => {
    for (const { method, path, fields } of await changes()) {
      const response = await rig.fetch(path, {
        method,
        headers: {
          ...(await rig.signIn('admin@example.com')),
          Origin: ORIGIN,
          'Sec-Fetch-Site': 'same-origin',
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams(fields).toString(),
      })
      await response.text()
      expect([path, response.status]).not.toEqual([path, 403])
    }
  })
})
