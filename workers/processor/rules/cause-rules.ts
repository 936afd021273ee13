import { always, annotationText, crashingFrames, type Rule, textOrNull } from './rule.ts'

/** Rules about what the product said of the cause (specs/processor.md 1.3, 28, 31 and 33). */

/** The exception's class and its stack, without messages: those hold what the person typed or opened. */
const javaStackTrace: Rule = {
  name: 'JavaStackTrace',
  predicate: (crash) => annotationText(crash, 'JavaStackTrace') !== '',
  action(crash) {
    const raw = annotationText(crash, 'JavaStackTrace')
    crash.processed.java_stack_trace_raw = raw
    const parsed = publicJavaStack(raw)
    crash.processed.java_stack_trace = parsed ?? 'malformed'
    if (parsed === null) crash.notes.push('JavaStackTrace: malformed JavaStackTrace')
  },
}

/** Class and frames of the outermost exception; null when the text is no Java stack trace. */
function publicJavaStack(stackTrace: string): string | null {
  const lines = stackTrace.split(/\r?\n/).filter((line) => line.trim() !== '')
  const stackStart = lines.findIndex((line) => line.startsWith('\tat '))
  const javaClass = lines[0]?.split(':', 1)[0]?.trim() ?? ''
  if (stackStart < 1 || javaClass === '') return null
  const causes = lines.findIndex((line) => /^(?:Suppressed|Caused by):/.test(line.trim()))
  const frames = lines.slice(stackStart, causes > stackStart ? causes : undefined)
  return frames.every((line) => line.startsWith('\t')) ? [javaClass, ...frames].join('\n') : null
}

/** Starts of reasons that go on with data of the person. */
const PRIVATE_REASONS = ['Failed to load module', 'byte index', 'do not use eval with system privileges']

const mozCrashReason: Rule = {
  name: 'MozCrashReason',
  predicate: (crash) => crash.annotations.MozCrashReason !== undefined,
  action(crash) {
    const raw = annotationText(crash, 'MozCrashReason')
    const isPrivate = PRIVATE_REASONS.some((start) => raw.startsWith(start))
    crash.processed.moz_crash_reason_raw = raw
    crash.processed.moz_crash_reason = isPrivate ? 'sanitized--see moz_crash_reason_raw' : raw
  },
}

const reportType: Rule = {
  name: 'ReportType',
  predicate: always,
  action(crash) {
    const { ipc_channel_error, async_shutdown_timeout } = crash.processed
    const isHang =
      Boolean(ipc_channel_error) ||
      Boolean(async_shutdown_timeout) ||
      crashingFrames(crash).some((frame) => textOrNull(frame.function)?.includes('RunWatchdog') === true)
    crash.processed.report_type = isHang ? 'hang' : 'crash'
  },
}

/** In order. */
export const CAUSE_RULES: readonly Rule[] = [javaStackTrace, mozCrashReason, reportType]
