import type { CrashMessage, SymbolMessage } from '#shared/messages.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'
import type { CrashStoreRpc } from '#shared/store/crash-store.ts'
import type { UnindexedRpc } from '#shared/symbols/unindexed.ts'

/** What the scheduler may touch: its own tables, and crashes only through CrashStore and search. */
export interface Env {
  readonly DB: D1Database
  readonly CRASH_STORE: CrashStoreRpc
  readonly SEARCH: SearchRpc
  readonly SYMBOLS: UnindexedRpc
  readonly CRASH_QUEUE: Queue<CrashMessage>
  readonly UPLOAD_QUEUE: Queue<SymbolMessage>
}
