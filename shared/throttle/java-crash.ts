import type { Annotations, JsonValue } from '../raw-crash.ts'
import { isJsonObject } from '../raw-crash.ts'

/** The exception of a Java crash as far as it is the same each time: without messages and line numbers. */
export interface JavaCrash {
  readonly className: string
  readonly topFrame: string
}

/** A message may have lines of its own before the first frame. */
const MAX_JAVA_LINES = 1_000

/** Reads `JavaStackTrace`, else `JavaException`; null where neither has both a class and a frame. Never throws. */
export function javaCrash(annotations: Annotations): JavaCrash | null {
  return ofStackTrace(annotations.JavaStackTrace) ?? ofException(annotations.JavaException)
}

function ofStackTrace(stackTrace: JsonValue | undefined): JavaCrash | null {
  if (typeof stackTrace !== 'string') return null
  const [first = '', ...rest] = stackTrace
    .split('\n', MAX_JAVA_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const className = first.startsWith('at ') ? '' : (first.split(':', 1)[0]?.trim() ?? '')
  const topFrame = rest.find((line) => line.startsWith('at '))?.slice(3) ?? ''
  return className === '' || topFrame === '' ? null : { className, topFrame: withoutLine(topFrame) }
}

function ofException(exception: JsonValue | undefined): JavaCrash | null {
  const stacktrace = get(get(get(parsed(exception), 'exception'), 'values', 0), 'stacktrace')
  const frame = get(stacktrace, 'frames', 0)
  const className = [get(stacktrace, 'module'), get(stacktrace, 'type')].filter(isFilled).join('.')
  const topFrame = ['module', 'function', 'filename']
    .map((key) => get(frame, key))
    .filter(isFilled)
    .join(' ')
  return className === '' || topFrame === '' ? null : { className, topFrame }
}

/** `a.B.c(B.java:12)` → `a.B.c(B.java)`: a line moves with every build. */
function withoutLine(frame: string): string {
  return frame.replace(/:\d+\)$/, ')')
}

/** Multipart sends the exception as JSON text, a JSON `extra` as an object. */
function parsed(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string') return value
  try {
    const json: JsonValue = JSON.parse(value)
    return json
  } catch {
    return undefined
  }
}

function get(value: JsonValue | undefined, key: string, index?: number): JsonValue | undefined {
  const member = value !== undefined && isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  if (index === undefined) return member
  return Array.isArray(member) ? member[index] : undefined
}

function isFilled(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}
