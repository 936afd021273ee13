import type { Address } from './address.ts'

const MANTISSA_LIMIT = 2 ** 31

/** Bytes that grow: LEB128 numbers, zigzag where signed, and copies. Cleared and used again for block after block. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(bytes = 256) {
    this.#bytes = new Uint8Array(bytes)
  }

  get length(): number {
    return this.#length
  }

  /** What was written, as it lies here: copy it before the next write. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  /** Clears, and gives back memory that one large record took. */
  shrink(bytes: number): void {
    this.#length = 0
    if (this.#bytes.length > bytes) this.#bytes = new Uint8Array(bytes)
  }

  /** An unsigned number up to 2^53 - 1. */
  number(value: number): void {
    if (this.#length + 10 > this.#bytes.length) this.#grow(10)
    let rest = value
    while (rest >= MANTISSA_LIMIT) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** A number whose double is exact too. */
  signed(value: number): void {
    this.number(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  /** An address, or the signed difference of two. */
  signedAddress(value: Address): void {
    if (typeof value === 'number' && value < 2 ** 52 && value > -(2 ** 52)) {
      this.signed(value)
      return
    }
    const wide = BigInt(value)
    let rest = wide >= 0n ? wide * 2n : -wide * 2n - 1n
    if (this.#length + 10 > this.#bytes.length) this.#grow(10)
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.#length++] = Number(rest)
  }

  copy(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (this.#length + length > this.#bytes.length) this.#grow(length)
    // A loop beats `set` with its view for the short pieces that names and rules are.
    if (length < 64) for (let at = start, to = this.#length; at < end; at++, to++) this.#bytes[to] = bytes[at] ?? 0
    else this.#bytes.set(bytes.subarray(start, end), this.#length)
    this.#length += length
  }

  /** Whether these bytes lie at `start`. */
  holds(start: number, bytes: Uint8Array, from: number, to: number): boolean {
    for (let at = from, mine = start; at < to; at++, mine++) if (this.#bytes[mine] !== bytes[at]) return false
    return true
  }

  #grow(more: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.written())
    this.#bytes = grown
  }
}

/** Orders texts as Rust does: by their bytes. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return (a[at] ?? 0) - (b[at] ?? 0)
  return a.length - b.length
}
