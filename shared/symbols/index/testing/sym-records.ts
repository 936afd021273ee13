/**
 * The line forms of a sym file as breakpad-symbols 0.27 reads them (specs/symbols.md 3.5), each as one regular expression. Fields are parted by
 * spaces and tabs; a text field takes the rest of the line; any number of carriage returns may come before the newline, none inside.
 */

const MAX_U32 = 0xffff_ffff

/** A record's bytes, [address, end], both inside. */
export interface Ranged {
  readonly address: bigint
  readonly end: bigint
}

export interface LineRecord extends Ranged {
  readonly line: number
  readonly file: number
}

export interface InlineRecord {
  readonly depth: number
  readonly address: bigint
  readonly size: number
  readonly callFile: number
  readonly callLine: number
  readonly origin: number
}

export interface CfiRules {
  readonly address: bigint
  readonly rules: string
}

/** A STACK WIN record; what has no known type, or no range, is void. */
export interface WinFields {
  readonly type: 'framedata' | 'fpo' | 'void'
  readonly address: bigint
  readonly size: number
  readonly prologueSize: number
  readonly epilogueSize: number
  readonly parameterSize: number
  readonly savedRegisterSize: number
  readonly localSize: number
  readonly maxStackSize: number
  readonly rest: string
}

/** A line that stands by itself or begins a group. */
export type SymRecord =
  | { readonly kind: 'INFO' }
  | { readonly kind: 'FILE' | 'INLINE_ORIGIN'; readonly id: number; readonly name: string }
  | { readonly kind: 'PUBLIC'; readonly address: bigint; readonly parameterSize: number; readonly name: string }
  | {
      readonly kind: 'FUNC'
      readonly address: bigint
      readonly size: number
      readonly parameterSize: number
      readonly name: string
    }
  | { readonly kind: 'STACK CFI INIT'; readonly address: bigint; readonly size: number; readonly rules: string }
  | { readonly kind: 'STACK WIN'; readonly win: WinFields }

const latin1 = new TextDecoder('latin1')
// A name may begin with U+FEFF: it is no byte order mark there.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A line without its newline, as bytes and as text with a character a byte. */
export interface Line {
  readonly bytes: Uint8Array
  readonly text: string
}

export const lineOf = (bytes: Uint8Array): Line => ({ bytes, text: latin1.decode(bytes) })

/** Text as UTF-8; null where it is none. */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

const GAP = '[ \\t]+'
const HEX64 = '([0-9a-fA-F]{1,16})'
const HEX32 = '([0-9a-fA-F]{1,8})'
const DEC32 = '([0-9]{1,10})'
const RANGE = '[0-9a-fA-F]{1,16}[ \\t]+[0-9a-fA-F]{1,8}'
/** A record whose fields are followed by a text that ends the line. */
const withText = (...fields: readonly string[]) => new RegExp(`^${fields.join(GAP)}${GAP}`)
/** A record that ends with its last field. */
const withoutText = (...fields: readonly string[]) => new RegExp(`^${fields.join(GAP)}\\r*$`)

const FORMS = {
  infoUrl: withText('INFO URL'),
  info: withText('INFO'),
  file: withText('FILE', DEC32),
  inlineOrigin: withText('INLINE_ORIGIN', DEC32),
  public: withText('PUBLIC(?:[ \\t]+m)?', HEX64, HEX32),
  func: withText('FUNC(?:[ \\t]+m)?', HEX64, HEX32, HEX32),
  line: withoutText(HEX64, HEX32, DEC32, DEC32),
  inline: withoutText('INLINE', DEC32, DEC32, DEC32, DEC32, `(${RANGE}(?:${GAP}${RANGE})*)`),
  cfiInit: withText('STACK CFI INIT', HEX64, HEX32),
  cfi: withText('STACK CFI', HEX64),
  win: withText('STACK WIN', '([0-9a-fA-F])', HEX64, ...Array<string>(7).fill(HEX32), '([0-9])'),
} as const

/** The fields of a form and the text behind them, or null where the line has another form. */
function fieldsOf(form: RegExp, line: Line): { readonly fields: readonly string[]; readonly text: string } | null {
  const found = form.exec(line.text)
  if (found === null) return null
  const behind = line.text.slice(found[0].length)
  const text = /^[^\r]*/.exec(behind)?.[0] ?? ''
  if (!/^\r*$/.test(behind.slice(text.length))) return null
  const decoded = utf8Text(line.bytes.subarray(found[0].length, found[0].length + text.length))
  return decoded === null ? null : { fields: found.slice(1), text: decoded }
}

const hex = (digits = '') => BigInt(`0x${digits}`)
const hex32 = (digits = '') => Number.parseInt(digits, 16)
/** Decimal numbers, or null where one leaves 32 bits. */
function decimals(digits: readonly string[]): number[] | null {
  const numbers = digits.map(Number)
  return numbers.every((number) => number <= MAX_U32) ? numbers : null
}

