import type { Clock } from '#shared/clock.ts'
import { MAX_PARTIAL_BYTES_IN_FLIGHT, PARTIAL_LEASE_MS } from '#shared/limits.ts'

/** What one request holds of the room. */
export interface PartialLease {
  /** Takes up to so many bytes more, and answers how many there were. */
  grow(bytes: number): number
  giveBack(bytes: number): void
  /** Gives everything back. Calling it again changes nothing. */
  end(): void
}

/**
 * The bytes of partial text that all requests of an isolate hold at once. What a request took comes free after PARTIAL_LEASE_MS, ended or not: the platform
 * may drop a request, and a client may never read its answer.
 */
export class PartialRoom {
  readonly #clock: Clock
  readonly #leases = new Map<PartialLease, { bytes: number; readonly sinceMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get freeBytes(): number {
    const overBeforeMs = this.#clock() - PARTIAL_LEASE_MS
    let free = MAX_PARTIAL_BYTES_IN_FLIGHT
    for (const [lease, { bytes, sinceMs }] of this.#leases) {
      if (sinceMs < overBeforeMs) this.#leases.delete(lease)
      else free -= bytes
    }
    return free
  }

  lease(): PartialLease {
    const held = { bytes: 0, sinceMs: this.#clock() }
    const lease: PartialLease = {
      grow: (bytes) => {
        const granted = Math.max(0, Math.min(bytes, this.freeBytes))
        held.bytes += granted
        return granted
      },
      giveBack: (bytes) => {
        held.bytes -= bytes
      },
      end: () => {
        this.#leases.delete(lease)
      },
    }
    this.#leases.set(lease, held)
    return lease
  }
}
