const FIRST_SLOTS = 64

/** Spreads the bits of a number over its slot; the constants are odd and have no pattern. */
function slotOf(key: number, mask: number): number {
  const high = Math.floor(key / 0x1_0000_0000)
  let hash = Math.imul(key ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
  // A fraction differs only below the point, where bit operators are blind.
  if (key !== Math.floor(key)) hash ^= Math.imul((key - Math.floor(key)) * 0x7fff_ffff, 0xc2b2ae35)
  hash ^= hash >>> 15
  return Math.imul(hash, 0x27d4eb2f) & mask
}

/**
 * Numbers in the order in which they first come: a Map from numbers to their places in a fifth of a Map's time and memory, because most
 * counting is of pairs (bucket, term) written as one number.
 */
export class NumberTable {
  #keys = new Float64Array(FIRST_SLOTS / 2)
  #slots = new Int32Array(FIRST_SLOTS).fill(-1)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The numbers, by place. */
  get keys(): Float64Array {
    return this.#keys.subarray(0, this.#size)
  }

  /** The place of a number, which is added where it is new; -1 for a new one beyond `maxSize`. */
  add(key: number, maxSize: number = Number.POSITIVE_INFINITY): number {
    const mask = this.#slots.length - 1
    let slot = slotOf(key, mask)
    for (;;) {
      const place = this.#slots[slot] ?? -1
      if (place === -1) break
      if (this.#keys[place] === key) return place
      slot = (slot + 1) & mask
    }
    if (this.#size >= maxSize) return -1
    const place = this.#size++
    this.#slots[slot] = place
    this.#keys[place] = key
    if (this.#size === this.#keys.length) this.#grow()
    return place
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#keys.length)
    keys.set(this.#keys)
    this.#keys = keys
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1)
    const mask = this.#slots.length - 1
    for (let place = 0; place < this.#size; place++) {
      let slot = slotOf(this.#keys[place] ?? 0, mask)
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
      this.#slots[slot] = place
    }
  }
}