/** Reads a line at the top level; null where breakpad-symbols refuses it. MODULE is not among them (it may span lines). */
export function symRecord(line: Line): SymRecord | null {
  if (FORMS.infoUrl.test(line.text)) return fieldsOf(FORMS.infoUrl, line) === null ? null : { kind: 'INFO' }
  // Only the URL has to be UTF-8.
  if (FORMS.info.test(line.text)) return /^[^\r]*\r*$/.test(line.text) ? { kind: 'INFO' } : null
  const file = fieldsOf(FORMS.file, line)
  if (file !== null) return named('FILE', file.fields, file.text)
  const origin = fieldsOf(FORMS.inlineOrigin, line)
  if (origin !== null) return named('INLINE_ORIGIN', origin.fields, origin.text)
  const symbol = fieldsOf(FORMS.public, line)
  if (symbol !== null) {
    const [address, parameterSize] = symbol.fields
    return { kind: 'PUBLIC', address: hex(address), parameterSize: hex32(parameterSize), name: symbol.text }
  }
  const func = fieldsOf(FORMS.func, line)
  if (func !== null) {
    const [address, size, parameterSize] = func.fields
    return {
      kind: 'FUNC',
      address: hex(address),
      size: hex32(size),
      parameterSize: hex32(parameterSize),
      name: func.text,
    }
  }
  const init = fieldsOf(FORMS.cfiInit, line)
  if (init !== null) {
    const [address, size] = init.fields
    return { kind: 'STACK CFI INIT', address: hex(address), size: hex32(size), rules: init.text }
  }
  const win = fieldsOf(FORMS.win, line)
  return win === null ? null : { kind: 'STACK WIN', win: winFields(win.fields, win.text) }
}

/** FILE or INLINE_ORIGIN; the latter may also stand inside a FUNC. */
function named(kind: 'FILE' | 'INLINE_ORIGIN', fields: readonly string[], name: string): SymRecord | null {
  const [id] = decimals(fields) ?? []
  return id === undefined ? null : { kind, id, name }
}

function winFields(fields: readonly string[], rest: string): WinFields {
  const [type, address, ...digits] = fields
  const [
    size = 0,
    prologueSize = 0,
    epilogueSize = 0,
    parameterSize = 0,
    savedRegisterSize = 0,
    localSize = 0,
    most = 0,
  ] = digits.map(hex32)
  const sizes = { size, prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize: most }
  const hasProgram = digits.at(-1) === '1'
  // A type that disagrees with the flag makes a record void, and so does a type of which nothing is known.
  const known = type === '4' && hasProgram ? 'framedata' : type === '0' && !hasProgram ? 'fpo' : 'void'
  return { type: known, address: hex(address), ...sizes, rest }
}

/** A line record of a FUNC. Null where the line has another form; without `line` where it is empty or leaves 64 bits. */
export function lineRecord(line: Line): { readonly line: LineRecord | null } | null {
  const [matched, address, size, ...digits] = FORMS.line.exec(line.text) ?? []
  const [number, file] = decimals(digits) ?? []
  if (matched === undefined || number === undefined || file === undefined) return null
  const end = hex(address) + hex(size) - 1n
  const isThere = hex(size) > 0n && BigInt.asUintN(64, end) === end
  return { line: isThere ? { address: hex(address), end, line: number, file } : null }
}

/** The ranges of an INLINE record, each an entry of its own. */
export function inlineRecords(line: Line): readonly InlineRecord[] | null {
  const found = FORMS.inline.exec(line.text)
  const [depth, callLine, callFile, origin] = decimals(found?.slice(1, 5) ?? []) ?? []
  if (depth === undefined || callLine === undefined || callFile === undefined || origin === undefined) return null
  const numbers = (found?.[5] ?? '').split(/[ \t]+/)
  const call = { depth, callLine, callFile, origin }
  return numbers.flatMap((address, at) =>
    at % 2 === 0 ? [{ ...call, address: hex(address), size: hex32(numbers[at + 1]) }] : [],
  )
}

/** An INLINE_ORIGIN line inside a FUNC. */
export function originRecord(line: Line): { readonly id: number; readonly name: string } | null {
  const record = symRecord(line)
  return record?.kind === 'INLINE_ORIGIN' ? record : null
}

/** A STACK CFI line behind its INIT. */
export function cfiRules(line: Line): CfiRules | null {
  const found = fieldsOf(FORMS.cfi, line)
  return found === null ? null : { address: hex(found.fields[0]), rules: found.text }
}

/**
 * The MODULE line at `from`: what it says, and where the next line begins. Its words end at spaces alone, so they may hold tabs and even newlines:
 * `MODULE Linux\nINFO CODE_ID ABCD x` is one MODULE record.
 */
export function moduleRecord(bytes: Uint8Array, from: number): { id: string; name: string; next: number } | null {
  let at = from + 'MODULE'.length
  const skip = (inside: (byte: number) => boolean) => {
    const start = at
    while (at < bytes.length && inside(bytes[at] ?? 0)) at += 1
    return bytes.subarray(start, at)
  }
  const isGap = (byte: number) => byte === 0x20 || byte === 0x09
  skip(isGap)
  for (const _ of ['os', 'cpu']) {
    if (utf8Text(skip((byte) => byte !== 0x20)) === null || skip(isGap).length === 0) return null
  }
  const id = latin1.decode(skip((byte) => /[0-9a-fA-F]/.test(String.fromCharCode(byte))))
  if (id === '' || skip(isGap).length === 0) return null
  const name = utf8Text(skip((byte) => byte !== 0x0a && byte !== 0x0d))
  skip((byte) => byte === 0x0d)
  return name === null || bytes[at] !== 0x0a ? null : { id, name, next: at + 1 }
}
