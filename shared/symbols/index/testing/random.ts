/** Draws that are the same for the same seed, everywhere. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 ≤ draw < 1 (mulberry32, 32 bits). */
  draw(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, 0 ≤ number < below. */
  below(below: number): number {
    return Math.floor(this.draw() * below)
  }

  /** A whole number, from ≤ number ≤ to. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  chance(probability: number): boolean {
    return this.draw() < probability
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }

  shuffled<Value>(values: readonly Value[]): Value[] {
    const keyed = values.map((value) => ({ value, key: this.draw() }))
    return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
  }
}

/** The seed of this run: MAYDAY_SEED, or always the same one. */
export const SEED = Number(process.env.MAYDAY_SEED || 20_261_123)

/** Full sizes of generated suites, or a twentieth. */
export const FULL_SIZE = process.env.MAYDAY_TEST_SIZE === 'full'
