import type { SymbolMessage } from '#shared/messages.ts'

/** What the indexer may touch. */
export interface Env {
  readonly SYMBOLS: R2Bucket
  readonly DB: D1Database
  readonly UPLOAD_QUEUE: Queue<SymbolMessage>
  readonly UPLOAD_DEAD_QUEUE: Queue<SymbolMessage>
}
