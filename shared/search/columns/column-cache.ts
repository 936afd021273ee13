import { MAX_SEGMENT_BYTES } from '../../limits.ts'
import { type Column, idBytes, OWN_TERMS, ownDictionary } from './column.ts'
import { type DecodedColumn, decodeColumn } from './decode.ts'
import { ValueDictionary } from './dictionary.ts'

/** Something that is held in memory until the room is needed. */
export interface Held {
  bytes: number
  /** It is no longer held. */
  forget(): void
}

/** Columns that were decoded together and go together, because they share a dictionary. */
interface Segment extends Held {
  readonly dictionary: ValueDictionary
  readonly columns: Map<number, Column | null>
}

/** What a column costs beside its arrays, roughly. */
const COLUMN_BYTES = 200

/**
 * The decoded columns of every shard in an isolate, under one budget: what was used longest ago goes first. All of it is
 * synchronous, as SQLite is in a Durable Object, so that nothing is ever decoded twice at a time.
 */
export class ColumnCache {
  readonly #budgetBytes: number
  /** In the order of use, the latest last. */
  readonly #held = new Set<Held>()
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes
  }

  /** What it holds now, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Notes that something was used, and takes `bytes` now; lets go of others where that is too much. */
  use(used: Held, bytes: number): void {
    this.#held.delete(used)
    this.#held.add(used)
    this.#bytes += bytes - used.bytes
    used.bytes = bytes
    for (const oldest of this.#held) {
      if (this.#bytes <= this.#budgetBytes || oldest === used) break
      this.drop(oldest)
    }
  }

  drop(held: Held): void {
    if (!this.#held.delete(held)) return
    this.#bytes -= held.bytes
    held.bytes = 0
    held.forget()
  }
}

/**
 * The decoded columns of one field of one shard, by chunk. Its chunks share one dictionary until that is MAX_SEGMENT_BYTES; then the
 * next begins, so that a field with more values than the budget streams through it.
 */
export class FieldColumns {
  readonly #cache: ColumnCache
  readonly #segmentOfChunk = new Map<number, Segment>()
  #latest: Segment | null = null

  constructor(cache: ColumnCache) {
    this.#cache = cache
  }

  /** The column of a chunk; null where no document of it has the field. `read` gives its blob when it is not held. */
  column(chunk: number, read: () => Uint8Array | null): Column | null {
    const known = this.#segmentOfChunk.get(chunk)
    if (known !== undefined) {
      this.#cache.use(known, known.bytes)
      return known.columns.get(chunk) ?? null
    }
    const blob = read()
    if (this.#latest === null || this.#latest.bytes >= MAX_SEGMENT_BYTES) {
      this.#latest = this.#newSegment()
    }
    const segment = this.#latest
    const textBytes = segment.dictionary.bytes
    const { column, bytes } = blob === null ? NO_COLUMN : columnIn(segment.dictionary, decodeColumn(blob))
    segment.columns.set(chunk, column)
    this.#segmentOfChunk.set(chunk, segment)
    this.#cache.use(segment, segment.bytes + segment.dictionary.bytes - textBytes + bytes + COLUMN_BYTES)
    return column
  }

  /** A chunk was written anew. */
  outdate(chunk: number): void {
    const segment = this.#segmentOfChunk.get(chunk)
    if (segment !== undefined) this.#cache.drop(segment)
  }

  #newSegment(): Segment {
    const columns = new Map<number, Column | null>()
    const segment: Segment = {
      dictionary: new ValueDictionary(),
      columns,
      bytes: 0,
      forget: () => {
        for (const chunk of columns.keys()) this.#segmentOfChunk.delete(chunk)
        if (this.#latest === segment) this.#latest = null
      },
    }
    return segment
  }
}

const NO_COLUMN: { readonly column: Column | null; readonly bytes: number } = { column: null, bytes: 0 }

/** A column with the values put into a common dictionary, and the bytes of its own. */
function columnIn(shared: ValueDictionary, { values, ids }: DecodedColumn): { column: Column; bytes: number } {
  if (values.kind !== 'values') {
    const dictionary = ownDictionary(values)
    return { column: { ids, terms: OWN_TERMS, dictionary }, bytes: idBytes(ids) + dictionary.bytes }
  }
  const terms = Uint32Array.from([0, ...values.values.map((value) => shared.add(value))])
  return { column: { ids, terms, dictionary: shared }, bytes: idBytes(ids) + terms.byteLength }
}
