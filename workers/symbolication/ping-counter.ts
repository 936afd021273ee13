import type { SearchDocument } from '#shared/search/search-rpc.ts'

/**
 * Where pings are counted: a series of its own, never summed with crash reports (docs/adr/0009-crash-pings-are-a-series-of-their-own.md). A document that
 * comes again replaces itself, by crash id. Throws when it fails: all of it may be sent again.
 */
export interface PingCounter {
  count(pings: readonly SearchDocument[]): Promise<void>
}
