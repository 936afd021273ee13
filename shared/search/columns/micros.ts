import { instantOf } from '../instant.ts'

/** Microseconds since the epoch of an {@link Instant}. They are exact up to the year 2255, where 2^53 ends. */
export function microsOf(instant: string): number {
  return Date.parse(`${instant.slice(0, 19)}Z`) * 1_000 + Number(instant.slice(20, 26))
}

/** The text of an instant: `microsOf` turned round. */
export function instantText(micros: number): string {
  const below = ((micros % 1_000) + 1_000) % 1_000
  return `${instantOf((micros - below) / 1_000).slice(0, 23)}${String(below).padStart(3, '0')}+00:00`
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/

/** The microseconds of a text, or NaN if it is not an instant or would not come back as it was. */
export function exactMicros(text: string): number {
  if (!INSTANT.test(text)) return Number.NaN
  const micros = microsOf(text)
  return Number.isSafeInteger(micros) && instantText(micros) === text ? micros : Number.NaN
}

/** The microseconds of every text, or null if one of them has none. */
export function microsOfAll(texts: readonly string[]): Float64Array | null {
  const micros = new Float64Array(texts.length)
  for (const [n, text] of texts.entries()) {
    const value = exactMicros(text)
    if (Number.isNaN(value)) return null
    micros[n] = value
  }
  return micros
}
