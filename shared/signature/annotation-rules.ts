import { type CrashData, crashingThread, isObject, MalformedCrashData } from './crash-data.ts'
import type { SignatureRule } from './rule.ts'
import { firstCodePoints, isTruthy, printed, trim } from './text.ts'

/** Rules that prefix, extend or replace the stack's signature by what the annotations say (specs/processor.md 2.9). */

/** A failing disk gives crashes anywhere: they belong together. */
const badHardware: SignatureRule = {
  name: 'BadHardware',
  apply: ({ reason }, { signature }) =>
    typeof reason === 'string' && reason.includes('STATUS_DEVICE_DATA_ERROR')
      ? { signature: `bad hardware | ${signature}` }
      : {},
}

/** Functions that are reached only when an allocation failed. */
const OOM_FUNCTIONS = [
  'NS_ABORT_OOM',
  'mozalloc_handle_oom',
  'CrashAtUnhandlableOOM',
  'AutoEnterOOMUnsafeRegion',
  'alloc::oom::oom',
]
const OOM_LAST_ERRORS: readonly unknown[] = ['ERROR_COMMITMENT_LIMIT', 'ERROR_NOT_ENOUGH_MEMORY']
const OOM_REASONS: readonly unknown[] = ['STATUS_FATAL_MEMORY_EXHAUSTION', 'STATUS_NO_MEMORY']
/** Up to this size any allocation could have failed, so the stack says nothing. */
const SMALL_ALLOCATION_BYTES = 262_144

const outOfMemory: SignatureRule = {
  name: 'OOMSignature',
  apply(crashData, { signature }) {
    if (!isOutOfMemory(crashData, signature)) return {}
    if (crashData.js_large_allocation_failure === 'Reporting') return { signature: `OOM | large | ${signature}` }
    const bytes = allocationBytes(crashData.oom_allocation_size)
    if (bytes === null) return { signature: `OOM | unknown | ${signature}` }
    return { signature: bytes <= SMALL_ALLOCATION_BYTES ? 'OOM | small' : `OOM | large | ${signature}` }
  },
}

function isOutOfMemory(crashData: CrashData, signature: string): boolean {
  if (isTruthy(crashData.oom_allocation_size)) return true
  if (signature === '') return false
  return (
    OOM_FUNCTIONS.some((name) => signature.includes(name)) ||
    OOM_LAST_ERRORS.includes(crashingThread(crashData)?.last_error_value) ||
    OOM_REASONS.includes(crashData.reason) ||
    crashData.js_large_allocation_failure === 'Reporting'
  )
}

function allocationBytes(size: unknown): number | null {
  if (typeof size === 'number') return size
  if (typeof size !== 'string') return null
  if (!/^\s*[+-]?\d+\s*$/.test(size)) throw new MalformedCrashData('oom_allocation_size is not an integer')
  return Number(size)
}

const ABORT_MARK = '###!!! ABORT:'
const MAX_ABORT_MESSAGE_CHARS = 80

const abort: SignatureRule = {
  name: 'AbortSignature',
  apply({ abort_message: abortMessage }, { signature }) {
    if (!isTruthy(abortMessage)) return {}
    let message = printed(abortMessage)
    if (message.includes(`${ABORT_MARK} file `)) return { signature: `Abort | ${signature}` }
    const mark = message.indexOf(ABORT_MARK)
    if (mark >= 0) message = message.slice(mark + ABORT_MARK.length)
    message = message.split(': file ', 1)[0] ?? ''
    if (message.includes('unable to find a usable font')) message = withoutFontName(message)
    message = trim(message.replace(/[^\x20-\x7e]/g, ''))
    if (message.length > MAX_ABORT_MESSAGE_CHARS) message = `${message.slice(0, MAX_ABORT_MESSAGE_CHARS - 3)}...`
    return { signature: `Abort | ${message} | ${signature}` }
  },
}

function withoutFontName(message: string): string {
  const open = message.indexOf('(')
  const close = message.lastIndexOf(')')
  return open >= 0 && close >= 0 ? message.slice(0, open) + message.slice(close + 1) : message
}

