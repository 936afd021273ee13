import type { CrashMessage } from '#shared/messages.ts'
import type { StackwalkerRpc } from '#shared/minidump/stackwalk.ts'
import type { SearchRpc } from '#shared/search/search-rpc.ts'
import type { DuplicatesRpc } from '#shared/throttle/duplicates-port.ts'

/** What the processor may touch: crashes, the stackwalker, the index and its queues. No D1. */
export interface Env {
  readonly CRASHES: R2Bucket
  readonly CONFIG: R2Bucket
  readonly STACKWALKER: StackwalkerRpc
  readonly SEARCH: SearchRpc
  /** The collector's counts of reports alike: it hears their signatures. */
  readonly DUPLICATES: Pick<DuplicatesRpc, 'noteSignature'>
  readonly CRASH_QUEUE: Queue<CrashMessage>
  readonly CRASH_PRIORITY_QUEUE: Queue<CrashMessage>
  readonly CRASH_REPROCESS_QUEUE: Queue<CrashMessage>
  readonly CRASH_DEAD_QUEUE: Queue<CrashMessage>
  readonly CRASH_PRIORITY_DEAD_QUEUE: Queue<CrashMessage>
  readonly CRASH_REPROCESS_DEAD_QUEUE: Queue<CrashMessage>
}
