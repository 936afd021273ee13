import type { Clock } from '#shared/clock.ts'
import { SYMBOLICATION_LEASE_MS } from '#shared/limits.ts'

/** What one request holds of the isolate's memory. */
export interface Hold {
  /** Counts `bytes` more, or answers false where the isolate would hold too many. */
  add(bytes: number): boolean
  /** Gives all back; once more does nothing. */
  release(): void
}

interface Held {
  bytes: number
  readonly sinceMs: number
}

/**
 * Bytes that the requests of this isolate hold: they share 128 MB, and going over kills every one of them. A request whose client went away may end without a
 * word, so what is held for longer than SYMBOLICATION_LEASE_MS comes free when room is needed.
 */
export class MemoryBudget {
  readonly #holds = new Set<Held>()
  #heldBytes = 0
  readonly #maxBytes: number
  readonly #clock: Clock

  constructor(maxBytes: number, clock: Clock) {
    this.#maxBytes = maxBytes
    this.#clock = clock
  }

  /** Bytes held now. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  hold(): Hold {
    const own: Held = { bytes: 0, sinceMs: this.#clock() }
    return {
      add: (bytes) => {
        if (this.#heldBytes + bytes > this.#maxBytes) this.#endLeases()
        if (this.#heldBytes + bytes > this.#maxBytes) return false
        this.#holds.add(own)
        own.bytes += bytes
        this.#heldBytes += bytes
        return true
      },
      release: () => this.#release(own),
    }
  }

  #release(held: Held): void {
    this.#heldBytes -= held.bytes
    held.bytes = 0
    this.#holds.delete(held)
  }

  #endLeases(): void {
    const sinceMs = this.#clock() - SYMBOLICATION_LEASE_MS
    for (const held of this.#holds) if (held.sinceMs < sinceMs) this.#release(held)
  }
}
