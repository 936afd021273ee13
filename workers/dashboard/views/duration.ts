import { grouped } from './json-value.ts'

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** Seconds in the two largest units that apply: 93784 → `1 d 2 h`. Keeps the exact count beside it when that says more. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const first = UNITS.findIndex(([, size]) => whole >= size)
  if (first === -1) return '0 s'
  let rest = whole
  const parts = UNITS.slice(first, first + 2).flatMap(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count === 0 ? [] : [`${count} ${unit}`]
  })
  return whole < 60 ? parts.join(' ') : `${parts.join(' ')} (${grouped(whole)} s)`
}

/** How long before `nowMs` something was, in one unit: `12 s`, `3 min`, `5 h`, `2 d`. */
export function agoText(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - atMs) / 1000))
  const [unit, size] = UNITS.find(([, unitSeconds]) => seconds >= unitSeconds) ?? ['s', 1]
  return `${Math.floor(seconds / size)} ${unit} ago`
}

/** A time of a crash as epoch milliseconds: ISO text (UTC where no offset stands) or epoch seconds. Null for anything else. */
export function timeMs(value: unknown): number | null {
  if (typeof value === 'number') return inCalendar(value * 1000)
  if (typeof value !== 'string') return null
  if (/^\d{9,11}$/.test(value)) return inCalendar(Number(value) * 1000)
  const iso = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}:?\d{2})?$/.exec(value)
  return iso === null ? null : inCalendar(Date.parse(`${iso[1]}T${iso[2]?.slice(0, 12)}${iso[3] ?? 'Z'}`))
}

function inCalendar(atMs: number): number | null {
  return Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15 ? atMs : null
}
