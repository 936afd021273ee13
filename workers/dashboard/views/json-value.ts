import { MAX_SHOWN_CHARS } from '#shared/limits.ts'

/**
 * Reading JSON that strangers shaped. A processed crash holds what a minidump and annotations said: any property can be
 * missing, null or of another type, and a page must still render. Nothing here throws.
 */

/** The value as an object; anything else is an object without properties. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** The value as a list; anything else is empty. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value as a finite number, also where it was sent as text; else null. */
export function asNumber(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** Whether the value says yes: true, 1, "1", "true". */
export function asFlag(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'true'
}

/** The value as one line to show, or null when there is nothing to say (missing, null, blank). */
export function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.trim() === '' ? null : shownText(text)
}

/** The parsed text, or null when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * Characters that change how their neighbours are read or hide among them: controls other than tab and newline, formats (bidirectional
 * overrides, zero-width characters), line separators, halves of surrogate pairs. `exe.fdp` after an override reads as `pdf.exe`.
 */
const MISLEADING = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** A text as a page shows it: misleading characters are spelled out, and a very long text is cut with its true length. */
export function shownText(text: string): string {
  const cut = text.length <= MAX_SHOWN_CHARS ? text : text.slice(0, MAX_SHOWN_CHARS)
  const spelled = cut.replaceAll(MISLEADING, spelledOut)
  return cut === text ? spelled : `${spelled}… (cut: ${grouped(text.length)} characters)`
}

function spelledOut(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}

/** A count with thousands separators: 12,345. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
