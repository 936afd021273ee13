import { always, annotationText, type CrashInProcess, integerOf, type Rule } from './rule.ts'

/** The rule about times and ages (specs/processor.md 1.3, 24). */

/** Digits of an epoch time in seconds until the year 2286: some clients send milliseconds. */
const EPOCH_SECONDS_DIGITS = 10

export const datesAndTimes: Rule = {
  name: 'DatesAndTimes',
  predicate: always,
  action(crash) {
    const { processed, notes, annotations } = crash
    const submitted = crash.rawCrash.submitted_timestamp
    const submittedSeconds = Math.trunc(Date.parse(submitted) / 1000)
    processed.submitted_timestamp = submitted
    processed.date_processed = submitted

    if (annotations.CrashTime === undefined) notes.push('WARNING: raw_crash missing CrashTime')
    const crashTime = seconds(crash, 'CrashTime', submittedSeconds, EPOCH_SECONDS_DIGITS)
    if (crashTime === submittedSeconds) notes.push('client_crash_date is unknown')
    const startupTime = seconds(crash, 'StartupTime', crashTime)
    processed.crash_time = crashTime
    processed.client_crash_date = isoSeconds(crashTime)
    processed.startup_time = startupTime
    processed.install_age = crashTime - seconds(crash, 'InstallTime', startupTime)
    processed.uptime = Math.max(0, crashTime - startupTime)
    processed.last_crash = lastCrash(crash)
  },
}

/** An epoch time in seconds; text that is no integer counts as 0, with a note. */
function seconds(crash: CrashInProcess, name: string, whenAbsent: number, digits?: number): number {
  if (crash.annotations[name] === undefined) return whenAbsent
  const value = integer(annotationText(crash, name).slice(0, digits))
  if (value === null) crash.notes.push(`non-integer value of ${name}`)
  return value ?? 0
}

function lastCrash(crash: CrashInProcess): number | null {
  if (crash.annotations.SecondsSinceLastCrash === undefined) return null
  const value = integer(annotationText(crash, 'SecondsSinceLastCrash'))
  if (value === null) crash.notes.push('non-integer value of SecondsSinceLastCrash')
  return value
}

/** Null for what is no integer, or one that does not fit JavaScript's: no client clock is right beyond it. */
function integer(text: string): number | null {
  const value = integerOf(text)
  return Number.isSafeInteger(value) ? value : null
}

/** `2026-11-23T01:02:03+00:00`, the peer's form; null for a time beyond the calendar. */
function isoSeconds(epochSeconds: number): string | null {
  const date = new Date(epochSeconds * 1000)
  return Number.isNaN(date.getTime()) ? null : `${date.toISOString().replace(/\.\d+Z$/, '')}+00:00`
}
