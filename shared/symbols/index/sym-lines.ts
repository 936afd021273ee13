import { type Address, addressOf } from './address.ts'

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const MAX_U32 = 0xffff_ffff
/** Longest digits that breakpad-symbols reads; one more and the field does not end where it must. */
const U64_HEX_DIGITS = 16
const U32_HEX_DIGITS = 8
const U32_DECIMAL_DIGITS = 10
/** Digits whose numbers need no look: a double holds 13 hex ones, and 9 decimal ones are below 2^32. */
const PLAIN_HEX_DIGITS = 13
const PLAIN_DECIMAL_DIGITS = 9

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** By byte: the value of a hex digit, or 16. */
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(value) ? 16 : value
})

/**
 * The fields of a sym file's lines, exactly as breakpad-symbols 0.27 reads them. Every method reads from `at` and steps behind what it read; where the
 * field is not what it must be it answers -1 or false, and `at` means nothing any more.
 *
 * Read in the crate: fields are parted by spaces and tabs, one or more. Hex fields have up to 16 or 8 digits of either case, decimal ones up to 10 and at most
 * 2^32 - 1. A line ends with any number of CR and one LF; a CR elsewhere in a text is an error. Texts may be empty but must be UTF-8.
 */
export class SymLines {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  /** Where the text of the last `text()` lies. */
  textStart = 0
  textEnd = 0

  /** What `plainLine` read. */
  lineAddress = 0
  lineSize = 0
  lineNumber = 0
  lineFile = 0

  /**
   * A line record as nearly all are, `<address> <size> <line> <file>` with one space between and LF behind, in one go: half the lines of a file are such. False: it
   * is something else, or must be looked at field by field; nothing was read then.
   */
  plainLine(): boolean {
    const { bytes } = this
    let at = this.at
    let value = 0
    let digits = 0
    for (let digit = HEX_VALUES[bytes[at] ?? 0] ?? 16; digit < 16; digit = HEX_VALUES[bytes[++at] ?? 0] ?? 16) {
      value = value * 16 + digit
      digits++
    }
    if (digits === 0 || digits > PLAIN_HEX_DIGITS || bytes[at] !== SPACE) return false
    this.lineAddress = value
    value = 0
    digits = 0
    at++
    for (let digit = HEX_VALUES[bytes[at] ?? 0] ?? 16; digit < 16; digit = HEX_VALUES[bytes[++at] ?? 0] ?? 16) {
      value = value * 16 + digit
      digits++
    }
    if (digits === 0 || digits > U32_HEX_DIGITS || bytes[at] !== SPACE) return false
    this.lineSize = value
    value = 0
    digits = 0
    at++
    for (let digit = (bytes[at] ?? 0) - 0x30; digit >= 0 && digit < 10; digit = (bytes[++at] ?? 0) - 0x30) {
      value = value * 10 + digit
      digits++
    }
    if (digits === 0 || digits > PLAIN_DECIMAL_DIGITS || bytes[at] !== SPACE) return false
    this.lineNumber = value
    value = 0
    digits = 0
    at++
    for (let digit = (bytes[at] ?? 0) - 0x30; digit >= 0 && digit < 10; digit = (bytes[++at] ?? 0) - 0x30) {
      value = value * 10 + digit
      digits++
    }
    if (digits === 0 || digits > PLAIN_DECIMAL_DIGITS || bytes[at] !== LF) return false
    this.lineFile = value
    this.at = at + 1
    return true
  }

  /** Steps over one or more spaces and tabs. */
  spaces(): boolean {
    const start = this.at
    for (;;) {
      const byte = this.bytes[this.at]
      if (byte !== SPACE && byte !== TAB) return this.at > start
      this.at++
    }
  }

  /** A hex field of up to 64 bits and the spaces behind it. */
  addressField(): Address {
    const address = this.address()
    return this.spaces() ? address : -1
  }

