import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { API_REQUESTS_A_MINUTE, COMMENTS_A_MINUTE, SEARCH_PAGES_A_MINUTE } from '#shared/limits.ts'
import { dashboardRig } from './dashboard-rig.ts'
import { texts } from './page-reading.ts'
import type { RateLimiter } from './rate-limit.ts'

/** A limiter that lets `max` of each key through, as the platform's does within one minute. */
function limiter(max: number): RateLimiter & { readonly keys: string[] } {
  const keys: string[] = []
  return {
    keys,
    async limit({ key }) {
      keys.push(key)
      return { success: keys.filter((other) => other === key).length <= max }
    },
  }
}

let api: { anonymous: ReturnType<typeof limiter>; authenticated: ReturnType<typeof limiter> }
let searchPages: typeof api
let rig: Awaited<ReturnType<typeof dashboardRig>>
beforeEach(async () => {
  api = { anonymous: limiter(2), authenticated: limiter(4) }
  searchPages = { anonymous: limiter(1), authenticated: limiter(2) }
  rig = await dashboardRig({ rateLimits: { api, searchPages, comments: searchPages } })
})

const statuses = async (times: number, path: string, headers: Record<string, string> = {}) => {
  const seen: number[] = []
  for (let at = 0; at < times; at++) seen.push((await rig.fetch(path, { headers })).status)
  return seen
}
const NO_OP = '/api/NoOp/?product=x'

describe('the rate limit of the API', () => {
  it('answers 429 as JSON with Retry-After, to other sites too', async () => {
    expect(await statuses(2, NO_OP)).toEqual([200, 200])
    const { status, body, headers } = await rig.json(NO_OP)
    expect([status, body]).toEqual([429, { error: 'Too Many Requests' }])
    expect(headers.get('Retry-After')).toBe('60')
    expect(headers.get('Cache-Control')).toBe('private, no-store')
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(rig.logged).toMatchObject([{ outcome: 'rate_limited', fields: { what: 'api', credentials: false } }])
  })

  it('counts all services together, unknown ones among them, and no preflight', async () => {
    for (let at = 0; at < 5; at++) await rig.fetch(NO_OP, { method: 'OPTIONS' })
    expect(await statuses(1, '/api/Unknown/')).toEqual([404])
    expect(await statuses(1, '/api/tokens/')).toEqual([403])
    expect(await statuses(1, NO_OP)).toEqual([429])
  })

  it('is higher for any token, one without permissions among them, and for a session', async () => {
    expect(await statuses(5, NO_OP, await rig.token())).toEqual([200, 200, 200, 200, 429])
    expect(
      await statuses(1, NO_OP, { ...(await rig.signIn('viewer@example.com')), 'CF-Connecting-IP': '192.0.2.9' }),
    ).toEqual([200])
    expect(api.anonymous.keys).toEqual([])
  })

  it('counts a refused token as nobody’s', async () => {
    expect(await statuses(3, NO_OP, { 'Auth-Token': 'f'.repeat(64) })).toEqual([403, 403, 429])
  })

  it('counts by address, an IPv6 address by its network, and believes no client about it', async () => {
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8:0:1::1', '2001:db8:0:1::2', '2001:db8:0:2::1'])
      await statuses(1, NO_OP, { 'CF-Connecting-IP': address, 'X-Forwarded-For': crypto.randomUUID() })
    expect(api.anonymous.keys).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8:0:1::/64',
      '2001:db8:0:1::/64',
      '2001:db8:0:2::/64',
    ])
  })

  it('lets requests through when the limiter fails, and says so', async () => {
    const broken = { limit: () => Promise.reject(new Error('gone')) }
    const limiters = { anonymous: broken, authenticated: broken }
    rig = await dashboardRig({ rateLimits: { api: limiters, searchPages: limiters, comments: limiters } })
    expect(await statuses(1, NO_OP)).toEqual([200])
    expect(rig.logged).toMatchObject([{ outcome: 'rate_limiter_failed' }])
  })

  it('is none where it is switched off', async () => {
    rig = await dashboardRig({ rateLimits: null })
    expect(new Set(await statuses(5, NO_OP))).toEqual(new Set([200]))
  })
})

describe('the rate limit of search pages', () => {
  it('answers a page of 429 with Retry-After, and leaves other pages alone', async () => {
    expect(await statuses(1, '/search/')).toEqual([200])
    const response = await rig.fetch('/search/?product=x')
    expect([response.status, response.headers.get('Retry-After')]).toEqual([429, '60'])
    expect(await texts(await response.text(), 'h1')).toEqual(['Too many searches'])
    expect(await statuses(1, '/')).toEqual([200])
    expect(api.anonymous.keys).toEqual([])
  })

  it('is higher for people who are signed in', async () => {
    expect(await statuses(3, '/search/', await rig.signIn('viewer@example.com'))).toEqual([200, 200, 429])
  })
})

describe('the platform’s limiters', () => {
  it.each([
    ['API_ANONYMOUS', API_REQUESTS_A_MINUTE.anonymous],
    ['API_AUTHENTICATED', API_REQUESTS_A_MINUTE.authenticated],
    ['SEARCH_PAGES_ANONYMOUS', SEARCH_PAGES_A_MINUTE.anonymous],
    ['SEARCH_PAGES_AUTHENTICATED', SEARCH_PAGES_A_MINUTE.authenticated],
    ['CRASH_COMMENTS', COMMENTS_A_MINUTE],
  ] as const)(
    '%s is bound with the limit that limits.ts says: %i',
    async (name, limit) => {
      const minute = () => Math.floor(Date.now() / 60_000)
      const ask = async () => {
        const key = crypto.randomUUID()
        const startedIn = minute()
        const asked = await Promise.all(Array.from({ length: limit + 2 }, () => env[name].limit({ key })))
        return { fitted: asked.filter(({ success }) => success).length, isOneMinute: minute() === startedIn }
      }
      // A minute that ends meanwhile begins to count anew: the next try has a whole one.
      const first = await ask()
      const { fitted } = first.isOneMinute ? first : await ask()
      expect(fitted).toBe(limit)
    },
    30_000,
  )
})
