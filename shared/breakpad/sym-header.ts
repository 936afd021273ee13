import { MAX_SYM_HEADER_BYTES, MAX_SYMBOL_NAME_CHARS } from '../limits.ts'

/** What the leading lines of a sym file say about its module (specs/symbols.md 1.4). Ids are upper-case. */
export interface SymHeader {
  readonly debugFile: string
  readonly debugId: string
  readonly codeFile: string | null
  readonly codeId: string | null
  readonly generator: string | null
}

/** The peer's width; a longer one is cut. */
const MAX_GENERATOR_CHARS = 100
const MODULE = /^MODULE +\S+ +\S+ +([0-9A-Fa-f]+) +(.+)$/
const CODE_ID = /^INFO +CODE_ID +([0-9A-Fa-f]+)(?: +(.+))?$/
const GENERATOR = /^INFO +GENERATOR +(.+)$/

/**
 * Reads the leading MODULE and INFO lines of a sym file as its bytes come by, and nothing after them.
 * Names keep their spaces (`Electron Framework`), and CRLF files read as LF ones. A malformed MODULE line gives no
 * header; the file is stored all the same, as the peer does.
 */
export class SymHeaderReader {
  readonly #decoder = new TextDecoder()
  #text = ''
  #bytes = 0
  #done = false

  /** Takes the next bytes of the file. Cheap once the header ended. */
  push(chunk: Uint8Array): void {
    if (this.#done) return
    const wanted = chunk.subarray(0, MAX_SYM_HEADER_BYTES - this.#bytes)
    this.#bytes += wanted.length
    this.#text += this.#decoder.decode(wanted, { stream: true })
    const complete = this.#text.slice(0, this.#text.lastIndexOf('\n') + 1)
    this.#done =
      this.#bytes >= MAX_SYM_HEADER_BYTES || complete.split('\n').some((line) => line !== '' && !isHeader(line))
  }

  /** The header, once the file or its header ended; null when the file has no well-formed MODULE line. */
  header(): SymHeader | null {
    const lines = this.#text.split('\n').map((line) => line.replace(/\r$/, ''))
    const end = lines.findIndex((line) => !isHeader(line))
    const header = end === -1 ? lines : lines.slice(0, end)
    const [, debugId = '', debugFile = ''] = MODULE.exec(header[0] ?? '') ?? []
    if (!isName(debugFile) || debugId.length > MAX_SYMBOL_NAME_CHARS) return null
    const [, codeId, codeFile] = header.map((line) => CODE_ID.exec(line)).find((match) => match !== null) ?? []
    const [, generator] = header.map((line) => GENERATOR.exec(line)).find((match) => match !== null) ?? []
    return {
      debugFile,
      debugId: debugId.toUpperCase(),
      codeFile: codeFile !== undefined && isName(codeFile) ? codeFile : null,
      codeId: codeId !== undefined && codeId.length <= MAX_SYMBOL_NAME_CHARS ? codeId.toUpperCase() : null,
      generator: generator?.slice(0, MAX_GENERATOR_CHARS) ?? null,
    }
  }
}

function isHeader(line: string): boolean {
  return line.startsWith('MODULE ') || line.startsWith('INFO ')
}

/** A name that may stand in a row and on a page: bounded and without control characters. */
function isName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_SYMBOL_NAME_CHARS && ![...name].some((character) => character < ' ')
}
