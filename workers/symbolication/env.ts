import type { CrashPingsRpc } from '#shared/search/crash-pings.ts'
import type { SymbolsRpc } from '#shared/symbols/symbols-rpc.ts'

/** What the symbolication Worker may touch: symbols, in the one place where they are read, so that misses are counted there; and the count of crash pings. */
export interface Env {
  readonly SYMBOLS: SymbolsRpc
  /** The same Worker's front door: its heartbeat, and who may read symbols. */
  readonly SYMBOLS_WORKER: Fetcher
  readonly PINGS: Pick<CrashPingsRpc, 'index'>
}