  /** A hex field of up to 64 bits. */
  address(): Address {
    const { bytes } = this
    const start = this.at
    let value = 0
    for (let at = start; ; at++) {
      const digit = HEX_VALUES[bytes[at] ?? 0] ?? 16
      if (digit === 16 || at - start === U64_HEX_DIGITS) {
        this.at = at
        if (at === start) return -1
        return value <= Number.MAX_SAFE_INTEGER ? value : this.#wideAddress(start, at)
      }
      value = value * 16 + digit
    }
  }

  /** A hex field of up to 32 bits and the spaces behind it. */
  sizeField(): number {
    const size = this.size()
    return this.spaces() ? size : -1
  }

  /** A hex field of up to 32 bits. */
  size(): number {
    const { bytes } = this
    const start = this.at
    let value = 0
    for (let at = start; ; at++) {
      const digit = HEX_VALUES[bytes[at] ?? 0] ?? 16
      if (digit === 16 || at - start === U32_HEX_DIGITS) {
        this.at = at
        return at === start ? -1 : value
      }
      value = value * 16 + digit
    }
  }

  /** A decimal field and the spaces behind it. */
  decimalField(): number {
    const value = this.decimal()
    return this.spaces() ? value : -1
  }

  /** A decimal field of up to 32 bits. */
  decimal(): number {
    const { bytes } = this
    const start = this.at
    let value = 0
    for (let at = start; ; at++) {
      const digit = (bytes[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9 || at - start === U32_DECIMAL_DIGITS) {
        this.at = at
        return at === start || value > MAX_U32 ? -1 : value
      }
      value = value * 10 + digit
    }
  }

  /** The end of the line. */
  lineEnd(): boolean {
    while (this.bytes[this.at] === CR) this.at++
    return this.bytes[this.at++] === LF
  }

  /** The rest of the line, which must be UTF-8, and its end. */
  text(): boolean {
    const { bytes } = this
    const start = this.at
    let at = start
    let bits = 0
    for (;;) {
      const byte = bytes[at] ?? LF
      if (byte === LF || byte === CR) break
      bits |= byte
      at++
    }
    this.textStart = start
    this.textEnd = at
    this.at = at
    if (!this.lineEnd()) return false
    return bits < 0x80 || isUtf8(bytes.subarray(start, at))
  }

  /** The rest of the line, whatever its bytes, and its end. */
  anything(): boolean {
    while (this.bytes[this.at] !== LF && this.bytes[this.at] !== CR) this.at++
    return this.lineEnd()
  }

  /** A word of a MODULE line: everything up to a space. It may be empty, and even hold line ends. */
  word(end: number): boolean {
    const space = this.bytes.indexOf(SPACE, this.at)
    this.textStart = this.at
    this.textEnd = space === -1 || space >= end ? end : space
    this.at = this.textEnd
    return this.at < end && isUtf8(this.bytes.subarray(this.textStart, this.textEnd))
  }

  /** Hex digits, any number but none. */
  digits(): boolean {
    this.textStart = this.at
    while ((HEX_VALUES[this.bytes[this.at] ?? 0] ?? 16) < 16) this.at++
    this.textEnd = this.at
    return this.at > this.textStart
  }

  /** One byte, if it is a digit of this base, and the spaces behind it. Else -1. */
  digitField(base: 10 | 16): number {
    const digit = HEX_VALUES[this.bytes[this.at++] ?? 0] ?? 16
    return digit < base && this.spaces() ? digit : -1
  }

  /** Whether these bytes are next. */
  startsWith(prefix: Uint8Array): boolean {
    for (let index = 0; index < prefix.length; index++) if (this.bytes[this.at + index] !== prefix[index]) return false
    return true
  }

  /** The text of the last `text()`, `word()` or `digits()`. */
  string(): string {
    return strictUtf8.decode(this.bytes.subarray(this.textStart, this.textEnd))
  }

  #wideAddress(start: number, end: number): Address {
    let value = 0n
    for (let at = start; at < end; at++) value = value * 16n + BigInt(HEX_VALUES[this.bytes[at] ?? 0] ?? 0)
    return addressOf(value)
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictUtf8.decode(bytes)
    return true
  } catch {
    return false
  }
}
