/** Ids above this are not kept: 2^24 of them are a name table of a gigabyte. */
const MAX_KEPT_ID = 2 ** 24

/** A set of small ids, a bit each. Ids above 2^24 never get in. */
export class IdSet {
  #words = new Uint32Array(64)

  /** Whether an id is small enough. */
  static holds(id: number): boolean {
    return id < MAX_KEPT_ID
  }

  has(id: number): boolean {
    return ((this.#words[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0 && id < MAX_KEPT_ID
  }

  /** Whether it could be added. */
  add(id: number): boolean {
    if (id >= MAX_KEPT_ID) return false
    const word = id >>> 5
    if (word >= this.#words.length) {
      const grown = new Uint32Array(Math.max(this.#words.length * 2, word + 1))
      grown.set(this.#words)
      this.#words = grown
    }
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (id & 31))
    return true
  }
}
