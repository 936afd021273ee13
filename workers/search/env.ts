import type { SearchShard } from './search-shard.ts'

/** What the search Worker may touch: its shards. */
export interface Env {
  readonly SHARDS: DurableObjectNamespace<SearchShard>
}
