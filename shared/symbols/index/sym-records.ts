import type { Address } from './address.ts'
import { SymLines } from './sym-lines.ts'
import type { WindowLines } from './sym-windows.ts'

/** Why breakpad-symbols refuses a line. */
export type RefusedLine =
  | 'malformed_module'
  | 'late_module'
  | 'malformed_info'
  | 'malformed_file'
  | 'malformed_inline_origin'
  | 'malformed_inline'
  | 'malformed_public'
  | 'malformed_func'
  | 'malformed_line'
  | 'malformed_stack_win'
  | 'malformed_stack_cfi'
  | 'unknown_record'

/** The words of a MODULE line. */
export interface ModuleWords {
  readonly os: string
  readonly arch: string
  readonly debugId: string
  readonly debugFile: string
}

/** A STACK WIN record. `kind` 4 has a program string as its text, kind 0 whether it allocates the base pointer. */
export interface WinFields {
  kind: 0 | 4
  address: Address
  size: number
  prologueSize: number
  epilogueSize: number
  parameterSize: number
  savedRegisterSize: number
  localSize: number
  maxStackSize: number
}

/** Takes the records of a sym file in their order. Bytes are only lent for the call. */
export interface SymRecords {
  module(words: ModuleWords): void
  /** The text behind `INFO `. */
  info(bytes: Uint8Array, start: number, end: number): void
  file(id: number, bytes: Uint8Array, start: number, end: number): void
  inlineOrigin(id: number, bytes: Uint8Array, start: number, end: number): void
  publicSymbol(address: Address, parameterSize: number, bytes: Uint8Array, start: number, end: number): void
  /** A FUNC begins. Its lines and inlines follow, then `endFunc`. */
  beginFunc(address: Address, size: number, parameterSize: number, bytes: Uint8Array, start: number, end: number): void
  line(address: Address, size: number, line: number, file: number): void
  /** An INLINE record; its ranges follow. */
  inline(depth: number, callLine: number, callFile: number, origin: number): void
  inlineRange(address: Address, size: number): void
  endFunc(textBytes: number): void
  /** A STACK CFI INIT; its rules follow, then `endCfi`. */
  beginCfi(address: Address, size: number, bytes: Uint8Array, start: number, end: number): void
  cfiRule(address: Address, bytes: Uint8Array, start: number, end: number): void
  endCfi(textBytes: number): void
  win(fields: Readonly<WinFields>, bytes: Uint8Array, start: number, end: number): void
}

const ascii = (text: string) => new TextEncoder().encode(text)
const MODULE = ascii('MODULE')
const INFO = ascii('INFO')
const INFO_URL = ascii('INFO URL')
const FILE = ascii('FILE')
const FUNC = ascii('FUNC')
const PUBLIC = ascii('PUBLIC')
const INLINE_ORIGIN = ascii('INLINE_ORIGIN')
const INLINE_ORIGIN_IN_FUNC = ascii('INLINE_ORIGIN ')
const INLINE_IN_FUNC = ascii('INLINE ')
const STACK_WIN = ascii('STACK WIN')
const STACK_CFI = ascii('STACK CFI')
const STACK_CFI_INIT = ascii('STACK CFI INIT')

const LETTER_F = 0x46
const LETTER_I = 0x49
const LETTER_M = 0x4d
const LETTER_P = 0x50
const LETTER_S = 0x53
const LETTER_SMALL_M = 0x6d
const CR = 0x0d
const LF = 0x0a
const FRAME_DATA = 4

/**
 * The line grammar of breakpad-symbols 0.27: takes what it takes, refuses what it refuses (specs/stackwalker.md section 4). What a reader of its
 * documentation would not guess:
 * - MODULE may be missing, but must be the very first line; its os and architecture run to the next space, line ends included.
 * - Inside a FUNC only `INLINE `, `INLINE_ORIGIN ` and line records go on with it; an empty line, FILE or anything else ends it, and a line record then is an error.
 * - `INLINE` outside a FUNC, and a STACK CFI without its INIT, are errors; so is white space at the end of a line that does not end in a text.
 * - STACK WIN has one hex digit as its type. A type 4 without program string, another with one, and types other than 0 and 4 are ignored.
 */
