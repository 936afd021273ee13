import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ACCESS_CLOCK_TOLERANCE_SECONDS, ACCESS_KEYS_DEADLINE_MS, MAX_ACCESS_ASSERTION_CHARS } from '#shared/limits.ts'
import { type AccessAssertions, accessAssertions } from './access-assertion.ts'
import { AUDIENCE, accessIssuer, TEAM_DOMAIN } from './access-issuer.ts'

/** The keys are kept by the clock of the runtime, which no test turns; what assertions say of time is checked by ours. */
const START_MS = Date.UTC(2026, 10, 23, 12)

let nowMs = START_MS
let issuer: Awaited<ReturnType<typeof accessIssuer>>
let access: AccessAssertions
beforeEach(async () => {
  nowMs = START_MS
  issuer = await accessIssuer(() => START_MS)
  access = accessOf()
})

function accessOf(change: { teamDomain?: string; audience?: string } = {}): AccessAssertions {
  const deps = { teamDomain: TEAM_DOMAIN, audience: AUDIENCE, fetch: issuer.fetch, clock: () => nowMs, ...change }
  const made = accessAssertions(deps)
  if (made === null) throw new Error('not configured')
  return made
}
const refused = (reason: string) => ({ kind: 'refused', reason })

describe('an assertion of Cloudflare Access', () => {
  it('speaks for the person it names, in lower case, and the keys are fetched once', async () => {
    expect(await access.check(await issuer.assertion())).toEqual({ kind: 'person', email: 'ada@example.com' })
    expect(await access.check(await issuer.assertion({ claims: { email: 'Ada@Example.COM' } }))).toEqual({
      kind: 'person',
      email: 'ada@example.com',
    })
    expect(issuer.state.asked).toEqual([`https://${TEAM_DOMAIN}/cdn-cgi/access/certs`])
  })

  it('counts for nothing with another algorithm: none, HS256 with the public key, PS256', async () => {
    expect(await access.check(issuer.unsigned())).toEqual(refused('wrong_algorithm'))
    expect(await access.check(await issuer.signedWithPublicKey())).toEqual(refused('wrong_algorithm'))
    expect(await access.check(await issuer.signedWith('PS256'))).toEqual(refused('wrong_algorithm'))
  })

  it('counts for nothing with another signature, cut, or with other words than were signed', async () => {
    expect(await access.check(await issuer.forged())).toEqual(refused('wrong_signature'))
    const [header, , signature] = (await issuer.assertion()).split('.')
    const [, payload] = (await issuer.assertion({ claims: { email: 'admin@example.com' } })).split('.')
    expect(await access.check(`${header}.${payload}.${signature}`)).toEqual(refused('wrong_signature'))
    expect(await access.check(`${header}.${payload}.`)).toEqual(refused('wrong_signature'))
    expect(await access.check(`${header}.${payload}`)).toEqual(refused('malformed'))
  })

  it.each([
    ['of another team', { iss: 'https://evil.cloudflareaccess.com' }, 'wrong_issuer'],
    ['whose issuer only begins like ours', { iss: `https://${TEAM_DOMAIN}/` }, 'wrong_issuer'],
    ['without an issuer', { iss: null }, 'wrong_issuer'],
    ['for another application', { aud: ['0'.repeat(64)] }, 'wrong_audience'],
    ['whose audience only begins like ours', { aud: `${AUDIENCE}0` }, 'wrong_audience'],
    ['for no application', { aud: null }, 'wrong_audience'],
    ['without an end', { exp: null }, 'missing_claim'],
    ['without a beginning', { iat: null }, 'missing_claim'],
    ['without an e-mail address, as a service token’s', { email: null, common_name: 'ci' }, 'no_email'],
    ['with an empty address', { email: '' }, 'no_email'],
    ['with a list of addresses', { email: ['ada@example.com'] }, 'no_email'],
    ['with a line break in the address', { email: 'ada@example.com\nadmin@example.com' }, 'no_email'],
    ['with an address without end', { email: `${'a'.repeat(250)}@example.com` }, 'no_email'],
  ])('counts for nothing %s', async (_, claims, reason) => {
    expect(await access.check(await issuer.assertion({ claims }))).toEqual(refused(reason))
  })

  it('counts from its first to its last second, with a few for clocks that differ', async () => {
    const assertion = await issuer.assertion()
    const at = async (seconds: number) => {
      nowMs = START_MS + seconds * 1000
      return access.check(assertion)
    }
    expect(await at(-ACCESS_CLOCK_TOLERANCE_SECONDS - 1)).toEqual(refused('not_yet_valid'))
    expect(await at(-ACCESS_CLOCK_TOLERANCE_SECONDS)).toMatchObject({ kind: 'person' })
    expect(await at(3_600)).toMatchObject({ kind: 'person' })
    expect(await at(3_600 + ACCESS_CLOCK_TOLERANCE_SECONDS)).toEqual(refused('expired'))
  })

  it('counts for nothing when it is missing, too long, or no assertion at all', async () => {
    expect(await access.check(undefined)).toEqual(refused('no_assertion'))
    expect(await access.check('')).toEqual(refused('no_assertion'))
    expect(await access.check('a'.repeat(MAX_ACCESS_ASSERTION_CHARS + 1))).toEqual(refused('malformed'))
    for (const text of ['x', 'a.b.c', '..', '{}', 'null']) {
      expect(await access.check(text)).toEqual(refused('malformed'))
    }
    expect(issuer.state.asked).toEqual([])
  })

  it('of a key that Access does not have counts for nothing, and made-up keys do not flood Access', async () => {
    for (let at = 0; at < 20; at++) {
      expect(await access.check(await issuer.assertion({ kid: `made-up-${at}` }))).toEqual(refused('unknown_key'))
    }
    expect(issuer.state.asked.length).toBeLessThanOrEqual(2)
  })
})

describe('the keys of Cloudflare Access', () => {
  it.each([
    ['500', async () => new Response('down', { status: 500 })],
    ['no JSON', async () => new Response('<html>')],
    ['another shape', async () => Response.json({ keys: 'none' })],
    ['no connection', async () => Promise.reject(new TypeError('fetch failed'))],
  ])('answered with %s sign nobody in, and the next time they are asked for again', async (_, answer) => {
    const { answer: good } = issuer.state
    issuer.state.answer = answer
    expect(await access.check(await issuer.assertion())).toMatchObject({ kind: 'unavailable' })
    issuer.state.answer = good
    expect(await access.check(await issuer.assertion())).toMatchObject({ kind: 'person' })
  })

  it('that never come are waited for until the deadline', async () => {
    vi.useFakeTimers()
    try {
      issuer.state.answer = () => new Promise(() => {})
      const checked = access.check(await issuer.assertion())
      await vi.advanceTimersByTimeAsync(ACCESS_KEYS_DEADLINE_MS)
      expect(await checked).toMatchObject({ kind: 'unavailable', error: expect.stringContaining('did not answer') })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a missing part of the configuration', () => {
  it('means that there is no sign-in', () => {
    const deps = { fetch: issuer.fetch, clock: () => nowMs }
    expect(accessAssertions({ ...deps, teamDomain: '', audience: AUDIENCE })).toBeNull()
    expect(accessAssertions({ ...deps, teamDomain: TEAM_DOMAIN, audience: '' })).toBeNull()
  })
})
