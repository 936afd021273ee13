import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Clock } from '#shared/clock.ts'
import { withDeadline } from '#shared/deadline.ts'
import {
  ACCESS_CLOCK_TOLERANCE_SECONDS,
  ACCESS_KEYS_DEADLINE_MS,
  ACCESS_KEYS_KEPT_MS,
  ACCESS_KEYS_PAUSE_MS,
  MAX_ACCESS_ASSERTION_CHARS,
  MAX_EMAIL_CHARS,
} from '#shared/limits.ts'
import { errorText } from '#shared/log.ts'

/** The header in which Cloudflare Access says who asks. Anybody can send one: only its signature counts. */
export const ASSERTION_HEADER = 'Cf-Access-Jwt-Assertion'

/** Why an assertion signs nobody in. */
export type AssertionRefusal =
  | 'no_assertion'
  | 'malformed'
  | 'wrong_algorithm'
  | 'unknown_key'
  | 'wrong_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'missing_claim'
  | 'no_email'

/** Who an assertion speaks for. `unavailable`: the keys of Access could not be had; asking again may help. */
export type AssertionCheck =
  | { readonly kind: 'person'; readonly email: string }
  | { readonly kind: 'refused'; readonly reason: AssertionRefusal }
  | { readonly kind: 'unavailable'; readonly error: string }

export interface AccessAssertions {
  /** Never throws. */
  check(assertion: string | undefined): Promise<AssertionCheck>
}

export interface AccessAssertionDeps {
  /** `example.cloudflareaccess.com` */
  readonly teamDomain: string
  /** The AUD tag of the Access application that covers `/signin`. */
  readonly audience: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly clock: Clock
}

/** Access signs with nothing else. One algorithm, so that no token chooses how it is checked. */
const ALGORITHM = 'RS256'

/** A person's address as the account's name: one account, however its provider writes it. */
const emailSchema = z
  .string()
  .max(MAX_EMAIL_CHARS)
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u)
  .transform((email) => email.toLowerCase())

/** Checks the assertions of one Access application. Null where a part of its configuration is missing: nobody signs in. */
export function accessAssertions(deps: AccessAssertionDeps): AccessAssertions | null {
  const { teamDomain, audience, fetch, clock } = deps
  if (teamDomain === '' || audience === '') return null
  const issuer = `https://${teamDomain}`
  // Cloudflare's documented place of a team's public keys.
  const keys = createRemoteJWKSet(new URL('/cdn-cgi/access/certs', issuer), {
    timeoutDuration: ACCESS_KEYS_DEADLINE_MS,
    cacheMaxAge: ACCESS_KEYS_KEPT_MS,
    cooldownDuration: ACCESS_KEYS_PAUSE_MS,
    [customFetch]: fetch,
  })
  return {
    async check(assertion) {
      if (assertion === undefined || assertion === '') return { kind: 'refused', reason: 'no_assertion' }
      if (assertion.length > MAX_ACCESS_ASSERTION_CHARS) return { kind: 'refused', reason: 'malformed' }
      try {
        const verified = jwtVerify(assertion, keys, {
          algorithms: [ALGORITHM],
          issuer,
          audience,
          currentDate: new Date(clock()),
          clockTolerance: ACCESS_CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['exp', 'iat'],
        })
        // jose gives its fetch a deadline too, which an answer that stops half-way would outlive.
        const { payload } = await withDeadline('Cloudflare Access keys', ACCESS_KEYS_DEADLINE_MS, verified)
        const email = emailSchema.safeParse(payload.email)
        // A service token has no address: it is a script's, and scripts use API tokens here.
        return email.success ? { kind: 'person', email: email.data } : { kind: 'refused', reason: 'no_email' }
      } catch (thrown) {
        const reason = refusalOf(thrown)
        return reason === null ? { kind: 'unavailable', error: errorText(thrown) } : { kind: 'refused', reason }
      }
    },
  }
}

/** What was wrong with the assertion; null where it was not the assertion. */
function refusalOf(thrown: unknown): AssertionRefusal | null {
  if (thrown instanceof errors.JOSEAlgNotAllowed) return 'wrong_algorithm'
  if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys) {
    return 'unknown_key'
  }
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return 'wrong_signature'
  if (thrown instanceof errors.JWTExpired) return 'expired'
  if (thrown instanceof errors.JWTClaimValidationFailed) return CLAIM_REFUSALS[thrown.claim] ?? 'missing_claim'
  if (
    thrown instanceof errors.JWSInvalid ||
    thrown instanceof errors.JWTInvalid ||
    thrown instanceof errors.JOSENotSupported
  ) {
    return 'malformed'
  }
  return null
}

const CLAIM_REFUSALS: Readonly<Record<string, AssertionRefusal>> = {
  iss: 'wrong_issuer',
  aud: 'wrong_audience',
  nbf: 'not_yet_valid',
}
