import { z } from 'zod'

/** What can be wrong with a sym file that is stored all the same. Shown as it stands in answers and on pages. */
export const symWarningSchema = z.enum([
  /** The first line is no `MODULE <os> <architecture> <debug id> <debug file>`: the file has no debug or code ids in the books. */
  'module_malformed',
  /** The MODULE line names another debug file or id than the key under which the file is stored. */
  'module_contradicts_key',
  /** Neither functions nor public symbols. */
  'no_functions',
  /** Functions without a single line record: frames have no file and line. */
  'no_lines',
  /** No CFI where the stackwalker needs it (any system but Windows), or neither CFI nor STACK WIN on Windows: stacks are guessed by scanning. */
  'no_cfi',
  /** INLINE_ORIGIN records without a name (dump_syms issue 511): inlined functions have no name. */
  'inline_origin_without_name',
  /** INLINE records whose file has no INLINE_ORIGIN at all. */
  'inlines_without_origins',
  /** Lines of no known kind. */
  'unknown_records',
  /** The last line has no end: the file was cut, or written by a tool that forgets it. */
  'last_line_unended',
])
export type SymWarning = z.infer<typeof symWarningSchema>

/** How many records of each kind a sym file has, and what is wrong with it. `cfi` counts STACK CFI INIT: one an unwind range. */
export const symHealthSchema = z.object({
  functions: z.number(),
  lines: z.number(),
  inlines: z.number(),
  publics: z.number(),
  cfi: z.number(),
  win: z.number(),
  warnings: z.array(symWarningSchema),
})
export type SymHealth = z.infer<typeof symHealthSchema>

/** Where a sym file is stored, for the comparison with its MODULE line. */
export interface SymKeyNames {
  readonly debugFile: string
  readonly id: string
}

const LF = 0x0a
const CR = 0x0d
/** Bytes that are kept of a line that lies in two chunks: every kind is told by fewer, and an INLINE_ORIGIN's id ends before them. */
const MAX_KEPT_LINE_BYTES = 64
/** Of the first line more is kept: a MODULE line has a name of up to 255 characters. */
const MAX_KEPT_FIRST_LINE_BYTES = 2_048

const MODULE = /^MODULE +(\S+) +\S+ +([0-9A-Fa-f]+) +(.+)$/

/**
 * Counts the records of a sym file as its bytes come by. Nothing of the file is kept but the start of a line that a chunk cuts:
 * lines are looked at as bytes, none becomes a string but the first (a 250 MB file has nine million).
 */
export class SymHealthReader {
  readonly #key: SymKeyNames
  /** Start of a line whose end is in a later chunk. */
  readonly #kept = new Uint8Array(MAX_KEPT_FIRST_LINE_BYTES)
  #keptBytes = 0
  #firstLine: string | null = null
  readonly #counts = { functions: 0, lines: 0, inlines: 0, publics: 0, cfi: 0, win: 0 }
  #origins = 0
  #namelessOrigins = 0
  #unknown = 0

  constructor(key: SymKeyNames) {
    this.#key = key
  }

  /** Takes the next bytes of the file. */
  push(chunk: Uint8Array): void {
    let start = 0
    if (this.#keptBytes > 0) {
      const end = chunk.indexOf(LF)
      this.#keep(end === -1 ? chunk : chunk.subarray(0, end))
      if (end === -1) return
      this.#endKeptLine()
      start = end + 1
    }
    if (this.#firstLine === null && start < chunk.length) {
      const end = chunk.indexOf(LF, start)
      this.#keep(chunk.subarray(start, end === -1 ? chunk.length : end))
      if (end === -1) return
      this.#endKeptLine()
      start = end + 1
    }
    start = this.#countLines(chunk, start)
    this.#keep(chunk.subarray(start))
  }

  /** The counts and warnings, once the whole file came by. */
  finish(): SymHealth {
    const unended = this.#keptBytes > 0
    if (unended) this.#endKeptLine()
    return { ...this.#counts, warnings: this.#warnings(unended) }
  }

  /** Counts the whole lines from `start`; answers where the first unended one begins. */
  #countLines(chunk: Uint8Array, start: number): number {
    let at = start
    for (let end = chunk.indexOf(LF, at); end !== -1; end = chunk.indexOf(LF, at)) {
      this.#countLine(chunk, at, end)
      at = end + 1
    }
    return at
  }