const shutdownTimeout: SignatureRule = {
  name: 'SignatureShutdownTimeout',
  apply({ async_shutdown_timeout: timeout }, { signature }) {
    if (!isTruthy(timeout)) return {}
    const notes = [`Signature replaced with a Shutdown Timeout signature, was: "${signature}"`]
    const parts = shutdownParts(timeout)
    const replaced = { signature: ['AsyncShutdownTimeout', ...parts.parts].join(' | ') }
    return { ...replaced, notes: parts.error === null ? notes : [parts.error, ...notes] }
  },
}

interface ShutdownParts {
  readonly parts: readonly string[]
  readonly error: string | null
}

function shutdownParts(timeout: unknown): ShutdownParts {
  const failed = (parts: readonly string[], why: string) => ({
    parts,
    error: `Error parsing AsyncShutdownTimeout: ${why}`,
  })
  if (typeof timeout !== 'string') throw new MalformedCrashData('AsyncShutdownTimeout is not text')
  const value = parsedJson(timeout)
  if (value === undefined) return failed(['UNKNOWN'], 'not JSON')
  if (!isObject(value)) throw new MalformedCrashData('AsyncShutdownTimeout is not an object')
  const phase = typeof value.phase === 'string' ? value.phase : '(unknown)'
  if (!isTruthy(value.conditions)) return { parts: [phase, '(none)'], error: null }
  const conditions = isObject(value.conditions) ? Object.keys(value.conditions) : value.conditions
  if (!Array.isArray(conditions)) return failed([phase, 'UNKNOWN'], 'conditions is not a list')
  const names: string[] = []
  for (const condition of conditions) {
    if (isObject(condition) && !('name' in condition)) return failed([phase, 'UNKNOWN'], 'a condition without a name')
    names.push(printed(isObject(condition) ? condition.name : condition))
  }
  return { parts: [phase, names.sort(byCodePoint).join(',')], error: null }
}

/** Undefined for text that is no JSON. The peer's reader also knows NaN and Infinity. */
function parsedJson(text: string): unknown {
  if (/^\s*(?:NaN|-?Infinity)\s*$/.test(text)) return Number.NaN
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function byCodePoint(left: string, right: string): number {
  const a = Array.from(left)
  const b = Array.from(right)
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const MAX_IPC_ERROR_CHARS = 100

const ipcChannelError: SignatureRule = {
  name: 'SignatureIPCChannelError',
  apply({ ipc_channel_error: error, additional_minidumps: dumps }) {
    if (!isTruthy(error)) return {}
    const hasBrowserDump =
      (Array.isArray(dumps) || typeof dumps === 'string') && dumps.includes('upload_file_minidump_browser')
    const process = hasBrowserDump ? 'browser' : 'content'
    return {
      signature: `IPCError-${process} | ${firstCodePoints(printed(error), MAX_IPC_ERROR_CHARS).text}`,
      notes: ['IPC Channel Error stomped on signature'],
    }
  },
}

const ipcMessageName: SignatureRule = {
  name: 'SignatureIPCMessageName',
  apply: ({ ipc_message_name: message }, { signature }) =>
    isTruthy(message) ? { signature: `${signature} | IPC_Message_Name=${printed(message)}` } : {},
}

const stackOverflow: SignatureRule = {
  name: 'StackOverflowSignature',
  apply: ({ reason }, { signature }) =>
    reason === 'EXCEPTION_STACK_OVERFLOW' ? { signature: `stackoverflow | ${signature}` } : {},
}

const hungProcess: SignatureRule = {
  name: 'HungProcess',
  apply: ({ hang }, { signature }) =>
    hang === null || hang === undefined ? {} : { signature: `hang: ${printed(hang)} | ${signature}` },
}

/** Before the watchdog rule, which signs anew and so throws these prefixes away. */
export const RULES_BEFORE_WATCHDOG: readonly SignatureRule[] = [badHardware, outOfMemory, abort, shutdownTimeout]
/** After the watchdog rule. */
export const RULES_AFTER_WATCHDOG: readonly SignatureRule[] = [
  ipcChannelError,
  ipcMessageName,
  stackOverflow,
  hungProcess,
]
