import { drawsFrom } from '../../../testing/draws.ts'

/** Draws that are the same for the same seed, everywhere. */
export class Random {
  /** 0 ≤ draw < 1. */
  readonly draw: () => number

  constructor(seed: number) {
    this.draw = drawsFrom(seed)
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
