import type { Address } from './address.ts'
import type { BlockPlace, IndexFile } from './index-file.ts'
import { KeptRanges } from './kept-ranges.ts'
import type { Directory, LateRecord } from './upper-index.ts'

/** What a block should be when compressed: what one read of a lookup brings. Its text, 40 to 70 KB in most files, follows from the blocks before. */
const BLOCK_BYTES = 10 * 1024
const FIRST_TEXT_BYTES = 40 * 1024
const MIN_TEXT_BYTES = 16 * 1024
const MAX_TEXT_BYTES = 128 * 1024
/** And its bytes before compression: short text can mean long records. */
const MAX_BLOCK_BYTES = 160 * 1024

/** Packs records of a kind. */
export interface BlockWriter {
  readonly records: number
  readonly textBytes: number
  readonly bytes: number
  readonly firstStart: Address
}

/** A record out of order, with the places of its pieces. */
interface StoredLate {
  readonly start: Address
  readonly end: Address
  readonly pieces: readonly LateRecord[]
}

/** Where one piece of a record goes. */
export interface StoredPiece {
  readonly start: Address
  readonly end: Address
  readonly lead: number
}

/**
 * The records of one kind on their way into blocks: those in order go into the main blocks, others into late ones, and `KeptRanges` decides
 * which count.
 */
export class RecordRun<Writer extends BlockWriter> {
  readonly kept = new KeptRanges<StoredLate>()
  readonly #file: IndexFile
  readonly #main: Writer
  readonly #late: Writer
  readonly #finish: (writer: Writer) => Uint8Array
  readonly #starts: Address[] = []
  readonly #places: BlockPlace[] = []
  readonly #latePlaces: BlockPlace[] = []
  #textBytes = FIRST_TEXT_BYTES

  /** `finish` gives what a writer has packed. */
  constructor(file: IndexFile, main: Writer, late: Writer, finish: (writer: Writer) => Uint8Array) {
    this.#file = file
    this.#main = main
    this.#late = late
    this.#finish = finish
  }

  /** Stores a record that counts; `write` packs it. `textBytes` is about what it adds. */
  storeMain(textBytes: number, write: (writer: Writer) => void): void {
    if (this.#isFull(this.#main, textBytes)) this.#flushMain()
    write(this.#main)
  }

  /** Stores a record aside. `write` packs one piece after the other. */
  storeLate(
    start: Address,
    end: Address,
    isDropped: boolean,
    textBytes: number,
    pieces: readonly StoredPiece[],
    write: (writer: Writer, piece: number) => void,
  ): void {
    if (isDropped && !this.kept.wantsDropped) return
    const stored: LateRecord[] = []
    for (const [number, piece] of pieces.entries()) {
      if (this.#isFull(this.#late, textBytes / pieces.length)) this.#flushLate()
      stored.push({ ...piece, block: this.#latePlaces.length, index: this.#late.records })
      write(this.#late, number)
    }
    this.kept.addLate({ start, end, pieces: stored }, isDropped)
  }

  /** Packs what is left. Of the late records all count, or those that `KeptRanges` keeps. */
  finish(late: 'all' | 'kept'): Directory {
    this.#flushMain()
    this.#flushLate()
    const counting = late === 'all' ? this.kept.allLate() : this.kept.keptLate()
    const records = counting.flatMap(({ pieces }) => pieces)
    // Dropped records that nothing brought back lie in the file unused.
    const latePlaces = records.length === 0 ? [] : this.#latePlaces
    return { starts: this.#starts, places: this.#places, late: records, latePlaces }
  }

  #isFull(writer: Writer, more: number): boolean {
    return writer.records > 0 && (writer.textBytes + more / 2 > this.#textBytes || writer.bytes > MAX_BLOCK_BYTES)
  }

  #flushMain(): void {
    if (this.#main.records === 0) return
    const { firstStart, textBytes } = this.#main
    const place = this.#file.put(this.#finish(this.#main))
    this.#starts.push(firstStart)
    this.#places.push(place)
    const fitting = (textBytes * BLOCK_BYTES) / place.length
    this.#textBytes = Math.max(MIN_TEXT_BYTES, Math.min(MAX_TEXT_BYTES, (this.#textBytes * 3 + fitting) / 4))
  }

  #flushLate(): void {
    if (this.#late.records === 0) return
    this.#latePlaces.push(this.#file.put(this.#finish(this.#late)))
  }
}
