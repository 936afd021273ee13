import type { Viewer } from '../auth/permissions.ts'
import type { CrashId } from '../crash-id.ts'
import type { MachineProblem } from '../machine-signs.ts'
import type { RulesetName } from '../messages.ts'

/**
 * The RPC port of the processor's `CrashStore`: the one way to read crashes. Protected values are taken out
 * before anything leaves it, so a page or an API cannot forget to.
 */

/** JSON text of a crash, already reduced to what the viewer may see. Only `redact()`'s output may carry the brand. */
export type RedactedJson = ReadableStream<Uint8Array> & { readonly __redacted: unique symbol }

/** A crash as one viewer may see it. `pending`: saved, not yet processed. `failed`: a dead letter, with its reason and when it died. */
export type CrashReading =
  | { readonly kind: 'found'; readonly json: RedactedJson }
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly reason: string; readonly failedAtMs?: number }
  | { readonly kind: 'unknown' }

/** A dump as it was sent. `name` is the dump's name, `upload_file_minidump` for the main one. */
export type DumpReading =
  | { readonly kind: 'found'; readonly body: ReadableStream<Uint8Array>; readonly bytes: number }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'unknown' }

/** What became of a reprocessing request. `queuedAtMs`: a processed crash that was started later is its result. */
export type Reprocessing = { readonly kind: 'queued'; readonly queuedAtMs: number } | { readonly kind: 'forbidden' }

/** One page of the raw crashes of a day, oldest key first. `cursor` is null on the last page. */
export interface RawCrashPage {
  readonly crashes: readonly { readonly crashId: CrashId; readonly savedAtMs: number }[]
  readonly cursor: string | null
}

/** Where a saved crash stands. */
export type CrashState = 'saved' | 'processed' | 'failed'

/**
 * What the person whose program crashed may know: where the report stands and whether the computer may have a problem. Nothing of the crash itself.
 * `received`: saved, not yet processed. `failed`: kept, and no machine could read it.
 */
export type PersonReading =
  | { readonly kind: 'received'; readonly savedAtMs: number }
  | { readonly kind: 'processed'; readonly problems: readonly MachineProblem[] }
  | { readonly kind: 'failed' }
  | { readonly kind: 'unknown' }

/** What became of a person's comments. `full`: the report has as many as it takes. `unreadable`: there is no raw crash to put them into. */
export type CommentsAdding = 'added' | 'unchanged' | 'full' | 'unreadable' | 'unknown'

export interface CrashStoreRpc {
  /** The raw crash: annotations and metadata as collected. */
  readRaw(crashId: CrashId, viewer: Viewer): Promise<CrashReading>
  /** The processed crash. */
  readProcessed(crashId: CrashId, viewer: Viewer): Promise<CrashReading>
  /** A dump's bytes, for viewers with view_rawdump. */
  dump(crashId: CrashId, name: string, viewer: Viewer): Promise<DumpReading>
  /**
   * Queues crashes to be processed again, for viewers with reprocess_crashes. An id without a crash costs a message and does nothing.
   * Throws when the queue does not take them all; asking again is harmless.
   */
  reprocess(crashIds: readonly CrashId[], ruleset: RulesetName, viewer: Viewer): Promise<Reprocessing>
  /** What the page for the person says. Whoever asks has checked the page's secret. */
  readForPerson(crashId: CrashId): Promise<PersonReading>
  /**
   * Adds what the person wrote to the raw crash, as the protected annotation Comments, and has the crash processed anew. After `added` it is stored; throws when R2
   * does not answer, and asking again adds it once.
   */
  addComments(crashId: CrashId, comments: string): Promise<CommentsAdding>
  /** For reconcile: the raw crashes of a day (`YYYYMMDD`). */
  listRawCrashes(day: string, cursor: string | null): Promise<RawCrashPage>
  /** For reconcile: where these crashes stand, in the order asked. */
  states(crashIds: readonly CrashId[]): Promise<readonly CrashState[]>
  /** For the dead-letter consumer: keeps the crash as failed, with the reason. */
  recordFailure(crashId: CrashId, reason: string): Promise<void>
}
