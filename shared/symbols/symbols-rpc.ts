import type { IndexedModule, SymbolAt } from './index/symbol-index.ts'

/**
 * The RPC port of the symbols Worker: what lies at addresses, without the symbol file. Plain data under 8 MiB a call.
 */

/** One module and the addresses in it, relative to its start. */
export interface LookupRequest {
  readonly debug_file: string
  /** As the client wrote it; compared without case. */
  readonly debug_id: string
  readonly addresses: readonly bigint[]
}

/** Why a module has no answer. One union for RPC, `module_errors`, the partial routes and their docs. */
export type NoSymbols =
  | { readonly kind: 'missing' }
  /** The file is there and its index is being built. */
  | { readonly kind: 'indexing'; readonly retry_after_seconds: number }
  /** breakpad-symbols refuses the file at this line. */
  | { readonly kind: 'corrupt'; readonly line: number; readonly reason: string }

/** What lies at the addresses of one module. `symbols` may be shorter than `addresses` to keep the answer under its limit: ask again for the rest. */
export type LookupOutcome =
  | {
      readonly kind: 'found'
      readonly module: IndexedModule
      readonly symbols: readonly SymbolAt[]
      readonly cost: LookupCost
    }
  | NoSymbols

/** What a lookup took, for the `Debug` object of symbolication and for the books. */
export interface LookupCost {
  readonly time_ms: number
  readonly range_reads: number
  readonly read_bytes: number
  readonly cached_blocks: number
}

/** One module of `partial`. */
export type PartialOutcome =
  | {
      readonly kind: 'found'
      /** Changes when the symbols change. */
      readonly etag: string
      /** A valid sym file with the records around the addresses. */
      readonly sym: string
      /** [start, end) in hex without `0x`: inside, `sym` answers exactly as the whole file does. */
      readonly ranges: readonly (readonly [start: string, end: string])[]
      /** In hex: left out to keep the answer under its limit, ask again. */
      readonly unanswered: readonly string[]
    }
  | NoSymbols

export interface SymbolsRpc {
  /**
   * Answers each request in order. `also_try`: regular symbols first, then try symbols. Misses are counted in the books of missing symbols.
   * Throws when R2 or D1 fails.
   */
  lookup(requests: readonly LookupRequest[], also_try: boolean): Promise<readonly LookupOutcome[]>
  /** The same for records as text: what the partial routes and the stackwalker serve. */
  partial(requests: readonly LookupRequest[], also_try: boolean): Promise<readonly PartialOutcome[]>
}
