import { RULES_AFTER_WATCHDOG, RULES_BEFORE_WATCHDOG } from './annotation-rules.ts'
import { cSignature, type StackSignature } from './c-signature.ts'
import { crashingThread, crashingThreadIndex } from './crash-data.ts'
import { normalizedFrames } from './frame.ts'
import { javaExceptionSignature, javaStackTraceSignature } from './java-signature.ts'
import type { SignatureChange, SignatureRule } from './rule.ts'
import { firstCodePoints, isTruthy, joinSpaces, printed, trim } from './text.ts'

const MAX_SIGNATURE_CHARS = 255

/** The stack's own signature: Java first, else the crashing thread's frames (specs/processor.md 2.3). */
const signatureGeneration: SignatureRule = {
  name: 'SignatureGenerationRule',
  apply(crashData, _, lists, debug) {
    if (isTruthy(crashData.java_stack_trace)) return changed(javaStackTraceSignature(crashData.java_stack_trace))
    if (isTruthy(crashData.java_exception)) return changed(javaExceptionSignature(crashData.java_exception))
    const thread = crashingThread(crashData)
    const hasFrames = thread !== undefined && 'frames' in thread
    const frames = hasFrames ? normalizedFrames(thread.frames, crashData.os, lists) : []
    return {
      ...changed(cSignature(frames, crashingThreadIndex(crashData), lists, debug)),
      ...(frames.length > 0 ? { normalizedFrames: frames } : {}),
    }
  },
}

function changed({ signature, notes }: StackSignature): SignatureChange {
  return { ...(signature === '' ? {} : { signature }), notes }
}

/** A hang that the watchdog thread ended: signed by the main thread, with the same lists (the peer always takes its built-in ones here). */
const runWatchdog: SignatureRule = {
  name: 'SignatureRunWatchDog',
  apply(crashData, draft, lists, debug) {
    if (!draft.signature.includes('RunWatchdog')) return {}
    const mainThread = signatureGeneration.apply({ ...crashData, crashing_thread: 0 }, draft, lists, debug)
    return {
      ...mainThread,
      notedBy: signatureGeneration.name,
      signature: `shutdownhang | ${mainThread.signature ?? draft.signature}`,
    }
  },
}

/** Why there is no stack: `EMPTY: no frame data available; HeaderMismatch`. */
const stackwalkerError: SignatureRule = {
  name: 'StackwalkerErrorSignatureRule',
  apply({ mdsw_status_string: status }, { signature }) {
    return signature.startsWith('EMPTY') && isTruthy(status) ? { signature: `${signature}; ${printed(status)}` } : {}
  },
}

/** Signatures are typed, searched and used in URLs: printable ASCII only. */
const printableCharsOnly: SignatureRule = {
  name: 'SigPrintableCharsOnly',
  apply(_, { signature }) {
    const printable = trim(signature).replace(/[^\x20-\x7e]/g, '')
    return printable === signature ? {} : { signature: printable, notes: ['unprintable characters removed'] }
  },
}

const fixWhitespace: SignatureRule = {
  name: 'SigFixWhitespace',
  apply: (_, { signature }) => ({ signature: joinSpaces(trim(signature)) }),
}

const truncate: SignatureRule = {
  name: 'SigTruncate',
  apply(_, { signature }) {
    if (!firstCodePoints(signature, MAX_SIGNATURE_CHARS).isCut) return {}
    return {
      signature: `${firstCodePoints(signature, MAX_SIGNATURE_CHARS - 3).text}...`,
      notes: ['SigTrunc: signature truncated due to length'],
    }
  },
}

/** The rules, in the peer's order (specs/processor.md 2.2). */
export const SIGNATURE_RULES: readonly SignatureRule[] = [
  signatureGeneration,
  stackwalkerError,
  ...RULES_BEFORE_WATCHDOG,
  runWatchdog,
  ...RULES_AFTER_WATCHDOG,
  printableCharsOnly,
  fixWhitespace,
  truncate,
]
