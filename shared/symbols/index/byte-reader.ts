import { type Address, addressOf } from './address.ts'
import { DamagedIndex } from './damaged-index.ts'

const MAX_NUMBER_BYTES = 8
const MAX_ADDRESS_BYTES = 10

/** Reads what ByteWriter wrote, between two places of an array. Whatever leads out of them, or cannot have been written, throws {@link DamagedIndex}. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.start = start
    this.at = start
    this.end = end
  }

  get left(): number {
    return this.end - this.at
  }

  number(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    let scale = 128
    for (let read = 1; read < MAX_NUMBER_BYTES; read++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw new DamagedIndex('a number is too long')
  }

  /** A number of things that follow, each of them at least a byte. */
  count(): number {
    const count = this.number()
    if (count > this.bytes.length) throw new DamagedIndex('a count is too high')
    return count
  }

  signed(): number {
    const zigzag = this.number()
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  signedAddress(): Address {
    const start = this.at
    let bytes = 1
    while (this.#byte() >= 0x80) if (++bytes > MAX_ADDRESS_BYTES) throw new DamagedIndex('an address is too long')
    this.at = start
    if (bytes < MAX_NUMBER_BYTES) return this.signed()
    let zigzag = 0n
    for (let shift = 0n; bytes > 0; bytes--, shift += 7n) zigzag |= BigInt(this.#byte() & 0x7f) << shift
    return addressOf((zigzag & 1n) === 0n ? zigzag >> 1n : -((zigzag + 1n) >> 1n))
  }

  /** The next bytes, as they lie there. */
  take(length: number): Uint8Array {
    if (length > this.left) throw new DamagedIndex('a text is too long')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Steps over numbers without a look at them. */
  skip(numbers: number): void {
    const { bytes, end } = this
    let { at } = this
    for (let left = numbers; left > 0; at++) {
      if (at >= end) throw new DamagedIndex('a column is too short')
      if ((bytes[at] ?? 0) < 0x80) left--
    }
    this.at = at
  }

  #byte(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined
    if (byte === undefined) throw new DamagedIndex('a column is too short')
    this.at++
    return byte
  }
}
