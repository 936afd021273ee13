import { withDeadline } from '#shared/deadline.ts'
import { clientAddress } from '#shared/http/client-address.ts'
import { RATE_LIMIT_DEADLINE_MS, RATE_LIMIT_RETRY_SECONDS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'

/** The platform's rate limiter: counts by key a minute and says whether this one still fits. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** The limiters of one kind of request; credentials of any kind, a token without permissions among them, raise the limit. */
export interface RateLimiters {
  readonly anonymous: RateLimiter
  readonly authenticated: RateLimiter
}

/** What is limited (specs/webapp.md 2.1). */
export interface RateLimits {
  readonly api: RateLimiters
  readonly searchPages: RateLimiters
  /** What people write on the pages of their crashes. */
  readonly comments: RateLimiters
}

/** What an answer of 429 tells clients; crashstats-tools waits as long as it says. */
export const RETRY_AFTER = { 'Retry-After': String(RATE_LIMIT_RETRY_SECONDS) } as const

/** Whether a request still fits into its minute. A limiter that fails or is late lets it through: limits guard the service, they are no part of it. */
export async function fitsRateLimit(
  { anonymous, authenticated }: RateLimiters,
  headers: Headers,
  credentials: boolean,
  log: Log,
): Promise<boolean> {
  const limiter = credentials ? authenticated : anonymous
  try {
    const asked = limiter.limit({ key: clientAddress(headers) })
    return (await withDeadline('rate limiter', RATE_LIMIT_DEADLINE_MS, asked)).success
  } catch (thrown) {
    log('dashboard', 'rate_limiter_failed', { error: errorText(thrown) })
    return true
  }
}
