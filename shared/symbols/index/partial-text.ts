import { type Address, hex, plus } from './address.ts'
import type { CfiRecord } from './cfi-block.ts'
import type { InlineAt, LineAt } from './function-block.ts'
import type { NameRef } from './name-finder.ts'
import type { PublicRecord } from './public-block.ts'
import type { ModuleLines } from './upper-index.ts'
import type { WinRecord } from './win-block.ts'

/** breakpad-symbols may skip a longer line, depending on where in its buffer it begins; a record must not be lost that way. */
const MAX_LINE_BYTES = 80 * 1024
/** But it skips none of a text that fits into its buffer whole. */
export const MAX_LONG_LINED_BYTES = 160 * 1024
/** Ranges in one INLINE line: the rest go into another of the same call. */
const MAX_RANGES_A_LINE = 1_000

/** A FUNC, or as much of it as answers around an address. */
export interface FunctionText {
  readonly start: Address
  readonly size: number
  readonly parameterSize: number
  readonly name: string
  readonly lines: readonly (LineAt & { readonly fileRef: NameRef })[]
  readonly inlines: readonly (InlineAt & { readonly fileRef: NameRef; readonly originRef: NameRef })[]
}

/** Texts of a sym file that follow its MODULE line, and where they belong. Equal keys mean equal texts. */
export interface Part {
  readonly key: string
  readonly kind: 'file' | 'origin' | 'func' | 'inline' | 'line' | 'public' | 'win' | 'cfi'
  /** Whose lines they are: parts of one function stand together, INLINE before line records. */
  readonly group: Address
  readonly text: string
}

/** An empty file is refused, so there is always one line. */
const NO_MODULE = 'MODULE unknown unknown 0 unknown\n'

/** The first lines of a partial sym file: the MODULE and CODE_ID lines, or a line that names nothing where the file has no MODULE line or none that fits. */
export function headText(
  { hasModule, os, arch, debugId, debugFile, codeId, codeFile }: ModuleLines,
  maxTextBytes: number,
): string {
  const module = hasModule ? `MODULE ${os} ${arch} ${debugId} ${debugFile}\n` : NO_MODULE
  const head = codeId === '' ? module : `${module}INFO CODE_ID ${codeFile === '' ? codeId : `${codeId} ${codeFile}`}\n`
  return textBytes(head) > maxTextBytes || hasLongLine(head) ? NO_MODULE : head
}

/** The FUNC line and its records. */
export function functionParts(text: FunctionText): Part[] {
  const { start, size, parameterSize, name, lines, inlines } = text
  const parts: Part[] = [
    {
      key: `func ${hex(start)}`,
      kind: 'func',
      group: start,
      text: `FUNC ${hex(start)} ${size.toString(16)} ${parameterSize.toString(16)} ${name}\n`,
    },
  ]
  for (const line of inlineLines(inlines))
    parts.push({ key: `${hex(start)} ${line}`, kind: 'inline', group: start, text: line })
  for (const { start: address, size: bytes, line, fileRef } of lines) {
    const record = `${hex(address)} ${bytes.toString(16)} ${line} ${fileRef.id}\n`
    parts.push({ key: `${hex(start)} ${record}`, kind: 'line', group: start, text: record })
  }
  return parts
}

/** One INLINE line a call, with all its ranges. */
function inlineLines(inlines: FunctionText['inlines']): string[] {
  const ranges = new Map<string, string[]>()
  for (const { depth, start, size, line, fileRef, originRef } of inlines) {
    const call = `INLINE ${depth} ${line} ${fileRef.id} ${originRef.id}`
    const known = ranges.get(call)
    const range = ` ${hex(start)} ${size.toString(16)}`
    if (known === undefined) ranges.set(call, [range])
    else known.push(range)
  }
  const lines: string[] = []
  for (const [call, all] of ranges) {
    for (let at = 0; at < all.length; at += MAX_RANGES_A_LINE) {
      lines.push(`${call}${all.slice(at, at + MAX_RANGES_A_LINE).join('')}\n`)
    }
  }
  return lines
}

/** A PUBLIC record. */
export function publicPart({ address, parameterSize, name }: PublicRecord): Part {
  const text = `PUBLIC ${hex(address)} ${parameterSize.toString(16)} ${name}\n`
  return { key: text, kind: 'public', group: address, text }
}

/** A STACK WIN record of type 4, with a program string, or 0. */
export function winPart(type: 0 | 4, { start, end, sizes, text: rest }: WinRecord): Part {
  const size = BigInt(plus(end, 1)) - BigInt(start)
  const fields = [size, ...sizes].map((value) => value.toString(16)).join(' ')
  const text = `STACK WIN ${type} ${hex(start)} ${fields} ${type === 4 ? 1 : 0} ${rest}\n`
  return { key: text, kind: 'win', group: start, text }
}

/** A STACK CFI INIT with its rules; null when the index has left them out. */
export function cfiPart({ start, size, init, rules }: CfiRecord): Part | null {
  if (init === null) return null
  const lines = rules.map(({ address, rules: rule }) => `STACK CFI ${hex(address)} ${rule}\n`)
  const text = `STACK CFI INIT ${hex(start)} ${size.toString(16)} ${init}\n${lines.join('')}`
  return { key: `cfi ${hex(start)}`, kind: 'cfi', group: start, text }
}

/** A FILE or INLINE_ORIGIN record. */
export function namePart(kind: 'file' | 'origin', id: number, name: string): Part {
  const text = `${kind === 'file' ? 'FILE' : 'INLINE_ORIGIN'} ${id} ${name}\n`
  return { key: `${kind} ${id}`, kind, group: id, text }
}

const ORDER: readonly Part['kind'][] = ['file', 'origin', 'func', 'inline', 'line', 'public', 'win', 'cfi']

/** The parts as text: names first, then functions, each with its inlines and lines, then the rest. All in ascending order. */
export function partsText(parts: readonly Part[]): string {
  const rank = (kind: Part['kind']) => ORDER.indexOf(kind)
  const section = ({ kind }: Part) => (kind === 'inline' || kind === 'line' ? rank('func') : rank(kind))
  return parts
    .toSorted((a, b) => section(a) - section(b) || compare(a.group, b.group) || rank(a.kind) - rank(b.kind))
    .map(({ text }) => text)
    .join('')
}

function compare(a: Address, b: Address): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const encoder = new TextEncoder()

/** Bytes of a text in UTF-8. */
export function textBytes(text: string): number {
  // Nearly all is ASCII.
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return encoder.encode(text).length
  return text.length
}

/** Whether there is a line that breakpad-symbols does not take wherever it stands. */
export function hasLongLine(text: string): boolean {
  if (text.length * 3 < MAX_LINE_BYTES) return false
  return text.split('\n').some((line) => textBytes(line) >= MAX_LINE_BYTES)
}
