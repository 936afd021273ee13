/** What one report holds of the isolate's memory. */
export interface Hold {
  /** Counts `bytes` more, or answers false where the isolate would hold too many. */
  add(bytes: number): boolean
  /** Gives `bytes` of what was counted back. */
  giveBack(bytes: number): void
  /** Gives all back. */
  release(): void
}

/**
 * Report bytes that this isolate holds. All requests of an isolate share 128 MB, and going over kills every one of them,
 * so a report that does not fit is told to come back. Bytes are counted as they arrive: a
 * `Content-Length` reserves nothing, else three slow clients that announce 25 MiB would close the collector for a minute.
 */
export class BytesInFlight {
  #held = 0
  #peak = 0
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held
  }

  /** The most that was ever held. */
  get peak(): number {
    return this.#peak
  }

  hold(): Hold {
    let own = 0
    return {
      add: (bytes) => {
        if (this.#held + bytes > this.#maxBytes) return false
        own += bytes
        this.#held += bytes
        this.#peak = Math.max(this.#peak, this.#held)
        return true
      },
      giveBack: (bytes) => {
        own -= bytes
        this.#held -= bytes
      },
      release: () => {
        this.#held -= own
        own = 0
      },
    }
  }
}
