import type { CrashMessage } from '#shared/messages.ts'
import type { StackwalkerRpc } from '#shared/minidump/stackwalk.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'

/** What the processor may touch: crashes, the stackwalker, the index and its queues. No D1. */
export interface Env {
  readonly CRASHES: R2Bucket
  readonly CONFIG: R2Bucket
  readonly STACKWALKER: StackwalkerRpc
  readonly SEARCH: SearchRpc
  readonly CRASH_QUEUE: Queue<CrashMessage>
  readonly CRASH_PRIORITY_QUEUE: Queue<CrashMessage>
  readonly CRASH_REPROCESS_QUEUE: Queue<CrashMessage>
  readonly CRASH_DEAD_QUEUE: Queue<CrashMessage>
  readonly CRASH_PRIORITY_DEAD_QUEUE: Queue<CrashMessage>
  readonly CRASH_REPROCESS_DEAD_QUEUE: Queue<CrashMessage>
}
