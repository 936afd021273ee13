/**
 * What a block index is to those who build and read it. The bytes are private to this folder (docs/reference/symbol-index.md);
 * what a reader answers is what breakpad-symbols 0.27 answers from the whole file, quirks included (specs/stackwalker.md section 4).
 */

/** A sym file as text, decompressed, from its first byte. A builder may open it twice: tables that come late need a second pass. */
export interface SymText {
  open(): Promise<ReadableStream<Uint8Array>>
}

/** Where an index goes, strictly in order. */
export interface IndexSink {
  write(bytes: Uint8Array): Promise<void>
  /**
   * Forgets all that was written: the file turned out to be corrupt, and the little that says so comes next. Without it that follows what was written, and
   * opens as well.
   */
  restart?(): Promise<void>
}

/** What was built. A corrupt file has an index too: it says so, and where, so that no reader asks again. */
export type IndexBuilt =
  | { readonly kind: 'indexed'; readonly facts: IndexFacts }
  /** breakpad-symbols refuses the whole file at this line (counted from 1). */
  | { readonly kind: 'corrupt'; readonly line: number; readonly reason: string; readonly facts: IndexFacts }

/** Measured while building. */
export interface IndexFacts {
  readonly text_bytes: number
  readonly index_bytes: number
  /** How often the text was read: 1, or 2 where tables came late. */
  readonly passes: number
}

/** Who the symbols belong to, from the MODULE and INFO CODE_ID lines. */
export interface IndexedModule {
  readonly os: string
  readonly arch: string
  readonly debug_id: string
  readonly debug_file: string
  readonly code_id: string | null
  readonly code_file: string | null
}

/** One inlined call at an address. */
export interface InlinedCall {
  readonly function: string
  readonly file: string | null
  /** Null where the record has none (0). */
  readonly line: number | null
}

/** What lies at an address. Addresses are relative to the module; above 2^53 only bigint is exact, so they are bigint everywhere. */
export type SymbolAt =
  | {
      readonly kind: 'function'
      readonly name: string
      readonly address: bigint
      readonly size: bigint
      readonly file: string | null
      readonly line: number | null
      /** Innermost first. `name` is the outermost function, `file` and `line` are its own call site then. */
      readonly inlines: readonly InlinedCall[]
    }
  /** A PUBLIC record: a name without an end. */
  | { readonly kind: 'public'; readonly name: string; readonly address: bigint }
  | { readonly kind: 'none' }

/** Records around addresses as Breakpad text, and the address ranges for which they answer exactly as the whole file does. */
export interface PartialRecords {
  /** A valid sym file: MODULE first, whole records only, `\n` at line ends. */
  readonly text: string
  /** Sorted, disjoint, [start, end). Every address asked for is in one of them unless `unanswered` names it. */
  readonly ranges: readonly { readonly start: bigint; readonly end: bigint }[]
  /** Addresses that were left out to keep `text` under its limit, in the order asked: ask again for these. */
  readonly unanswered: readonly bigint[]
}

/** An index that is open. Its methods throw when the source fails, or when the index is changed under them (see RangeSource). */
export interface SymbolIndex {
  readonly module: IndexedModule
  /** The etag of the sym file that the index was built from. */
  readonly sym_etag: string
  /** What lies at each address, in the order asked. Blocks that several addresses need are read and decoded once, up to 6 at a time. */
  lookup(addresses: readonly bigint[]): Promise<readonly SymbolAt[]>
  /** The records around these addresses. */
  records(addresses: readonly bigint[], maxTextBytes: number): Promise<PartialRecords>
}

/** What opening bytes that should be an index gives. */
export type OpenedIndex =
  | { readonly kind: 'open'; readonly index: SymbolIndex }
  /** The sym file itself is refused by breakpad-symbols. */
  | { readonly kind: 'corrupt'; readonly line: number; readonly reason: string }
  /** Of an older or newer format: build it again. */
  | { readonly kind: 'other_version'; readonly version: number }
  /** Not an index, or broken: build it again. */
  | { readonly kind: 'damaged'; readonly reason: string }

/**
 * Decoded blocks that are kept between lookups, under a byte budget that all indexes of an isolate share. Keys are content ids, so a
 * rebuilt index never meets its predecessor's blocks. Two that want the same block at once share one read.
 */
export interface BlockCache {
  get<Block>(key: string, load: () => Promise<{ readonly block: Block; readonly bytes: number }>): Promise<Block>
}
