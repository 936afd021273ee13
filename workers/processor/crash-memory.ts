import type { Clock } from '#shared/clock.ts'
import { DeadlineExceeded, withDeadline } from '#shared/deadline.ts'
import {
  LARGE_CRASH_TURN_DEADLINE_MS,
  LARGE_CRASH_TURN_LEASE_MS,
  MAX_SMALL_CRASH_JSON_BYTES,
  MAX_STACKWALK_JSON_BYTES,
} from '#shared/limits.ts'

/** The number of a turn: only who holds the present one can end it. */
type Turn = number

/**
 * Whose turn it is among the large crashes of one isolate. Six crashes are processed at once in 128 MB, and the JSON of one may have
 * MAX_STACKWALK_JSON_BYTES: so crashes up to MAX_SMALL_CRASH_JSON_BYTES go on side by side, and of the larger ones one at a time.
 */
export class LargeCrashTurn {
  readonly #clock: Clock
  #turn: Turn = 0
  /** When the present turn began; null when it is nobody's. */
  #sinceMs: number | null = null
  readonly #waiting = new Set<(turn: Turn) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Resolves when it is the caller's turn, first come, first served; rejects with DeadlineExceeded when that takes too long. A turn that is
   * older than its lease counts as over: the platform may end an invocation without running its `finally`.
   */
  async take(deadlineMs = LARGE_CRASH_TURN_DEADLINE_MS): Promise<Turn> {
    if (this.#sinceMs === null || this.#clock() - this.#sinceMs > LARGE_CRASH_TURN_LEASE_MS) return this.#begin()
    let give: (turn: Turn) => void = () => {}
    const given = new Promise<Turn>((resolve) => {
      give = resolve
    })
    this.#waiting.add(give)
    try {
      return await withDeadline('turn of a large crash', deadlineMs, given)
    } finally {
      this.#waiting.delete(give)
    }
  }

  /** Ends the turn; the crash that waited longest has the next. */
  end(turn: Turn): void {
    if (turn !== this.#turn) return
    this.#sinceMs = null
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    next(this.#begin())
  }

  #begin(): Turn {
    this.#sinceMs = this.#clock()
    this.#turn += 1
    return this.#turn
  }
}

/** The JSON that one crash holds, from its first byte until the crash is done with. */
export class CrashMemory {
  readonly #large: LargeCrashTurn
  #heldBytes = 0
  #turn: Turn | null = null
  #isDone = false

  constructor(large: LargeCrashTurn) {
    this.#large = large
  }

  /**
   * Says that the crash will hold these bytes more, and waits for the turn of a large crash where it becomes one. `too_large`: no crash may hold so
   * much. Throws {@link LargeCrashWaits} when other large crashes take too long.
   */
  async hold(bytes: number): Promise<'held' | 'too_large'> {
    if (this.#heldBytes + bytes > MAX_STACKWALK_JSON_BYTES) return 'too_large'
    this.#heldBytes += bytes
    await this.waitIfLarge(this.#heldBytes)
    return 'held'
  }

  /** Waits for the turn of a large crash where the text that will be read beside the others is that large. Throws as {@link hold}. */
  async waitIfLarge(bytes: number): Promise<void> {
    if (this.#isDone) throw new LargeCrashWaits()
    if (bytes <= MAX_SMALL_CRASH_JSON_BYTES || this.#turn !== null) return
    try {
      this.#turn = await this.#large.take()
    } catch (thrown) {
      throw thrown instanceof DeadlineExceeded ? new LargeCrashWaits() : thrown
    }
    // Late work of a walk that was given up: nobody will release what it takes.
    if (this.#isDone) {
      this.release()
      throw new LargeCrashWaits()
    }
  }

  /** The crash is done with. */
  release(): void {
    this.#isDone = true
    if (this.#turn !== null) this.#large.end(this.#turn)
    this.#turn = null
  }
}

/** Other large crashes are before this one: it goes back to the queue. */
export class LargeCrashWaits extends Error {
  override readonly name = 'LargeCrashWaits'
}
