/** Bytes that lie in one or more pieces, such as a dump in the blocks in which the collector holds it. */
export interface BytesInPieces {
  /** In bytes. */
  readonly length: number
  /** From the first byte on. */
  chunks(): Iterable<Uint8Array>
}

/** Where something lies in a dump. */
export interface Place {
  /** Offset from the start of the file. */
  readonly at: number
  readonly bytes: number
}

/**
 * A dump, read at any offset without being joined. It holds no copy of it. Everything that names an offset or a length in a dump is a stranger's
 * word: what leaves the file is null, never an error.
 */
export class DumpBytes {
  readonly length: number
  readonly #pieces: readonly Uint8Array[]
  readonly #starts: readonly number[]

  constructor(dump: BytesInPieces) {
    const pieces = [...dump.chunks()].filter(({ length }) => length > 0)
    const starts: number[] = []
    let at = 0
    for (const piece of pieces) {
      starts.push(at)
      at += piece.length
    }
    this.#pieces = pieces
    this.#starts = starts
    this.length = at
  }

  /** A dump that lies in one piece. */
  static of(bytes: Uint8Array): DumpBytes {
    return new DumpBytes({ length: bytes.length, chunks: () => [bytes] })
  }

  /** A view to read from; null unless all of the place is in the file. Where it spans pieces it is a copy: ask for little. */
  view(place: Place): DataView<ArrayBufferLike> | null {
    const parts = this.pieces(place)
    if (parts === null) return null
    const [only = new Uint8Array(0)] = parts
    if (parts.length <= 1) return new DataView(only.buffer, only.byteOffset, only.byteLength)
    const whole = new Uint8Array(place.bytes)
    let end = 0
    for (const part of parts) {
      whole.set(part, end)
      end += part.length
    }
    return new DataView(whole.buffer)
  }

  /**
   * The bytes of a place as the pieces themselves, not copies: filling them with zeros changes the dump that will be saved. Null unless all of
   * the place is in the file.
   */
  pieces({ at, bytes }: Place): readonly Uint8Array[] | null {
    if (!isOffset(at) || !isOffset(bytes) || at + bytes > this.length) return null
    const parts: Uint8Array[] = []
    for (let index = this.#pieceAt(at), from = at; from < at + bytes; index++) {
      const piece = this.#pieces[index]
      const start = this.#starts[index]
      if (piece === undefined || start === undefined) return null
      const part = piece.subarray(from - start, at + bytes - start)
      parts.push(part)
      from += part.length
    }
    return parts
  }

  /** The last piece that starts at or before `at`. */
  #pieceAt(at: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return low
  }
}

function isOffset(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
