import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { DamagedIndex } from './damaged-index.ts'

/**
 * A block before compression: columns one after the other, each a run of LEB128 numbers or of text, behind a list of their lengths.
 * Like with like compresses better than records do, and a reader steps over columns that it does not want.
 */
export class ColumnWriter {
  readonly columns: readonly ByteWriter[]
  readonly #joined = new ByteWriter(1024)

  constructor(columns: number) {
    this.columns = Array.from({ length: columns }, () => new ByteWriter())
  }

  column(index: number): ByteWriter {
    const column = this.columns[index]
    if (column === undefined) throw new Error(`no column ${index}`)
    return column
  }

  get length(): number {
    let length = 0
    for (const column of this.columns) length += column.length
    return length
  }

  /** The block, valid until the next call; the columns are empty again. */
  join(): Uint8Array {
    this.#joined.clear()
    for (const column of this.columns) this.#joined.number(column.length)
    for (const column of this.columns) {
      this.#joined.copy(column.written(), 0, column.length)
      column.shrink(MAX_KEPT_BYTES)
    }
    return this.#joined.written()
  }

  /** Drops what was written. */
  clear(): void {
    for (const column of this.columns) column.clear()
  }
}

/** A column that one large record has blown up is not kept at that size. */
const MAX_KEPT_BYTES = 256 * 1024

/** Readers of the columns of a block. */
export function readColumns(bytes: Uint8Array, columns: number): readonly ByteReader[] {
  const lengths = new ByteReader(bytes)
  const ends: number[] = []
  let length = 0
  for (let column = 0; column < columns; column++) {
    length += lengths.number()
    ends.push(length)
  }
  const start = lengths.at
  if (start + length !== bytes.length) throw new DamagedIndex('the columns do not fill their block')
  return ends.map((end, column) => new ByteReader(bytes, start + (ends[column - 1] ?? 0), start + end))
}
