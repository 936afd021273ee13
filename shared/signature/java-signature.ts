import type { StackSignature } from './c-signature.ts'
import { isObject, MalformedCrashData } from './crash-data.ts'
import { firstCodePoints, isTruthy, printed, trim } from './text.ts'

/** Signatures of Java and Kotlin crashes: from a stack trace's text, or from a structured exception (specs/processor.md 2.7 and 2.8). */

const MAX_JAVA_SIGNATURE_CHARS = 255
/** Line ends as the peer's splitlines() knows them. */
const LINE_END_CHARACTERS = '\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029'
const LINE_END = new RegExp(`\\r\\n|[${LINE_END_CHARACTERS}]`)

/** `class: description method`, the description without addresses, which differ from run to run. */
export function javaStackTraceSignature(stackTrace: unknown): StackSignature {
  const lines = typeof stackTrace === 'string' ? stackLines(stackTrace) : []
  const [first, second] = lines
  if (first === undefined) {
    return {
      signature: 'EMPTY: Java stack trace not in expected format',
      notes: ['JavaSignatureTool: stack trace not in expected format'],
    }
  }
  const notes: string[] = []
  const colon = first.indexOf(':')
  const javaClass = colon < 0 ? first : trim(first.slice(0, colon))
  const description = colon < 0 ? '' : trim(first.slice(colon + 1).replace(/@[0-9a-f]{8}/g, '@<addr>'))
  if (colon < 0) notes.push('JavaSignatureTool: stack trace line 1 is not in the expected format')
  const method = (second ?? '').replace(/\.java:\p{Nd}+\)$/u, '.java)')
  if (second === undefined) notes.push('JavaSignatureTool: stack trace line 2 is missing')
  else if (second === '') notes.push('JavaSignatureTool: stack trace line 2 is empty')

  let signature = description.endsWith('<addr>')
    ? joined([javaClass, description, method], ': ')
    : joined([javaClass, joined([description, method], ' ')], ': ')
  if (firstCodePoints(signature, MAX_JAVA_SIGNATURE_CHARS).isCut) {
    signature = `${javaClass}: ${method}`
    notes.push('JavaSignatureTool: dropped Java exception description due to length')
  }
  return { signature, notes }
}

/** `class: at module.function(filename)` of the innermost exception's first frame. */
export function javaExceptionSignature(exception: unknown): StackSignature {
  const stacktrace = innermostStacktrace(exception)
  if (!isTruthy(stacktrace)) {
    return {
      signature: 'EMPTY: Java exception not in expected format',
      notes: ['JavaExceptionSignatureTool: value not in expected format'],
    }
  }
  if (!isObject(stacktrace)) throw new MalformedCrashData('a stacktrace is not an object')
  const { module, type = 'Unknown', frames } = stacktrace
  const javaClass = isTruthy(module) && isTruthy(type) ? `${printed(module)}.${printed(type)}` : printed(type)
  if (!isTruthy(frames)) return { signature: javaClass, notes: [] }
  if (!Array.isArray(frames)) throw new MalformedCrashData('frames is not a list')
  const [first] = frames.map(javaExceptionFrame)
  return { signature: `${javaClass}: at ${first ?? ''}`, notes: [] }
}

/** One frame of a structured exception. */
export function javaExceptionFrame(frame: unknown): string {
  if (!isObject(frame)) throw new MalformedCrashData('a frame is not an object')
  const name = joined([textOrEmpty(frame.module), textOrEmpty(frame.function)], '.')
  if (name === '') return 'unknown'
  return isTruthy(frame.filename) ? `${name}(${printed(frame.filename)})` : name
}

function stackLines(stackTrace: string): readonly string[] {
  const lines = stackTrace.split(LINE_END)
  if (lines.at(-1) === '') lines.pop()
  return lines.map(trim)
}

function innermostStacktrace(exception: unknown): unknown {
  const outer = isObject(exception) && isObject(exception.exception) ? exception.exception : {}
  const value: unknown = Array.isArray(outer.values) ? outer.values[0] : undefined
  return isObject(value) ? value.stacktrace : undefined
}

function textOrEmpty(value: unknown): string {
  return isTruthy(value) ? printed(value) : ''
}

function joined(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== '').join(separator)
}
