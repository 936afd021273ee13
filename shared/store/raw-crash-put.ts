import type { CrashId } from '../crash-id.ts'
import { DeadlineExceeded, withDeadline } from '../deadline.ts'
import { R2_DEADLINE_MS } from '../limits.ts'
import type { Bucket } from '../ports.ts'
import { type RawCrash, rawCrashJson } from '../raw-crash.ts'
import { dumpKey, rawCrashKey } from './crash-keys.ts'

/** Bytes to be stored. `chunks` may be asked for again: a put is retried. */
export interface StorableBytes {
  readonly length: number
  chunks(): Iterable<Uint8Array>
}

/** What is put under one crash id. */
export interface ReportObjects {
  readonly rawCrash: RawCrash
  readonly dumps: ReadonlyMap<string, StorableBytes>
  /** Objects that may lie under the keys already and then stay: `none` of a new id that nobody else knows. */
  readonly keeps: 'none' | 'raw_crash' | 'all'
}

/** No object under the key yet (HTTP `If-None-Match: *`). */
const ONLY_NEW: R2PutOptions = { onlyIf: { etagDoesNotMatch: '*' } }

/** The puts of one report over all its tries: it remembers what is stored. All throw when R2 does not answer within `deadlineMs`. */
export class ReportPuts {
  readonly #bucket: Bucket
  readonly #objects: ReportObjects
  readonly #deadlineMs: () => number
  readonly #crashId: CrashId
  readonly #stored = new Set<string>()
  /** Dumps that are its own to remove; also those whose put failed, because it may have been written. */
  readonly #ownDumpKeys = new Set<string>()
  #putOutstanding = false

  constructor(bucket: Bucket, objects: ReportObjects, deadlineMs: () => number) {
    this.#bucket = bucket
    this.#objects = objects
    this.#deadlineMs = deadlineMs
    this.#crashId = objects.rawCrash.uuid
  }

  /** Waits for all puts, also when one fails: a put that nobody watches could land after the orphans were removed. */
  async putMissingDumps(): Promise<void> {
    const missing = [...this.#objects.dumps].filter(([dumpName]) => !this.#stored.has(dumpName))
    const puts = await Promise.allSettled(
      missing.map(async ([dumpName, bytes]) => {
        const key = dumpKey(this.#crashId, dumpName)
        const mayBeThere = this.#objects.keeps === 'all'
        if (!mayBeThere) this.#ownDumpKeys.add(key)
        const object = await this.#watched(
          'R2 put dump',
          putBytes(this.#bucket, key, bytes, mayBeThere ? ONLY_NEW : {}),
        )
        this.#stored.add(dumpName)
        // null: a chosen id's object was there before, and so it is not ours to remove.
        if (object !== null) this.#ownDumpKeys.add(key)
      }),
    )
    for (const put of puts) if (put.status === 'rejected') throw put.reason
  }

  /** Writes the commit mark. `kept`: there is one already, by another report of this id or by a put of before whose reply was lost. */
  async putRawCrash(): Promise<'written' | 'kept'> {
    const options = this.#objects.keeps === 'none' ? {} : ONLY_NEW
    const put = this.#bucket.put(rawCrashKey(this.#crashId), this.#json, options)
    return (await this.#watched('R2 put raw crash', put)) === null ? 'kept' : 'written'
  }

  /** Whether the raw crash that is stored is this very one. */
  async isStored(): Promise<boolean> {
    const object = await this.#watched('R2 get raw crash', this.#bucket.get(rawCrashKey(this.#crashId)))
    return object !== null && (await this.#watched('R2 read raw crash', object.text())) === this.#json
  }

  /**
   * Deletes the dumps of a failed save (specs/collector.md 4.3, P9), but only where the raw crash is certainly not there and no
   * unanswered put can still write it: a raw crash without its dumps would be worse than dumps without one.
   */
  async removeOrphans(): Promise<void> {
    if (this.#putOutstanding || this.#ownDumpKeys.size === 0) return
    const raw = await withDeadline('R2 head raw crash', R2_DEADLINE_MS, this.#bucket.head(rawCrashKey(this.#crashId)))
    if (raw === null) await this.removeDumps()
  }

  /** Deletes the dumps that it put, or tried to. */
  async removeDumps(): Promise<void> {
    if (this.#ownDumpKeys.size === 0) return
    await withDeadline('R2 delete dumps', R2_DEADLINE_MS, this.#bucket.delete([...this.#ownDumpKeys]))
  }

  get #json(): string {
    return rawCrashJson(this.#objects.rawCrash)
  }

  async #watched<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await withDeadline(what, this.#deadlineMs(), work)
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
