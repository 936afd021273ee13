import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Clock } from '#shared/clock.ts'

/** A log above this size is set aside when the fleet starts; one older log is kept. */
const MAX_LOG_BYTES = 20 * 1024 * 1024
/** The same trouble is shown once in this time: a Worker in a crash loop would fill the screen. */
const REPEAT_QUIET_MS = 60_000

/** What a line of a child process means for the person at the console. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly from: string }

/** wrangler's table of bindings shows the value of every variable, and SUBMITTER_TOKEN is a secret. */
const BINDINGS_TABLE = /^(env\.\w+ |Binding {2,}Resource|\S+ has access to the following bindings:)/

/**
 * Reads one line of `wrangler dev` or of the stackwalker. A Worker's own JSON line keeps its fields, anything else becomes
 * `text`. `[mayday-collector] {"stage":…}` is how wrangler marks which Worker spoke. Null for lines that no log should hold.
 */
export function parseLogLine(source: string, line: string): LogLine | null {
  const text = stripVTControlCharacters(line).trimEnd()
  if (text.trim() === '' || BINDINGS_TABLE.test(text)) return null
  const marked = /^\[([\w:-]+)\] (.*)$/.exec(text)
  const from = marked?.[1] ?? source
  const body = marked?.[2] ?? text
  const fields = parseFields(body)
  return fields === null ? { from, text: body } : { from, ...fields }
}

function parseFields(text: string): Record<string, unknown> | null {
  if (!text.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/**
 * wrangler's middleware reads what a Worker left of a request's body, and says so where the gateway has handed the body on already:
 * `POST /upload/v2/1/complete`, whose empty body nobody reads. Nothing is lost by it.
 */
const HARMLESS = /Failed to drain the unused request body/

/** Whether a line tells of a Worker that died or cannot run: an uncaught error, or wrangler's own. */
export function isTrouble(line: LogLine): boolean {
  const text = typeof line.text === 'string' ? line.text : ''
  if (HARMLESS.test(text)) return false
  return line.from === 'wrangler:error' || /\[ERROR\]|✘/.test(text) || /^(Uncaught|panicked at)/.test(text)
}

/** The log of one fleet: JSON lines in a file, and trouble on the console. */
export interface FleetLog {
  write(source: string, line: string): void
}

/** Opens `<state>/logs/fleet.log` for this run; `warn` gets each trouble, the same one at most once a minute. */
export function openFleetLog(file: string, clock: Clock, warn: (text: string) => void): FleetLog {
  mkdirSync(path.dirname(file), { recursive: true })
  if (existsSync(file) && statSync(file).size > MAX_LOG_BYTES) renameSync(file, `${file}.1`)
  const shownAtMs = new Map<string, number>()
  return {
    write(source, line) {
      const parsed = parseLogLine(source, line)
      if (parsed === null) return
      const nowMs = clock()
      appendFileSync(file, `${JSON.stringify({ time: new Date(nowMs).toISOString(), ...parsed })}\n`)
      if (!isTrouble(parsed)) return
      const text = `${parsed.from}: ${typeof parsed.text === 'string' ? parsed.text : JSON.stringify(parsed)}`
      if (nowMs - (shownAtMs.get(text) ?? Number.NEGATIVE_INFINITY) < REPEAT_QUIET_MS) return
      shownAtMs.set(text, nowMs)
      warn(text)
    },
  }
}

/** The last lines of a log, for whoever must say why something did not start. */
export function logTail(file: string, lines: number): string {
  if (!existsSync(file)) return ''
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}
