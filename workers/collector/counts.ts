import { type Clock, type RandomBytes, utcHour } from '#shared/clock.ts'
import { type CountsByName, OTHER, outcomeName, ruleName } from '#shared/collector-books.ts'
import { withDeadline } from '#shared/deadline.ts'
import { COUNTERS_DEADLINE_MS, COUNTS_FLUSH_EVENTS, COUNTS_FLUSH_MS, MAX_COUNTS_HELD } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { RuleResult } from '#shared/throttle/ruleset.ts'
import type { RuleCounts } from '#shared/throttle/throttle.ts'
import type { Answer } from './answer.ts'

/** Counts of one isolate on their way. The same batch is sent again until it is taken, and is counted once: its isolate numbers them. */
export interface CountBatch {
  readonly isolate: string
  readonly number: number
  /** By UTC hour, `YYYYMMDDHH`. */
  readonly hours: Readonly<Record<string, CountsByName>>
}

/** Where counts are kept: the `Counters` object. */
export interface CountKeeper {
  add(batch: CountBatch): Promise<void>
}

/** What a flush needs of the request that it runs behind: bindings of another request must not be used. */
export interface FlushDeps {
  readonly keeper: CountKeeper
  readonly defer: (work: Promise<unknown>) => void
  readonly pause: (ms: number) => Promise<unknown>
  readonly log: Log
}

/** Two writes at their deadlines: a flush that has not ended by then ended with its request. */
const FLUSH_LEASE_MS = 2 * COUNTERS_DEADLINE_MS + 1_000

/**
 * What an isolate counted and has not written yet. Counting never waits. Writing happens behind an answer, COUNTS_FLUSH_MS after the first count or at
 * COUNTS_FLUSH_EVENTS. What cannot be written is held and goes with the next; what an isolate holds when it ends is lost.
 */
export class Counts implements RuleCounts {
  readonly #clock: Clock
  readonly #randomBytes: RandomBytes
  #held = new Map<string, Map<string, number>>()
  #kinds = 0
  #events = 0
  #isolate = ''
  #batches = 0
  #unanswered: CountBatch | null = null
  /** When the held counts are due; null where nobody waits for that yet. */
  #dueAtMs: number | null = null
  #busyUntilMs = Number.NEGATIVE_INFINITY
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, randomBytes: RandomBytes) {
    this.#clock = clock
    this.#randomBytes = randomBytes
  }

  /** Counts a rule that a report met. */
  count(result: RuleResult, rule: string): void {
    this.#add(ruleName(result, rule))
  }

  /** Counts how a report ended, but for accepted ones: these are counted as raw crashes. */
  countAnswer(answer: Answer): void {
    if (answer.kind !== 'accepted') this.#add(outcomeName(answer.kind, reasonOf(answer)))
  }

  /** Sees to it that what is held gets written, behind the answer. Asked after every report; mostly there is nothing to do. */
  flushLater(deps: FlushDeps): void {
    const nowMs = this.#clock()
    if (this.#events === 0 && this.#unanswered === null) return
    if (nowMs < this.#busyUntilMs || nowMs < this.#notBeforeMs) return
    if (this.#events >= COUNTS_FLUSH_EVENTS || (this.#dueAtMs !== null && nowMs > this.#dueAtMs)) {
      deps.defer(this.#flush(deps))
    } else if (this.#dueAtMs === null) {
      this.#dueAtMs = nowMs + COUNTS_FLUSH_MS
      deps.defer(deps.pause(COUNTS_FLUSH_MS).then(() => this.#flush(deps)))
    }
  }

  /** Writes what is held. Never throws. */
  async #flush({ keeper, log }: FlushDeps): Promise<void> {
    const nowMs = this.#clock()
    if (nowMs < this.#busyUntilMs) return
    this.#busyUntilMs = nowMs + FLUSH_LEASE_MS
    this.#dueAtMs = null
    try {
      // The one before as it was: it may have been taken, and only the answer lost.
      if (this.#unanswered !== null) await this.#send(this.#unanswered, keeper)
      this.#unanswered = this.#take()
      if (this.#unanswered !== null) await this.#send(this.#unanswered, keeper)
    } catch (thrown) {
      this.#notBeforeMs = this.#clock() + COUNTS_FLUSH_MS
      log('collector', 'counts_unwritten', { events: this.#events, reason: errorText(thrown) })
    } finally {
      this.#busyUntilMs = Number.NEGATIVE_INFINITY
    }
  }

  async #send(batch: CountBatch, keeper: CountKeeper): Promise<void> {
    await withDeadline('Counters', COUNTERS_DEADLINE_MS, keeper.add(batch))
    this.#unanswered = null
  }

  #take(): CountBatch | null {
    if (this.#events === 0) return null
    this.#isolate ||= hex(this.#randomBytes(new Uint8Array(8)))
    this.#batches++
    const hours = Object.fromEntries([...this.#held].map(([hour, counts]) => [hour, Object.fromEntries(counts)]))
    this.#held = new Map()
    this.#kinds = 0
    this.#events = 0
    return { isolate: this.#isolate, number: this.#batches, hours }
  }

  #add(name: string): void {
    const hour = utcHour(this.#clock())
    const counts = this.#held.get(hour) ?? new Map<string, number>()
    this.#held.set(hour, counts)
    const isKnown = counts.has(name)
    const kept = isKnown || this.#kinds < MAX_COUNTS_HELD ? name : OTHER
    if (!isKnown && kept === name) this.#kinds++
    counts.set(kept, (counts.get(kept) ?? 0) + 1)
    this.#events++
  }
}

/** The reason of an answer, or its rule; null where the outcome says all. */
function reasonOf(answer: Exclude<Answer, { readonly kind: 'accepted' }>): string | null {
  switch (answer.kind) {
    case 'rejected':
    case 'fake_accepted':
      return answer.rule
    case 'malformed':
    case 'refused':
    case 'unavailable':
      return answer.reason
    case 'resend':
    case 'unauthorized_uuid':
      return null
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
