import { createDurable } from 'itty-durable'
import { z } from 'zod'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { DUPLICATES_IDLE_MS } from '#shared/limits.ts'
import {
  countExempt,
  countReport,
  type DuplicateCounts,
  duplicateCountsSchema,
  NO_DUPLICATES,
  noteSignature,
  type Verdict,
} from '#shared/throttle/duplicate-counts.ts'
import { drawFrom } from '#shared/throttle/throttle.ts'

const draw = drawFrom(systemRandomBytes)

/** The calls that the object takes, with their arguments. */
export const DUPLICATES_CALLS = {
  count: z.tuple([z.object({ keep_first: z.int().min(1), then_one_in: z.int().min(1) })]),
  countOneExempt: z.tuple([]),
  noteOneSignature: z.tuple([z.string(), z.string()]),
  read: z.tuple([]),
} as const
export type DuplicatesCall = keyof typeof DUPLICATES_CALLS

/**
 * Counts the reports of one fingerprint on one continent (see duplicate-counts.ts). One row written a report; the state is one value of about 1 KB, which is
 * why itty-durable fits. It deletes itself when idle for DUPLICATES_IDLE_MS.
 */
export class Duplicates extends createDurable({ autoPersist: false }) {
  /** What itty-durable persists, with all else that is a field. */
  counts: DuplicateCounts = NO_DUPLICATES

  async count(rule: unknown): Promise<Verdict> {
    const [keepRule] = DUPLICATES_CALLS.count.parse([rule])
    const { counts, verdict } = countReport(this.counts, keepRule, systemClock(), draw)
    await this.keep(counts)
    return verdict
  }

  async countOneExempt(): Promise<void> {
    await this.keep(countExempt(this.counts, systemClock()))
  }

  /** Nothing is kept for what is not counted here: a report of last month that is processed again. */
  async noteOneSignature(...sent: unknown[]): Promise<void> {
    const [hash, lists] = DUPLICATES_CALLS.noteOneSignature.parse(sent)
    const counts = noteSignature(this.counts, hash, lists)
    if (this.counts.lastMs > 0 && counts !== this.counts) await this.keep(counts)
  }

  read(): { counts: DuplicateCounts | null } {
    return { counts: this.counts.lastMs === 0 ? null : this.counts }
  }

  async keep(counts: DuplicateCounts): Promise<void> {
    this.counts = counts
    await this.persist()
    if ((await this.getAlarm()) === null) await this.setAlarm(systemClock() + DUPLICATES_IDLE_MS)
  }

  /** Looks whether the object is idle. There is one alarm in DUPLICATES_IDLE_MS, not one a report. */
  async alarm(): Promise<void> {
    await this.loadFromStorage()
    const idleAtMs = this.counts.lastMs + DUPLICATES_IDLE_MS
    if (systemClock() < idleAtMs) return this.setAlarm(idleAtMs)
    this.counts = NO_DUPLICATES
    await this.destroy()
  }

  /** Stored by another version and no longer understood, counts start anew: then more is kept, not less. */
  override async onLoad(): Promise<void> {
    const stored = duplicateCountsSchema.safeParse(this.counts)
    this.counts = stored.success ? stored.data : NO_DUPLICATES
  }
}