  #keep(bytes: Uint8Array): void {
    const most = this.#firstLine === null ? MAX_KEPT_FIRST_LINE_BYTES : MAX_KEPT_LINE_BYTES
    const kept = bytes.subarray(0, Math.max(0, most - this.#keptBytes))
    this.#kept.set(kept, this.#keptBytes)
    this.#keptBytes += kept.length
  }

  #endKeptLine(): void {
    if (this.#firstLine === null) {
      this.#firstLine = new TextDecoder().decode(this.#kept.subarray(0, this.#keptBytes)).replace(/\r$/, '')
      if (!this.#firstLine.startsWith('MODULE')) this.#countLine(this.#kept, 0, this.#keptBytes)
    } else {
      this.#countLine(this.#kept, 0, this.#keptBytes)
    }
    this.#keptBytes = 0
  }

  /** By the first byte, then by as few more as tell the kinds apart: `F0 4 7 0` is a line, `FUNC` and `FILE` begin alike. */
  #countLine(bytes: Uint8Array, start: number, lineEnd: number): void {
    const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd
    if (end === start) return
    switch (bytes[start]) {
      case 0x46: // F
        if (startsWith(bytes, start, end, FUNC)) this.#counts.functions++
        else if (!startsWith(bytes, start, end, FILE)) this.#countLineRecord(bytes, start, end)
        return
      case 0x49: // I
        if (startsWith(bytes, start, end, INLINE)) this.#counts.inlines++
        else if (startsWith(bytes, start, end, INLINE_ORIGIN)) this.#countOrigin(bytes, start, end)
        else if (!startsWith(bytes, start, end, INFO)) this.#unknown++
        return
      case 0x50: // P
        if (startsWith(bytes, start, end, PUBLIC)) this.#counts.publics++
        else this.#unknown++
        return
      case 0x53: // S
        if (startsWith(bytes, start, end, STACK_CFI_INIT)) this.#counts.cfi++
        else if (startsWith(bytes, start, end, STACK_WIN)) this.#counts.win++
        else if (!startsWith(bytes, start, end, STACK_CFI)) this.#unknown++
        return
      default:
        this.#countLineRecord(bytes, start, end)
    }
  }

  /** `<address> <size> <line> <file>`: hex digits and a space. */
  #countLineRecord(bytes: Uint8Array, start: number, end: number): void {
    let at = start
    while (at < end && isHexDigit(bytes[at])) at++
    if (at > start && bytes[at] === SPACE && at < end) this.#counts.lines++
    else this.#unknown++
  }

  /** `INLINE_ORIGIN <id> <name>`: the name is what follows the id. */
  #countOrigin(bytes: Uint8Array, start: number, end: number): void {
    this.#origins++
    let at = start + INLINE_ORIGIN.length
    while (at < end && bytes[at] !== SPACE) at++
    while (at < end && bytes[at] === SPACE) at++
    if (at === end) this.#namelessOrigins++
  }

  #warnings(unended: boolean): SymWarning[] {
    const [, os = '', debugId = '', debugFile = ''] = MODULE.exec(this.#firstLine ?? '') ?? []
    const { functions, lines, inlines, publics, cfi, win } = this.#counts
    const isMalformed = os === ''
    const isOther = debugFile !== this.#key.debugFile || debugId.toUpperCase() !== this.#key.id.toUpperCase()
    const isWindows = os.toLowerCase() === 'windows'
    const found: readonly (readonly [SymWarning, boolean])[] = [
      ['module_malformed', isMalformed],
      ['module_contradicts_key', !isMalformed && isOther],
      ['no_functions', functions + publics === 0],
      ['no_lines', functions > 0 && lines === 0],
      ['no_cfi', functions + publics > 0 && cfi === 0 && (!isWindows || win === 0)],
      ['inline_origin_without_name', this.#namelessOrigins > 0],
      ['inlines_without_origins', inlines > 0 && this.#origins === 0],
      ['unknown_records', this.#unknown > 0],
      ['last_line_unended', unended],
    ]
    return found.flatMap(([warning, holds]) => (holds ? [warning] : []))
  }
}

const SPACE = 0x20
const ascii = (text: string) => new TextEncoder().encode(text)
const FUNC = ascii('FUNC ')
const FILE = ascii('FILE ')
const INFO = ascii('INFO ')
const INLINE = ascii('INLINE ')
const INLINE_ORIGIN = ascii('INLINE_ORIGIN ')
const PUBLIC = ascii('PUBLIC ')
const STACK_WIN = ascii('STACK WIN ')
const STACK_CFI = ascii('STACK CFI ')
const STACK_CFI_INIT = ascii('STACK CFI INIT ')

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false
  for (let at = 0; at < prefix.length; at++) if (bytes[start + at] !== prefix[at]) return false
  return true
}

function isHexDigit(byte: number | undefined): boolean {
  return (
    byte !== undefined &&
    ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46))
  )
}