export class SymRecordReader implements WindowLines {
  lines = 0
  /** Why `take` answered false. */
  refusal: RefusedLine = 'unknown_record'
  readonly #records: SymRecords
  readonly #line = new SymLines()
  readonly #win: WinFields = {
    kind: 0,
    address: 0,
    size: 0,
    prologueSize: 0,
    epilogueSize: 0,
    parameterSize: 0,
    savedRegisterSize: 0,
    localSize: 0,
    maxStackSize: 0,
  }
  /** The group that following lines may belong to. */
  #group: 'none' | 'func' | 'cfi' = 'none'
  #groupBytes = 0

  constructor(records: SymRecords) {
    this.#records = records
  }

  take(bytes: Uint8Array, start: number, end: number): boolean {
    const line = this.#line
    line.bytes = bytes
    line.at = start
    while (line.at < end) {
      const lineStart = line.at
      if (this.#group === 'func' && this.#funcLine(lineStart)) {
        this.#groupBytes += line.at - lineStart
      } else if (this.#group === 'cfi' && this.#cfiLine(lineStart)) {
        this.#groupBytes += line.at - lineStart
      } else {
        this.finish()
        line.at = lineStart
        const first = bytes[lineStart]
        if (first === LF || first === CR) {
          this.refusal = 'unknown_record'
          if (!line.lineEnd()) return false
        } else if (!this.#topLine(first, end)) {
          return false
        }
        this.#groupBytes = line.at - lineStart
      }
      this.lines++
    }
    return true
  }

  /** Ends the group that is open. To be called at the end of the file, too. */
  finish(): void {
    const group = this.#group
    this.#group = 'none'
    if (group === 'func') this.#records.endFunc(this.#groupBytes)
    else if (group === 'cfi') this.#records.endCfi(this.#groupBytes)
  }

  /** A line of the FUNC that is open; false when it is none. */
  #funcLine(start: number): boolean {
    const line = this.#line
    if (line.bytes[start] === LETTER_I) {
      if (line.startsWith(INLINE_ORIGIN_IN_FUNC)) return this.#inlineOrigin()
      return line.startsWith(INLINE_IN_FUNC) && this.#inline()
    }
    if (line.plainLine()) {
      this.#records.line(line.lineAddress, line.lineSize, line.lineNumber, line.lineFile)
      return true
    }
    const address = line.addressField()
    if (address === -1) return false
    const size = line.sizeField()
    if (size === -1) return false
    const number = line.decimalField()
    if (number === -1) return false
    const file = line.decimal()
    if (file === -1 || !line.lineEnd()) return false
    this.#records.line(address, size, number, file)
    return true
  }

  #inline(): boolean {
    const line = this.#line
    line.at += INLINE_IN_FUNC.length - 1
    if (!line.spaces()) return false
    const depth = line.decimalField()
    const callLine = depth === -1 ? -1 : line.decimalField()
    const callFile = callLine === -1 ? -1 : line.decimalField()
    const origin = callFile === -1 ? -1 : line.decimalField()
    if (origin === -1) return false
    this.#records.inline(depth, callLine, callFile, origin)
    for (;;) {
      const address = line.addressField()
      if (address === -1) return false
      const size = line.size()
      if (size === -1) return false
      this.#records.inlineRange(address, size)
      if (!line.spaces()) return line.lineEnd()
    }
  }

  /** A rule of the STACK CFI INIT that is open; false when it is none. */
  #cfiLine(start: number): boolean {
    const line = this.#line
    if (line.bytes[start] !== LETTER_S || !line.startsWith(STACK_CFI)) return false
    line.at += STACK_CFI.length
    if (!line.spaces()) return false
    const address = line.addressField()
    if (address === -1 || !line.text()) return false
    this.#records.cfiRule(address, line.bytes, line.textStart, line.textEnd)
    return true
  }

  #topLine(first: number | undefined, end: number): boolean {
    const line = this.#line
    switch (first) {
      case LETTER_F:
        if (line.startsWith(FUNC)) return this.#func()
        if (line.startsWith(FILE)) return this.#file()
        return this.#refuse('malformed_line')
      case LETTER_I:
        if (line.startsWith(INFO)) return this.#info()
        if (line.startsWith(INLINE_ORIGIN)) return this.#inlineOrigin()
        return this.#refuse(line.startsWith(INLINE_IN_FUNC) ? 'malformed_inline' : 'unknown_record')
      case LETTER_P:
        return line.startsWith(PUBLIC) ? this.#public() : this.#refuse('unknown_record')
      case LETTER_S:
        if (line.startsWith(STACK_WIN)) return this.#stackWin()
        if (line.startsWith(STACK_CFI_INIT)) return this.#stackCfiInit()
        return this.#refuse(line.startsWith(STACK_CFI) ? 'malformed_stack_cfi' : 'unknown_record')
      case LETTER_M:
        return line.startsWith(MODULE) ? this.#module(end) : this.#refuse('unknown_record')
      default:
        return this.#refuse(line.address() === -1 ? 'unknown_record' : 'malformed_line')
    }
  }

  #refuse(refusal: RefusedLine): false {
    this.refusal = refusal
    return false
  }

  #module(end: number): boolean {
    this.refusal = 'malformed_module'
    const line = this.#line
    line.at += MODULE.length
    if (!line.spaces() || !line.word(end)) return false
    const os = line.string()
    if (!line.spaces() || !line.word(end)) return false
    const arch = line.string()
    if (!line.spaces() || !line.digits()) return false
    const debugId = line.string()
    if (!line.spaces() || !line.text()) return false
    if (this.lines !== 0) return this.#refuse('late_module')
    this.#records.module({ os, arch, debugId, debugFile: line.string() })
    return true
  }

  #info(): boolean {
    this.refusal = 'malformed_info'
    const line = this.#line
    const start = line.at
    if (line.startsWith(INFO_URL)) {
      line.at += INFO_URL.length
      // Only the URL must be UTF-8; `INFO URL` without one is any other INFO.
      if (line.spaces() && !line.text()) return false
    }
    line.at = start + INFO.length
    if (!line.spaces()) return false
    const textStart = line.at
    if (!line.anything()) return false
    this.#records.info(line.bytes, textStart, line.at)
    return true
  }

  #file(): boolean {
    this.refusal = 'malformed_file'
    const line = this.#line
    line.at += FILE.length
    if (!line.spaces()) return false
    const id = line.decimalField()
    if (id === -1 || !line.text()) return false
    this.#records.file(id, line.bytes, line.textStart, line.textEnd)
    return true
  }

  #inlineOrigin(): boolean {
    this.refusal = 'malformed_inline_origin'
    const line = this.#line
    line.at += INLINE_ORIGIN.length
    if (!line.spaces()) return false
    const id = line.decimalField()
    if (id === -1 || !line.text()) return false
    this.#records.inlineOrigin(id, line.bytes, line.textStart, line.textEnd)
    return true
  }

  /** The flag of a symbol that other symbols share its address with: read and ignored. */
  #multiple(): boolean {
    const line = this.#line
    if (line.bytes[line.at] !== LETTER_SMALL_M) return true
    line.at++
    return line.spaces()
  }

  #public(): boolean {
    this.refusal = 'malformed_public'
    const line = this.#line
    line.at += PUBLIC.length
    if (!line.spaces() || !this.#multiple()) return false
    const address = line.addressField()
    if (address === -1) return false
    const parameterSize = line.sizeField()
    if (parameterSize === -1 || !line.text()) return false
    this.#records.publicSymbol(address, parameterSize, line.bytes, line.textStart, line.textEnd)
    return true
  }

  #func(): boolean {
    this.refusal = 'malformed_func'
    const line = this.#line
    line.at += FUNC.length
    if (!line.spaces() || !this.#multiple()) return false
    const address = line.addressField()
    if (address === -1) return false
    const size = line.sizeField()
    if (size === -1) return false
    const parameterSize = line.sizeField()
    if (parameterSize === -1 || !line.text()) return false
    this.#records.beginFunc(address, size, parameterSize, line.bytes, line.textStart, line.textEnd)
    this.#group = 'func'
    return true
  }

  #stackCfiInit(): boolean {
    this.refusal = 'malformed_stack_cfi'
    const line = this.#line
    line.at += STACK_CFI_INIT.length
    if (!line.spaces()) return false
    const address = line.addressField()
    if (address === -1) return false
    const size = line.sizeField()
    if (size === -1 || !line.text()) return false
    this.#records.beginCfi(address, size, line.bytes, line.textStart, line.textEnd)
    this.#group = 'cfi'
    return true
  }

  #stackWin(): boolean {
    this.refusal = 'malformed_stack_win'
    const line = this.#line
    const win = this.#win
    line.at += STACK_WIN.length
    if (!line.spaces()) return false
    const type = line.digitField(16)
    if (type === -1) return false
    win.address = line.addressField()
    if (win.address === -1) return false
    win.size = line.sizeField()
    if (win.size === -1) return false
    win.prologueSize = line.sizeField()
    if (win.prologueSize === -1) return false
    win.epilogueSize = line.sizeField()
    if (win.epilogueSize === -1) return false
    win.parameterSize = line.sizeField()
    if (win.parameterSize === -1) return false
    win.savedRegisterSize = line.sizeField()
    if (win.savedRegisterSize === -1) return false
    win.localSize = line.sizeField()
    if (win.localSize === -1) return false
    win.maxStackSize = line.sizeField()
    if (win.maxStackSize === -1) return false
    const hasProgram = line.digitField(10)
    if (hasProgram === -1 || !line.text()) return false
    if ((type === FRAME_DATA) !== (hasProgram === 1)) return true
    if (type !== 0 && type !== FRAME_DATA) return true
    win.kind = type
    this.#records.win(win, line.bytes, line.textStart, line.textEnd)
    return true
  }
}
