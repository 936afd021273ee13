import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type SymHeader, SymHeaderReader } from '../breakpad/sym-header.ts'
import { type SymHealth, SymHealthReader } from '../breakpad/sym-health.ts'
import { isSymFile, type SymbolKey, symbolKeySegments } from './key.ts'

/** What a symbol file is, found by reading all of it. */
export interface ContentFacts {
  readonly originalBytes: number
  readonly crc32: number
  /** Hex. It tells same from changed; it protects nothing. */
  readonly md5: string
  /** Null for files that are no sym files, or have no well-formed MODULE line. */
  readonly header: SymHeader | null
  /** Null for files that are no sym files. */
  readonly health: SymHealth | null
}

/** Reads a symbol file as its uploader has it, before compression, while its bytes come by. Holds none of them. */
export class ContentReader {
  readonly #md5 = createHash('md5')
  readonly #header: SymHeaderReader | null
  readonly #health: SymHealthReader | null
  #bytes = 0
  #crc = 0

  constructor(key: SymbolKey) {
    this.#header = isSymFile(key) ? new SymHeaderReader() : null
    this.#health = isSymFile(key) ? new SymHealthReader(symbolKeySegments(key)) : null
  }

  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    this.#crc = crc32(chunk, this.#crc)
    this.#md5.update(chunk)
    this.#header?.push(chunk)
    this.#health?.push(chunk)
  }

  /** What was read, once all of it came by. */
  facts(): ContentFacts {
    return {
      originalBytes: this.#bytes,
      crc32: this.#crc,
      md5: this.#md5.digest('hex'),
      header: this.#header?.header() ?? null,
      health: this.#health?.finish() ?? null,
    }
  }
}
