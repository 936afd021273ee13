import type { Clock } from '../clock.ts'
import { INDEX_TURN_LEASE_MS, INDEX_TURN_POLL_MS } from '../limits.ts'

/**
 * Whose turn it is among the index builds of one isolate: a build may hold half of its memory, so there is one at a time. Builds of different requests wait by
 * looking again and never for a promise of each other's: a request that waits for what another one settles is taken for hung, and cancelled. A turn
 * that is older than its lease counts as over: the platform may end an invocation without running its `finally`.
 */
export class BuildTurn {
  readonly #clock: Clock
  #turn = 0
  /** When the present turn began; null when it is nobody's. */
  #sinceMs: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Does the work when it is its turn; `busy` when that does not come within the deadline. Throws what the work throws. */
  async run<T>(deadlineMs: number, work: () => Promise<T>): Promise<{ kind: 'done'; value: T } | { kind: 'busy' }> {
    for (let waitedMs = 0; !this.#isFree(); waitedMs += INDEX_TURN_POLL_MS) {
      if (waitedMs >= deadlineMs) return { kind: 'busy' }
      await new Promise((resolve) => setTimeout(resolve, INDEX_TURN_POLL_MS))
    }
    this.#sinceMs = this.#clock()
    const turn = ++this.#turn
    try {
      return { kind: 'done', value: await work() }
    } finally {
      if (turn === this.#turn) this.#sinceMs = null
    }
  }

  #isFree(): boolean {
    return this.#sinceMs === null || this.#clock() - this.#sinceMs > INDEX_TURN_LEASE_MS
  }
}
