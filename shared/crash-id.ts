import { z } from 'zod'
import { type Clock, type RandomBytes, utcDay } from './clock.ts'

/** A crash id: UUID text whose last seven characters are a throttle digit and the UTC day of submission as YYMMDD. */
export type CrashId = string & { readonly __crashId: unique symbol }

const CRASH_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}[0-9]{6}$/
/** `bp-` is shown to clients and people only; no key, message or row holds it. */
const SHOWN_PREFIX = 'bp-'

/** Throttle digits (specs/collector.md 1.7); 1 is a deferred report, which nobody has now. */
const ACCEPTED_DIGIT = '0'
const FAKE_ACCEPT_DIGIT = '3'

/** Reads a bare crash id, or null. The day is not checked against the calendar, as the peer does not. */
export function parseCrashId(text: string): CrashId | null {
  return CRASH_ID.test(text) && text.length === 36 ? (text as CrashId) : null
}

/** Reads a crash id as people paste it: with or without `bp-`, any case, with spaces around. */
export function parseShownCrashId(text: string): CrashId | null {
  const trimmed = text.trim().toLowerCase()
  return parseCrashId(trimmed.startsWith(SHOWN_PREFIX) ? trimmed.slice(SHOWN_PREFIX.length) : trimmed)
}

/** The zod form of {@link parseCrashId}, for messages and stored objects. */
export const crashIdSchema = z.string().transform((text, context) => {
  const crashId = parseCrashId(text)
  if (crashId !== null) return crashId
  context.addIssue({ code: 'custom', message: 'not a crash id' })
  return z.NEVER
})

/** A new crash id for a report received now. */
export function createCrashId(clock: Clock, randomBytes: RandomBytes): CrashId {
  const bytes = randomBytes(new Uint8Array(16))
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3)
  const random = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 25)}`
  return `${random}${ACCEPTED_DIGIT}${utcDay(clock()).slice(2)}` as CrashId
}

/** The crash id that a client gets whose report was not kept although it looks so: throttle digit 3. */
export function fakeCrashId(crashId: CrashId): CrashId {
  return `${crashId.slice(0, -7)}${FAKE_ACCEPT_DIGIT}${crashId.slice(-6)}` as CrashId
}

/** The day of submission as `YYYYMMDD`. Every key and shard takes the day from here, never from a clock. */
export function crashDay(crashId: CrashId): string {
  return `20${crashId.slice(-6)}`
}

/** The form that clients get in `CrashID=` and that people see. */
export function shownCrashId(crashId: CrashId): string {
  return `${SHOWN_PREFIX}${crashId}`
}
