import type { D1Migration } from 'cloudflare:test'

declare global {
  namespace Cloudflare {
    /** What `env` of `cloudflare:workers` holds in the workers-pool tests; a stage's project has the bindings of its own wrangler.toml. */
    interface Env {
      readonly CRASHES: R2Bucket
      readonly CONFIG: R2Bucket
      readonly SYMBOLS: R2Bucket
      readonly DB: D1Database
      readonly CRASH_QUEUE: Queue
      readonly UPLOAD_QUEUE: Queue
      readonly API_ANONYMOUS: RateLimit
      readonly API_AUTHENTICATED: RateLimit
      readonly CRASH_COMMENTS: RateLimit
      readonly SEARCH_PAGES_ANONYMOUS: RateLimit
      readonly SEARCH_PAGES_AUTHENTICATED: RateLimit
      readonly COUNTERS: DurableObjectNamespace<import('../workers/collector/counters.ts').Counters>
      readonly DUPLICATES: DurableObjectNamespace
      readonly SHARDS: DurableObjectNamespace<import('../workers/search/search-shard.ts').SearchShard>
      readonly TEST_MIGRATIONS: D1Migration[]
    }
  }
}
