import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { DamagedIndex } from './damaged-index.ts'
import type { NameStore } from './name-store.ts'
import { utf8 } from './utf8.ts'

/** Longer names are left to the pages, and so are all names once a block has taken in this much. */
const MAX_TAKEN_NAME_BYTES = 16 * 1024
const MAX_TAKEN_BYTES = 256 * 1024
/** Of the text, what such names of files may be (see FileChoice). */
const ALONE_SHARE = 0.06
/** Small files need not count. */
const FREE_AGAIN_BYTES = 1024 * 1024

/** The names that a block uses. */
export interface UsedNames {
  readonly ids: Iterable<number> & { readonly length: number }
  /** Whether an address needs this name and no other: it is worth more than others. */
  isAlone(id: number): boolean
  /** The text that the block stands for. */
  readonly textBytes: number
}

/** Columns of a block's names. */
export interface NameColumns {
  readonly ids: ByteWriter
  readonly lengths: ByteWriter
  readonly names: ByteWriter
}

/** Decides which names a block takes in, and writes the block's table of them. */
export interface NameChoice {
  write(used: UsedNames, columns: NameColumns): void
}

/**
 * Names of inlined functions. In real files a function's inlines are mostly its own or its neighbours', so that taking the names in costs less than storing them
 * once by id, and a lookup needs no more reads. Where the same names come back all over the file (each of 175,000 in 14 blocks of a generated one) they would
 * cost more than all else. So once more bytes have been taken in again than for the first time, blocks leave all names to the pages.
 */
export class OriginChoice implements NameChoice {
  readonly #store: NameStore
  #firstBytes = 0
  #againBytes = 0

  /** Whether blocks still take names in. */
  get isWorthIt(): boolean {
    return this.#againBytes <= this.#firstBytes + FREE_AGAIN_BYTES
  }

  constructor(store: NameStore) {
    this.#store = store
  }

  write({ ids, textBytes }: UsedNames, columns: NameColumns): void {
    const { isWorthIt } = this
    this.#store.allowUnpacking(textBytes)
    const refused = this.#store.refused
    let taken = 0
    writeNames(this.#store, ids, columns, (id) => {
      if (!isWorthIt || taken > MAX_TAKEN_BYTES) return null
      const isAgain = this.#store.isTaken(id)
      const name = this.#store.take(id)
      if (name === null || name.length > MAX_TAKEN_NAME_BYTES) return null
      taken += name.length
      if (isAgain) this.#againBytes += name.length
      else this.#firstBytes += name.length
      return name
    })
    // Names from all over the table are names that come back.
    this.#againBytes += (this.#store.refused - refused) * this.#store.averageBytes
  }
}

/**
 * Names of files: a block takes all of them in where they are few for its text, as in real files. Where it leaves both these and the names of inlined functions to the
 * pages it is small enough to take in the files of code that is not inlined, so that such an address needs one block and no page.
 */
export class FileChoice implements NameChoice {
  readonly #store: NameStore
  readonly #origins: OriginChoice
  #budget = 0

  constructor(store: NameStore, origins: OriginChoice) {
    this.#store = store
    this.#origins = origins
  }

  write({ ids, textBytes, isAlone }: UsedNames, columns: NameColumns): void {
    this.#store.allowUnpacking(textBytes)
    const isWorthIt = ids.length * this.#store.averageBytes <= 2048 + textBytes * 0.15
    const isAloneWorthIt = !isWorthIt && !this.#origins.isWorthIt
    if (isAloneWorthIt) this.#budget += textBytes * ALONE_SHARE
    let taken = 0
    writeNames(this.#store, ids, columns, (id) => {
      const name =
        (isWorthIt || (isAloneWorthIt && this.#budget > 0 && isAlone(id))) && taken <= MAX_TAKEN_BYTES
          ? this.#store.take(id)
          : null
      if (name === null || name.length > MAX_TAKEN_NAME_BYTES) return null
      taken += name.length
      this.#budget -= name.length
      return name
    })
  }
}

function writeNames(
  store: NameStore,
  ids: Iterable<number>,
  { ids: idColumn, lengths, names }: NameColumns,
  take: (id: number) => Uint8Array | null,
): void {
  let last = 0
  for (const id of ids) {
    idColumn.signed(id - last)
    last = id
    const name = take(id)
    if (name === null) {
      store.leave(id)
      lengths.number(0)
    } else {
      lengths.number(name.length + 1)
      names.copy(name, 0, name.length)
    }
  }
}

/** The names that a block's records use, by position: those that it took in, and the ids of the others. */
export class LocalNames {
  readonly ids: readonly number[]
  readonly #ends: readonly number[]
  readonly #names: ByteReader
  readonly #start: number

  constructor(ids: ByteReader, lengths: ByteReader, names: ByteReader) {
    const all: number[] = []
    const ends: number[] = []
    let id = 0
    let end = 0
    while (ids.left > 0) {
      id += ids.signed()
      const length = lengths.number()
      all.push(id)
      if (length > 0) end += length - 1
      ends.push(length === 0 ? -1 - end : end)
    }
    if (end !== names.left) throw new DamagedIndex('names do not fill their column')
    this.ids = all
    this.#ends = ends
    this.#names = names
    this.#start = names.at
  }

  /** Memory that it takes, roughly, beside the block. */
  get bytes(): number {
    return this.ids.length * 16
  }

  /** The id of a name. */
  id(position: number): number {
    const id = this.ids[position]
    if (id === undefined) throw new DamagedIndex('no such name')
    return id
  }

  /** The name, if the block took it in. */
  name(position: number): string | null {
    const end = this.#ends[position]
    if (end === undefined) throw new DamagedIndex('no such name')
    if (end < 0) return null
    const before = this.#ends[position - 1] ?? 0
    const start = before < 0 ? -1 - before : before
    return utf8(this.#names.bytes.subarray(this.#start + start, this.#start + end))
  }
}
