const FIRST_SLOTS = 2_048
/** Spreads ids that differ in few bits over the slots. */
const SPREAD = 0x9e37_79b1

/** Numbers ids in the order in which they first come: what a block says instead of the ids themselves. Clearing costs nothing. */
export class LocalIds {
  #ids: number[] = []
  #slots = new Uint32Array(FIRST_SLOTS)
  /** A slot counts only if it was filled in the present round. */
  #rounds = new Uint32Array(FIRST_SLOTS)
  #round = 1

  /** The ids, by their number. */
  get ids(): readonly number[] {
    return this.#ids
  }

  indexOf(id: number): number {
    const mask = this.#slots.length - 1
    for (let slot = (Math.imul(id, SPREAD) >>> 8) & mask; ; slot = (slot + 1) & mask) {
      if (this.#rounds[slot] !== this.#round) return this.#add(id, slot)
      const index = this.#slots[slot] ?? 0
      if (this.#ids[index] === id) return index
    }
  }

  clear(): void {
    this.#ids = []
    this.#round++
    if (this.#slots.length > FIRST_SLOTS * 16) this.#resize(FIRST_SLOTS)
  }

  #add(id: number, slot: number): number {
    const index = this.#ids.length
    this.#ids.push(id)
    this.#slots[slot] = index
    this.#rounds[slot] = this.#round
    if (this.#ids.length * 2 > this.#slots.length) this.#resize(this.#slots.length * 2)
    return index
  }

  #resize(slots: number): void {
    const ids = this.#ids
    this.#slots = new Uint32Array(slots)
    this.#rounds = new Uint32Array(slots)
    this.#ids = []
    for (const id of ids) this.indexOf(id)
  }
}
