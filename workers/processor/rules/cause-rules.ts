import { publicJavaStack } from '#shared/java-stack.ts'
import { parseBreadcrumbs } from './breadcrumbs.ts'
import { always, annotationText, crashingFrames, type Rule, textOrNull } from './rule.ts'

/** Rules about what the product said of the cause (specs/processor.md 1.3, 27, 28, 31, 33 and 50). */

export const breadcrumbs: Rule = {
  name: 'Breadcrumbs',
  predicate: ({ annotations }) => Boolean(annotations.Breadcrumbs),
  action({ annotations, processed, notes }) {
    const parsing = parseBreadcrumbs(annotations.Breadcrumbs)
    if (parsing.kind === 'parsed') processed.breadcrumbs = parsing.breadcrumbs
    else notes.push(`Breadcrumbs: malformed: ${parsing.problem}`)
  },
}

/** The exception's class and its stack, without messages: those hold what the person typed or opened. */
export const javaStackTrace: Rule = {
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

/** Starts of reasons that go on with data of the person. */
const PRIVATE_REASONS = ['Failed to load module', 'byte index', 'do not use eval with system privileges']

export const mozCrashReason: Rule = {
  name: 'MozCrashReason',
  predicate: (crash) => crash.annotations.MozCrashReason !== undefined,
  action(crash) {
    const raw = annotationText(crash, 'MozCrashReason')
    const isPrivate = PRIVATE_REASONS.some((start) => raw.startsWith(start))
    crash.processed.moz_crash_reason_raw = raw
    crash.processed.moz_crash_reason = isPrivate ? 'sanitized--see moz_crash_reason_raw' : raw
  },
}

export const reportType: Rule = {
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

/** A watchdog ended the process because the main thread did not go on: that thread is the one to look at. */
export const shutDownHangCrashingThread: Rule = {
  name: 'ShutDownHangCrashingThread',
  predicate: ({ processed }) => textOrNull(processed.signature)?.startsWith('shutdownhang') === true,
  action({ processed }) {
    processed.crashing_thread = 0
  },
}
