import type { SearchRpc } from './search-rpc.ts'

/**
 * An engine behind search: `SearchShard` and its coordinator here, or a server over HTTP where a site outgrows them (DESIGN.md section 7). What it must
 * answer is the table of `semantics.ts`, which any engine's tests run; the naive one of `testing/naive.ts` says the same in plain code.
 */
export type SearchBackend = SearchRpc
