import type { CrashMessage } from '#shared/messages.ts'
import type { CrashPingsRpc } from '#shared/search/crash-pings.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'
import type { CrashStoreRpc } from '#shared/store/crash-store.ts'
import type { DuplicatesRpc } from '#shared/throttle/duplicates-port.ts'
import type { RateLimiter } from './rate-limit.ts'

/** What the dashboard may touch: accounts, configuration, and crashes only through CrashStore and search. */
export interface Env {
  readonly CONFIG: R2Bucket
  readonly DB: D1Database
  readonly CRASH_STORE: CrashStoreRpc
  readonly SEARCH: SearchRpc
  readonly PINGS: Pick<CrashPingsRpc, 'query'>
  /** The collector's counts of reports alike. */
  readonly DUPLICATES: Pick<DuplicatesRpc, 'counts'>
  readonly CRASH_PRIORITY_QUEUE: Queue<CrashMessage>
  readonly API_ANONYMOUS: RateLimiter
  readonly API_AUTHENTICATED: RateLimiter
  readonly SEARCH_PAGES_ANONYMOUS: RateLimiter
  readonly SEARCH_PAGES_AUTHENTICATED: RateLimiter
  readonly CRASH_COMMENTS: RateLimiter
  readonly MAYDAY_ENV?: string
  readonly MAYDAY_VERSION?: string
  readonly RATE_LIMITS?: string
  readonly SYMBOL_ACCESS?: string
  readonly CRASH_ACCESS?: string
  readonly ACCESS_TEAM_DOMAIN?: string
  readonly ACCESS_AUDIENCE?: string
  readonly VIEW_URL_SECRET?: string
}
