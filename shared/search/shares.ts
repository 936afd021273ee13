/** Bytes that several take their part of, one after the other. */
export class Shares {
  #leftBytes: number
  #leftShares: number

  constructor(bytes: number, shares: number) {
    this.#leftBytes = bytes
    this.#leftShares = shares
  }

  next(): number {
    return this.#leftBytes / Math.max(1, this.#leftShares)
  }

  took(bytes: number): void {
    this.#leftBytes = Math.max(0, this.#leftBytes - bytes)
    this.#leftShares -= 1
  }
}
