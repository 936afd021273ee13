/**
 * An instant as the index keeps it: `2026-11-23T02:51:00.123456+00:00`, always UTC, always six digits,
 * so that text order is time order and nothing is lost of the microseconds that collectors write.
 */
export type Instant = string & { readonly __instant: unique symbol }

const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+\- ])([01]\d|2[0-3]):?([0-5]\d))?)?$/

/**
 * Reads `YYYY-MM-DD` or `YYYY-MM-DD[T or space]HH:MM[:SS[.f]][Z|±hh:mm]`, UTC where no offset stands, or null.
 * ` 01:00` is taken as `+01:00`: in a URL an unescaped plus is a space.
 */
export function parseInstant(text: string): Instant | null {
  const match = INSTANT.exec(text)
  if (match === null) return null
  const [
    ,
    day = '',
    hours = '00',
    minutes = '00',
    seconds = '00',
    fraction = '',
    sign = '+',
    offsetHours = '00',
    offsetMinutes = '00',
  ] = match
  const local = Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`)
  // Date.parse takes 2026-02-31 for 3 March: a day that is not in the calendar is a mistake of the one who asks.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(day)) return null
  const offset = Number(offsetHours) * 60 + Number(offsetMinutes)
  const utc = local - (sign === '-' ? -offset : offset) * 60_000
  return write(utc, fraction.padEnd(6, '0').slice(0, 6))
}

/** The instant of a time in milliseconds since the epoch. */
export function instantOf(atMs: number): Instant {
  const wholeMs = Math.floor(atMs)
  const ms = ((wholeMs % 1000) + 1000) % 1000
  return write(wholeMs - ms, `${String(ms).padStart(3, '0')}000`)
}

/** Milliseconds since the epoch, microseconds cut. */
export function instantMs(instant: Instant): number {
  return Date.parse(instant)
}

const FIRST_MS = Date.parse('0000-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59Z')

/** Years outside 0000 to 9999 would break the order of texts; nothing received lies there. */
function write(secondMs: number, micros: string): Instant {
  const inRange = Math.min(Math.max(secondMs, FIRST_MS), LAST_MS)
  return `${new Date(inRange).toISOString().slice(0, 19)}.${micros}+00:00` as Instant
}
