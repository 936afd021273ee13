import type { Clock } from '../clock.ts'
import type { CrashId } from '../crash-id.ts'
import { DeadlineExceeded, withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import { errorText } from '../log.ts'
import type { Bucket } from '../ports.ts'
import { type RawCrash, rawCrashJson } from '../raw-crash.ts'
import { dumpKey, rawCrashKey } from './crash-keys.ts'

/** Bytes to be stored. `chunks` may be asked for again: a put is retried. */
export interface StorableBytes {
  readonly length: number
  chunks(): Iterable<Uint8Array>
}

/** A crash report ready to be stored. */
export interface Report {
  readonly rawCrash: RawCrash
  readonly dumps: ReadonlyMap<string, StorableBytes>
  /**
   * `ours`: a new id, nothing can lie under its keys. `chosen`: a re-submitter's; what lies there already stays, because the same
   * id is the same crash.
   */
  readonly crashIdFrom: 'ours' | 'chosen'
}

/** How a save ended. After `failed` nothing is readable: the raw crash is the commit mark. */
export type SaveOutcome =
  | { readonly kind: 'saved'; readonly tries: number }
  | {
      readonly kind: 'failed'
      readonly tries: number
      readonly reason: string
      readonly removeOrphans: () => Promise<void>
    }

/** Waits between tries: five tries as the peer's, quick first, because most storage trouble is one bad connection. */
const RETRY_WAITS_MS = [200, 500, 1_000, 2_000]

/** No object under the key yet (HTTP `If-None-Match: *`). */
const ONLY_NEW = { onlyIf: { etagDoesNotMatch: '*' } } as const

/**
 * Stores a report: all dumps at once, then the raw crash, whose existence says that its dumps exist. Two round trips in sequence. What failed is
 * tried again within `budgetMs`; then the outcome is `failed`, never a throw.
 */
export async function saveReport(bucket: Bucket, report: Report, clock: Clock, budgetMs: number): Promise<SaveOutcome> {
  const endMs = clock() + budgetMs
  const save = new Save(bucket, report, () => Math.min(R2_DEADLINE_MS, budgetMs / 2, Math.max(1, endMs - clock())))
  for (let tries = 1; ; tries++) {
    try {
      await save.putMissingDumps()
      await save.putRawCrash()
      return { kind: 'saved', tries }
    } catch (thrown) {
      const waitMs = RETRY_WAITS_MS[tries - 1]
      if (waitMs === undefined || clock() + waitMs >= endMs) {
        return { kind: 'failed', tries, reason: errorText(thrown), removeOrphans: () => save.removeOrphans() }
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

/** One save over all its tries: it remembers what is stored. */
class Save {
  readonly #bucket: Bucket
  readonly #report: Report
  readonly #deadlineMs: () => number
  readonly #crashId: CrashId
  readonly #stored = new Set<string>()
  readonly #writtenKeys: string[] = []
  #putOutstanding = false

  constructor(bucket: Bucket, report: Report, deadlineMs: () => number) {
    this.#bucket = bucket
    this.#report = report
    this.#deadlineMs = deadlineMs
    this.#crashId = report.rawCrash.uuid
  }

  /** Waits for all puts, also when one fails: a put that nobody watches could land after the orphans were removed. */
  async putMissingDumps(): Promise<void> {
    const missing = [...this.#report.dumps].filter(([dumpName]) => !this.#stored.has(dumpName))
    const puts = await Promise.allSettled(
      missing.map(async ([dumpName, bytes]) => {
        await this.#put('R2 put dump', dumpKey(this.#crashId, dumpName), (key, options) =>
          putBytes(this.#bucket, key, bytes, options),
        )
        this.#stored.add(dumpName)
      }),
    )
    for (const put of puts) if (put.status === 'rejected') throw put.reason
  }

  async putRawCrash(): Promise<void> {
    const json = rawCrashJson(this.#report.rawCrash)
    await this.#put('R2 put raw crash', rawCrashKey(this.#crashId), (key, options) =>
      this.#bucket.put(key, json, options),
    )
  }

  /**
   * Deletes the dumps of a failed save (specs/collector.md 4.3, P9), but only where the raw crash is certainly not there and no
   * unanswered put can still write it: a raw crash without its dumps would be worse than dumps without one.
   */
  async removeOrphans(): Promise<void> {
    if (this.#putOutstanding || this.#writtenKeys.length === 0) return
    const raw = await withDeadline('R2 head raw crash', R2_DEADLINE_MS, this.#bucket.head(rawCrashKey(this.#crashId)))
    if (raw === null) await withDeadline('R2 delete dumps', R2_DEADLINE_MS, this.#bucket.delete(this.#writtenKeys))
  }

  async #put(
    what: string,
    key: string,
    start: (key: string, options: R2PutOptions) => Promise<R2Object | null>,
  ): Promise<void> {
    const options: R2PutOptions = this.#report.crashIdFrom === 'chosen' ? ONLY_NEW : {}
    try {
      const object = await withDeadline(what, this.#deadlineMs(), start(key, options))
      // null: a chosen id's object was there before, and so it is not ours to remove.
      if (object !== null) this.#writtenKeys.push(key)
    } catch (thrown) {
      if (thrown instanceof DeadlineExceeded) this.#putOutstanding = true
      throw thrown
    }
  }
}

/** Streams held bytes into R2, which wants to know their length before. */
async function putBytes(
  bucket: Bucket,
  key: string,
  bytes: StorableBytes,
  options: R2PutOptions,
): Promise<R2Object | null> {
  const { readable, writable } = new FixedLengthStream(bytes.length)
  const writer = writable.getWriter()
  // The put's own error says more than that of the pipe that it broke.
  writeAll(writer, bytes).catch(() => undefined)
  try {
    return await bucket.put(key, readable, options)
  } finally {
    // A put that failed, or whose object was there before, leaves bytes unread; the writer must not wait for it.
    writer.abort().catch(() => undefined)
  }
}

async function writeAll(writer: WritableStreamDefaultWriter<Uint8Array>, bytes: StorableBytes): Promise<void> {
  for (const chunk of bytes.chunks()) await writer.write(chunk)
  await writer.close()
}
