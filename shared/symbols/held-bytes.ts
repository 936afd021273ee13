/**
 * Counts the bytes that one upload holds in memory: 128 MB are shared by everything in an isolate, and a Worker cannot
 * ask how much it uses. Buffers are counted by those who make them; the peak is logged and tested.
 */
export class HeldBytes {
  #current = 0
  #peak = 0

  /** A buffer of this many bytes was made (or dropped: negative). */
  add(bytes: number): void {
    this.#current += bytes
    this.#peak = Math.max(this.#peak, this.#current)
  }

  get currentBytes(): number {
    return this.#current
  }

  get peakBytes(): number {
    return this.#peak
  }
}
