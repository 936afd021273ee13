/** Rate limits over HTTP (specs/webapp.md 2.1), in a fleet that asks for them: a development fleet has none of its own accord. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken, type Fleet, startFleet } from '../../support/fleet.ts'

let fleet: Fleet
let token: string
beforeAll(async () => {
  fleet = await startFleet({ empty: true, vars: { RATE_LIMITS: 'on' } })
  token = await createToken(fleet, [])
})
afterAll(() => fleet?.stop())

async function statuses(path: string, count: number, headers: Readonly<Record<string, string>> = {}) {
  const asked = Array.from({ length: count }, async () => {
    const response = await fetch(`${fleet.url}${path}`, { headers, signal: AbortSignal.timeout(30_000) })
    return { status: response.status, headers: response.headers, text: await response.text() }
  })
  const answers = await Promise.all(asked)
  const refused = answers.filter(({ status }) => status === 429)
  return { fine: answers.filter(({ status }) => status === 200).length, refused }
}

describe('rate limits', () => {
  it('let 100 requests a minute through to the API, and more with a token of no permissions', async () => {
    const { fine, refused } = await statuses('/api/NoOp/?product=x', 210)
    // A minute that ends meanwhile begins another hundred.
    expect([100, 200]).toContain(fine)
    expect(refused.length).toBe(210 - fine)
    expect(refused[0]?.text).toBe('{"error":"Too Many Requests"}')
    expect(refused[0]?.headers.get('Retry-After')).toBe('60')
    expect((await statuses('/api/NoOp/?product=x', 120, { 'Auth-Token': token })).fine).toBe(120)
  })

  it('let 10 search pages a minute through, and leave other pages alone', async () => {
    const { fine, refused } = await statuses('/search/', 21)
    expect([10, 20]).toContain(fine)
    expect(refused[0]?.headers.get('Content-Type')).toContain('text/html')
    expect(refused[0]?.headers.get('Retry-After')).toBe('60')
    expect((await statuses('/', 3)).fine).toBe(3)
  })
})
