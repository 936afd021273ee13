import type { Address } from './address.ts'
import { ByteWriter, compareBytes } from './byte-writer.ts'
import type { IndexFile } from './index-file.ts'
import { PublicBlockWriter } from './public-block.ts'
import { MAX_PUBLIC_RANGES } from './public-ranges.ts'
import { RecordRun } from './record-run.ts'

/** A long name is not kept at its size. */
const MAX_KEPT_NAME_BYTES = 16 * 1024

/** PUBLIC records on their way into blocks. Of those with one address only the last in the crate's order (name, parameters) can be found. */
export class PublicRun {
  readonly run: RecordRun<PublicBlockWriter>
  #address: Address | null = null
  #parameterSize = 0
  readonly #name = new ByteWriter()
  #addresses: Address[] | null = []

  constructor(file: IndexFile) {
    this.run = new RecordRun(file, new PublicBlockWriter(), new PublicBlockWriter(), (writer) => writer.finish())
  }

  add(address: Address, parameterSize: number, bytes: Uint8Array, start: number, end: number): void {
    const name = bytes.subarray(start, end)
    if (this.#address !== null && address < this.#address) {
      this.#addLate(address, parameterSize, name)
      return
    }
    if (this.#address === address) {
      const order = compareBytes(name, this.#name.written()) || parameterSize - this.#parameterSize
      if (order <= 0) return
    } else {
      this.settle()
    }
    this.#address = address
    this.#parameterSize = parameterSize
    this.#name.shrink(MAX_KEPT_NAME_BYTES)
    this.#name.copy(name, 0, name.length)
  }

  /** The addresses that have a PUBLIC, in ascending order; null when they are too many. */
  addresses(): readonly Address[] | null {
    if (this.#addresses === null) return null
    const sorted = this.#addresses.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return sorted.filter((address, index) => address !== sorted[index - 1])
  }

  /** Stores the record that is held back. */
  settle(): void {
    const address = this.#address
    if (address === null) return
    this.#address = null
    this.#remember(address)
    const name = this.#name.written()
    this.run.storeMain(name.length, (writer) => writer.add(address, this.#parameterSize, name))
  }

  #addLate(address: Address, parameterSize: number, name: Uint8Array): void {
    this.#remember(address)
    // A PUBLIC has no end, so all late ones count; which of them is the last is for the reader to see.
    this.run.storeLate(address, address, false, name.length, [{ start: address, end: address, lead: 0 }], (writer) =>
      writer.add(address, parameterSize, name),
    )
  }

  #remember(address: Address): void {
    this.#addresses?.push(address)
    if (this.#addresses !== null && this.#addresses.length > MAX_PUBLIC_RANGES) this.#addresses = null
  }
}
