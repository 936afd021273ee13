import type { Address } from './address.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** What one sorting pass holds, packed, and in how many records: shared among the kinds that are sorted. */
const MAX_BYTES = 3 * 1024 * 1024
const MAX_RECORDS = 100_000

/**
 * The lowest records of one kind that fit in memory. A file whose records stand in no order is read again and again: each pass brings the next ones. Which is the best of
 * several that start together is decided here too, as nothing else can stem a flood of them.
 */
export class RecordSorter {
  /** Only records from here on are taken. */
  readonly #from: Address
  readonly #isBetter: (a: ByteReader, b: ByteReader) => boolean
  #cut: Address | null = null
  readonly #maxBytes: number
  readonly #maxRecords: number
  #bytes = new ByteWriter(64 * 1024)
  #spare = new ByteWriter(64 * 1024)
  #starts: Address[] = []
  #ends: number[] = []

  /** `isBetter` tells of two packed records that start together whether the first, which comes later in the file, wins. `kinds` are sorted at once. */
  constructor(from: Address, kinds: number, isBetter: (a: ByteReader, b: ByteReader) => boolean) {
    this.#from = from
    this.#isBetter = isBetter
    this.#maxBytes = MAX_BYTES / kinds
    this.#maxRecords = MAX_RECORDS / kinds
  }

  /** Where the next pass begins; null when this one has all. */
  get cut(): Address | null {
    return this.#cut
  }

  wants(start: Address): boolean {
    return start >= this.#from && (this.#cut === null || start < this.#cut)
  }

  /** Takes a record that is wanted. False: even after all others are dropped it does not fit. */
  add(start: Address, pack: (bytes: ByteWriter) => void): boolean {
    pack(this.#bytes)
    this.#starts.push(start)
    this.#ends.push(this.#bytes.length)
    const isFull = this.#bytes.length > this.#maxBytes || this.#starts.length > this.#maxRecords
    return !isFull || this.#drop()
  }

  /** The records in ascending order, the best of each address. */
  *records(): Generator<ByteReader, void, void> {
    for (const record of this.#best()) yield this.#reader(record)
  }

  #reader(record: number): ByteReader {
    return new ByteReader(this.#bytes.written(), this.#ends[record - 1] ?? 0, this.#ends[record])
  }

  /** Positions of the best record of each address, in ascending order. */
  #best(): number[] {
    const starts = this.#starts
    const order = Uint32Array.from(starts.keys())
    order.sort((a, b) => {
      const [startA, startB] = [starts[a] ?? 0, starts[b] ?? 0]
      return startA < startB ? -1 : startA > startB ? 1 : a - b
    })
    const best: number[] = []
    for (const record of order) {
      const last = best.at(-1)
      if (last === undefined || starts[last] !== starts[record]) best.push(record)
      else if (this.#isBetter(this.#reader(record), this.#reader(last))) best[best.length - 1] = record
    }
    return best
  }

  /** Keeps the best of each address, and of these the lower half where they are still too many. */
  #drop(): boolean {
    const best = this.#best()
    const bytes = this.#spare
    bytes.clear()
    const starts: Address[] = []
    const ends: number[] = []
    for (const record of best) {
      const start = this.#starts[record] ?? 0
      const from = this.#ends[record - 1] ?? 0
      const to = this.#ends[record] ?? 0
      if (bytes.length + to - from > this.#maxBytes / 2 || starts.length >= this.#maxRecords / 2) {
        this.#cut = start
        break
      }
      bytes.copy(this.#bytes.written(), from, to)
      starts.push(start)
      ends.push(bytes.length)
    }
    this.#spare = this.#bytes
    this.#bytes = bytes
    this.#starts = starts
    this.#ends = ends
    return starts.length > 0
  }
}
