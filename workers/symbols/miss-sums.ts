import type { Clock } from '#shared/clock.ts'
import type { MissedRequests, MissingSymbols } from '#shared/db/missing-symbols.ts'
import { MAX_MISSES_HELD, MISSES_FLUSH_MS } from '#shared/limits.ts'
import { errorText, type Log } from '#shared/log.ts'
import type { SymbolKey } from '#shared/symbols/key.ts'
import { type Misses, missOf } from '#shared/symbols/missing.ts'

/**
 * Requests for sym files that are not there, summed in the isolate and written by at most one statement a minute (the symbols Worker has D1, so
 * no queue carries them). The first is written at once, further ones by the first request after the minute; what an isolate holds when it ends is
 * lost. Requests are therefore a lower bound; crashes are counted exactly, by the scheduler.
 */
export class MissSums implements Misses {
  readonly #clock: Clock
  #sums = new Map<string, MissedRequests>()
  #flushedAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(key: SymbolKey): void {
    const miss = missOf(key)
    if (miss === null) return
    const nowMs = this.#clock()
    this.#add(key, { ...miss, requests: 1, firstSeenAtMs: nowMs, lastSeenAtMs: nowMs })
  }

  /** Writes the sums when a minute is over since the last time. Never throws: what could not be written is held for the next time. */
  async flush(missing: Pick<MissingSymbols, 'addRequests'>, log: Log): Promise<void> {
    const nowMs = this.#clock()
    if (this.#sums.size === 0 || nowMs - this.#flushedAtMs < MISSES_FLUSH_MS) return
    const taken = this.#sums
    this.#sums = new Map()
    this.#flushedAtMs = nowMs
    try {
      await missing.addRequests([...taken.values()], nowMs)
    } catch (thrown) {
      log('symbols', 'misses_unwritten', { modules: taken.size, error: errorText(thrown) })
      for (const [name, sum] of taken) this.#add(name, sum)
    }
  }

  #add(name: string, more: MissedRequests): void {
    const sum = this.#sums.get(name)
    if (sum === undefined && this.#sums.size >= MAX_MISSES_HELD) return
    this.#sums.set(name, {
      ...more,
      requests: more.requests + (sum?.requests ?? 0),
      firstSeenAtMs: Math.min(more.firstSeenAtMs, sum?.firstSeenAtMs ?? more.firstSeenAtMs),
      lastSeenAtMs: Math.max(more.lastSeenAtMs, sum?.lastSeenAtMs ?? more.lastSeenAtMs),
    })
  }
}
