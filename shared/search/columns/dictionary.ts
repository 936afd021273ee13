import type { SearchValue } from '../search-rpc.ts'
import { CRASH_ID_BYTES, crashIdBytes, crashIdText } from './crash-id-bytes.ts'
import { instantText } from './micros.ts'

/**
 * The distinct values of one or more columns, by id from 1; id 0 is a missing value. Ids never change, but a dictionary that is shared
 * by many chunks grows.
 */
export interface Dictionary {
  /** The highest id. */
  readonly size: number
  /** The memory that it takes, about. */
  readonly bytes: number
  valueAt(id: number): SearchValue
  /** A number in the order of the values: numbers themselves, dates as microseconds since the epoch. NaN for all else. */
  numberAt(id: number): number
  /** The id of a value, or 0: faster than looking at every value. Only where a column's values are all different. */
  find?(value: SearchValue): number
}

/** What an object and a slot in a Map cost beside the text itself, roughly, in V8. */
const ENTRY_BYTES = 80

/** Values as they are. One dictionary serves many chunks of a field, so that a value is compared once, however many have it. */
export class ValueDictionary implements Dictionary {
  readonly #values: SearchValue[] = []
  readonly #ids = new Map<SearchValue, number>()
  #bytes = 0

  constructor(values: Iterable<SearchValue> = []) {
    for (const value of values) this.add(value)
  }

  get size(): number {
    return this.#values.length
  }

  get bytes(): number {
    return this.#bytes
  }

  add(value: SearchValue): number {
    const known = this.#ids.get(value)
    if (known !== undefined) return known
    const id = this.#values.push(value)
    this.#ids.set(value, id)
    this.#bytes += ENTRY_BYTES + (typeof value === 'string' ? value.length : 0)
    return id
  }

  valueAt(id: number): SearchValue {
    return this.#values[id - 1] ?? ''
  }

  numberAt(id: number): number {
    const value = this.#values[id - 1]
    return typeof value === 'number' ? value : Number.NaN
  }
}

/** The numbers of one chunk. They have no dictionary in common: most numbers (times, sizes of memory) hardly ever occur twice. */
export class NumberDictionary implements Dictionary {
  readonly #numbers: Float64Array | Uint32Array

  constructor(numbers: Float64Array) {
    const areSmall = numbers.every((number) => number === number >>> 0)
    this.#numbers = areSmall ? Uint32Array.from(numbers) : numbers
  }

  get bytes(): number {
    return this.#numbers.byteLength
  }

  get size(): number {
    return this.#numbers.length
  }

  valueAt(id: number): SearchValue {
    return this.numberAt(id)
  }

  numberAt(id: number): number {
    return this.#numbers[id - 1] ?? Number.NaN
  }
}

/** The dates of one chunk, as microseconds: text is made of those only that somebody sees. */
export class InstantDictionary implements Dictionary {
  readonly #micros: Float64Array

  constructor(micros: Float64Array) {
    this.#micros = micros
  }

  get size(): number {
    return this.#micros.length
  }

  get bytes(): number {
    return this.#micros.byteLength
  }

  valueAt(id: number): SearchValue {
    return instantText(this.numberAt(id))
  }

  numberAt(id: number): number {
    return this.#micros[id - 1] ?? Number.NaN
  }
}

/** The crash ids of one chunk, sixteen bytes each. */
export class CrashIdDictionary implements Dictionary {
  readonly #packed: Uint8Array

  constructor(packed: Uint8Array) {
    this.#packed = packed
  }

  get size(): number {
    return this.#packed.length / CRASH_ID_BYTES
  }

  get bytes(): number {
    return this.#packed.length
  }

  valueAt(id: number): string {
    return crashIdText(this.#packed, (id - 1) * CRASH_ID_BYTES)
  }

  numberAt(): number {
    return Number.NaN
  }

  find(value: SearchValue): number {
    const wanted = typeof value === 'string' ? crashIdBytes(value) : null
    if (wanted === null) return 0
    for (let start = 0; start < this.#packed.length; start += CRASH_ID_BYTES) {
      if (wanted.every((byte, n) => this.#packed[start + n] === byte)) return start / CRASH_ID_BYTES + 1
    }
    return 0
  }
}
